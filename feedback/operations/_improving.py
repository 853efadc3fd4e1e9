"""Improvements from the proposal to the measured effect."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from core.errors import Invalid, Refused
from entities.models import Entity
from feedback import events
from feedback.models import Answer, Cause, Improvement, Source, Suggestion
from feedback.operations._common import clean_words
from feedback.queries import figure_named
from feedback.rules import EFFECT_AFTER, may_move
from team.models import User
from trail.operations import record

State = Improvement.State


class ImprovementStands(Refused):
    """The improvement is in a state that does not allow this, or something it needs is missing."""


@transaction.atomic
def propose_improvement(
    *,
    title: str,
    action: str,
    due_on: date,
    sources: Sequence[Answer | Suggestion | Cause],
    owner: User | None = None,
    figure: str = "",
    entity: Entity | None = None,
    actor: User | None,
    now: datetime,
    **correction: Any,
) -> Improvement:
    """Plan an improvement from at least one answer, suggestion or cause.

    `figure` is the code of the figure it shall move; it may be named later. `correction` is for
    `note_cause`: the cause and its window.
    """
    if not sources:
        raise Invalid(
            "Name what it comes from: an answer, a suggestion or a cause.",
            field="sources",
            rule="an_improvement_has_a_source",
        )
    row = Improvement.objects.create(
        title=clean_words(title, field="title", most=160, needed=True).replace("\n", " "),
        action=clean_words(action, field="action", needed=True),
        due_on=due_on,
        owner=owner,
        figure=_known(figure),
        entity=entity,
        made_by=actor,
        made_at=now,
        **correction,
    )
    for source in dict.fromkeys(sources):
        _add(row, source)
    _note(events.IMPROVEMENT_PROPOSED, row, actor=actor, now=now, sources=len(sources), figure=row.figure)
    return row


@transaction.atomic
def add_source(
    improvement: Improvement, source: Answer | Suggestion | Cause, *, actor: User, now: datetime
) -> Improvement:
    """One more reason for it. The same one again changes nothing."""
    row = _locked(improvement)
    if row.state in (State.MEASURED, State.DROPPED):
        raise ImprovementStands(f"“{row}” is over.", rule="a_finished_improvement_rests")
    if _add(row, source):
        _note(events.IMPROVEMENT_EDITED, row, actor=actor, now=now, source=str(source))
    return row


@transaction.atomic
def aim_improvement(
    improvement: Improvement,
    *,
    figure: str,
    owner: User | None,
    due_on: date,
    actor: User,
    now: datetime,
) -> Improvement:
    """Who does it until when, and which figure it shall move. A figure with a value before it stays."""
    row = _locked(improvement)
    if row.state not in (State.PROPOSED, State.DOING):
        raise ImprovementStands(f"“{row}” is over.", rule="a_finished_improvement_rests")
    if row.before is not None and figure != row.figure:
        raise ImprovementStands(
            "The value before is measured already, so the figure stays.",
            field="figure",
            rule="a_measured_figure_stays",
            mend="Drop this improvement and plan another one.",
        )
    given = {"figure": _known(figure), "owner": owner, "due_on": due_on}
    changes = {
        name: (getattr(row, name), value) for name, value in given.items() if getattr(row, name) != value
    }
    for name, value in given.items():
        setattr(row, name, value)
    row.save(update_fields=list(given))
    if changes:
        _note(events.IMPROVEMENT_EDITED, row, actor=actor, now=now, changes=changes)
    return row


@transaction.atomic
def start_improvement(improvement: Improvement, *, actor: User | None, now: datetime) -> Improvement:
    """Begin. The value its figure has now is written by the task of the figures."""
    row = _moved(improvement, State.DOING)
    if row.owner is None:
        raise ImprovementStands("Nobody owns it yet.", field="owner", rule="an_improvement_has_an_owner")
    row.started_at = now
    row.save(update_fields=["state", "started_at"])
    _note(events.IMPROVEMENT_STARTED, row, actor=actor, now=now, figure=row.figure)
    return row


@transaction.atomic
def write_before(improvement: Improvement, value: Decimal, *, now: datetime) -> Improvement:
    """The value of its figure before it works: once, while it is being done."""
    row = _locked(improvement)
    if row.state != State.DOING or not row.figure or row.before is not None:
        return row
    row.before, row.before_at = value, now
    row.save(update_fields=["before", "before_at"])
    _note(events.IMPROVEMENT_MEASURED, row, actor=None, now=now, figure=row.figure, before=value)
    return row


@transaction.atomic
def close_improvement(improvement: Improvement, *, actor: User, now: datetime) -> Improvement:
    """The action is done. Needs the figure it shall move, and its value before."""
    row = _moved(improvement, State.CLOSED)
    if not row.figure:
        raise ImprovementStands(
            "Say first which figure it shall move.", field="figure", rule="closing_needs_a_figure"
        )
    if row.before is None:
        raise ImprovementStands(
            "The value before is not measured yet.",
            field="figure",
            rule="an_effect_needs_a_value_before",
            mend="It is measured within minutes of the start; try again then.",
        )
    row.closed_at = now
    row.save(update_fields=["state", "closed_at"])
    _note(events.IMPROVEMENT_CLOSED, row, actor=actor, now=now)
    return row


@transaction.atomic
def write_effect(improvement: Improvement, value: Decimal, *, now: datetime) -> Improvement:
    """The value of its figure 30 days after it was closed: once. The difference is what it moved."""
    row = _locked(improvement)
    if row.state != State.CLOSED or row.closed_at is None:
        return row
    if now < row.closed_at + EFFECT_AFTER:
        raise ImprovementStands("An effect shows after 30 days.", rule="an_effect_is_measured_30_days_later")
    row.state, row.after, row.after_at = State.MEASURED, value, now
    row.save(update_fields=["state", "after", "after_at"])
    _note(events.IMPROVEMENT_MEASURED, row, actor=None, now=now, after=value, effect=row.effect)
    return row


@transaction.atomic
def drop_improvement(improvement: Improvement, *, why: str, actor: User, now: datetime) -> Improvement:
    """It is not done after all, with the reason."""
    row = _moved(improvement, State.DROPPED)
    row.dropped_why = clean_words(why, field="why", most=300, needed=True)
    row.save(update_fields=["state", "dropped_why"])
    _note(events.IMPROVEMENT_DROPPED, row, actor=actor, now=now, reason=row.dropped_why)
    return row


def _locked(improvement: Improvement) -> Improvement:
    rows = Improvement.objects.select_for_update(of=("self",)).select_related("owner", "entity")
    return rows.get(pk=improvement.pk)


def _moved(improvement: Improvement, state: str) -> Improvement:
    row = _locked(improvement)
    if not may_move(row.state, state):
        raise ImprovementStands(
            f"“{row}” is {row.get_state_display().lower()}.", rule="an_improvement_follows_its_states"
        )
    row.state = state
    return row


def _known(figure: str) -> str:
    if figure and figure_named(figure) is None:
        raise Invalid("There is no such figure.", field="figure", rule="a_figure_is_known")
    return figure


def _add(row: Improvement, source: Answer | Suggestion | Cause) -> bool:
    parts: dict[str, Any] = {"answer": None, "suggestion": None, "cause": None}
    parts[type(source).__name__.lower()] = source
    _, is_new = Source.objects.get_or_create(improvement=row, **parts)
    return is_new


def _note(fact: str, row: Improvement, *, actor: User | None, now: datetime, **payload: Any) -> None:
    record(fact, row, actor=actor, at=now, **payload)
