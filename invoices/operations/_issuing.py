"""Issuing: number, freeze, post, in one transaction, for one document or thousands.

The work that needs no counter is done before the counter is locked; the lock is held for the writes only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.db import connection, transaction
from psycopg2.extras import execute_values

from core.errors import DomainError, Problem
from core.rows import insert_rows
from customers.models import BillingRequirement
from entities.models import Series
from entities.operations import ensure_series
from entities.queries import local_day
from entities.rules import format_number
from invoices import gate
from invoices.events import INVOICE_ISSUED
from invoices.models import Document, Instalment, Invoice, Line, Snapshot
from invoices.operations._credit_settlement import settle_credit
from invoices.parts import load_parts
from invoices.pricing import Book, Due, due_dates, schedule_of
from invoices.snapshots import Parts, content_of, numbered, sha256_of, snapshot_of
from ledger import operations as ledger
from ledger.models import OpenItem
from ledger.rules import Leg, Rate, Tax, credit_note, issue
from team.models import User
from trail.operations import Fact, record_all
from work.operations import hash_of

BACKDATE = "invoices.backdate_invoice"


class InvoiceNotIssuable(DomainError):
    """The document is not approved, changed since, is dated wrongly, or the check found what stops it."""


@dataclass
class _Plan:
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
class Issued:
    """What a batch came to: the issued documents, and why the others were not."""

    invoices: list[Invoice]
    refused: dict[int, DomainError]


def issue_invoice(invoice: Invoice, *, actor: User | None, now: datetime) -> Invoice:
    """Number and date an approved document. From here on it can be credited but not edited."""
    done = issue_invoices([invoice.pk], actor=actor, now=now)
    for refusal in done.refused.values():
        raise refusal
    return done.invoices[0]


@transaction.atomic
def issue_invoices(
    ids: Iterable[int], *, actor: User | None, now: datetime, documents: bool = True
) -> Issued:
    """Issue every document of `ids` that may be; the others stay as they are, each with its reason.

    `documents` False renders no PDF now; it is made when somebody first opens it.
    """
    invoices = _lock(ids)
    book = Book()
    plans, refused = [], {}
    for invoice, parts in zip(invoices, _load(invoices, book, now), strict=True):
        try:
            plans.append(_plan(invoice, parts, book, actor=actor, now=now))
        except DomainError as refusal:
            refused[invoice.pk] = refusal
    plans.sort(key=lambda plan: (plan.on, plan.invoice.pk))
    plans = _take_numbers(plans, refused, now=now)
    if plans:
        _write(plans, actor=actor, now=now, documents=documents)
        for plan in plans:
            if plan.invoice.credits_id:
                settle_credit(plan.invoice, plan.items["credit"], on=plan.on, actor=actor, now=now)
    return Issued([plan.invoice for plan in plans], refused)


def _lock(ids: Iterable[int]) -> list[Invoice]:
    wanted = sorted(set(ids))
    # A credit note's invoice too, and first: its rest must not change while the credit is measured against
    # it. It is older than its notes, so the order of the keys is the order of the locks.
    originals = Invoice.objects.filter(pk__in=wanted, credits__isnull=False).values_list(
        "credits_id", flat=True
    )
    locked = sorted({*wanted, *originals})
    rows = (
        Invoice.objects.select_for_update(of=("self",))
        .select_related("entity__default_policy", "customer__segment", "credits", "policy_version__policy")
        .filter(pk__in=locked)
        .order_by("pk")
    )
    kept = set(wanted)
    return [row for row in rows if row.pk in kept]


def _load(invoices: Sequence[Invoice], book: Book, now: datetime) -> list[Parts]:
    loaded: dict[int, Parts] = {}
    by_day: dict[date, list[Invoice]] = {}
    _share(invoices)
    for invoice in invoices:
        by_day.setdefault(local_day(invoice.entity, now), []).append(invoice)
    for on, rows in by_day.items():
        book.load_requirements(rows, on)
        loaded |= {parts.invoice.pk: parts for parts in load_parts(rows, on=on, book=book)}
    return [loaded[invoice.pk] for invoice in invoices]


def _share(invoices: Sequence[Invoice]) -> None:
    """One object per company, customer and segment: what is loaded for one document serves all."""
    entities = {invoice.entity_id: invoice.entity for invoice in invoices}
    customers = {invoice.customer_id: invoice.customer for invoice in invoices}
    segments = {c.segment_id: c.segment for c in customers.values()}
    for customer in customers.values():
        customer.segment = segments[customer.segment_id]
    for invoice in invoices:
        invoice.entity, invoice.customer = entities[invoice.entity_id], customers[invoice.customer_id]


def _plan(invoice: Invoice, parts: Parts, book: Book, *, actor: User | None, now: datetime) -> _Plan:
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
    if invoice.payable <= 0:
        raise InvoiceNotIssuable(
            f"{invoice} bills nothing; an issued document asks for more than nothing.",
            field="lines",
            rule="an_invoice_bills_something",
            mend="Add lines, or discard it.",
        )
    _refuse_wrong_day(invoice, on, today, actor)
    _refuse_moved_rates(invoice, parts, book, on)
    due = _due(invoice, parts, book, on)
    snapshot = snapshot_of(parts, issued_on=on, number="")
    problems = gate.stopping(
        gate.as_rows(gate.own_checks(parts, snapshot, _requirements(invoice, on, book), today=today)),
        invoice.overrides,
    )
    if problems:
        raise _blocked(invoice, problems)
    return _Plan(parts, on, due, _legs(invoice, parts, due), snapshot)


def _requirements(invoice: Invoice, on: date, book: Book) -> Sequence[BillingRequirement]:
    return book.requirements(invoice.customer, invoice.entity, on)


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
    if invoice.document_type == Invoice.Type.CREDIT_NOTE:
        return credit_note(net=invoice.net_total, taxes=taxes, rate=rate, rounding=invoice.rounding)
    return issue(
        net=invoice.net_total,
        taxes=taxes,
        instalments=[part.amount for part in due],
        rate=rate,
        rounding=invoice.rounding,
    )


# Lock, count on and read what was before in one trip: the hot row is held for the writes only.
_COUNT_ON = """
UPDATE entities_series SET next_number = next_number + %s,
    last_issued_on = GREATEST(last_issued_on, %s)
WHERE id = %s RETURNING old.next_number, old.last_issued_on
"""


def _take_numbers(plans: Sequence[_Plan], refused: dict[int, DomainError], *, now: datetime) -> list[_Plan]:
    """Numbers in blocks, one counter after the other in pk order. Last, because it is the hot row."""
    known: dict[tuple[int, str, date], Series] = {}
    groups: dict[int, list[_Plan]] = {}
    for plan in plans:
        key = (plan.invoice.entity_id, plan.invoice.document_type, plan.on)
        if key not in known:
            known[key] = ensure_series(plan.invoice.entity, plan.invoice.document_type, plan.on, now=now)
        plan.series = known[key]
        groups.setdefault(plan.series.pk, []).append(plan)
    return [plan for pk in sorted(groups) for plan in _take_block(pk, groups[pk], refused)]


def _take_block(pk: int, plans: Sequence[_Plan], refused: dict[int, DomainError]) -> list[_Plan]:
    """The next numbers of one series, in the order of the plans' days."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ON, [len(plans), plans[-1].on, pk])
        number, last = cursor.fetchone()
        numbered = []
        for plan in plans:
            if last is not None and plan.on < last and not plan.invoice.backdate_reason.strip():
                refused[plan.invoice.pk] = _out_of_order(plan, last)
                continue
            numbered.append(plan)
        if len(numbered) < len(plans):
            # Nobody else has seen the numbers: the row is locked until the end of the transaction.
            newest = max([plan.on for plan in numbered] + ([last] if last else []), default=None)
            cursor.execute(
                "UPDATE entities_series SET next_number = %s, last_issued_on = %s WHERE id = %s",
                [number + len(numbered), newest, pk],
            )
    for sequence, plan in enumerate(numbered, start=number):
        series = cast("Series", plan.series)
        plan.sequence = sequence
        plan.number = format_number(series.pattern, series.fiscal_year, sequence)
    return numbered


def _out_of_order(plan: _Plan, last: date) -> InvoiceNotIssuable:
    return InvoiceNotIssuable(
        f"{plan.invoice} is dated {plan.on}, before {last}, the last date of its number series.",
        field="planned_on",
        rule="dates_follow_numbers",
        mend=f"Use {last} or later, or give a reason.",
    )


def _write(plans: Sequence[_Plan], *, actor: User | None, now: datetime, documents: bool) -> None:
    _open_items(plans)
    ledger.post([_posting(plan) for plan in plans], actor=actor, now=now)
    _update_rows(plans, actor, now)
    snapshots = []
    for plan in plans:
        content = numbered(plan.snapshot, plan.number)
        snapshots.append(Snapshot(invoice_id=plan.invoice.pk, content=content, sha256=sha256_of(content)))
    insert_rows(snapshots, page_size=500)
    if documents:
        insert_rows([Document(invoice_id=plan.invoice.pk) for plan in plans])
    record_all(
        INVOICE_ISSUED,
        [
            Fact(
                plan.invoice,
                {
                    "number": plan.number,
                    "total": plan.invoice.payable,
                    "currency": plan.invoice.currency,
                    "on": plan.on,
                    "backdated": plan.invoice.backdate_reason,
                },
                plan.invoice.customer_id,
            )
            for plan in plans
        ],
        actor=actor,
        at=now,
    )


def _open_items(plans: Sequence[_Plan]) -> None:
    rows: list[tuple[_Plan, str, OpenItem]] = []
    for plan in plans:
        invoice = plan.invoice
        is_credit = invoice.document_type == Invoice.Type.CREDIT_NOTE
        rows += [
            (plan, leg.item, _open_item(plan, leg, is_credit=is_credit)) for leg in plan.legs if leg.item
        ]
    ledger.open_items([item for _, _, item in rows])
    for plan, name, item in rows:
        plan.items[name] = item


def _open_item(plan: _Plan, leg: Leg, *, is_credit: bool) -> OpenItem:
    invoice = plan.invoice
    part = None if is_credit else plan.due[int(leg.item) - 1]
    reference = plan.number if len(plan.due) == 1 or part is None else f"{plan.number} · {part.number}"
    return OpenItem(
        entity_id=invoice.entity_id,
        customer_id=invoice.customer_id,
        side=OpenItem.Side.CREDIT if is_credit else OpenItem.Side.DEBIT,
        kind=OpenItem.Kind.CREDIT_NOTE if is_credit else OpenItem.Kind.INVOICE,
        reference=reference,
        currency=invoice.currency,
        amount=abs(leg.amount_doc),
        functional_amount=abs(leg.amount_functional),
        opened_on=plan.on,
        due_on=part.due_on if part else None,
    )


def _posting(plan: _Plan) -> ledger.Posting:
    invoice = plan.invoice
    kind = invoice.document_type
    return ledger.Posting(
        entity_id=invoice.entity_id,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        on=plan.on,
        kind=f"{kind}_issued",
        source=ledger.Source(kind, invoice.pk, f"{kind}:{invoice.pk}:issued"),
        text=f"{invoice.get_document_type_display()} {plan.number}",
        legs=plan.legs,
        items=plan.items,
    )


def _update_rows(plans: Sequence[_Plan], actor: User | None, now: datetime) -> None:
    """Instalments first: once the invoice says issued, its parts are frozen."""
    parts = [
        (row.pk, row.due_on, row.reason, _item_of(plan, row).pk)
        for plan in plans
        for row in plan.parts.instalments
        if plan.invoice.document_type != Invoice.Type.CREDIT_NOTE
    ]
    with connection.cursor() as cursor:
        if parts:
            execute_values(
                cursor.cursor,
                "UPDATE invoices_instalment p SET due_on = v.due_on, reason = v.reason, open_item_id = v.item"
                " FROM (VALUES %s) v (id, due_on, reason, item) WHERE p.id = v.id",
                parts,
                template="(%s, %s::date, %s, %s::bigint)",
                page_size=2000,
            )
        execute_values(
            cursor.cursor,
            "UPDATE invoices_invoice i SET document_status = 'issued', series_id = v.series,"
            " sequence = v.sequence, number = v.number, issued_on = v.issued_on, due_on = v.due_on,"
            " next_due_on = v.next_due_on,"
            " policy_version_id = v.policy, balance = v.balance, settlement_status = 'open',"
            " issued_at = v.issued_at, issued_by_id = v.issued_by, lock_version = lock_version + 1"
            " FROM (VALUES %s) v (id, series, sequence, number, issued_on, due_on, next_due_on, policy,"
            " balance, issued_at, issued_by) WHERE i.id = v.id",
            [_row(plan, actor, now) for plan in plans],
            template="(%s, %s, %s, %s, %s::date, %s::date, %s::date, %s, %s, %s::timestamptz, %s::bigint)",
            page_size=2000,
        )
    for plan in plans:
        invoice = plan.invoice
        for row in plan.parts.instalments:
            row.open_item = plan.items.get(str(row.number))
        invoice.document_status = Invoice.Status.ISSUED
        invoice.series, invoice.sequence, invoice.number = plan.series, plan.sequence, plan.number
        invoice.issued_on, invoice.issued_at, invoice.issued_by = plan.on, now, actor
        invoice.policy_version = plan.parts.policy
        invoice.balance = _balance(plan)
        invoice.lock_version += 1


def _item_of(plan: _Plan, row: Instalment) -> OpenItem:
    return plan.items[str(row.number)]


def _balance(plan: _Plan) -> Decimal:
    return Decimal(0) if plan.invoice.credits_id else plan.invoice.payable


def _row(plan: _Plan, actor: User | None, now: datetime) -> tuple[Any, ...]:
    invoice, owed = plan.invoice, not plan.invoice.credits_id
    return (
        invoice.pk,
        plan.series.pk if plan.series else None,
        plan.sequence,
        plan.number,
        plan.on,
        invoice.due_on,
        min(part.due_on for part in plan.due) if owed else None,
        plan.parts.policy.pk if plan.parts.policy else None,
        _balance(plan),
        now,
        actor.pk if actor else None,
    )
