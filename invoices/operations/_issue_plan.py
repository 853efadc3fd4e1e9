"""What issuing one document will write, or the refusal that says why it may not be issued. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core.errors import DomainError, Problem
from entities.models import Series
from entities.queries import local_day
from invoices import gate
from invoices.models import Invoice, Line
from invoices.pricing import Book, Due, due_dates, schedule_of
from invoices.snapshots import Parts, Snapshot, content_of, snapshot_of
from ledger.models import OpenItem
from ledger.periods import refuse_closed
from ledger.rules import DEPOSITS, LATE_FEES, RETURNS, REVENUE, Deposit, Leg, Rate, Tax, credit_note, issue
from team.models import User
from work.operations import hash_of

BACKDATE = "invoices.backdate_invoice"


class InvoiceNotIssuable(DomainError):
    """The document is not approved, changed since, is dated wrongly, or the check found what stops it."""


@dataclass
class Plan:
    """One document about to be issued."""

    parts: Parts
    on: date
    due: tuple[Due, ...]
    legs: list[Leg]
    snapshot: dict[str, Any]
    items: dict[str, OpenItem] = field(default_factory=dict)
    series: Series | None = None
    sequence: int = 0
    number: str = ""

    @property
    def invoice(self) -> Invoice:
        return self.parts.invoice


@dataclass(frozen=True)
class Judged:
    """What a document would say on a day, and what the gate finds in that."""

    snapshot: Snapshot
    findings: list[dict[str, str]]


def judge(parts: Parts, book: Book, *, on: date, today: date) -> Judged:
    """The snapshot of the day, without a number, and the findings of its own checks."""
    invoice = parts.invoice
    snapshot = snapshot_of(parts, issued_on=on, number="")
    asked = book.requirements(invoice.customer, invoice.entity, on)
    return Judged(snapshot, gate.as_rows(gate.own_checks(parts, snapshot, asked, today=today)))


def plan_issue(
    invoice: Invoice,
    parts: Parts,
    book: Book,
    *,
    actor: User | None,
    now: datetime,
    judged: Judged | None = None,
) -> Plan:
    """The document as it will be issued: its day, due days, postings and snapshot, still without a number.

    `judged` where its caller asked the gate already, for the same day.
    """
    today = local_day(invoice.entity, now)
    on = invoice.planned_on or today
    if invoice.document_status != Invoice.Status.APPROVED:
        raise InvoiceNotIssuable(
            f"{invoice} is {invoice.get_document_status_display().lower()}, not approved.",
            field="document_status",
            rule="only_an_approved_document_is_issued",
            mend="Submit it and have it approved.",
        )
    if hash_of(content_of(invoice, parts.lines)) != invoice.approved_hash:
        raise InvoiceNotIssuable(
            f"{invoice} is not what was approved.",
            rule="issued_as_approved",
            mend="Take it back to draft and submit it again.",
        )
    if invoice.payable < 0 or not (invoice.payable or invoice.prepaid):
        raise InvoiceNotIssuable(
            f"{invoice} bills nothing; an issued document asks for more than nothing.",
            field="lines",
            rule="an_invoice_bills_something",
            mend="Add lines, or discard it.",
        )
    _refuse_wrong_day(invoice, on, today, actor)
    refuse_closed([(invoice.entity_id, on)], now=now)
    _refuse_moved_rates(invoice, parts, book, on)
    due = _due(invoice, parts, book, on)
    judged = judged or judge(parts, book, on=on, today=today)
    problems = gate.stopping(judged.findings, invoice.overrides)
    if problems:
        raise _blocked(invoice, problems)
    return Plan(parts, on, due, _legs(invoice, parts, due), judged.snapshot)


def _blocked(invoice: Invoice, problems: Sequence[Problem]) -> InvoiceNotIssuable:
    first = problems[0]
    return InvoiceNotIssuable(
        f"{invoice} cannot be issued: {first['message']}",
        field=first["field"],
        rule=first["rule"],
        mend=first["mend"],
        problems=problems,
    )


def _refuse_wrong_day(invoice: Invoice, on: date, today: date, actor: User | None) -> None:
    if on > today:
        raise InvoiceNotIssuable(
            f"{invoice} is planned for {on}; it is {today} at {invoice.entity}.",
            field="planned_on",
            rule="EU-1",
            mend="Wait for that day, or take the date out.",
        )
    if on < today and not (actor is None or (actor.has_perm(BACKDATE) and invoice.backdate_reason.strip())):
        raise InvoiceNotIssuable(
            f"{invoice} is dated back to {on}.",
            field="planned_on",
            rule="backdating_needs_right_and_reason",
            mend="Take the date out, or ask somebody who may date back, with a reason on the document.",
        )


def _refuse_moved_rates(invoice: Invoice, parts: Parts, book: Book, on: date) -> None:
    """Taxes and exchange rate were looked up for `fx_on`; on another day they must still hold."""
    day = invoice.tax_point_on or on
    if invoice.fx_on == day or invoice.credits_id:
        return
    changed = [f"line {line.position}" for line in parts.lines if _taxed_otherwise(line, invoice, book, day)]
    for charge in invoice.charges:
        decision = book.tax(
            invoice.entity, invoice.customer, charge.get("tax_class", "standard"), "service", day
        )
        if (decision.category, decision.rate) != (charge["category"], Decimal(charge["rate"])):
            changed.append(f"the charge “{charge['reason']}”")
    rate = book.rate(invoice.currency, invoice.entity, day)
    if changed or rate.rate != invoice.fx_rate:
        what = f"the tax of {changed[0]}" if changed else "the exchange rate"
        raise InvoiceNotIssuable(
            f"{invoice} was worked out for {invoice.fx_on}; on {day} {what} differs.",
            field="tax_point_on",
            rule="approval_expires_with_its_rates",
            mend="Take it back to draft: it is worked out anew when you submit it.",
        )


def _taxed_otherwise(line: Line, invoice: Invoice, book: Book, day: date) -> bool:
    decision = book.tax(invoice.entity, invoice.customer, line.tax_class, line.kind, day)
    return (decision.category, decision.rate) != (line.category, line.rate)


def _due(invoice: Invoice, parts: Parts, book: Book, on: date) -> tuple[Due, ...]:
    agreed = book.profile(invoice.customer, invoice.entity, on).terms_override
    own = invoice.terms != (parts.clauses.terms if parts.clauses else "")
    due = due_dates(
        invoice.payable,
        base=on,
        terms=invoice.terms,
        schedule=()
        if own or agreed or parts.clauses is None or invoice.credits_id
        else schedule_of(parts.clauses),
        currency=invoice.currency,
        calendar=book.calendar(invoice.entity),
    )
    if any(part.due_on < on for part in due):
        raise InvoiceNotIssuable(
            f"{invoice} would be due before its own date.",
            field="terms",
            rule="due_not_before_issue",
            mend=f"Change the terms “{invoice.terms}”.",
        )
    rows = list(parts.instalments)
    if len(rows) != len(due):
        raise InvoiceNotIssuable(
            f"The instalments of {invoice} changed with its policy.",
            field="terms",
            rule="issued_as_approved",
            mend="Take it back to draft and submit it again.",
        )
    for row, part in zip(rows, due, strict=True):
        row.due_on, row.reason = part.due_on, part.reason
    invoice.due_on = max(part.due_on for part in due)
    return due


def _legs(invoice: Invoice, parts: Parts, due: Sequence[Due]) -> list[Leg]:
    rate = Rate(invoice.currency, invoice.entity.functional_currency, invoice.fx_rate)
    taxes = [Tax(group.tax, group.component) for group in parts.groups if group.tax]
    if invoice.is_proforma:
        # Nothing is sold or owed by it.
        return []
    if invoice.document_type == Invoice.Type.CREDIT_NOTE:
        return credit_note(
            net=invoice.net_total,
            taxes=taxes,
            rate=rate,
            rounding=invoice.rounding,
            deposit=_used(parts),
            account=_ACCOUNTS.get(_type_of(invoice.credits), RETURNS),
        )
    return issue(
        net=invoice.net_total,
        taxes=taxes,
        instalments=[part.amount for part in due],
        rate=rate,
        rounding=invoice.rounding,
        deposit=_used(parts),
        account=_ACCOUNTS.get(invoice.document_type, REVENUE),
    )


# Late charges are the only debit notes: what was billed too low is billed by a further invoice. A deposit is
# owed back until its supply is billed.
_ACCOUNTS: dict[str, str] = {Invoice.Type.DEBIT_NOTE: LATE_FEES, Invoice.Type.DEPOSIT: DEPOSITS}


def _type_of(invoice: Invoice | None) -> str:
    return invoice.document_type if invoice is not None else ""


def _used(parts: Parts) -> Deposit | None:
    """The deposits the document takes off, at what they stand in the books."""
    rows = parts.deductions
    if not rows:
        return None
    groups = [group for row in rows for group in row.groups if Decimal(group["tax"])]
    return Deposit(
        net=sum((row.net for row in rows), Decimal(0)),
        net_functional=sum((row.net_functional for row in rows), Decimal(0)),
        taxes=tuple(Tax(Decimal(group["tax"]), group["component"]) for group in groups),
        taxes_functional=tuple(Decimal(group["tax_functional"]) for group in groups),
    )
