"""Which format a file is, told by what stands in it and never by its name."""

from __future__ import annotations

import codecs

from banking.reading import _camt, _mt940, _ofx, _table
from banking.reading._table import Columns
from banking.rules import BrokenFile, ReadStatement
from core.dates import is_plausible
from core.money import LARGEST

FORMATS = {"camt": "CAMT.053", "mt940": "MT940", "ofx": "OFX", "csv": "CSV"}
MOST_BYTES = 20 * 1024 * 1024
MOST_LINES = 100_000
_ARCHIVES = (b"PK", b"\x1f\x8b", b"BZh", b"7z\xbc\xaf", b"%PDF", b"Rar!", b"\xd0\xcf\x11\xe0")


def detect(data: bytes) -> str:
    """The format: `camt`, `mt940`, `ofx` or `csv`. Archives, PDFs and empty files are refused."""
    _refuse_foreign(data)
    head = data[:4096].lstrip(b"\xef\xbb\xbf \r\n\t")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = data[:4096].decode("utf-16", "replace").lstrip().encode()
    if b"OFXHEADER" in head or b"<OFX>" in data[:8192]:
        return "ofx"
    if head.startswith(b"<"):
        return "camt"
    text = _text(data)
    if any(line.startswith((":20:", ":60F:", ":61:")) for line in text.splitlines()[:200]):
        return "mt940"
    return "csv"


def read(
    data: bytes, *, columns: Columns | None = None, account: str = "", currency: str = ""
) -> list[ReadStatement]:
    """Every statement of the file. Refuses (`BrokenFile`) the whole file for one fault in it.

    `columns`, `account` and `currency` are what a CSV does not say itself.
    """
    kind = detect(data)
    if kind == "camt":
        found = _camt.read(data)
    elif kind == "ofx":
        found = _ofx.read(data)
    elif kind == "mt940":
        found = _mt940.read(_text(data))
    elif columns is None:
        raise BrokenFile(
            "This is a table, and nobody said yet what its columns mean.",
            rule="columns_are_named",
            mend="Choose the account and say which column is the day and which the amount.",
        )
    else:
        found = _table.read(data, columns, account=account, currency=currency)
    if not found:
        raise BrokenFile(
            "No statement stands in this file.",
            rule="a_file_holds_a_statement",
            mend="Export it again from your bank's portal.",
        )
    if sum(len(statement.lines) for statement in found) > MOST_LINES:
        raise BrokenFile(
            f"The file has more than {MOST_LINES:,} lines.",
            rule="a_file_has_a_size",
            mend="Split it by month.",
        )
    if kind in ("ofx", "csv") and not any(statement.lines for statement in found):
        raise BrokenFile(
            "The file has no line.", rule="a_file_holds_a_statement", mend="Export a period with bookings."
        )
    for statement in found:
        _refuse_impossible(statement)
    return found


def _refuse_impossible(statement: ReadStatement) -> None:
    """Refuse what no bank means and no table of ours holds, whatever the format."""
    balances = [(0, amount) for amount in (statement.opening, statement.closing) if amount is not None]
    for at, amount in [*((line.line, line.amount) for line in statement.lines), *balances]:
        if abs(amount) >= LARGEST:
            raise BrokenFile(
                "An amount has more than fifteen digits.",
                line=at,
                rule="an_amount_can_be_kept",
                mend="The file is damaged: export it again.",
            )
    for line in statement.lines:
        if not is_plausible(line.booked_on):
            raise BrokenFile(
                f"{line.booked_on.isoformat()} cannot be meant.",
                line=line.line,
                rule="day_is_plausible",
                mend="The file is damaged: export it again.",
            )
        texts = (line.text, line.party_name, line.party_account, line.bank_reference, line.end_to_end)
        if any("\0" in text for text in texts):
            raise BrokenFile(
                "The text holds zero bytes, which no text has.",
                line=line.line,
                rule="text_has_no_zero_byte",
                mend="The file is damaged: export it again.",
            )


def _refuse_foreign(data: bytes) -> None:
    if not data.strip():
        raise BrokenFile("The file is empty.", rule="a_file_holds_a_statement", mend="Export it again.")
    if len(data) > MOST_BYTES:
        raise BrokenFile(
            f"The file has {len(data) // 1024 // 1024} MB; at most {MOST_BYTES // 1024 // 1024} are read.",
            rule="a_file_has_a_size",
            mend="Split it by month.",
        )
    if data.startswith(_ARCHIVES):
        raise BrokenFile(
            "This is an archive or a document, not a bank statement.",
            rule="the_file_is_a_bank_statement",
            mend="Unpack it and bring the statement file itself.",
        )


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
