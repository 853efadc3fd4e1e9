"""The figures an improvement can be aimed at, by code, and the task's act that writes their values.

`feedback` lies below and keeps the code alone; it asks this table by name which there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from core.errors import DomainError
from entities.models import Entity
from feedback import queries as feedback
from feedback.models import Improvement
from feedback.operations import write_before, write_effect
from feedback.rules import EFFECT_AFTER
from metrics.queries import Figures, dispute_figures, figures

_DAYS = 90


@dataclass(frozen=True)
class Kpi:
    """A figure: its name, its unit ("" is an amount), and whether less of it is better."""

    code: str
    name: str
    unit: str
    less_is_better: bool
    value: Callable[[list[Entity], datetime], Decimal | None]


def _home(read: Callable[[Figures], Decimal | None]) -> Callable[[list[Entity], datetime], Decimal | None]:
    def value(companies: list[Entity], now: datetime) -> Decimal | None:
        return read(figures(companies, now=now))

    return value


def _scores(instrument: str) -> Callable[[list[Entity], datetime], Decimal | None]:
    def value(companies: list[Entity], now: datetime) -> Decimal | None:
        return feedback.figure_of(instrument, companies, since=now - timedelta(days=_DAYS), until=now).value

    return value


def _complaints(companies: list[Entity], now: datetime) -> Decimal | None:
    return Decimal(feedback.complaints_of(companies, since=now - timedelta(days=_DAYS), until=now))


def _disputes(code: str) -> Callable[[list[Entity], datetime], Decimal | None]:
    def value(companies: list[Entity], now: datetime) -> Decimal | None:
        return dispute_figures(companies, now=now)[code].value

    return value


_ALL = (
    Kpi("dso", "DSO", "days", True, _home(lambda found: found.dso.dso)),
    Kpi("overdue_share", "Overdue share", "%", True, _home(lambda found: found.overdue_share)),
    Kpi("overdue", "Overdue", "", True, _home(lambda found: found.overdue.amount)),
    Kpi("csat", "CSAT, last 90 days", "%", False, _scores("csat")),
    Kpi("nps", "NPS, last 90 days", "points", False, _scores("nps")),
    Kpi("ces", "CES, last 90 days", "of 7", False, _scores("ces")),
    Kpi("complaints", "Complaints, last 90 days", "", True, _complaints),
    Kpi("dispute_rate", "Dispute rate, last 90 days", "%", True, _disputes("rate")),
    Kpi("dispute_cycle", "Disputes: time to the end, last 90 days", "h", True, _disputes("cycle")),
    Kpi("dispute_won", "Disputes: win rate, last 90 days", "%", False, _disputes("won")),
    Kpi("dispute_reopened", "Disputes: reopened, last 90 days", "%", True, _disputes("reopened")),
    Kpi("dispute_late", "Disputes: overdue", "", True, _disputes("late")),
)
KPIS: Mapping[str, Kpi] = {one.code: one for one in _ALL}
"""Code -> figure, in the order they are offered."""


def measure_improvements(*, now: datetime) -> int:
    """Write the value before of what was started, and the value 30 days after what was closed.

    Returns how many were written. Safe beside itself: each value is written once. A figure that has no
    value now (nothing sold, nobody asked) is asked again at the next tick.
    """
    begun = Q(state=Improvement.State.DOING, before__isnull=True)
    over = Q(state=Improvement.State.CLOSED, closed_at__lte=now - EFFECT_AFTER)
    rows = Improvement.objects.filter(begun | over, figure__in=list(KPIS)).select_related("entity")
    return sum(_measure(one, now=now) for one in rows.order_by("pk")[:500])


def _measure(row: Improvement, *, now: datetime) -> bool:
    companies = [row.entity] if row.entity else list(Entity.objects.filter(is_active=True).order_by("pk"))
    value = KPIS[row.figure].value(companies, now)
    if value is None:
        return False
    write = write_before if row.state == Improvement.State.DOING else write_effect
    try:
        write(row, value, now=now)
    except DomainError:
        return False
    return True
