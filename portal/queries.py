"""What the customer's page says: the frozen document together with what has happened to it since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from core import formatting
from core.money import round_money
from entities.queries import local_day
from invoices.documents.explain import changes_since, explain
from invoices.documents.qr import NoPaymentCode, payment_code
from invoices.documents.tables import Row
from invoices.documents.view import DocumentView, document_view
from invoices.documents.writer import Writer, clean
from invoices.models import Invoice
from portal.live import Account, account_of, previous_snapshot
from portal.words import Words

Status, Settlement, Type = Invoice.Status, Invoice.Settlement, Invoice.Type

# State -> (word, pill). Written off is our business, not the customer's: to them the invoice is closed.
_SETTLED = {
    Settlement.PAID: ("paid", "ok"),
    Settlement.CREDITED: ("credited", ""),
    Settlement.WRITTEN_OFF: ("closed", ""),
    Settlement.MIXED: ("closed", ""),
}


@dataclass(frozen=True)
class BilledLine:
    """One line: what, the arithmetic in words, its net amount."""

    what: str
    how: str
    net: str


@dataclass(frozen=True)
class PayRow:
    """A row to type into a transfer; `copy` is its value without the spaces of print."""

    label: str
    value: str
    copy: str
    copy_label: str


@dataclass(frozen=True)
class Payment:
    """How to pay: the rows to type in, and the code to scan with its description."""

    title: str
    rows: Sequence[PayRow]
    code: str
    code_label: str
    code_kind: str
    notes: Sequence[str]


@dataclass(frozen=True)
class InvoicePage:
    """Everything the customer's page shows, ready as text in one language."""

    words: Words
    document: DocumentView
    state: str
    state_kind: str
    amount_label: str
    amount: str
    due: str
    messages: Sequence[str]
    early: str
    facts: Sequence[Row]
    totals: Sequence[Row]
    settled: Sequence[Row]
    parts: Sequence[tuple[str, str, str]]
    lines_title: str
    lines: Sequence[BilledLine]
    payment: Payment | None
    explanation: Sequence[str]
    changes_title: str
    changes_summary: str
    changes: Sequence[str]
    policy_address: str
    question_address: str
    has_dates: bool


def invoice_page(invoice: Invoice, *, language: str, now: datetime) -> InvoicePage:
    """The page of an issued invoice or credit note, as it stands at this moment."""
    snapshot = {**clean(invoice.snapshot.content), "language": language}
    w, words = Writer(snapshot), Words(language)
    document = document_view(snapshot)
    account = account_of(invoice, today=local_day(invoice.entity, now))
    state, kind = _state(invoice, account)
    known = w.words["proforma"] if invoice.is_proforma else words[state]
    early = _early(invoice, account, w)
    previous = previous_snapshot(invoice)
    changes = changes_since(previous.content, snapshot) if previous else None
    return InvoicePage(
        words=words,
        document=document,
        state=known,
        state_kind=kind,
        amount_label=_amount_label(invoice, account, words),
        amount=w.money(_headline(invoice, account, w)),
        due=_due_words(invoice, account, w, words),
        messages=_messages(invoice, account, w, words),
        early=early,
        facts=[Row(words["bill_to"], document.buyer.name), *document.facts],
        totals=document.totals,
        settled=_settled_rows(invoice, account, w, words),
        parts=_part_rows(account, w, words),
        lines_title=words["lines_one"]
        if len(w.s["lines"]) == 1
        else words.say("lines", count=len(w.s["lines"])),
        lines=_lines(w, document),
        payment=_payment(account, document, w, words) if _is_payable(invoice, account) else None,
        explanation=explain(snapshot if early else {**snapshot, "early_discount": None}),
        changes_title=words.say("changed", number=previous.content["number"]) if previous else "",
        changes_summary=changes.summary if changes else "",
        changes=[change.text for change in changes.items] if changes else [],
        policy_address=_own_address((snapshot.get("policy") or {}).get("path")),
        question_address=_mail_address(str(snapshot["seller"].get("email") or ""), document.title),
        has_dates=_is_payable(invoice, account),
    )


def _state(invoice: Invoice, account: Account) -> tuple[str, str]:
    if invoice.document_type == Type.CREDIT_NOTE:
        return "credit", "info"
    if invoice.document_status == Status.CANCELLED:
        return "cancelled", ""
    if invoice.settlement_status in _SETTLED:
        return _SETTLED[Settlement(invoice.settlement_status)]
    if account.late_days:
        return "overdue", "bad"
    if account.open and not account.due_now:
        return "held", "warn"
    return ("part_paid", "warn") if invoice.settlement_status == Settlement.PART_PAID else ("open", "info")


def _is_payable(invoice: Invoice, account: Account) -> bool:
    return account.due_now > 0 and invoice.document_status == Status.ISSUED


def _headline(invoice: Invoice, account: Account, w: Writer) -> Decimal:
    """What is asked for now; where that is nothing, what the document was about."""
    if _is_payable(invoice, account):
        return round_money(account.due_now, w.currency)
    return Decimal(w.s["totals"]["due"])


def _amount_label(invoice: Invoice, account: Account, words: Words) -> str:
    if invoice.document_type == Type.CREDIT_NOTE:
        return words["total_credited"]
    return words["to_pay"] if _is_payable(invoice, account) else words["gross"]


def _due_words(invoice: Invoice, account: Account, w: Writer, words: Words) -> str:
    if invoice.document_type == Type.CREDIT_NOTE:
        return w.words["credited"]
    if invoice.is_proforma:
        return w.words["proforma_note"]
    if not _is_payable(invoice, account) or account.next_due_on is None:
        return words["nothing_to_pay"]
    day = formatting.weekday_date(account.next_due_on, w.locale)
    if account.late_days:
        return words.say("late_one" if account.late_days == 1 else "late", days=account.late_days, date=day)
    return words.say("due_on", date=day)


def _messages(invoice: Invoice, account: Account, w: Writer, words: Words) -> list[str]:
    """Sentences under the amount: what happened to the invoice since it was sent."""
    said: list[str] = []
    if invoice.document_status == Status.CANCELLED:
        said.append(words["cancelled_note"])
    elif invoice.settlement_status == Settlement.CREDITED:
        said.append(words["credited_note"])
    elif invoice.settlement_status in (Settlement.WRITTEN_OFF, Settlement.MIXED):
        said.append(words["closed_note"])
    elif invoice.settlement_status == Settlement.PAID and invoice.settled_on:
        said.append(words.say("paid_on", date=formatting.long_date(invoice.settled_on, w.locale)))
    if account.held:
        said.append(words.say("held_note", amount=_money(w, account.held)))
    issued = [Status.ISSUED, Status.CANCELLED]
    for note in invoice.credit_notes.filter(document_status__in=issued).order_by("issued_on", "id"):
        day = formatting.long_date(note.issued_on, w.locale) if note.issued_on else ""
        said.append(words.say("corrected_by", number=note.number, date=day, amount=_money(w, -note.payable)))
    return said


def _early(invoice: Invoice, account: Account, w: Writer) -> str:
    """The offer for paying early, while it stands: nothing settled yet and the day not passed."""
    offer = w.s.get("early_discount")
    if not offer or not _is_payable(invoice, account) or account.open != invoice.payable or account.late_days:
        return ""
    until = date.fromisoformat(offer["until"])
    return w.early_discount() if account.next_due_on and until >= account.today else ""


def _settled_rows(invoice: Invoice, account: Account, w: Writer, words: Words) -> list[Row]:
    """What has come in and what is open, where that is not the whole amount."""
    if invoice.document_type in (Type.CREDIT_NOTE, Type.PROFORMA) or account.open == invoice.payable:
        return []
    return [
        Row(words["received"], _money(w, -(invoice.payable - account.open))),
        Row(words["still_open"], _money(w, account.open), strong=True),
    ]


def _part_rows(account: Account, w: Writer, words: Words) -> list[tuple[str, str, str]]:
    if len(account.parts) < 2:
        return []
    return [
        (
            words.say("next_part", n=part.n, count=len(account.parts)),
            formatting.weekday_date(part.due_on, w.locale),
            _money(w, part.open) if part.open else words["part_settled"],
        )
        for part in account.parts
    ]


def _lines(w: Writer, document: DocumentView) -> list[BilledLine]:
    shown = zip(w.s["lines"], document.table.lines, strict=True)
    return [
        BilledLine(printed.what, " · ".join([*_arithmetic(w, line), *printed.small]), w.money(line["net"]))
        for line, printed in shown
    ]


def _arithmetic(w: Writer, line: Mapping[str, Any]) -> list[str]:
    """ "12 h × 128.00", "VAT 23%"."""
    quantity = f"{formatting.quantity(line['quantity'], w.locale)} {line.get('unit') or ''}".strip()
    base = Decimal(line.get("base_quantity") or 1)
    per = f" {w.say('price_per', quantity=formatting.quantity(base, w.locale))}" if base != 1 else ""
    rate = str(line.get("rate") or "")
    tax = f"{w.tax_name} {formatting.percent(rate, w.locale)}" if rate and Decimal(rate) else ""
    return [part for part in (f"{quantity} × {w.price(line['unit_price'])}{per}", tax) if part]


def _payment(account: Account, document: DocumentView, w: Writer, words: Words) -> Payment | None:
    """The rows and the code over what is asked for now. Settled and cancelled invoices show no account."""
    if not document.bank:
        return None
    amount = round_money(account.due_now, w.currency)
    code, label, kind = "", "", ""
    try:
        found = payment_code(dict(w.s), amount=amount)
        code, kind = found.data_uri(scale=4, border=2), found.kind
        label = w.say(f"qr_{kind}", amount=w.money(amount))
    except NoPaymentCode:
        pass  # the rows say it all; a wrong code would be worse
    rows = [pay_row(row, words) for row in document.bank]
    return Payment(document.pay_title, rows, code, label, kind, document.pay_notes)


def pay_row(row: Row, words: Words) -> PayRow:
    """A row of the account with what its button copies."""
    copy = row.value.replace(" ", "") if row.label == "IBAN" else row.value
    return PayRow(row.label, row.value, copy, words.say("copy", what=row.label))


def _mail_address(address: str, subject: str) -> str:
    return f"mailto:{address}?subject={quote(subject)}" if address else ""


def _money(w: Writer, amount: Decimal) -> str:
    return w.money(round_money(amount, w.currency))


def _own_address(path: object) -> str:
    """The policy's page: a path of this site or a web address, nothing else."""
    text = str(path or "")
    is_path = text.startswith("/") and not text.startswith("//")
    return text if is_path or text.startswith(("https://", "http://")) else ""
