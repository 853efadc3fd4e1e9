"""Documents made from earlier ones: a copy for today, the invoice of a pro-forma, several drafts in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from core.dates import add_months
from core.errors import Refused
from entities.queries import local_day
from invoices.events import INVOICES_GATHERED
from invoices.inputs import DraftInput, LineInput
from invoices.models import Invoice
from invoices.operations._crediting import fresh
from invoices.operations._drafts import as_input, discard_draft, lock, reopen_draft, write_draft
from invoices.operations._issue_load import lock_invoices
from invoices.pricing import Book
from team.models import User
from trail.operations import record

Type, Status = Invoice.Type, Invoice.Status
# Late charges and credit notes follow from other documents; a copy of one is an invoice of its own.
_SAME = (Type.INVOICE, Type.PROFORMA, Type.DEPOSIT)


@dataclass(frozen=True)
class Copied:
    """A copy, and what is not as in the original: prices that moved, months its periods moved by."""

    invoice: Invoice
    repriced: int
    months: int


def copy_forward(invoice: Invoice, *, actor: User | None, now: datetime) -> Copied:
    """A new draft that bills the same again: its periods moved on, listed prices as they are today.

    Its own dates and confirmations are not taken along; prices somebody typed in stay.
    """
    if invoice.document_type == Type.CREDIT_NOTE:
        raise Refused(
            f"{invoice} is a credit note; it follows from its invoice.",
            rule="a_credit_note_follows_its_invoice",
            mend="Copy the invoice.",
        )
    today = local_day(invoice.entity, now)
    given = as_input(invoice)
    months = _months(invoice, given, today)
    moved = _moved(fresh(given), given, months)
    draft, repriced = _repriced(invoice, moved, today)
    made = write_draft(
        draft,
        actor=actor,
        now=now,
        document_type=Type(invoice.document_type) if invoice.document_type in _SAME else Type.INVOICE,
        note={"copied_from": str(invoice), "repriced": repriced, "months": months},
    )
    return Copied(made, repriced, months)


@transaction.atomic
def invoice_of_proforma(proforma: Invoice, *, actor: User | None, now: datetime) -> Invoice:
    """The draft of the invoice that a pro-forma announced; there is one, unless it is discarded."""
    proforma = lock(proforma)
    if not proforma.is_proforma or proforma.document_status != Status.ISSUED:
        raise Refused(
            f"{proforma} is no issued pro-forma invoice.",
            rule="an_issued_proforma_becomes_an_invoice",
            mend="Issue it first." if proforma.is_proforma else "Copy it to a new draft.",
        )
    draft = fresh(as_input(proforma))
    draft = replace(draft, supply_from=proforma.supply_from, supply_to=proforma.supply_to)
    try:
        with transaction.atomic():
            return write_draft(
                draft, actor=actor, now=now, made_from=proforma, note={"made_from": proforma.number}
            )
    except IntegrityError as fault:
        before = proforma.made_into.exclude(document_status=Status.DISCARDED).first()
        if before is None:
            raise
        raise Refused(
            f"The invoice of {proforma} is written: {before}.",
            rule="a_proforma_becomes_one_invoice",
            mend="Work on that one, or discard it first.",
        ) from fault


@transaction.atomic
def gather_drafts(drafts: Sequence[Invoice], *, actor: User | None, now: datetime) -> Invoice:
    """One draft with the lines of several of the same customer; they are discarded with its name.

    Drafts and approved documents may be gathered; what was approved is approved anew as the one document.
    """
    rows = lock_invoices([draft.pk for draft in drafts])
    _refuse_ungatherable(rows)
    first = as_input(rows[0])
    orders = {row.po_number for row in rows}
    lines = [line for row in rows for line in _gathered(row, as_input(row), named=len(orders) > 1)]
    days = [(row.supply_from, row.supply_to) for row in rows]
    starts, ends = [start for start, _ in days if start], [end for _, end in days if end]
    contracts = dict.fromkeys(row.contract_reference for row in rows if row.contract_reference)
    draft = replace(
        fresh(first),
        lines=tuple(lines),
        charges=tuple(charge for row in rows for charge in as_input(row).charges),
        supply_from=min(starts) if starts and len(starts) == len(rows) else None,
        supply_to=max(ends) if ends and len(ends) == len(rows) else None,
        po_number=rows[0].po_number if len(orders) == 1 else "",
        contract_reference=", ".join(contracts)[:60],
        notes="\n".join(dict.fromkeys(row.notes.strip() for row in rows if row.notes.strip())),
    )
    names = ", ".join(str(row) for row in rows)
    made = write_draft(draft, actor=actor, now=now, book=Book(), note={"gathered": names})
    for row in rows:
        if row.document_status != Status.DRAFT:
            reopen_draft(row, actor=actor, now=now, reason=f"Gathered into {made}.")
        discard_draft(row, actor=actor, now=now)
        record(INVOICES_GATHERED, row, actor=actor, at=now, customer_id=row.customer_id, into=str(made))
    return made


def why_not_gathered(invoice: Invoice) -> str:
    """Why the document cannot be gathered with others; "" when it can."""
    if invoice.document_type != Type.INVOICE:
        return "not an invoice"
    if invoice.document_status not in (Status.DRAFT, Status.PENDING, Status.APPROVED):
        return "issued or discarded"
    if invoice.document_status == Status.PENDING:
        return "waiting for approval"
    if invoice.discount_pct or invoice.discount_amount:
        return "a discount on the whole document"
    if invoice.prepaid:
        return "takes a deposit off"
    return "planned for another day" if invoice.planned_on else ""


def gathers_with(invoice: Invoice) -> tuple[object, ...]:
    """Documents with the same answer can be gathered into one."""
    return (
        invoice.entity_id,
        invoice.customer_id,
        invoice.currency,
        invoice.language,
        invoice.terms,
        invoice.buyer_reference,
        invoice.cost_centre,
    )


def _refuse_ungatherable(rows: Sequence[Invoice]) -> None:
    if len(rows) < 2:
        raise Refused(
            "One document alone is not gathered.",
            field="pick",
            rule="several_drafts_are_gathered",
            mend="Choose two or more of one customer.",
        )
    for row in rows:
        if why := why_not_gathered(row):
            raise Refused(
                f"{row} cannot be gathered: {why}.",
                field="pick",
                rule="a_draft_can_be_gathered",
                mend="Leave it out.",
            )
    if len({gathers_with(row) for row in rows}) > 1:
        raise Refused(
            "They differ in company, customer, currency, language, terms or references.",
            field="pick",
            rule="gathered_drafts_are_alike",
            mend="Choose documents of one customer that share these.",
        )


def _gathered(row: Invoice, given: DraftInput, *, named: bool) -> list[LineInput]:
    """Its lines with its own purchase order and period, where the one document cannot say them."""
    order = f"PO {row.po_number}" if named and row.po_number else ""
    return [
        replace(
            line,
            detail=" · ".join(part for part in (line.detail, order) if part)[:300],
            period_from=line.period_from or row.supply_from,
            period_to=line.period_to or row.supply_to,
        )
        for line in given.lines
    ]


def _months(invoice: Invoice, given: DraftInput, today: date) -> int:
    """How far its periods move: as many months as passed since, at least one; 0 without periods."""
    if not given.supply_from and not any(line.period_from for line in given.lines):
        return 0
    then = invoice.issued_on or invoice.planned_on or local_day(invoice.entity, invoice.created_at)
    return max(1, (today.year - then.year) * 12 + today.month - then.month)


def _moved(draft: DraftInput, given: DraftInput, months: int) -> DraftInput:
    if not months:
        return draft
    lines = tuple(
        replace(
            line,
            period_from=_later(line.period_from, months),
            period_to=_later(line.period_to, months),
        )
        for line in draft.lines
    )
    return replace(
        draft,
        lines=lines,
        supply_from=_later(given.supply_from, months),
        supply_to=_later(given.supply_to, months),
    )


def _later(day: date | None, months: int) -> date | None:
    """So many months on; the last day of a month stays one: 28 Feb becomes 31 Mar."""
    if day is None:
        return None
    if (day + timedelta(days=1)).day == 1:
        return add_months(day + timedelta(days=1), months) - timedelta(days=1)
    return add_months(day, months)


def _repriced(invoice: Invoice, draft: DraftInput, today: date) -> tuple[DraftInput, int]:
    """Prices that were the list's then are the list's of today; how many moved."""
    keys = [line.item.pk for line in draft.lines if line.item]
    listed = Book().prices(keys, invoice.currency, today)
    lines, moved = [], 0
    for line, before in zip(draft.lines, invoice.lines.all(), strict=True):
        price = listed[line.item.pk] if line.item else None
        if price is not None and before.list_price == line.unit_price != price:
            lines.append(replace(line, unit_price=price))
            moved += 1
        else:
            lines.append(line)
    return replace(draft, lines=tuple(lines)), moved
