"""Reading online payments: what may be paid, how far each has come, and what the gateway last said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, QuerySet

from checkout.config import DEMO, Config, config_of
from checkout.models import Checkout, Event, Repayment
from checkout.rules import LIVE, to_minor
from core.errors import Invalid
from core.money import round_money
from entities import queries as entities
from entities.models import Entity
from invoices.models import Invoice
from team.models import User

STUCK = timedelta(hours=1)
TABS: Mapping[str, tuple[str, ...]] = {
    "": tuple(Checkout.State.values),
    "waiting": LIVE,
    "paid": ("paid",),
    "ended": ("expired", "failed"),
}


@dataclass(frozen=True)
class Channel:
    """How one company takes payments online."""

    entity: Entity
    config: Config | None
    last: Event | None
    unknown: int
    paid: int

    @property
    def is_demo(self) -> bool:
        """Whether no money moves here."""
        return self.config is not None and self.config.gateway == DEMO


def visible_to(user: User) -> QuerySet[Checkout]:
    """Online payments of the companies this person sees."""
    return Checkout.objects.filter(entity__in=entities.visible_to(user)).select_related(
        "entity", "customer", "invoice", "payment"
    )


def payable_online(invoice: Invoice) -> Decimal | None:
    """Exactly what is open and not disputed; None where it cannot be paid online."""
    amount = round_money(invoice.balance - invoice.held_amount, invoice.currency)
    if (
        amount <= 0
        or invoice.document_status != Invoice.Status.ISSUED
        or config_of(invoice.entity.code) is None
    ):
        return None
    try:
        to_minor(amount, invoice.currency)
    except Invalid:
        return None
    return amount


def live_of(invoice: Invoice) -> Checkout | None:
    """The payment page that is open for the invoice, or of which nobody knows."""
    return Checkout.objects.filter(invoice=invoice, state__in=LIVE).first()


def channels_of(user: User) -> list[Channel]:
    """Every company the person sees: on or off, the last event, and what is not known."""
    seen = list(entities.visible_to(user).filter(is_active=True).order_by("name"))
    newest = Event.objects.filter(entity__in=seen).order_by("entity_id", "-pk").distinct("entity_id")
    last = {event.entity_id: event for event in newest}
    counted = {
        (entity, state): n
        for entity, state, n in Checkout.objects.filter(entity__in=seen)
        .order_by()
        .values_list("entity", "state")
        .annotate(n=Count("pk"))
    }
    return [
        Channel(
            entity,
            config_of(entity.code),
            last.get(entity.pk),
            counted.get((entity.pk, "unknown"), 0),
            counted.get((entity.pk, "paid"), 0),
        )
        for entity in seen
    ]


def counts_of(user: User) -> dict[str, int]:
    """How many there are in each tab."""
    by_state = dict(
        visible_to(user).order_by().values_list("state").annotate(n=Count("pk"))
    )  # fmt: skip
    return {tab: sum(by_state.get(state, 0) for state in states) for tab, states in TABS.items()}


def stuck(now: datetime) -> int:
    """How many outcomes have been unknown for over an hour: the janitor keeps this at nothing."""
    before = now - STUCK
    return (
        Checkout.objects.filter(state="unknown", begun_at__lt=before).count()
        + Repayment.objects.filter(state="unknown", begun_at__lt=before).count()
        + Event.objects.filter(handled_at=None, received_at__lt=before).count()
    )
