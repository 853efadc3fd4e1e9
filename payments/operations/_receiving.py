"""Money that arrives, and money that goes back to where it came from."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from core.errors import Invalid, Refused
from core.marks import without_marks
from core.money import amount as exact_amount
from core.money import named, plain
from core.rows import insert_rows
from customers.models import Customer
from entities.models import Entity
from entities.queries import local_day, rate_on
from ledger import operations as ledger
from ledger.models import Allocation, Entry, OpenItem
from ledger.rules import CUSTOMER_CREDIT, UNIDENTIFIED, Leg, Rate, identify, receipt, reverse
from payments.events import PAYMENT_BOUNCED, PAYMENT_IDENTIFIED, PAYMENT_RECORDED
from payments.models import Payment
from payments.operations._locking import lock
from payments.operations._undoing import undo_all
from team.models import User
from trail.operations import record


class NotReturnable(Refused):
    """The receipt came back before, or is still allocated."""


@dataclass(frozen=True)
class Receipt:
    """What arrived. `amount` is what the customer is credited with: bank amount + fee + tax withheld.

    `external_key` makes it unique outside: the same key again is the same receipt. `posted_on` is the day it
    enters the book when its own lies in a closed month.
    """

    entity: Entity
    received_on: date
    currency: str
    amount: Decimal
    customer: Customer | None = None
    fee: Decimal = Decimal(0)
    withheld: Decimal = Decimal(0)
    method: str = Payment.Method.BANK_TRANSFER
    payer_name: str = ""
    payer_account: str = ""
    reference: str = ""
    note: str = ""
    external_key: str | None = None
    posted_on: date | None = None

    @property
    def enters_on(self) -> date:
        return self.posted_on or self.received_on


@transaction.atomic
def record_payment(given: Receipt, *, actor: User | None, now: datetime) -> Payment:
    """Book a receipt. Of a known customer it is an open credit to allocate; else it waits on 1200."""
    given = replace(given, reference=without_marks(given.reference), note=without_marks(given.note))
    if given.external_key:
        before = Payment.objects.filter(external_key=given.external_key).first()
        if before is not None:
            return _same(before, given)
    _refuse_impossible(given, today=local_day(given.entity, now))
    rate = Rate(
        given.currency,
        given.entity.functional_currency,
        rate_on(given.currency, given.entity.functional_currency, given.received_on).rate,
    )
    legs = receipt(
        amount=given.amount,
        rate=rate,
        fee=given.fee,
        withheld=given.withheld,
        identified=given.customer is not None,
    )
    booked = -legs[-1].amount_functional
    payment = Payment(
        **{name: getattr(given, name) for name in Receipt.__dataclass_fields__ if name != "posted_on"},
        fx_rate=rate.value,
        functional_amount=booked,
        recorded_by=actor,
        recorded_at=now,
    )
    if given.external_key is not None:
        try:
            with transaction.atomic():
                _write(payment, given, booked)
        except IntegrityError:
            # The same receipt was recorded at the same moment by somebody else.
            before = Payment.objects.filter(external_key=given.external_key).first()
            if before is None:
                raise
            return _same(before, given)
    else:
        _write(payment, given, booked)
    ledger.post([_posting(payment, legs, "receipt", given.enters_on)], actor=actor, now=now)
    record(
        PAYMENT_RECORDED,
        payment,
        actor=actor,
        at=now,
        customer_id=payment.customer_id,
        amount=payment.amount,
        currency=payment.currency,
        on=payment.received_on,
    )
    return payment


@transaction.atomic
def identify_payment(payment: Payment, customer: Customer, *, actor: User | None, now: datetime) -> Payment:
    """Say whose an unidentified receipt is: it becomes that customer's open credit."""
    payment = lock(payment)
    if payment.customer_id is not None or payment.state != Payment.State.RECEIVED:
        raise Refused(
            f"{payment} belongs to {payment.customer}." if payment.customer else f"{payment} was returned.",
            field="customer",
            rule="a_receipt_is_identified_once",
            mend="Refund it, or undo its allocations.",
        )
    # The credit begins when it is posted: before, the money waited on 1200.
    on = max(local_day(payment.entity, now), payment.received_on)
    payment.customer = customer
    payment.open_item = _credit(payment, customer, payment.functional_amount, on)
    payment.save(update_fields=["customer", "open_item"])
    legs = identify(amount=payment.amount, functional=payment.functional_amount)
    # It may have been given to somebody before, and taken back: each time is an event of its own.
    before = Entry.objects.filter(key__startswith=f"payment:{payment.pk}:identified").count()
    posting = _posting(
        payment,
        legs,
        "identified",
        on,
        again=f":{before + 1}" if before else "",
    )
    ledger.post([posting], actor=actor, now=now)
    record(PAYMENT_IDENTIFIED, payment, actor=actor, at=now, customer_id=customer.pk, amount=payment.amount)
    return payment


@transaction.atomic
def bounce_payment(payment: Payment, *, on: date, reason: str, actor: User | None, now: datetime) -> Payment:
    """The bank took the money back: undo the allocations, then mirror the receipt. Nothing is edited."""
    payment = lock(payment)
    if payment.state != Payment.State.RECEIVED:
        raise NotReturnable(f"{payment} was returned before.", rule="a_payment_returns_once")
    first = payment.open_item.opened_on if payment.open_item else payment.received_on
    if on < first or on > local_day(payment.entity, now):
        raise Invalid(
            f"{payment} cannot have come back on {on}.",
            field="on",
            rule="a_return_follows_its_receipt",
            mend=f"Use a day from {first} to today.",
        )
    if not reason.strip():
        raise Invalid(
            "Say why it came back.",
            field="reason",
            rule="a_return_has_a_reason",
            mend="Take it from the bank statement.",
        )
    refuse_refunded(payment)
    entry = Entry.objects.get(key=f"payment:{payment.pk}:receipt")
    if payment.open_item_id is not None:
        undo_all(payment, on=on, reason="The payment was returned.", actor=actor, now=now)
        item = ledger.lock_items([payment.open_item_id])[payment.open_item_id]
        ledger.cancel_receipt(
            item,
            _received(payment, entry),
            source=ledger.Source("payment", payment.pk, f"payment:{payment.pk}:bounce"),
            text=f"{payment} returned: {reason}"[:200],
            on=on,
            actor=actor,
            now=now,
        )
    else:
        legs = reverse(_received(payment, entry))
        ledger.post([_posting(payment, legs, "bounce", on)], actor=actor, now=now)
    payment.state, payment.bounced_on, payment.bounce_reason = Payment.State.BOUNCED, on, reason.strip()[:200]
    payment.save(update_fields=["state", "bounced_on", "bounce_reason"])
    record(
        PAYMENT_BOUNCED,
        payment,
        actor=actor,
        at=now,
        customer_id=payment.customer_id,
        amount=payment.amount,
        currency=payment.currency,
        on=on,
        reason=reason,
    )
    return payment


def refuse_refunded(payment: Payment) -> None:
    """A receipt of which something was paid back stays where it is."""
    paid_back = Allocation.objects.filter(credit_id=payment.open_item_id, kind=Allocation.Kind.REFUND)
    if payment.open_item_id and paid_back.exists():
        amount = sum(paid_back.values_list("amount", flat=True), Decimal(0))
        raise NotReturnable(
            f"{named(amount, payment.currency)} of {payment} was refunded to the customer.",
            rule="a_refunded_receipt_does_not_return",
            mend="Bill the customer for what was refunded; then record the return of the rest with the bank.",
        )


def _received(payment: Payment, entry: Entry) -> list[Leg]:
    """The legs to mirror: the bank side against where the money is now, whoever it was given to before."""
    bank = [leg for leg in ledger.legs_of(entry) if leg.account not in (CUSTOMER_CREDIT, UNIDENTIFIED)]
    account = UNIDENTIFIED if payment.open_item_id is None else CUSTOMER_CREDIT
    item = "" if payment.open_item_id is None else str(payment.open_item_id)
    return [*bank, Leg(account, -payment.amount, -payment.functional_amount, item)]


def _same(before: Payment, given: Receipt) -> Payment:
    same = (before.amount, before.currency, before.entity_id, before.received_on)
    # Whose it is may have been said since; another customer is another receipt.
    theirs = given.customer is None or before.customer_id in (None, given.customer.pk)
    if same != (given.amount, given.currency, given.entity.pk, given.received_on) or not theirs:
        raise Refused(
            f"{given.external_key} was recorded before: {plain(before.amount, before.currency)} "
            f"{before.currency} of {before.received_on}"
            f"{f', {before.customer}' if before.customer else ''}.",
            field="external_key",
            rule="a_receipt_is_recorded_once",
            mend=f"Look at {before}.",
        )
    return before


def _write(payment: Payment, given: Receipt, booked: Decimal) -> None:
    if given.customer is not None:
        payment.open_item = _credit(given, given.customer, booked, given.enters_on)
    insert_rows([payment])


def _credit(given: Receipt | Payment, customer: Customer, booked: Decimal, on: date) -> OpenItem:
    [item] = ledger.open_items(
        [
            OpenItem(
                entity_id=given.entity.pk,
                customer_id=customer.pk,
                side=OpenItem.Side.CREDIT,
                kind=OpenItem.Kind.RECEIPT,
                reference=given.reference[:60] or f"Receipt of {given.received_on:%d.%m.%Y}",
                currency=given.currency,
                amount=given.amount,
                functional_amount=booked,
                opened_on=on,
            )
        ]
    )
    return item


def _posting(payment: Payment, legs: list[Leg], event: str, on: date, *, again: str = "") -> ledger.Posting:
    return ledger.Posting(
        entity_id=payment.entity_id,
        customer_id=payment.customer_id,
        currency=payment.currency,
        on=on,
        kind=event,
        source=ledger.Source("payment", payment.pk, f"payment:{payment.pk}:{event}{again}"),
        text=f"Receipt {payment} {payment.reference}".strip()[:200],
        legs=legs,
        items={"credit": payment.open_item} if payment.open_item else {},
    )


def _refuse_impossible(given: Receipt, *, today: date) -> None:
    for name in ("amount", "fee", "withheld"):
        exact_amount(getattr(given, name), given.currency, field=name)
    if given.amount <= 0:
        raise Invalid(
            "A receipt is more than nothing.",
            field="amount",
            rule="a_receipt_is_more_than_nothing",
            mend="Enter what arrived. Money that went out is a refund or a returned payment.",
        )
    if min(given.fee, given.withheld) < 0 or given.fee + given.withheld > given.amount:
        raise Invalid(
            "Fee and withheld tax are part of the receipt.",
            field="fee",
            rule="fee_and_withheld_tax_are_part_of_the_receipt",
            mend="Enter them as positive parts of the amount.",
        )
    if given.received_on > today:
        raise Invalid(
            f"{given.received_on} has not come yet.",
            field="received_on",
            rule="a_receipt_is_not_in_the_future",
            mend=f"Use {today} or earlier.",
        )
    if not given.received_on <= given.enters_on <= today:
        raise Invalid(
            f"{given.enters_on} is no day on which a receipt of {given.received_on} can be posted.",
            field="posted_on",
            rule="a_receipt_is_posted_from_its_day_on",
            mend=f"Use a day from {given.received_on} to {today}.",
        )
    if given.method not in Payment.Method.values:
        raise Invalid(
            f"“{given.method}” is not a way to pay.",
            field="method",
            rule="method_is_known",
            mend=f"Use one of {', '.join(Payment.Method.values)}.",
        )
