"""OFX 1 (SGML) and 2 (XML): the ofxtools library makes the tree, its strict model is not asked.

Banks break the lengths and enumerations of the standard; what is read here is checked here.
"""

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element
from xml.sax.saxutils import unescape

from ofxtools.Parser import OFXTree

from banking.rules import BrokenFile, ReadLine, ReadStatement

_AMOUNT = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)", re.ASCII)
_MEND = "Export the statement again as OFX from your bank's portal."


def read(data: bytes) -> list[ReadStatement]:
    """Every bank or card statement of the file. OFX states a closing balance only."""
    if b"<!ENTITY" in data or b"<!DOCTYPE" in data:
        raise BrokenFile(
            "A bank statement has no document type and no entities.",
            rule="a_file_brings_no_entities",
            mend=_MEND,
        )
    tree = OFXTree()
    try:
        root = tree.parse(io.BytesIO(data))
    except Exception as fault:
        # The library quotes all of what it could not read.
        why = " ".join(str(fault).split())[:160]
        raise BrokenFile(f"The file is not whole: {why}.", rule="the_file_is_whole", mend=_MEND) from fault
    return [_statement(found) for name in ("STMTRS", "CCSTMTRS") for found in root.iter(name)]


def _statement(found: Element) -> ReadStatement:
    currency = _text(found, "CURDEF")
    account = next((_text(part, "ACCTID") for part in found if part.tag.endswith("ACCTFROM")), "")
    if not account or not currency:
        lacking = "its account (ACCTID)" if not account else "its currency (CURDEF)"
        raise BrokenFile(
            f"The statement does not name {lacking}.", rule="a_statement_names_its_account", mend=_MEND
        )
    closing = found.find("LEDGERBAL")
    return ReadStatement(
        line=0,
        account=account,
        currency=currency,
        number=f"{_text(found, 'BANKTRANLIST/DTSTART')[:8]}-{_text(found, 'BANKTRANLIST/DTEND')[:8]}",
        lines=tuple(_line(row, number) for number, row in enumerate(found.iter("STMTTRN"), start=1)),
        closing=_number(_text(closing, "BALAMT"), 0) if closing is not None else None,
        closing_on=_day(_text(closing, "DTASOF"), 0) if closing is not None else None,
    )


def _line(row: Element, number: int) -> ReadLine:
    text = " ".join(dict.fromkeys(part for part in (_text(row, "NAME"), _text(row, "MEMO")) if part))
    return ReadLine(
        line=number,
        booked_on=_day(_text(row, "DTPOSTED"), number),
        amount=_number(_text(row, "TRNAMT"), number),
        bank_reference=_text(row, "FITID"),
        end_to_end=_text(row, "REFNUM"),
        text=text,
        party_name=_text(row, "NAME") or _text(row, "PAYEE/NAME"),
    )


def _day(text: str, number: int) -> date:
    """The day the bank wrote; its hour and zone do not move it."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        raise _wrong(f"“{text}” is not a day.", number, "a_line_has_a_day") from None


def _number(text: str, number: int) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise _wrong(f"“{text[:40]}” is not an amount.", number, "a_line_has_an_amount")
    return Decimal(text.replace(",", "."))


def _wrong(message: str, number: int, rule: str) -> BrokenFile:
    where = f"Transaction {number}: " if number else ""
    return BrokenFile(f"{where}{message}", rule=rule, mend=_MEND)


def _text(element: Element, path: str) -> str:
    # The library leaves the escapes of the standard as they stand.
    return unescape(element.findtext(path) or "", {"&nbsp;": " "}).strip()
