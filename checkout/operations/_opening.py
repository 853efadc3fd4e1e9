"""Asking for the hosted page of a row that is there, and giving one up."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from checkout import events, rules
from checkout.config import DEMO, config_of
from checkout.gateways import Declined, Gateway, NoAnswer, Order
from checkout.models import Checkout
from trail.operations import record


def open_page(made: Checkout, gateway: Gateway, *, now: datetime) -> Checkout:
    """Ask for the page; the same row asks with the same key and the same words, so there is one page."""
    Checkout.objects.filter(pk=made.pk).update(asked_at=now)
    try:
        page = gateway.open_page(_order(made))
    except NoAnswer:
        return Checkout.objects.get(pk=made.pk)
    except Declined as no:
        return fail(made, no.message, now=now)
    config = config_of(made.entity.code)
    if config is None or not _is_theirs(page.url, config.page_host, is_demo=config.gateway == DEMO):
        return fail(made, "The gateway's page lies on a host that is not configured.", now=now)
    Checkout.objects.filter(pk=made.pk, state=Checkout.State.UNKNOWN).update(
        state=Checkout.State.OPEN, gateway_id=page.gateway_id, page_url=page.url
    )
    return Checkout.objects.select_related("entity", "invoice", "customer", "link").get(pk=made.pk)


def _order(made: Checkout) -> Order:
    return Order(
        handle=made.handle,
        amount=made.amount,
        currency=made.currency,
        label=f"{made.invoice.number}, {made.entity.legal_name}",
        email=made.email,
        language=made.language,
        back_to=settings.BASE_URL + reverse("checkout:back", args=[made.handle]),
        until=made.page_until,
    )


def _is_theirs(url: str, host: str, *, is_demo: bool) -> bool:
    """Whether the customer may be sent there: https on the configured host, http only to this machine."""
    if is_demo:
        return url.startswith("/") and not url.startswith("//")
    parts = urlsplit(url)
    local = parts.hostname in ("127.0.0.1", "localhost") and parts.scheme == "http"
    return parts.netloc == host and (parts.scheme == "https" or local)


@transaction.atomic
def fail(checkout: Checkout, reason: str, *, now: datetime) -> Checkout:
    """It came to nothing at the gateway: nobody can pay it."""
    checkout = lock(checkout)
    if rules.follows(checkout.state, Checkout.State.FAILED):
        checkout.state, checkout.reason, checkout.settled_at = Checkout.State.FAILED, reason[:300], now
        checkout.save(update_fields=["state", "reason", "settled_at"])
        record_end(checkout, now=now)
    return checkout


def record_end(checkout: Checkout, *, now: datetime) -> None:
    """That it came to nothing."""
    record(
        events.CHECKOUT_ENDED,
        checkout,
        actor=None,
        at=now,
        customer_id=checkout.customer_id,
        state=checkout.state,
        reason=checkout.reason,
    )


def lock(checkout: Checkout) -> Checkout:
    """The row, locked, with what settling it needs."""
    return (
        Checkout.objects.select_for_update(of=("self",))
        .select_related("entity", "customer", "invoice", "payment", "link")
        .get(pk=checkout.pk)
    )
