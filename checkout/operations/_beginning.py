"""A customer wants to pay: one page per invoice, over exactly what is open, less the discount on offer."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction

from checkout import events, queries
from checkout.config import config_of
from checkout.gateways import Declined, Gateway, NoAnswer
from checkout.models import Checkout
from checkout.operations._asking import ask_again, settle
from checkout.operations._gateways import NotOnline, gateway_of
from checkout.operations._opening import open_page
from correspondence.models import PublicLink
from invoices.models import Invoice
from trail.operations import record

# The least the gateway allows is half an hour; its page then ends by itself.
LASTS = timedelta(minutes=45)
_ENOUGH = timedelta(minutes=5)


def begin_checkout(invoice: Invoice, *, link: PublicLink | None, language: str, now: datetime) -> Checkout:
    """The open page of the invoice: the one that is there, or a new one over what is open now.

    Its state is `unknown` where the gateway gave no answer: asking again, by whomever, is asking for the same
    page. It is `paid` where somebody paid meanwhile.
    """
    gateway = gateway_of(invoice.entity)
    before = queries.live_of(invoice)
    if before is not None:
        stands = _standing(before, gateway, invoice, now=now)
        if stands is not None:
            return stands
    made = _claim(invoice, link=link, language=language, now=now)
    return open_page(made, gateway, now=now) if made.state == Checkout.State.UNKNOWN else made


def _standing(before: Checkout, gateway: Gateway, invoice: Invoice, *, now: datetime) -> Checkout | None:
    """The page that is there, if it still asks for the right amount; else it is closed and None."""
    if before.state == Checkout.State.UNKNOWN:
        before = open_page(before, gateway, now=now)
    if before.state != Checkout.State.OPEN:
        return None if before.state in (Checkout.State.EXPIRED, Checkout.State.FAILED) else before
    asked = queries.payable_online(invoice, now=now)
    # The discount of yesterday is not the one of today: its page is closed, too.
    still = asked == queries.Asked(before.amount, before.discount_on)
    if still and before.page_until - now > _ENOUGH:
        return before
    # Another amount is open now, or the page is about to end. Unless it was paid, nobody can pay it any more.
    try:
        before = settle(before, gateway.close_page(str(before.gateway_id)), now=now)
    except (NoAnswer, Declined):
        return ask_again(before, now=now)
    return before if before.state in (Checkout.State.PAID, Checkout.State.PROCESSING) else None


@transaction.atomic
def _claim(invoice: Invoice, *, link: PublicLink | None, language: str, now: datetime) -> Checkout:
    """The row of a new page, committed before anybody is asked; racers get the one of the first."""
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related("entity", "customer").get(
        pk=invoice.pk
    )  # fmt: skip
    before = queries.live_of(invoice)
    if before is not None:
        return before
    asked, config = queries.payable_online(invoice, now=now), config_of(invoice.entity.code)
    if asked is None or config is None:
        raise NotOnline(
            f"{invoice.number} cannot be paid online now.",
            rule="an_open_amount_is_paid_online",
            mend="Nothing is open, it is under review, or cards cannot be charged exactly that.",
        )
    contact = link.contact if link is not None else None
    made = Checkout.objects.create(
        entity=invoice.entity,
        customer=invoice.customer,
        invoice=invoice,
        link=link,
        gateway=config.gateway,
        handle=secrets.token_urlsafe(32),
        currency=invoice.currency,
        amount=asked.amount,
        discount_on=asked.discount_on,
        email=contact.email if contact is not None else "",
        language=language,
        page_until=now + LASTS,
        begun_at=now,
    )
    record(
        events.CHECKOUT_BEGUN,
        made,
        actor=None,
        at=now,
        customer_id=made.customer_id,
        invoice=invoice.number,
        amount=made.amount,
        currency=made.currency,
    )
    return made
