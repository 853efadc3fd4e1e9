"""Improvements, suggestions and causes: who sees them, the board, and the figures they aim at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.module_loading import import_string

from customers.models import Customer
from entities import queries as entities
from entities.models import Entity
from feedback.models import Improvement, Publication, Suggestion
from team import queries as team
from team.models import User
from team.roles import ROLES

_FIGURES = "metrics.kpis.KPIS"
"""The table of figures, by name: it lies above this app."""

COLUMNS = (
    Improvement.State.PROPOSED,
    Improvement.State.DOING,
    Improvement.State.CLOSED,
    Improvement.State.MEASURED,
)


def figures_known() -> Mapping[str, Any]:
    """Code -> figure (`name`, `unit`, `less_is_better`) an improvement can be aimed at."""
    known: Mapping[str, Any] = import_string(_FIGURES)
    return known


def figure_named(code: str) -> Any | None:
    """The figure of a code; None when there is none."""
    return figures_known().get(code)


def improvements_visible_to(user: User) -> QuerySet[Improvement]:
    """Improvements of the companies this person sees, and those of all companies."""
    mine = Q(entity__isnull=True) | Q(entity__in=entities.visible_to(user))
    return Improvement.objects.filter(mine).select_related("owner", "entity", "corrects")


def board(user: User) -> list[tuple[str, str, list[Improvement]]]:
    """(state, its name, its improvements by due day) of each column; of what is measured the newest 30."""
    rows = improvements_visible_to(user).filter(state__in=COLUMNS).annotate(reasons=Count("sources"))
    by_state: dict[str, list[Improvement]] = {state: [] for state in COLUMNS}
    for row in rows.order_by("due_on", "pk")[:500]:
        by_state[row.state].append(row)
    measured = Improvement.State.MEASURED
    by_state[measured] = by_state[measured][::-1][:30]
    return [(state, str(Improvement.State(state).label), by_state[state]) for state in COLUMNS]


def companies_of(user: User) -> QuerySet[Entity]:
    """The companies this person sees, by name."""
    return entities.visible_to(user).order_by("name")


def owners() -> QuerySet[User]:
    """Who may own an improvement: active people whose role plans them, or who answer customers."""
    acts = {"feedback.manage_improvement", "feedback.enter_feedback"}
    return team.people_with_role(*(role.code for role in ROLES if acts & set(role.acts))).order_by(
        "name", "pk"
    )


def suggestions(state: str = "") -> QuerySet[Suggestion]:
    """What colleagues proposed; all read it. The newest first."""
    rows = Suggestion.objects.select_related("author", "replied_by").prefetch_related("themes")
    return rows.filter(state=state) if state in Suggestion.State.values else rows


def told_to(customer: Customer) -> QuerySet[Publication]:
    """What was improved because of this customer and others, as their own page shows it, the newest first."""
    rows = Publication.objects.filter(customer=customer, improvement__published_at__isnull=False)
    return rows.select_related("improvement").order_by("-at", "-id")
