"""Receivables given up: small differences by policy, the rest after approval; and what comes back later."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Invalid, Refused
from core.money import amount as exact_amount
from core.money import named, plain, round_money
from entities.queries import local_day
from invoices.models import Invoice
from invoices.operations import refuse_without_advice, sync_settlement, taxes_of
from ledger import operations as ledger
from ledger.models import Allocation, OpenItem
from ledger.rules import Rate, write_off_split
from payments import rules
from payments.events import (
    DIFFERENCE_WRITTEN_OFF,
    WRITE_OFF_BOOKED,
    WRITE_OFF_RECOVERED,
    WRITE_OFF_REJECTED,
    WRITE_OFF_REQUESTED,
)
from payments.models import WriteOff
from payments.operations._locking import lock_invoices_of
from policies.clauses import Clauses
from policies.queries import clauses_of
from team.models import User
from trail.operations import record
from work import operations as work
from work.models import Approval
from work.queries import approvals_of


def small_difference_limit(item: OpenItem, invoice: Invoice) -> Decimal:
    """The most the policy pinned to the invoice lets go of what is open of it; 0 without a clause."""
    if invoice.policy_version is None:
        return Decimal(0)
    return let_go_of(
        item.amount,
        item.currency,
        clauses_of(invoice.policy_version),
        functional=invoice.entity.functional_currency,
        fx_rate=invoice.fx_rate,
    )


def let_go_of(
    amount: Decimal, currency: str, clauses: Clauses, *, functional: str, fx_rate: Decimal
) -> Decimal:
    """The most these clauses let go of such an amount, booked at `fx_rate` to the `functional` currency."""
    absolute = clauses.tolerance.absolute
    if clauses.currency != currency:
        # The clause is in the policy's currency; it is only carried over where a booked rate joins the two.
        if clauses.currency != functional:
            return Decimal(0)
        absolute = round_money((absolute or Decimal(0)) / fx_rate, currency)
    return rules.tolerance(
        open_amount=amount, payment=amount, currency=currency, absolute=absolute, pct=clauses.tolerance.pct
    ).limit


@transaction.atomic
def write_off_difference(invoice: Invoice, *, actor: User | None, now: datetime) -> Invoice:
    """Let go of a rest within the policy's tolerance. Tax stays as it is; undo by its reversal."""
    items = _open_items(invoice)
    rest = sum((item.open_amount for item in items), Decimal(0))
    limit = max((small_difference_limit(item, invoice) for item in items), default=Decimal(0))
    if not 0 < rest <= limit:
        raise Refused(
            f"{named(rest, invoice.currency)} is open; the policy lets go of at most "
            f"{plain(limit, invoice.currency)}.",
            field="amount",
            rule="tolerance_by_policy",
            mend="Remind the customer, or propose a write-off.",
        )
    for item in items:
        ledger.give_up(
            item,
            kind=Allocation.Kind.TOLERANCE,
            net=item.open_amount,
            taxes=[],
            rate=_rate(invoice),
            source=ledger.Source("tolerance", invoice.pk, _key("tolerance", item)),
            text=f"Small difference on {invoice.number}",
            on=local_day(invoice.entity, now),
            actor=actor,
            now=now,
        )
    sync_settlement([invoice.pk])
    record(
        DIFFERENCE_WRITTEN_OFF,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        amount=rest,
        currency=invoice.currency,
    )
    invoice.refresh_from_db()
    return invoice


@transaction.atomic
def request_write_off(
    invoice: Invoice,
    amount: Decimal,
    *,
    reason: str,
    actor: User,
    now: datetime,
    is_held: bool = False,
    barred: Sequence[int] = (),
) -> WriteOff:
    """Propose to give up part of an invoice. Somebody else with the limit decides, nobody of `barred`.

    What is held is left alone: it is given up by what holds it, which says `is_held` and lets go of it first.
    `Refused` where a legal adviser is to be asked first.
    """
    items = _open_items(invoice)
    open_amount = sum((item.open_amount for item in items), Decimal(0))
    exact_amount(amount, invoice.currency, field="amount")
    if not 0 < amount <= open_amount:
        raise Refused(
            f"{plain(amount, invoice.currency)} cannot be written off: "
            f"{named(open_amount, invoice.currency)} is open.",
            field="amount",
            rule="a_write_off_is_within_what_is_open",
            mend=f"Enter more than 0 and at most {plain(open_amount, invoice.currency)}."
            if open_amount
            else "Nothing is left to write off.",
        )
    if not is_held:
        _refuse_held(invoice, items, amount)
    # What is held is what was disputed: none of it is the rest that nobody disputes.
    refuse_without_advice(invoice, giving=amount, of=amount if is_held else open_amount)
    if len(reason.strip()) < 10:
        raise Invalid(
            "Say why it is given up.",
            field="reason",
            rule="a_write_off_has_a_reason",
            mend="Write at least 10 characters: what was tried, why it failed.",
        )
    if WriteOff.objects.filter(invoice=invoice, state=WriteOff.State.PENDING).exists():
        raise Refused(f"A write-off of {invoice} waits already.", rule="one_write_off_waits_per_invoice")
    row = WriteOff.objects.create(
        invoice=invoice, amount=amount, reason=reason.strip(), requested_by=actor, requested_at=now
    )
    work.request_approval(
        row,
        work.Question(
            kind="write_off",
            label=f"Write-off of {invoice.number}, {invoice.customer.name}",
            path=f"/payments/write-offs/{row.pk}/",
            snapshot=_snapshot(row),
            entity=invoice.entity,
            customer_id=invoice.customer_id,
            amount=amount,
            currency=invoice.currency,
            amount_functional=_rate(invoice).convert(amount),
            barred=barred,
        ),
        actor=actor,
        now=now,
    )
    record(
        WRITE_OFF_REQUESTED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        amount=amount,
        currency=invoice.currency,
        reason=reason,
    )
    return row


@transaction.atomic
def approve_write_off(row: WriteOff, *, actor: User, now: datetime) -> WriteOff:
    """Book it: bad debt, tax back where the law gives relief, receivable closed."""
    row = _pending(row)
    invoice = row.invoice
    work.approve(_question(row), actor=actor, now=now)
    left = row.amount
    items = _open_items(invoice)
    _refuse_held(invoice, items, row.amount)
    refuse_without_advice(invoice, giving=row.amount, of=sum((one.open_amount for one in items), Decimal(0)))
    for item in items:
        part = min(left, item.open_amount)
        if not part:
            continue
        lost = write_off_split(
            open_amount=part,
            gross=invoice.payable,
            tax=invoice.tax_payable,
            tax_relief=invoice.entity.bad_debt_relief,
            currency=invoice.currency,
        )
        ledger.give_up(
            item,
            kind=Allocation.Kind.WRITE_OFF,
            net=part - lost.output_tax,
            taxes=taxes_of(invoice, lost.output_tax),
            rate=_rate(invoice),
            source=ledger.Source("write_off", row.pk, f"write_off:{row.pk}:{item.pk}"),
            text=f"Write-off of {invoice.number}",
            on=local_day(invoice.entity, now),
            actor=actor,
            now=now,
        )
        left -= part
    if left:
        raise Refused(
            f"Only {named(row.amount - left, invoice.currency)} is open by now.",
            field="amount",
            rule="a_write_off_is_within_what_is_open",
            mend="Reject it and propose the smaller amount.",
        )
    sync_settlement([invoice.pk])
    row.state, row.booked_on = WriteOff.State.BOOKED, local_day(invoice.entity, now)
    row.save(update_fields=["state", "booked_on"])
    record(
        WRITE_OFF_BOOKED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        amount=row.amount,
        currency=invoice.currency,
    )
    return row


@transaction.atomic
def reject_write_off(row: WriteOff, *, actor: User, now: datetime, reason: str) -> WriteOff:
    """Keep asking for the money."""
    row = _pending(row)
    work.reject(_question(row), actor=actor, now=now, reason=reason)
    row.state = WriteOff.State.REJECTED
    row.save(update_fields=["state"])
    record(
        WRITE_OFF_REJECTED,
        row.invoice,
        actor=actor,
        at=now,
        customer_id=row.invoice.customer_id,
        reason=reason,
    )
    return row


@transaction.atomic
def recover_write_off(row: WriteOff, *, actor: User | None, now: datetime) -> WriteOff:
    """Bring a written-off receivable back, because money came after all; allocate the receipt next."""
    row = WriteOff.objects.select_for_update(of=("self",)).select_related("invoice__entity").get(pk=row.pk)
    if row.state != WriteOff.State.BOOKED:
        raise Refused(f"{row} is not booked.", rule="a_booked_write_off_is_recovered")
    invoice = row.invoice
    allocations = list(
        Allocation.objects.filter(
            entry__key__startswith=f"write_off:{row.pk}:", reversal_of=None
        ).select_related("entry")
    )
    written_off = [a.debit_id for a in allocations if a.debit_id]
    lock_invoices_of(written_off)
    items = ledger.lock_items(written_off)
    for allocation, pk in zip(allocations, written_off, strict=True):
        allocation.debit = items[pk]
        ledger.undo_allocation(
            allocation,
            source=ledger.Source("write_off", row.pk, f"recovery:{row.pk}:{allocation.pk}"),
            text=f"Recovery of {invoice.number}",
            on=local_day(invoice.entity, now),
            actor=actor,
            now=now,
        )
    sync_settlement([invoice.pk])
    row.state = WriteOff.State.RECOVERED
    row.save(update_fields=["state"])
    record(
        WRITE_OFF_RECOVERED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        amount=row.amount,
        currency=invoice.currency,
    )
    return row


def _refuse_held(invoice: Invoice, items: Sequence[OpenItem], amount: Decimal) -> None:
    """Refuse to give up what is in dispute or on hold; what is no longer open is refused elsewhere."""
    held = sum((item.held_amount for item in items), Decimal(0))
    free = sum((item.open_amount for item in items), Decimal(0)) - held
    if held and free < amount <= free + held:
        raise Refused(
            f"{named(held, invoice.currency)} of it is in dispute or on hold.",
            field="amount",
            rule="what_is_held_is_not_written_off",
            mend="Resolve the dispute or end the hold first"
            + (f"; until then at most {plain(free, invoice.currency)}." if free else "."),
        )


def _open_items(invoice: Invoice) -> list[OpenItem]:
    ids = [pk for pk in invoice.instalments.values_list("open_item_id", flat=True) if pk]
    lock_invoices_of(ids)
    return [item for item in ledger.lock_items(ids).values() if item.open_amount]


def _rate(invoice: Invoice) -> Rate:
    return Rate(invoice.currency, invoice.entity.functional_currency, invoice.fx_rate)


def _key(kind: str, item: OpenItem) -> str:
    return f"{kind}:{item.pk}:{Allocation.objects.filter(debit=item).count()}"


def _snapshot(row: WriteOff) -> dict[str, str]:
    return {"invoice": str(row.invoice_id), "amount": str(row.amount), "reason": row.reason}


def _pending(row: WriteOff) -> WriteOff:
    row = (
        WriteOff.objects.select_for_update(of=("self",))
        .select_related("invoice__entity", "invoice__customer")
        .get(pk=row.pk)
    )
    if row.state != WriteOff.State.PENDING:
        raise Refused(f"{row} was decided before.", rule="a_question_is_answered_once")
    return row


def _question(row: WriteOff) -> Approval:
    return approvals_of(row).get(state=Approval.State.PENDING)
