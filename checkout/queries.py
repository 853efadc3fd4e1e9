"""Reading online payments: what may be paid, how far each has come, and what the gateway last said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, QuerySet

from checkout.config import DEMO, Config, config_of
from checkout.models import Checkout, Event, Repayment
from checkout.rules import LIVE, to_minor
from core.errors import Invalid
from core.money import round_money
from entities import queries as entities
from entities.models import Entity
from entities.queries import local_day
from invoices.models import Invoice, Snapshot
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


@dataclass(frozen=True)
class Asked:
    """What a page asks for; `discount_on` is the day that earns the discount taken off, None without one."""

    amount: Decimal
    discount_on: date | None = None


def payable_online(invoice: Invoice, *, now: datetime) -> Asked | None:
    """What is open and not disputed, less the discount on offer; None: it cannot be paid online."""
    amount = round_money(invoice.balance - invoice.held_amount, invoice.currency)
    early = _early_amount(invoice, local_day(invoice.entity, now))
    if (
        amount <= 0
        or invoice.document_status != Invoice.Status.ISSUED
        or config_of(invoice.entity.code) is None
    ):
        return None
    asked = Asked(amount) if early is None else Asked(early, local_day(invoice.entity, now))
    try:
        to_minor(asked.amount, invoice.currency)
    except Invalid:
        return None
    return asked


def _early_amount(invoice: Invoice, on: date) -> Decimal | None:
    """What suffices for an untouched invoice on a day of its early payment discount, as its document says."""
    if invoice.balance != invoice.payable or invoice.held_amount or invoice.document_status != "issued":
        return None
    # What was brought in from another system has none.
    snapshot = Snapshot.objects.filter(invoice=invoice).first()
    offer = snapshot.content.get("early_discount") if snapshot is not None else None
    if not offer or date.fromisoformat(offer["until"]) < on:
        return None
    return Decimal(offer["amount_if_paid"])


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
