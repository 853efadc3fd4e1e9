"""The calendar file (RFC 5545) with a document's due dates."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from core import formatting

from .labels import Words
from .writer import Snapshot, clean, grouped_iban

_PRODUCT = "-//Billing operations//Due dates//EN"
_NAMESPACE = uuid.UUID("6f0c4f8e-6a1b-5d53-9d0f-2b8d0b7f3c11")
_OCTETS = 75
REMIND_BEFORE_DAYS = 3


def calendar_file(snapshot: Snapshot, *, link: str = "") -> bytes:
    """An all-day entry for each due date, with a reminder three days before; `link` is the customer's page.

    The same document gives the same bytes and the same UIDs, so importing it twice makes no second entry.
    A document that asks for no payment gives a calendar without entries.
    """
    return calendar_of([snapshot], link=link)


def calendar_of(snapshots: Iterable[Snapshot], *, link: str = "") -> bytes:
    """The due dates of many documents in one file, as `calendar_file` has those of one."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{_PRODUCT}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    for snapshot in snapshots:
        s: dict[str, Any] = clean(snapshot)
        for n, day, amount, count in due_dates(s):
            lines += _event(s, n=n, day=day, amount=amount, count=count, link=link)
    lines.append("END:VCALENDAR")
    return "".join(_fold(line) + "\r\n" for line in lines).encode()


def due_dates(snapshot: Snapshot) -> list[tuple[int, date, str, int]]:
    """(number, day, amount, how many) of each payment the document asks for."""
    if snapshot["document_type"] not in {"invoice", "debit_note", "deposit"}:
        return []
    parts = snapshot.get("instalments") or ()
    if parts:
        return [(int(p["n"]), date.fromisoformat(p["due_on"]), str(p["amount"]), len(parts)) for p in parts]
    if not snapshot.get("due_on"):
        return []
    return [(1, date.fromisoformat(snapshot["due_on"]), str(snapshot["totals"]["due"]), 1)]


def _event(s: Snapshot, *, n: int, day: date, amount: str, count: int, link: str) -> list[str]:
    words = Words(str(s.get("language") or "en"))
    locale = formatting.reader_locale(str(s.get("language") or "en"), str(s["seller"].get("country") or ""))
    seller = str(s["seller"].get("legal_name") or s["seller"]["name"])
    number = str(s.get("number") or "")
    title = words.say(
        "cal_title",
        kind=words[str(s["document_type"])],
        number=number,
        amount=formatting.money(amount, str(s["currency"]), locale),
    )
    if count > 1:
        title += f" ({words.say('cal_part', n=n, count=count)})"
    payment = s.get("payment") or {}
    bank = payment.get("bank") or {}
    details = [
        seller,
        f"IBAN {grouped_iban(str(bank['iban']))}" if bank.get("iban") else "",
        f"{words['upi']} {payment['upi_id']}" if payment.get("upi_id") else "",
        f"{words['reference']} {payment.get('reference') or number}",
        link,
    ]
    identity = f"{seller}|{s['document_type']}|{number}|{n}"
    return [
        "BEGIN:VEVENT",
        f"UID:{uuid.uuid5(_NAMESPACE, identity)}",
        f"DTSTAMP:{_basic(str(s['issued_on']))}T000000Z",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escape(title)}",
        f"DESCRIPTION:{_escape(chr(10).join(part for part in details if part))}",
        *([f"URL:{link}"] if link and link.isprintable() else []),
        "TRANSP:TRANSPARENT",
        "CLASS:CONFIDENTIAL",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_escape(title)}",
        f"TRIGGER:-P{REMIND_BEFORE_DAYS}D",
        "END:VALARM",
        "END:VEVENT",
    ]


def _basic(iso: str) -> str:
    return iso.replace("-", "")


def _escape(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _fold(line: str) -> str:
    """At most 75 octets a line, never splitting a character; what follows begins with a space."""
    rows, row, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _OCTETS:
            rows.append(row)
            row, size = " ", 1
        row += character
        size += width
    return "\r\n".join([*rows, row])
