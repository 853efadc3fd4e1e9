"""Asking the gateway what became of a payment, and booking what it says, once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from checkout import events, rules
from checkout.gateways import Declined, NoAnswer, Outcome
from checkout.models import Checkout
from checkout.operations._gateways import gateway_of
from checkout.operations._opening import fail, lock, open_page, record_end
from core.money import plain
from entities.queries import local_day
from invoices.models import Invoice
from ledger import operations as ledger
from payments import operations as payments
from payments.models import Payment
from payments.operations import Part, Receipt
from trail.operations import record
from work.operations import open_work

State = Checkout.State


def ask_again(checkout: Checkout, *, now: datetime) -> Checkout:
    """Ask what became of it and book that. Without an answer nothing changes but when it was asked."""
    gateway = gateway_of(checkout.entity)
    if checkout.gateway_id is None:
        if checkout.state != State.UNKNOWN:
            return checkout
        if checkout.page_until <= now:
            # Nobody was ever sent to its page, and a page made from now on would be over at once.
            return fail(checkout, "The gateway never answered; its page is over.", now=now)
        checkout = open_page(checkout, gateway, now=now)
        if checkout.gateway_id is None:
            return checkout
    Checkout.objects.filter(pk=checkout.pk).update(asked_at=now)
    try:
        outcome = gateway.outcome(checkout.gateway_id)
    except (NoAnswer, Declined):
        return Checkout.objects.select_related("entity", "invoice", "customer", "link").get(pk=checkout.pk)
    return settle(checkout, outcome, now=now)


@transaction.atomic
def settle(checkout: Checkout, outcome: Outcome, *, now: datetime) -> Checkout:
    """Take over what became of it. States only go forward, so order and repetition of news do not matter."""
    checkout = lock(checkout)
    if not rules.follows(checkout.state, outcome.state):
        if checkout.state == State.PAID and checkout.fee is None and outcome.fee is not None:
            _book_fee(checkout, outcome, now=now)
        return checkout
    if outcome.state == State.PAID:
        return _book(checkout, outcome, now=now)
    checkout.state, checkout.intent_id = outcome.state, outcome.intent_id or checkout.intent_id
    checkout.reason = outcome.reason[:300]
    if outcome.state not in rules.LIVE:
        checkout.settled_at = now
    checkout.save(update_fields=["state", "intent_id", "reason", "settled_at"])
    if checkout.settled_at:
        record_end(checkout, now=now)
    return checkout


def _book(checkout: Checkout, outcome: Outcome, *, now: datetime) -> Checkout:
    """The money as a receipt, used for what is still open of the invoice; the rest is the customer's."""
    amount = outcome.amount if outcome.amount is not None else checkout.amount
    # Locked before it is reckoned: what a transfer or another page pays meanwhile is not paid twice.
    Invoice.objects.select_for_update(of=("self",)).get(pk=checkout.invoice_id)
    parts = _parts(checkout, amount) if outcome.currency in ("", checkout.currency) else []
    paid_on = local_day(checkout.entity, outcome.paid_at or now)
    payment = payments.receive_and_allocate(
        Receipt(
            entity=checkout.entity,
            received_on=min(paid_on, local_day(checkout.entity, now)),
            currency=outcome.currency or checkout.currency,
            amount=amount,
            customer=checkout.customer,
            method=Payment.Method.CARD,
            reference=str(checkout.invoice.number),
            note=f"Paid online, {outcome.intent_id or checkout.gateway_id}"[:300],
            external_key=f"checkout:{checkout.pk}",
        ),
        parts,
        actor=None,
        now=now,
        # Asked for less they began in time; asked for all of it they pay all of it.
        grant_discount=checkout.discount_on is not None,
        earned_on=checkout.discount_on,
    )
    checkout.state, checkout.payment, checkout.settled_at = State.PAID, payment, now
    checkout.intent_id = outcome.intent_id or checkout.intent_id
    checkout.reason = ""
    checkout.save(update_fields=["state", "payment", "settled_at", "intent_id", "reason"])
    record(
        events.CHECKOUT_PAID,
        checkout,
        actor=None,
        at=now,
        customer_id=checkout.customer_id,
        payment=payment.pk,
        amount=amount,
        currency=payment.currency,
    )
    if outcome.fee is not None:
        _book_fee(checkout, outcome, now=now)
    if (amount, payment.currency) != (checkout.amount, checkout.currency):
        _wonder(checkout, payment, now=now)
    return checkout


def _parts(checkout: Checkout, amount: Decimal) -> list[Part]:
    """The instalments it pays, the first due first; never more than is open."""
    ids = [pk for pk in checkout.invoice.instalments.values_list("open_item_id", flat=True) if pk]
    items = sorted(ledger.lock_items(ids).values(), key=lambda item: (item.due_on or item.opened_on, item.pk))
    parts = []
    for item in items:
        # What is under review was not asked for: money for it stays the customer's credit.
        used = min(amount, item.open_amount - item.held_amount)
        if used > 0:
            parts.append(Part(item.pk, used, "paid online for this invoice"))
            amount -= used
    return parts


def _book_fee(checkout: Checkout, outcome: Outcome, *, now: datetime) -> None:
    """What the gateway keeps, as an entry of its own: a chargeback takes it all, not less its fee."""
    if checkout.payment is None or outcome.fee is None:
        return
    functional = checkout.entity.functional_currency
    if outcome.fee and outcome.fee_currency in (checkout.payment.currency, functional):
        payments.book_fee(
            checkout.payment,
            outcome.fee,
            currency=outcome.fee_currency,
            by="the gateway",
            actor=None,
            now=now,
        )
    checkout.fee, checkout.fee_currency = outcome.fee, outcome.fee_currency
    checkout.save(update_fields=["fee", "fee_currency"])
    record(
        events.CHECKOUT_FEE_BOOKED,
        checkout,
        actor=None,
        at=now,
        customer_id=checkout.customer_id,
        amount=outcome.fee,
        currency=outcome.fee_currency,
    )


def _wonder(checkout: Checkout, payment: Payment, *, now: datetime) -> None:
    """Another amount came than was asked for: somebody looks."""
    open_work(
        kind="online_payment",
        key=f"checkout:{checkout.pk}:amount",
        subject=checkout,
        label=f"{checkout.invoice.number}: another amount was paid online than asked for",
        path=checkout.get_absolute_url(),
        why=f"Asked for {plain(checkout.amount, checkout.currency)} {checkout.currency}, "
        f"got {plain(payment.amount, payment.currency)} {payment.currency}.",
        now=now,
        entity=checkout.entity,
        customer_id=checkout.customer_id,
        role="cash_applier",
        value=payment.amount,
        currency=payment.currency,
    )
