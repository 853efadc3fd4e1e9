"""Deposits: billed before the supply, taken off its final invoice with their tax, each once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Sum

from core.errors import Refused
from invoices.events import DEPOSITS_CHOSEN
from invoices.models import Deduction, Invoice
from invoices.operations._crediting import creditable, fresh
from invoices.operations._drafts import as_input, edit_draft, lock, refuse_unless_open, write_draft
from invoices.operations._issue_load import lock_invoices
from ledger.models import Line
from ledger.rules import DEPOSITS, Rate
from team.models import User
from trail.operations import record

Type, Status = Invoice.Type, Invoice.Status


class NotDeductible(Refused):
    """The deposit is not issued, is used, credited or written off, or belongs to somebody else."""


@transaction.atomic
def deduct_deposits(
    invoice: Invoice, deposits: Iterable[Invoice], *, actor: User | None, now: datetime
) -> Invoice:
    """Set which deposits an invoice takes off, instead of those it took off before. It is a draft again."""
    wanted = {deposit.pk for deposit in deposits}
    locked = {row.pk: row for row in lock_invoices([invoice.pk, *wanted])}
    invoice, chosen = locked[invoice.pk], [locked[pk] for pk in sorted(wanted)]
    refuse_unless_open(invoice)
    if invoice.document_type != Type.INVOICE:
        raise NotDeductible(
            f"A {invoice.get_document_type_display().lower()} takes no deposit off.",
            field="deposits",
            rule="only_an_invoice_deducts_deposits",
            mend="Take it off the final invoice.",
        )
    invoice.deductions.all().delete()
    for deposit in chosen:
        _refuse_undeductible(deposit)
    try:
        with transaction.atomic():
            Deduction.objects.bulk_create(_deduction(invoice, deposit) for deposit in chosen)
    except IntegrityError as fault:
        raise _used(chosen) from fault
    invoice = edit_draft(invoice, as_input(invoice), actor=actor, now=now)
    record(
        DEPOSITS_CHOSEN,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        deposits=", ".join(str(deposit) for deposit in chosen),
        amount=invoice.prepaid,
        currency=invoice.currency,
    )
    return invoice


@transaction.atomic
def write_final_invoice(deposit: Invoice, *, actor: User | None, now: datetime) -> Invoice:
    """A draft that bills what the deposit named and takes the deposit off; its lines are edited next."""
    deposit = lock(deposit)
    _refuse_undeductible(deposit)
    draft = write_draft(fresh(as_input(deposit)), actor=actor, now=now, note={"final_of": deposit.number})
    return deduct_deposits(draft, [deposit], actor=actor, now=now)


def open_deposits(invoice: Invoice) -> QuerySet[Invoice]:
    """Deposits the invoice could take off, and those it does: issued to its customer and not used up."""
    used = Deduction.objects.filter(released_by=None).exclude(invoice=invoice)
    return Invoice.objects.filter(
        document_type=Type.DEPOSIT,
        document_status=Status.ISSUED,
        entity_id=invoice.entity_id,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
    ).exclude(pk__in=used.values("deposit_id"))


def _refuse_undeductible(deposit: Invoice) -> None:
    if deposit.document_type != Type.DEPOSIT or deposit.document_status != Status.ISSUED:
        raise NotDeductible(
            f"{deposit} is no issued deposit invoice.",
            field="deposits",
            rule="an_issued_deposit_is_deducted",
            mend="Issue it first, or choose another.",
        )
    if deposit.settlement_status == Invoice.Settlement.WRITTEN_OFF:
        raise NotDeductible(
            f"{deposit} was written off: nobody paid it.",
            field="deposits",
            rule="a_deposit_given_up_is_not_deducted",
            mend="Bill the supply without it.",
        )
    waiting = deposit.credit_notes.exclude(
        document_status__in=[Status.DISCARDED, Status.ISSUED, Status.CANCELLED]
    ).first()
    if waiting is not None:
        raise NotDeductible(
            f"A credit note of {deposit} waits: {waiting}.",
            field="deposits",
            rule="what_is_left_of_a_deposit_is_known",
            mend="Issue or discard it first.",
        )
    if deposit.deducted.filter(released_by=None).exists():
        raise _used([deposit])


def _used(deposits: Sequence[Invoice]) -> NotDeductible:
    names = ", ".join(map(str, deposits))
    return NotDeductible(
        f"{names}: taken off another invoice already.",
        field="deposits",
        rule="a_deposit_is_deducted_once",
        mend="Choose another deposit, or take it off there first.",
    )


def _deduction(invoice: Invoice, deposit: Invoice) -> Deduction:
    """What is left of the deposit after its credit notes, and at what that stands in the books."""
    left = [group for group in creditable(deposit).groups if group.taxable]
    seen: dict[tuple[str, Decimal], Decimal] = {(g.category, g.rate): g.taxable for g in left}
    rate = Rate(deposit.currency, deposit.entity.functional_currency, deposit.fx_rate)
    return Deduction(
        invoice=invoice,
        deposit=deposit,
        net=sum(seen.values(), Decimal(0)),
        tax=sum((group.tax for group in left), Decimal(0)),
        net_functional=_booked(deposit),
        groups=[
            {
                "category": group.category,
                "rate": str(group.rate),
                "component": group.component,
                "taxable": str(group.taxable),
                "tax": str(group.tax),
                "tax_functional": str(rate.convert(group.tax)),
            }
            for group in left
        ],
    )


def _booked(deposit: Invoice) -> Decimal:
    """What the deposit and its credit notes left on the account of deposits: taken off, it ends at 0."""
    notes = deposit.credit_notes.filter(document_status=Status.ISSUED).values_list("pk", flat=True)
    lines = Line.objects.filter(account_id=DEPOSITS, entry__entity_id=deposit.entity_id)
    own = lines.filter(entry__source_type="deposit", entry__source_id=deposit.pk)
    theirs = lines.filter(entry__source_type="credit_note", entry__source_id__in=list(notes))
    return -sum(
        (rows.aggregate(total=Sum("functional"))["total"] or Decimal(0) for rows in (own, theirs)), Decimal(0)
    )
