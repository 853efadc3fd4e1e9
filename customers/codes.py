"""Countries, languages, channels and tax numbers of customers: checked, and written in one form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from babel import Locale, UnknownLocaleError

from core.errors import Invalid
from core.money import exponent
from customers.checks import CHANNELS
from entities import rules as entity_rules


@cache
def territories() -> frozenset[str]:
    """The ISO 3166 codes of all countries."""
    known = map(str, Locale("en").territories)
    return frozenset(code for code in known if re.fullmatch("[A-Z]{2}", code)) - {
        "EU", "EZ", "UN", "ZZ", "XA", "XB", "QO",
    }  # fmt: skip


def clean_country(code: str, *, field: str = "country") -> str:
    """An ISO 3166 country as two capital letters."""
    known = code.strip().upper()
    if known not in territories():
        raise Invalid(
            f"“{code}” is not a country code.",
            field=field,
            rule="country_is_known",
            mend="Use two letters, like DE.",
        )
    return known


def clean_language(code: str) -> str:
    """A language like de or pt-BR; empty stays empty (inherited)."""
    if not code:
        return ""
    try:
        Locale.parse(code, sep="-")
    except (ValueError, UnknownLocaleError) as fault:
        raise Invalid(
            f"“{code}” is not a language.",
            field="language",
            rule="language_is_known",
            mend="Use a code like en or de.",
        ) from fault
    return code


def clean_currency(code: str) -> str:
    """An ISO 4217 currency; empty stays empty (inherited)."""
    if code:
        exponent(code)
    return code


def clean_channel(code: str) -> str:
    """A delivery channel; empty stays empty (inherited)."""
    if code and code not in CHANNELS:
        raise Invalid(
            f"“{code}” is not a delivery channel.",
            field="delivery_channel",
            rule="delivery_channel_is_known",
            mend=f"Choose one of: {', '.join(CHANNELS)}.",
        )
    return code


def clean_state(country: str, state: str) -> str:
    """The state as the tax rules need it: the GST code in India, two letters in the US."""
    code = state.strip().upper()
    if country == "IN" and code not in entity_rules.GST_STATES:
        raise Invalid(
            f"“{state}” is not an Indian state code." if code else "An Indian address needs its state code.",
            field="state_code",
            rule="IN-state_is_known",
            mend="Use the two digits of the GST state code, like 27 for Maharashtra.",
        )
    if country == "US" and not re.fullmatch("[A-Z]{2}", code):
        raise Invalid(
            f"“{state}” is not a US state." if code else "A US address needs its state.",
            field="state_code",
            rule="US-state_is_known",
            mend="Use the two letters of the state, like CA.",
        )
    return code


@dataclass(frozen=True)
class TaxNumber:
    """A tax number in its one written form. `notes` are what a person should look at; it can be saved."""

    number: str
    country: str
    state: str = ""
    notes: tuple[str, ...] = ()


def clean_tax_number(scheme: str, text: str, *, country: str, state: str = "") -> TaxNumber:
    """Check a customer's VAT id, GSTIN or EIN by format and check digits.

    That a number is well-formed does not mean that the register knows it. Raises `Invalid` on field `number`.
    """
    if not text.strip():
        raise Invalid("The number is missing.", field="number", rule="tax_id_is_given", mend="Enter it.")
    if scheme == "GSTIN":
        return _clean_gstin(text, state)
    if scheme == "VAT":
        return _clean_vat(text, country)
    if scheme == "EIN":
        digits = re.sub(r"[\s-]", "", text)
        if not re.fullmatch(r"\d{9}", digits, re.ASCII):
            raise Invalid(
                f"“{text}” is not an EIN: it has nine digits.",
                field="number",
                rule="ein_is_valid",
                mend="Write it like 12-3456789.",
            )
        return TaxNumber(f"{digits[:2]}-{digits[2:]}", "US")
    raise Invalid(
        f"“{scheme}” is not a kind of tax number.",
        field="scheme",
        rule="tax_scheme_is_known",
        mend="Choose VAT, GSTIN or EIN.",
    )


_GSTIN_REASONS = {
    "length": "A GSTIN has 15 characters; this has {length}.",
    "format": "A GSTIN is two digits, the PAN, a digit or letter, Z and a check character.",
    "state": "“{state}” is not a GST state code.",
    "checksum": "The check character of the GSTIN is wrong: a typing error.",
}


def _clean_gstin(text: str, state: str) -> TaxNumber:
    found = entity_rules.gstin(text)
    if found.review:
        note = f"This is a {found.review} number, which has another pattern. Compare it with the certificate."
        return TaxNumber(found.number, "IN", notes=(note,))
    if not found.valid:
        raise Invalid(
            _GSTIN_REASONS[found.reason].format(length=len(found.number), state=found.number[:2]),
            field="number",
            rule="gstin_is_valid",
            mend=f"Did you mean {found.suggestion}?"
            if found.suggestion
            else "Compare it with the certificate.",
        )
    notes: tuple[str, ...] = ()
    if state and state != found.state:
        notes = (f"The GSTIN is of state {found.state}, the address of state {state}.",)
    return TaxNumber(found.number, "IN", found.state, notes)


def _clean_vat(text: str, country: str) -> TaxNumber:
    found = entity_rules.vat_id(text, country=country)
    if not found.valid:
        raise Invalid(
            found.message,
            field="number",
            rule="vat_id_is_valid",
            mend=found.mend or "Compare it with the letter.",
        )
    return TaxNumber(found.number, found.country)
