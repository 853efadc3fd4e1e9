"""A payment file in pain.001.001.09: what may stand in it, its sums, and that it is what was approved."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from lxml import etree

from core import sepa
from core.errors import Invalid, Refused
from entities.rules import iban

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
_SCHEMA = Path(__file__).with_name("schema") / "pain.001.001.09-refunds.xsd"
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
# What every bank of the area takes (EPC 217-08); the rest is written with its nearest letters.
_ALLOWED = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_LETTERS = str.maketrans(
    {"ß": "ss", "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Œ": "OE", "œ": "oe", "Ł": "L", "ł": "l", "&": "+",
     "Ä": "Ae", "ä": "ae", "Ö": "Oe", "ö": "oe", "Ü": "Ue", "ü": "ue", "–": "-", "’": "'", "“": "'", "”": "'"}
)  # fmt: skip


class UnsoundFile(Refused):
    """The file that came out does not hold what was approved: it never leaves."""


@dataclass(frozen=True)
class Party:
    """Who pays or is paid, and where."""

    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True)
class Transfer:
    """One transfer: its own name for both banks, the amount, to whom, and what they read."""

    end_to_end: str
    amount: Decimal
    to: Party
    text: str


def plain(text: str, limit: int) -> str:
    """The text in the letters every bank takes, at most `limit` of them; never beginning or ending in "/"."""
    spelled = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    spelled = "".join(sign for sign in spelled if not unicodedata.combining(sign))
    spelled = " ".join(_ALLOWED.sub(" ", spelled).split()).replace("//", "/")
    return spelled[:limit].strip().strip("/").strip()


def check_party(party: Party, *, field: str) -> Party:
    """The party with its IBAN and BIC as they are sent; `Invalid` names what is wrong with it."""
    found = iban(party.iban)
    if not found.valid:
        raise Invalid(f"{party.name}: {found.message}", field=field, rule="iban_is_valid", mend=found.mend)
    if found.number[:2] not in sepa.COUNTRIES:
        raise Invalid(
            f"{party.name}: a SEPA transfer does not reach an account in {found.number[:2]}.",
            field=field,
            rule="sepa_reaches_the_account",
            mend="Pay it at the bank as a foreign transfer, and say here when it left.",
        )
    bic = party.bic.replace(" ", "").upper()
    if bic and not _BIC.fullmatch(bic):
        raise Invalid(
            f"{party.name}: “{party.bic}” is not a BIC.",
            field=field,
            rule="bic_is_valid",
            mend="It has 8 or 11 characters; with an IBAN it may be left out.",
        )
    if bic and bic[4:6] != found.number[:2] and found.number[:2] not in _SHARED.get(bic[4:6], ()):
        raise Invalid(
            f"{party.name}: the BIC is of {bic[4:6]}, the IBAN of {found.number[:2]}.",
            field=field,
            rule="bic_and_iban_are_of_one_country",
            mend="Correct one of them, or leave the BIC out.",
        )
    name = plain(party.name, 70)
    if not name:
        raise Invalid(
            "The account has no name a bank can read.",
            field=field,
            rule="a_payee_has_a_name",
            mend="Enter the holder in Latin letters.",
        )
    return Party(name, found.number, bic)


# Banks of a country that serve another: BIC of the first, IBAN of the second.
_SHARED = {
    "FR": ("MC", "GF", "GP", "MQ", "RE"),
    "GB": ("JE", "GG", "IM", "GI"),
    "CH": ("LI",),
    "IT": ("SM", "VA"),
}


def build(
    message_id: str, made_at: datetime, execute_on: date, payer: Party, transfers: Sequence[Transfer]
) -> bytes:
    """The file, proven: it satisfies the schema, and its sums are those of its transfers."""
    total = sum((one.amount for one in transfers), Decimal(0))
    root = etree.Element("Document", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    document = _add(root, "CstmrCdtTrfInitn")
    head = _add(document, "GrpHdr")
    _add(head, "MsgId", message_id)
    _add(head, "CreDtTm", made_at.replace(microsecond=0, tzinfo=None).isoformat())
    _sums(head, transfers, total)
    _add(_add(head, "InitgPty"), "Nm", payer.name)
    batch = _add(document, "PmtInf")
    _add(batch, "PmtInfId", f"{message_id}-1")
    _add(batch, "PmtMtd", "TRF")
    _add(batch, "BtchBookg", "true" if len(transfers) > 1 else "false")
    _sums(batch, transfers, total)
    _add(_add(_add(batch, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    _add(_add(batch, "ReqdExctnDt"), "Dt", execute_on.isoformat())
    _add(_add(batch, "Dbtr"), "Nm", payer.name)
    _add(_add(_add(batch, "DbtrAcct"), "Id"), "IBAN", payer.iban)
    agent = _add(_add(batch, "DbtrAgt"), "FinInstnId")
    if payer.bic:
        _add(agent, "BICFI", payer.bic)
    else:
        _add(_add(agent, "Othr"), "Id", "NOTPROVIDED")
    _add(batch, "ChrgBr", "SLEV")
    for one in transfers:
        _transfer(batch, one)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    check(content, transfers)
    return content


def _sums(parent: etree._Element, transfers: Sequence[Transfer], total: Decimal) -> None:
    _add(parent, "NbOfTxs", str(len(transfers)))
    _add(parent, "CtrlSum", f"{total:.2f}")


def _transfer(batch: etree._Element, one: Transfer) -> None:
    row = _add(batch, "CdtTrfTxInf")
    _add(_add(row, "PmtId"), "EndToEndId", one.end_to_end)
    _add(_add(row, "Amt"), "InstdAmt", f"{one.amount:.2f}").set("Ccy", "EUR")
    if one.to.bic:
        _add(_add(_add(row, "CdtrAgt"), "FinInstnId"), "BICFI", one.to.bic)
    _add(_add(row, "Cdtr"), "Nm", one.to.name)
    _add(_add(_add(row, "CdtrAcct"), "Id"), "IBAN", one.to.iban)
    _add(_add(row, "RmtInf"), "Ustrd", plain(one.text, 140))


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    child = etree.SubElement(parent, name)
    if text:
        child.text = text
    return child


def check(content: bytes, transfers: Sequence[Transfer]) -> None:
    """Read the file again as a bank does; `UnsoundFile` unless it is exactly these transfers."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(content, parser)
    schema = _schema()
    if not schema.validate(root):
        raise UnsoundFile(
            f"The file breaks the schema: {str(schema.error_log)[:200]}",
            rule="a_payment_file_fits_its_schema",
        )
    ns = {"p": NAMESPACE}
    found = [
        (row.findtext("p:PmtId/p:EndToEndId", "", ns), Decimal(row.findtext("p:Amt/p:InstdAmt", "0", ns)),
         row.findtext("p:CdtrAcct/p:Id/p:IBAN", "", ns))
        for row in root.iterfind(".//p:CdtTrfTxInf", ns)
    ]  # fmt: skip
    wanted = [(one.end_to_end, one.amount, one.to.iban) for one in transfers]
    total = sum((amount for _, amount, _ in found), Decimal(0))
    sums = {Decimal(one.text or "0") for one in root.iterfind(".//p:CtrlSum", ns)}
    counts = {int(one.text or "0") for one in root.iterfind(".//p:NbOfTxs", ns)}
    names = [name for name, _, _ in found]
    if found != wanted or sums != {total} or counts != {len(found)} or len(set(names)) != len(names):
        raise UnsoundFile(
            "The file does not hold what was approved.", rule="a_payment_file_is_what_was_approved"
        )


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_SCHEMA)))
