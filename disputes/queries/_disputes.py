"""Disputes: who sees them, what waits for whom, and who held one for how long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from disputes import rules
from disputes.models import Clock, Dispute, Holding
from entities import queries as entities
from invoices.models import AdviceWanted, Invoice
from team.models import User

OPEN = ~Q(state__in=sorted(rules.OVER))
TABS = ("mine", "held", "late", "decide", "waiting", "open", "closed")
_REFERENCE = re.compile(r"D-?0*(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True)
class Filters:
    """What narrows a list of disputes; "" and None leave it wide."""

    tab: str = "open"
    text: str = ""
    reason: str = ""
    state: str = ""
    customer: int | None = None


def visible_to(user: User) -> QuerySet[Dispute]:
    """The disputes with the companies this person works for."""
    return Dispute.objects.filter(entity__in=entities.visible_to(user)).select_related(
        "customer", "owner", "entity", "invoice", "contact"
    )


def listing(user: User, filters: Filters, *, now: datetime) -> QuerySet[Dispute]:
    """The disputes of one tab that match, with their clocks."""
    found = visible_to(user).filter(_in_tab(filters.tab, user, now)).prefetch_related("clocks")
    if filters.reason in rules.REASONS:
        found = found.filter(reason=filters.reason)
    if filters.state in Dispute.State.values:
        found = found.filter(state=filters.state)
    if filters.customer is not None:
        found = found.filter(customer=filters.customer)
    words = filters.text.replace("\0", "").strip()[:100]
    if words:
        found = found.filter(_says(words))
    return found


def tab_counts(user: User, *, now: datetime) -> dict[str, int]:
    """How many disputes each tab holds."""
    rows = Dispute.objects.filter(entity__in=entities.visible_to(user)).order_by()
    return rows.aggregate(**{tab: Count("pk", filter=_in_tab(tab, user, now)) for tab in TABS})


def of_invoice(invoice: Invoice) -> QuerySet[Dispute]:
    """The disputes of an invoice, the latest first, with parts and clocks."""
    rows = Dispute.objects.filter(invoice=invoice).select_related("owner", "entity", "thread", "contact")
    return rows.prefetch_related("parts__line", "clocks").order_by("-id")


def by_reference(text: str) -> int | None:
    """The number in a reference like D-00041."""
    found = _REFERENCE.fullmatch(text.strip())
    return int(found.group(1)) if found else None


def advice_key(pk: int) -> str:
    """What the invoice calls the wish of a dispute for advice."""
    return f"dispute:{pk}"


def wants_advice(dispute: Dispute) -> bool:
    """Whether a legal adviser is to be asked before it is written off or goes to court."""
    return AdviceWanted.objects.filter(key=advice_key(dispute.pk), ended_at=None).exists()


def held_waiting(user: User) -> QuerySet[Dispute]:
    """Open disputes that went up to this person."""
    return visible_to(user).filter(OPEN).filter(_held_by(user))


def _held_by(user: User) -> Q:
    return Q(
        pk__in=Holding.objects.filter(accountable=user, until_at__isnull=True, level__gt=1).values("dispute")
    )


def _in_tab(tab: str, user: User, now: datetime) -> Q:
    late = Clock.objects.filter(met_at__isnull=True, due_at__lte=now).values("dispute")
    return {
        "mine": OPEN & Q(owner=user),
        "held": OPEN & _held_by(user),
        "late": OPEN & Q(pk__in=late),
        "decide": Q(state=rules.PROPOSED),
        "waiting": Q(state=rules.WAITING),
        "closed": ~OPEN,
        "all": Q(),
    }.get(tab, OPEN)


def _says(words: str) -> Q:
    number = by_reference(words)
    found = Q(customer__name__icontains=words) | Q(invoice__number__istartswith=words)
    return found | Q(pk=number) if number is not None else found
