"""Whether a tax number or bank account can be right: format and check digits, with the likely mend.

A well-formed number is not a registered one: the registry's answer is stored apart, with its date.
Sources: python-stdnum; GSTIN check digit as published by the GST network, with state codes 38 and 97, which
python-stdnum does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from stdnum import iban as iban_check
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidLength, ValidationError
from stdnum.gb import vat as gb_vat

# Names as documents print them (CGST Rule 46 n); 96 stands for a place of supply outside India.
GST_STATE_NAMES = {
    "01": "Jammu and Kashmir",
    "02": "Himachal Pradesh",
    "03": "Punjab",
    "04": "Chandigarh",
    "05": "Uttarakhand",
    "06": "Haryana",
    "07": "Delhi",
    "08": "Rajasthan",
    "09": "Uttar Pradesh",
    "10": "Bihar",
    "11": "Sikkim",
    "12": "Arunachal Pradesh",
    "13": "Nagaland",
    "14": "Manipur",
    "15": "Mizoram",
    "16": "Tripura",
    "17": "Meghalaya",
    "18": "Assam",
    "19": "West Bengal",
    "20": "Jharkhand",
    "21": "Odisha",
    "22": "Chhattisgarh",
    "23": "Madhya Pradesh",
    "24": "Gujarat",
    "25": "Daman and Diu (until 2020)",
    "26": "Dadra and Nagar Haveli and Daman and Diu",
    "27": "Maharashtra",
    "28": "Andhra Pradesh (before 2014)",
    "29": "Karnataka",
    "30": "Goa",
    "31": "Lakshadweep",
    "32": "Kerala",
    "33": "Tamil Nadu",
    "34": "Puducherry",
    "35": "Andaman and Nicobar Islands",
    "36": "Telangana",
    "37": "Andhra Pradesh",
    "38": "Ladakh",
    "96": "Other country",
    "97": "Other territory",
}
GST_STATES = frozenset([*(f"{number:02}" for number in range(1, 39)), "97"])
_GSTIN = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]")
# Deductors (TDS), collectors (TCS), UN bodies and embassies (UIN), non-residents: real, with other patterns.
_OTHER_GST_IDS = {
    "TDS": re.compile(r"[0-9]{2}[A-Z]{4}[A-Z0-9][0-9]{4}[A-Z][1-9A-Z]D[0-9A-Z]"),
    "TCS": re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]C[0-9A-Z]"),
    "UIN": re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}[UO]N[0-9A-Z]"),
    "non-resident": re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}NR[0-9A-Z]"),
}
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# What is read for what: letters and digits that look alike.
_ALIKE = {"O": "0", "0": "O", "I": "1", "1": "I", "S": "5", "5": "S", "B": "8", "8": "B", "Z": "2", "2": "Z"}


@dataclass(frozen=True)
class Gstin:
    """An Indian registration number, checked. `reason` is length, format, state or checksum when not valid.

    `review` names the kind of number that has another pattern (TDS, TCS, UIN, non-resident): a person looks
    at it. `suggestion` is the one number with a look-alike character mended that would be valid.
    """

    number: str
    valid: bool
    state: str = ""
    pan: str = ""
    reason: str = ""
    review: str = ""
    suggestion: str = ""


def gstin(text: str) -> Gstin:
    """Check a GSTIN; spaces around it and lower case are accepted."""
    number = text.strip().upper()
    reason = _gstin_fault(number)
    if not reason:
        return Gstin(number, valid=True, state=number[:2], pan=number[2:12])
    review = next((kind for kind, pattern in _OTHER_GST_IDS.items() if pattern.fullmatch(number)), "")
    suggestion = "" if review else _only_alike(number, lambda other: not _gstin_fault(other))
    return Gstin(number, valid=False, reason=reason, review=review, suggestion=suggestion)


def gstin_check_digit(first_fourteen: str) -> str:
    """The fifteenth character: weights 1, 2, 1, 2 ... from the left, quotient + remainder by 36."""
    total = 0
    for position, character in enumerate(first_fourteen):
        value = _ALPHABET.index(character) * (1 + position % 2)
        total += value // 36 + value % 36
    return _ALPHABET[-total % 36]


def _gstin_fault(number: str) -> str:
    if len(number) != 15:
        return "length"
    if not _GSTIN.fullmatch(number):
        return "format"
    if number[:2] not in GST_STATES:
        return "state"
    return "" if gstin_check_digit(number[:14]) == number[14] else "checksum"


@dataclass(frozen=True)
class Checked:
    """A number checked: as it should be written, whether it can be right, and if not why and what to do.

    `reason` is length, format, country or checksum. `suggestion` is a corrected number, if there is only one.
    """

    number: str
    valid: bool
    country: str = ""
    reason: str = ""
    message: str = ""
    mend: str = ""
    suggestion: str = ""


def vat_id(text: str, *, country: str = "") -> Checked:
    """Check an EU or British VAT number. `country` (two letters) is used where the prefix is missing.

    Greek numbers start with EL, also when GR was written; Northern Ireland with XI.
    """
    number = "".join(character for character in text.upper() if character.isalnum())
    country = "EL" if country.upper() == "GR" else country.upper()
    if number.startswith("GR") and number[2:].isdigit():
        number = "EL" + number[2:]
    if country and not number.startswith(country):
        with_prefix = country + number
        number = with_prefix if number[:1].isdigit() or _passes(_validate_vat, with_prefix) else number
    prefix = number[:2]
    if country and prefix.isalpha() and prefix != country and not {prefix, country} <= {"GB", "XI"}:
        return _faulty(
            number, "country", f"The VAT number starts with {prefix}, the address is in {country}."
        )
    try:
        _validate_vat(number)
    except ValidationError as fault:
        return _explained(number, fault, "VAT number", lambda other: _passes(_validate_vat, other))
    return Checked(number, valid=True, country="GR" if prefix == "EL" else prefix)


def _validate_vat(number: str) -> None:
    if number.startswith("GB"):
        gb_vat.validate(number)
    else:
        eu_vat.validate(number)


def iban(text: str) -> Checked:
    """Check an IBAN: country, length and check digits; written without spaces."""
    number = "".join(character for character in text.upper() if character.isalnum())
    try:
        iban_check.validate(number)
    except ValidationError as fault:
        return _explained(number, fault, "IBAN", lambda other: _passes(iban_check.validate, other))
    return Checked(number, valid=True, country=number[:2])


def iban_in_groups(number: str) -> str:
    """The IBAN as people read it, in groups of four."""
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def _explained(number: str, fault: ValidationError, name: str, passes: Callable[[str], bool]) -> Checked:
    suggestion = _only_alike(number, passes)
    mend = (
        f"Did you mean {suggestion}?"
        if suggestion
        else f"Compare it with the customer's letter, or ask for the {name}."
    )
    if isinstance(fault, InvalidLength):
        return _faulty(
            number, "length", f"The {name} has {len(number)} characters, which is not its length.", mend
        )
    if isinstance(fault, InvalidChecksum):
        return _faulty(
            number, "checksum", f"The check digits of the {name} are wrong: a typing error.", mend, suggestion
        )
    if isinstance(fault, InvalidComponent):
        what = f"“{number[:2]}” is no country with a {name}, or a part of it does not exist."
        return _faulty(number, "country", what, "Start with the two letters of the country.")
    return _faulty(
        number,
        "format",
        f"This is not how a {name} of {number[:2] or 'any country'} is written.",
        mend,
        suggestion,
    )


def _faulty(number: str, reason: str, message: str, mend: str = "", suggestion: str = "") -> Checked:
    return Checked(number, valid=False, reason=reason, message=message, mend=mend, suggestion=suggestion)


def _passes(check: Callable[[str], object], number: str) -> bool:
    try:
        check(number)
    except ValidationError:
        return False
    return True


def _only_alike(number: str, passes: Callable[[str], bool]) -> str:
    """The one valid number that differs in one look-alike character or two swapped neighbours; else ""."""
    swaps = {
        number[:at] + _ALIKE[character] + number[at + 1 :]
        for at, character in enumerate(number)
        if character in _ALIKE
    }
    swaps |= {
        number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        for at in range(len(number) - 1)
        if number[at] != number[at + 1]
    }
    valid = [other for other in sorted(swaps) if passes(other)]
    return valid[0] if len(valid) == 1 else ""
