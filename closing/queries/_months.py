"""The months of a company and how each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Min, QuerySet

from closing import rules
from closing.models import JournalExport, Revaluation
from core.dates import add_months
from entities import queries as entities
from entities.models import Entity
from entities.queries import local_day
from ledger.models import Entry, Period
from team.models import User
from trail import queries as trail
from trail.models import Entry as TrailEntry

RUNNING, UNCLOSED = "running", "unclosed"
_SHOWN = 7


@dataclass(frozen=True)
class MonthState:
    """A month: running, unclosed, soft, open (reopened) or closed; `by` is the period that says so."""

    month: date
    state: str
    by: Period | None = None


def months_of(entity: Entity, *, now: datetime) -> list[MonthState]:
    """The running month and those before it in which something was posted, the newest first."""
    today = local_day(entity, now)
    first = Entry.objects.filter(entity=entity).aggregate(first=Min("on"))["first"] or today
    periods = list(Period.objects.filter(entity=entity))
    month = today.replace(day=1)
    found: list[MonthState] = []
    while len(found) < _SHOWN and month >= first.replace(day=1):
        found.append(state_of(month, periods, today))
        month = add_months(month, -1)
    return found


def state_of(month: date, periods: Sequence[Period], today: date) -> MonthState:
    """How a month stands: closed as soon as it or a later month is."""
    closing = min(
        (one for one in periods if one.state == Period.State.CLOSED and one.month >= month),
        key=lambda one: one.month,
        default=None,
    )
    own = next((one for one in periods if one.month == month), None)
    if closing is not None:
        return MonthState(month, Period.State.CLOSED, closing)
    if own is not None:
        return MonthState(month, own.state, own)
    return MonthState(month, RUNNING if today <= rules.last_of(month) else UNCLOSED)


def period_of(entity: Entity, month: date, *, now: datetime) -> MonthState:
    """How one month of a company stands."""
    periods = list(Period.objects.filter(entity=entity).select_related("closed_by", "reopened_by"))
    return state_of(month, periods, local_day(entity, now))


def periods_visible_to(user: User) -> QuerySet[Period]:
    """Closed and reopened months of the companies this person sees."""
    rows = Period.objects.filter(entity__in=entities.visible_to(user))
    return rows.select_related("entity", "closed_by", "reopened_by")


def posted_since(period: Period) -> QuerySet[Entry]:
    """What was posted into a month after somebody asked for no more; its revaluation is no such thing."""
    return (
        Entry.objects.filter(
            entity_id=period.entity_id,
            on__gte=period.month,
            on__lte=period.ends_on,
            posted_at__gt=period.closed_at,
        )
        .exclude(kind="revaluation")
        .exclude(kind="revaluation_reversed")
        .order_by("-pk")
    )


def history_of(entity: Entity, month: date) -> QuerySet[TrailEntry]:
    """Every act on a month: closed, reopened, revalued, taken out; the newest first."""
    found: QuerySet[TrailEntry] = TrailEntry.objects.none()
    for kind in (Period, Revaluation, JournalExport):
        rows = kind.objects.filter(entity=entity, month=month)
        found = found | trail.entries_of_all(kind, rows.values("pk"))
    return found.order_by("-id")
