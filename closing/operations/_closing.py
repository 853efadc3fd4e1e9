"""Closing a month when its checklist allows, and opening it again."""

from datetime import date, datetime

from django.db import transaction

from closing import queries, rules
from closing.events import PERIOD_CLOSED, PERIOD_NEARLY_CLOSED, PERIOD_REOPENED
from core.errors import Invalid, Refused, problem
from entities.models import Entity
from ledger import operations as ledger
from ledger.day_end import last_entry_of
from ledger.models import Period
from team.models import User
from trail.operations import record


class NotToClose(Refused):
    """Something that must be done before the month is closed is not."""


@transaction.atomic
def close_month(entity: Entity, month: date, *, reason: str = "", actor: User, now: datetime) -> Period:
    """Close the book up to the end of the month: what must be done is done, the rest has a reason.

    The checklist is read before the postings are stopped, and once more only when one came in between.
    """
    month, last = month.replace(day=1), rules.last_of(month)
    ledger.refuse_closing(entity, month, now=now)
    seen = last_entry_of(entity.pk, last)
    points = queries.checklist(entity, month, user=actor)
    ledger.lock_periods(entity)
    if last_entry_of(entity.pk, last) != seen:
        points = queries.checklist(entity, month, user=actor)
    must, left = queries.ready(points)
    if must:
        raise NotToClose(
            f"{month:%B %Y} cannot be closed at {entity}: {len(must)} of its points must be done first.",
            field="month",
            rule="a_month_is_closed_when_its_book_is_proven",
            mend=f"Begin with: {must[0].name}.",
            problems=[
                problem(f"Not done: {one.name} ({one.count}).", rule=f"month_end_{one.code}") for one in must
            ],
        )
    if left and not reason.strip():
        raise Invalid(
            f"{len(left)} points of the checklist are open: {', '.join(one.name for one in left)}.",
            field="reason",
            rule="open_points_need_a_reason",
            mend="Do them, or say why the month is closed all the same.",
        )
    period = ledger.close_period(
        entity, month, state=Period.State.CLOSED, reason=reason if left else "", actor=actor, now=now
    )
    record(
        PERIOD_CLOSED,
        period,
        actor=actor,
        at=now,
        company=entity.code,
        until=period.ends_on,
        reason=period.reason,
        left={one.code: one.count for one in left},
    )
    return period


@transaction.atomic
def ask_for_no_more(entity: Entity, month: date, *, actor: User, now: datetime) -> Period:
    """Nearly close a month: whoever posts into it is warned, and what they post is listed."""
    period = ledger.close_period(entity, month, state=Period.State.SOFT, actor=actor, now=now)
    record(PERIOD_NEARLY_CLOSED, period, actor=actor, at=now, company=entity.code)
    return period


@transaction.atomic
def reopen_month(period: Period, *, reason: str, actor: User, now: datetime) -> Period:
    """Let postings in again: a person who did not close it, with a reason."""
    before = period.get_state_display()
    period = ledger.reopen_period(period, reason=reason, actor=actor, now=now)
    record(
        PERIOD_REOPENED,
        period,
        actor=actor,
        at=now,
        changes={"state": (before, period.get_state_display())},
        company=period.entity.code,
        reason=period.reopen_reason,
    )
    return period
