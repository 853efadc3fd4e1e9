"""What scores add up to: by instrument, month, text, policy, company; each the sum of the rows it opens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone

from core.dates import add_months, month_end
from correspondence.models import Template
from entities.models import Entity
from feedback.models import Answer, Instrument, Survey, Theme
from feedback.queries._answers import Filters, found, found_surveys
from feedback.rules import Figure, figure
from policies.models import Policy
from team.models import User
from team.roles import BY_CODE

MONTHS = 12


@dataclass(frozen=True)
class Group:
    """One row of a breakdown: its name, its figure, and the filter that opens exactly its answers."""

    name: str
    figure: Figure
    filters: Filters
    theme: int | None = None


def last_months(today: date, months: int = MONTHS) -> list[date]:
    """The first days of the last months with this one, the oldest first."""
    first = today.replace(day=1)
    return [add_months(first, -back) for back in range(months - 1, -1, -1)]


def figures_of(user: User, filters: Filters) -> list[Group]:
    """CSAT, NPS and CES of what fits, with how many were asked and answered."""
    counted = _counted(found(user, filters), "instrument")
    surveys = _surveys(found_surveys(user, filters))
    return [
        Group(
            str(Instrument(one).label),
            figure(
                one,
                counted.get(one, {}),
                asked=surveys.get(one, (0, 0))[0],
                answered=surveys.get(one, (0, 0))[1],
            ),
            replace(filters, instrument=one),
        )
        for one in Instrument.values
    ]


def months_of(user: User, filters: Filters, today: date) -> list[Group]:
    """The figure of one instrument month by month, of the reader's months."""
    rows = found(user, filters).annotate(month=TruncMonth("given_at", tzinfo=timezone.get_current_timezone()))
    counted = {
        key.date() if isinstance(key, datetime) else key: counts
        for key, counts in _counted(rows, "month").items()
    }
    return [
        Group(
            f"{first:%B %Y}",
            figure(filters.instrument, counted.get(first, {})),
            replace(filters, since=first, until=month_end(first)),
        )
        for first in last_months(today)
    ]


def groups_of(user: User, filters: Filters, by: str) -> list[Group]:
    """The figure of one instrument by "template", "policy", "entity" or "team", most answers first."""
    if by == "team":
        return _teams_of(user, filters)
    counted = _counted(found(user, filters), f"{by}_id")
    kinds: dict[str, Any] = {"template": Template, "policy": Policy, "entity": Entity}
    names = kinds[by].objects.in_bulk([key for key in counted if key])
    groups = [
        Group(str(names[key]), figure(filters.instrument, counts), replace(filters, **{by: key}))
        for key, counts in counted.items()
        if key in names
    ]
    return sorted(groups, key=lambda one: (-one.figure.n, one.name))


def _teams_of(user: User, filters: Filters) -> list[Group]:
    counted = _counted(found(user, filters), "team")
    groups = [
        Group(BY_CODE[code].name, figure(filters.instrument, counts), replace(filters, team=code))
        for code, counts in counted.items()
        if code in BY_CODE
    ]
    return sorted(groups, key=lambda one: (-one.figure.n, one.name))


def themes_of(user: User, filters: Filters) -> list[Group]:
    """How often each theme was named, with its figure."""
    counted = _counted(found(user, filters).filter(themes__isnull=False), "themes")
    themes = Theme.objects.in_bulk(list(counted))
    groups = [
        Group(str(themes[key]), figure(filters.instrument, counts), replace(filters, theme=key))
        for key, counts in counted.items()
    ]
    return sorted(groups, key=lambda one: (-one.figure.n, one.name))


def figure_of(instrument: str, companies: Sequence[Entity], *, since: datetime, until: datetime) -> Figure:
    """The figure of an instrument over companies and a time, for whoever measures."""
    rows = Answer.objects.filter(
        entity__in=list(companies), instrument=instrument, given_at__gt=since, given_at__lte=until
    )
    return figure(instrument, _counted(rows, "instrument").get(instrument, {}))


def complaints_of(companies: Sequence[Entity], *, since: datetime, until: datetime) -> int:
    """How many complaints came in that time."""
    rows = Answer.objects.filter(entity__in=list(companies), is_complaint=True)
    return rows.filter(given_at__gt=since, given_at__lte=until).count()


def _counted(rows: QuerySet[Answer], by: str) -> dict[Any, dict[int, int]]:
    """Group -> score -> how often."""
    found_rows: Iterable[tuple[Any, int, int]] = (
        rows.select_related(None)
        .order_by()
        .annotate(group_key=F(by))
        .values_list("group_key", "score")
        .annotate(count=Count("pk"))
    )
    counted: dict[Any, dict[int, int]] = {}
    for key, score, count in found_rows:
        counted.setdefault(key, {})[score] = count
    return counted


def _surveys(rows: QuerySet[Survey]) -> dict[str, tuple[int, int]]:
    counted = (
        rows.select_related(None)
        .order_by()
        .values_list("instrument")
        .annotate(asked=Count("pk"), answered=Count("pk", filter=Q(answer__isnull=False)))
    )
    return {instrument: (asked, answered) for instrument, asked, answered in counted}
