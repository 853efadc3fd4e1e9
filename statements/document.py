"""A statement's content as the text its paper and its page show, and the PDF. Pure but for the renderer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from core import formatting
from invoices.documents.labels import Words as DocumentWords
from invoices.documents.render import identifier_of, logo_uri, render_paper
from invoices.documents.tables import Row
from invoices.documents.view import LetterHead, bank_rows, letter_head
from invoices.documents.writer import Writer, clean
from ledger.rules import BUCKETS
from statements.rules import MOVEMENTS
from statements.words import Words

TEMPLATE = "statements/document/statement.html"


@dataclass(frozen=True)
class Moved:
    """One line of the running account."""

    on: str
    what: str
    amount: str
    balance: str


@dataclass(frozen=True)
class Open:
    """One open document; `notes` say that it is late, under review or promised."""

    number: str
    issued_on: str
    due_on: str
    amount: str
    open: str
    notes: Sequence[str]


@dataclass(frozen=True)
class Credit:
    """Money or a credit note not used yet."""

    what: str
    on: str
    open: str


@dataclass(frozen=True)
class StatementView:
    """Everything the paper prints, as text in its language."""

    language: str
    words: Words
    paper: DocumentWords
    head: LetterHead
    title: str
    heading: str
    as_of: str
    facts: Sequence[Row]
    amount: str
    due: str
    has_movements: bool
    columns: Mapping[str, str]
    opening: str
    closing: str
    earlier: Moved | None
    movements: Sequence[Moved]
    items: Sequence[Open]
    more_items: Row | None
    open_total: str
    credits: Sequence[Credit]
    more_credits: Row | None
    credits_total: str
    ages: Sequence[tuple[str, str]]
    foots: str
    bank: Sequence[Row]
    pay_note: str


def statement_view(content: Mapping[str, Any]) -> StatementView:
    """The view of one statement."""
    w = Writer(clean(content))
    words = Words(str(content["language"]))
    as_of = w.day(w.s["as_of"])
    closing = Decimal(w.s["closing"])
    is_owed = Decimal(w.s["outstanding"]) > 0
    return StatementView(
        language=words.language,
        words=words,
        paper=w.words,
        head=letter_head(w),
        title=f"{words['statement']} {as_of}",
        heading=words["statement"],
        as_of=str(w.s["as_of"]),
        facts=_facts(w, words),
        amount=w.money(abs(closing)),
        due=_due(w, words, closing),
        has_movements=w.s["form"] == MOVEMENTS,
        columns={
            name: words.say(name, currency=w.currency) for name in ("amount_in", "balance_in", "open_in")
        },
        opening=w.figure(w.s["opening"]),
        closing=w.figure(w.s["closing"]),
        earlier=_earlier(w, words),
        movements=[_moved(w, words, row) for row in w.s.get("movements") or ()],
        items=[_open(w, words, row) for row in w.s["items"]],
        more_items=_more(w, words, w.s["more_items"]),
        open_total=w.figure(w.s["outstanding"]),
        credits=[_credit(w, words, row) for row in w.s["credits"]],
        more_credits=_more(w, words, w.s["more_credits"]),
        credits_total=w.figure(w.s["credit"]),
        ages=[(words[name], w.figure(w.s["ageing"][name])) for name in BUCKETS],
        foots=words.say(
            "foots",
            open=w.money(w.s["outstanding"]),
            credits=w.money(w.s["credit"]),
            closing=w.money(w.s["closing"]),
        ),
        bank=bank_rows(w) if is_owed else (),
        pay_note=words["state_numbers"] if is_owed else "",
    )


def render_statement(content: Mapping[str, Any], *, logo: bytes = b"") -> bytes:
    """The PDF: tagged, with title, language and author. The same content and logo, the same bytes."""
    seller = {**content["seller"], "logo": logo_uri(logo)}
    return render_paper(
        TEMPLATE, statement_view({**content, "seller": seller}), identifier=identifier_of(content)
    )


def _facts(w: Writer, words: Words) -> list[Row]:
    pairs = (
        ("as_of", w.day(w.s["as_of"])),
        ("covers", w.period(w.s["since"], w.s["as_of"]) if w.s["form"] == MOVEMENTS else ""),
        ("customer_number", str(w.buyer.get("number") or "")),
    )
    return [Row(words[key], value) for key, value in pairs if value]


def _due(w: Writer, words: Words, closing: Decimal) -> str:
    day = w.day(w.s["as_of"])
    if closing < 0:
        return words.say("in_your_favour", date=day)
    if not closing:
        return words.say("settled", date=day)
    late = Decimal(w.s["overdue"])
    key = "to_pay_late" if late > 0 else "to_pay"
    return words.say(key, date=day, amount=w.money(w.s["overdue"]))


def _short(w: Writer, iso: str) -> str:
    return formatting.medium_date(date.fromisoformat(iso), w.locale)


def _earlier(w: Writer, words: Words) -> Moved | None:
    row = w.s.get("earlier")
    if not row:
        return None
    what = words.say("earlier", count=row["count"])
    return Moved("", what, w.figure(row["amount"]), w.figure(row["balance"]))


def _moved(w: Writer, words: Words, row: Mapping[str, Any]) -> Moved:
    what = f"{words.movement(row['kind'])} {row['number']}".strip()
    return Moved(_short(w, row["on"]), what, w.figure(row["amount"]), w.figure(row["balance"]))


def _open(w: Writer, words: Words, row: Mapping[str, Any]) -> Open:
    late = int(row["days_late"])
    notes = [words["late_one"] if late == 1 else words.say("late", days=late)] if late else []
    if Decimal(row["held"]) > 0:
        notes.append(words.say("held", amount=w.money(row["held"])))
    if promise := row.get("promised"):
        day = _short(w, promise["on"])
        notes.append(words.say("promised", amount=w.money(promise["amount"]), date=day))
    return Open(
        row["number"],
        _short(w, row["issued_on"]),
        _short(w, row["due_on"]),
        w.figure(row["amount"]),
        w.figure(row["open"]),
        notes,
    )


def _credit(w: Writer, words: Words, row: Mapping[str, Any]) -> Credit:
    kind = "receipt" if row["kind"] == "receipt" else "credit_note_issued"
    return Credit(f"{words[kind]} {row['number']}".strip(), _short(w, row["on"]), w.figure(row["open"]))


def _more(w: Writer, words: Words, row: Mapping[str, Any] | None) -> Row | None:
    return Row(words.say("more_items", count=row["count"]), w.figure(row["amount"])) if row else None
