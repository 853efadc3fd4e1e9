"""Using money and credits for what is owed, and undoing it. Reversals, never edits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import cast

from django.db import transaction
from django.db.models import Q

from core.errors import Invalid, Refused
from core.money import amount as exact_amount
from core.money import round_money
from customers.models import Customer
from entities.queries import local_day
from invoices.models import Instalment, Invoice
from invoices.operations import sync_settlement, taxes_of
from ledger import operations as ledger
from ledger.models import Allocation, OpenItem
from ledger.queries import open_debits
from ledger.rules import Rate
from payments import rules
from payments.events import CREDIT_USED, DISCOUNT_GRANTED, PAYMENT_ALLOCATED, PAYMENT_UNALLOCATED
from payments.models import Payment
from payments.operations._receiving import lock
from policies.queries import clauses_of
from team.models import User
from trail.operations import record


class NotAllocatable(Refused):
    """More than is there, in another currency, or of somebody else."""


@dataclass(frozen=True)
class Part:
    """So much of a credit for one open item; `why` in words when a rule proposed it."""

    item_id: int
    amount: Decimal
    why: str = ""


def propose_allocation(payment: Payment) -> tuple[list[Part], Decimal]:
    """What the receipt most likely pays (quoted references, the exact amount, the oldest), and the rest."""
    item = payment.open_item
    if item is None or payment.customer is None:
        return [], Decimal(0)
    debits = list(
        open_debits(_family(payment), currency=payment.currency).filter(entity_id=payment.entity_id)
    )
    proposal = rules.propose(
        item.open_amount,
        [
            rules.OpenItem(
                id=str(debit.pk),
                issued_on=debit.opened_on,
                due_on=debit.due_on or debit.opened_on,
                open_amount=debit.open_amount,
                disputed=debit.held_amount >= debit.open_amount,
                reference=debit.reference.split(" · ")[0],
                held=debit.held_amount,
            )
            for debit in debits
        ],
        text=f"{payment.reference} {payment.note}",
    )
    return [Part(int(a.id), a.amount, a.reason) for a in proposal.allocations], proposal.unapplied


@transaction.atomic
def allocate_payment(
    payment: Payment,
    parts: Sequence[Part],
    *,
    actor: User | None,
    now: datetime,
    on: date | None = None,
    grant_discount: bool = True,
) -> Payment:
    """Use a receipt for open items. An early payment discount that was earned is granted with it."""
    payment = lock(payment)
    if payment.state != Payment.State.RECEIVED or payment.open_item_id is None:
        raise NotAllocatable(
            f"{payment} has nothing to allocate.",
            rule="only_a_known_receipt_is_allocated",
            mend="Say first which customer paid." if payment.customer_id is None else "It was returned.",
        )
    on = on or max(local_day(payment.entity, now), payment.received_on)
    key = f"payment:{payment.pk}:allocate"
    discounts = _use(
        payment.open_item_id,
        parts,
        kind=Allocation.Kind.PAYMENT,
        source_type="payment",
        source_id=payment.pk,
        key=key,
        text=f"Receipt {payment}",
        on=on,
        earned_on=payment.received_on if grant_discount else None,
        actor=actor,
        now=now,
    )
    record(
        PAYMENT_ALLOCATED,
        payment,
        actor=actor,
        at=now,
        customer_id=payment.customer_id,
        on=on,
        parts=[{"item": part.item_id, "amount": part.amount, "why": part.why} for part in parts],
        discounts=discounts,
    )
    return payment


@transaction.atomic
def use_credit(
    credit: OpenItem, parts: Sequence[Part], *, actor: User | None, now: datetime, on: date | None = None
) -> OpenItem:
    """Use what is left of a credit note for other open items of the customer."""
    if credit.kind != OpenItem.Kind.CREDIT_NOTE:
        raise NotAllocatable(
            "This is a receipt; allocate the payment.", rule="a_credit_note_is_used_as_credit"
        )
    on = on or max(local_day(credit.entity, now), credit.opened_on)
    _use(
        credit.pk,
        parts,
        kind=Allocation.Kind.CREDIT,
        source_type="credit",
        source_id=credit.pk,
        key=f"credit:{credit.pk}:use",
        text=f"Credit {credit.reference}",
        on=on,
        earned_on=None,
        actor=actor,
        now=now,
    )
    record(
        CREDIT_USED,
        credit,
        actor=actor,
        at=now,
        customer_id=credit.customer_id,
        on=on,
        parts=[{"item": part.item_id, "amount": part.amount} for part in parts],
    )
    credit.refresh_from_db()
    return credit


@transaction.atomic
def undo_allocation(
    allocation: Allocation, *, reason: str, actor: User | None, now: datetime, on: date | None = None
) -> None:
    """Reverse one allocation: invoice and receipt are open again by what it took."""
    if not reason.strip():
        raise Invalid(
            "Say why it is undone.", field="reason", rule="a_reversal_has_a_reason", mend="Write the reason."
        )
    _refuse_final(allocation)
    _undo([*_discounts_with([allocation]), allocation], on=on, reason=reason, actor=actor, now=now)


def _discounts_with(allocations: Sequence[Allocation]) -> list[Allocation]:
    """The early payment discounts granted with these allocations: they stand and fall together."""
    earned = Q(pk=None)
    for row in allocations:
        if row.debit_id:
            key = f"{row.entry.key}:discount:{row.debit_id}"
            # What a credit note left of a discount carries its number behind the same key.
            earned |= Q(entry__key=key) | Q(entry__key__startswith=f"{key}:n")
    return list(
        Allocation.objects.filter(earned, kind=Allocation.Kind.DISCOUNT, reversal_of=None, reversed_by=None)
    )


def _refuse_final(allocation: Allocation) -> None:
    """What left the bank, was given up by approval, or cancelled a document is not undone by a click."""
    mends = {
        Allocation.Kind.REFUND: "Bill the customer, or record the money that came back as a receipt.",
        Allocation.Kind.BOUNCE: "Record the new receipt.",
        Allocation.Kind.WRITE_OFF: "Recover the write-off.",
    }
    mend = mends.get(Allocation.Kind(allocation.kind))
    cancelled = Invoice.objects.filter(
        instalments__open_item=allocation.debit_id, document_status=Invoice.Status.CANCELLED
    )
    if allocation.kind == Allocation.Kind.CREDIT and allocation.debit_id and cancelled.exists():
        mend = "Write a new invoice: this one is cancelled by its credit note."
    if mend:
        raise Refused(
            f"A {allocation.get_kind_display().lower()} is not undone.",
            rule="what_is_final_is_not_undone",
            mend=mend,
        )


def undo_all(payment: Payment, *, on: date, actor: User | None, now: datetime) -> None:
    """Undo every allocation of a receipt that comes back, and the discounts granted with them."""
    used = list(
        Allocation.objects.filter(
            credit_id=payment.open_item_id, reversal_of=None, reversed_by=None
        ).select_related("entry")
    )
    _undo([*_discounts_with(used), *used], on=on, reason="The payment was returned.", actor=actor, now=now)


def _undo(
    allocations: Iterable[Allocation], *, on: date | None, reason: str, actor: User | None, now: datetime
) -> None:
    rows = list(allocations)
    if not rows:
        return
    wanted = [pk for row in rows for pk in (row.debit_id, row.credit_id) if pk]
    invoice_ids = lock_invoices_of(wanted)
    items = ledger.lock_items(wanted)
    for row in rows:
        fresh = Allocation.objects.select_related("entry").get(pk=row.pk)
        fresh.debit = items.get(row.debit_id) if row.debit_id else None
        fresh.credit = items.get(row.credit_id) if row.credit_id else None
        root = cast("OpenItem", fresh.debit or fresh.credit)
        day = on or local_day(root.entity, now)
        ledger.undo_allocation(
            fresh,
            source=ledger.Source("allocation", row.pk, f"allocation:{row.pk}:undo"),
            text=f"Undone: {fresh.entry.text} ({reason})"[:200],
            on=day,
            actor=actor,
            now=now,
        )
        record(
            PAYMENT_UNALLOCATED,
            root,
            actor=actor,
            at=now,
            customer_id=root.customer_id,
            amount=row.amount,
            currency=row.currency,
            reason=reason,
            kind=row.kind,
        )
    sync_settlement(invoice_ids)


def _use(
    credit_id: int,
    parts: Sequence[Part],
    *,
    kind: Allocation.Kind,
    source_type: str,
    source_id: int,
    key: str,
    text: str,
    on: date,
    earned_on: date | None,
    actor: User | None,
    now: datetime,
) -> list[dict[str, str]]:
    """Allocate under locks: invoices, then items, each in pk order. Returns the discounts granted."""
    parts = _merged(parts)
    invoice_ids = lock_invoices_of([part.item_id for part in parts])
    items = ledger.lock_items([credit_id, *(part.item_id for part in parts)])
    credit = items[credit_id]
    pairs = [(items.get(part.item_id), part.amount) for part in parts]
    _refuse_wrong_parts(credit, pairs)
    debits = [(debit, amount) for debit, amount in pairs if debit is not None]
    functional = credit.entity.functional_currency
    # An item may be allocated from the same receipt several times: the running number keeps keys apart.
    turn = Allocation.objects.filter(credit_id=credit_id).values("entry_id").distinct().count() + 1
    key = f"{key}:{turn}"
    before = {debit.pk: (debit.open_amount, debit.open_amount) for debit, _ in debits}
    ledger.allocate(
        credit,
        debits,
        kind=kind,
        functional=functional,
        source=ledger.Source(source_type, source_id, key),
        text=text,
        on=on,
        actor=actor,
        now=now,
    )
    granted = []
    if earned_on is not None:
        for debit, amount in debits:
            granted += _grant(
                debit, amount, before[debit.pk][0], key=key, paid_on=earned_on, on=on, actor=actor, now=now
            )
    sync_settlement(invoice_ids)
    return granted


def lock_invoices_of(item_ids: Sequence[int]) -> list[int]:
    """Lock the invoices behind open items, in pk order and before their items; returns their ids."""
    ids = Instalment.objects.filter(open_item_id__in=list(item_ids)).values_list("invoice_id", flat=True)
    rows = Invoice.objects.select_for_update().filter(pk__in=sorted(set(ids))).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def earned_discount(
    debit: OpenItem, amount: Decimal, *, open_before: Decimal, paid_on: date
) -> rules.EarlyDiscount | None:
    """What paying `amount` that day earns under the policy pinned to the invoice; None: nothing."""
    part = (
        Instalment.objects.select_related("invoice__policy_version", "invoice__entity")
        .filter(open_item=debit)
        .first()
    )
    if part is None or part.invoice.policy_version is None:
        return None
    offer = clauses_of(part.invoice.policy_version).early_discount
    if offer is None or amount >= open_before:
        return None
    invoice = part.invoice
    earned = rules.early_discount(
        gross=open_before,
        tax=round_money(invoice.tax_total * open_before / invoice.payable, invoice.currency),
        pct=offer.pct,
        days=offer.days,
        invoice_date=debit.opened_on,
        paid_on=paid_on,
        payment=amount,
        currency=debit.currency,
        adjusts_tax=invoice.entity.discount_adjusts_tax,
    )
    return earned if earned.eligible and earned.discount else None


def _grant(
    debit: OpenItem,
    amount: Decimal,
    open_before: Decimal,
    *,
    key: str,
    paid_on: date,
    on: date,
    actor: User | None,
    now: datetime,
) -> list[dict[str, str]]:
    earned = earned_discount(debit, amount, open_before=open_before, paid_on=paid_on)
    if earned is None:
        return []
    invoice = debit.instalment.invoice
    ledger.give_up(
        debit,
        kind=Allocation.Kind.DISCOUNT,
        net=earned.discount_net,
        taxes=taxes_of(invoice, earned.discount_tax),
        rate=Rate(invoice.currency, invoice.entity.functional_currency, invoice.fx_rate),
        source=ledger.Source("discount", invoice.pk, f"{key}:discount:{debit.pk}"),
        text=f"Early payment discount on {invoice.number}",
        on=on,
        actor=actor,
        now=now,
    )
    record(
        DISCOUNT_GRANTED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        amount=earned.discount,
        currency=invoice.currency,
        paid_on=paid_on,
    )
    return [{"invoice": str(invoice), "amount": str(earned.discount)}]


def _merged(parts: Sequence[Part]) -> list[Part]:
    sums: dict[int, Decimal] = {}
    for part in parts:
        sums[part.item_id] = sums.get(part.item_id, Decimal(0)) + part.amount
    return [Part(item_id, amount) for item_id, amount in sums.items()]


def _refuse_wrong_parts(credit: OpenItem, pairs: Sequence[tuple[OpenItem | None, Decimal]]) -> None:
    if not pairs:
        raise Invalid(
            "Choose what it pays.",
            field="parts",
            rule="an_allocation_moves_something",
            mend="Enter an amount.",
        )
    for number, (debit, amount) in enumerate(pairs):
        field = f"parts[{number}].amount"
        if debit is None or debit.side != OpenItem.Side.DEBIT:
            raise Invalid(
                "There is no such open item.",
                field=f"parts[{number}].item",
                rule="an_item_is_owed",
                mend="Reload the list.",
            )
        exact_amount(amount, credit.currency, field=field)
        if amount <= 0:
            raise Invalid(
                f"{debit.reference}: an allocation is more than nothing.",
                field=field,
                rule="only_a_reversal_is_negative",
                mend="Leave it out, or undo an allocation.",
            )
        if debit.currency == credit.currency and amount > debit.open_amount:
            raise NotAllocatable(
                f"{debit.reference} has {debit.open_amount} {debit.currency} open; {amount} is too much.",
                field=field,
                rule="an_open_item_is_not_over_allocated",
                mend=f"Enter at most {debit.open_amount}.",
            )
        if not _one_family(debit, credit):
            raise NotAllocatable(
                f"{debit.reference} belongs to another customer.",
                field=f"parts[{number}].item",
                rule="an_allocation_stays_with_one_customer_group",
                mend="Choose an invoice of the same customer or group.",
            )
    total = sum((amount for _, amount in pairs), Decimal(0))
    if (
        all(debit is not None and debit.currency == credit.currency for debit, _ in pairs)
        and total > credit.open_amount
    ):
        raise NotAllocatable(
            f"{credit.open_amount} {credit.currency} is left of {credit.reference}; {total} is too much.",
            field="parts",
            rule="an_open_item_is_not_over_allocated",
            mend=f"Allocate at most {credit.open_amount} in all.",
        )


def _one_family(debit: OpenItem, credit: OpenItem) -> bool:
    if debit.customer_id == credit.customer_id:
        return True
    mine, theirs = debit.customer, credit.customer
    return (mine.parent_id or mine.pk) == (theirs.parent_id or theirs.pk)


def _family(payment: Payment) -> list[int]:
    """Parent and children of the payer: a group may pay for its members."""
    customer = payment.customer
    if customer is None:
        return []
    root = customer.parent_id or customer.pk
    return [root, *Customer.objects.filter(parent_id=root).values_list("pk", flat=True)]
