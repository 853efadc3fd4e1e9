"""Closing a month of the book, and opening it again. What must be done before, the caller asked."""

from datetime import date, datetime

from django.db import connection, transaction

from core.errors import Invalid, Refused
from entities.models import Entity
from entities.queries import local_day
from ledger.models import Period
from team.models import User


class PeriodNotOver(Refused):
    """The month has not ended at the company."""


class NotToReopen(Refused):
    """The month is not closed, a later one is, or the person closed it themselves."""


def lock_periods(entity: Entity) -> None:
    """Wait for the postings of the company that are under way, and let no other begin before the commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ledger.period'), %s::int)", [entity.pk])


def refuse_closing(entity: Entity, month: date, *, now: datetime) -> None:
    """`Refused` for a month that goes on, or that is closed with a later one."""
    asked = Period(entity=entity, month=month.replace(day=1))
    if local_day(entity, now) <= asked.ends_on:
        raise PeriodNotOver(
            f"{asked} has not ended at {entity}.",
            field="month",
            rule="a_month_is_closed_when_it_is_over",
            mend=f"Close it when {asked.ends_on} is over.",
        )
    later = Period.objects.filter(entity=entity, month__gte=asked.month, state=Period.State.CLOSED).first()
    if later is not None:
        raise Refused(
            f"The book of {entity} is closed up to {later.ends_on}.",
            field="month",
            rule="a_month_is_closed_once",
            mend="Choose a later month.",
        )


@transaction.atomic
def close_period(
    entity: Entity, month: date, *, state: Period.State, reason: str = "", actor: User, now: datetime
) -> Period:
    """Close the book up to the end of the month: SOFT asks for no more postings, CLOSED refuses them."""
    month = month.replace(day=1)
    lock_periods(entity)
    refuse_closing(entity, month, now=now)
    period = Period.objects.filter(entity=entity, month=month).first() or Period(entity=entity, month=month)
    if period.state == state == Period.State.SOFT:
        raise Refused(
            f"{period} is nearly closed already at {entity}, by {period.closed_by}.",
            field="month",
            rule="a_month_is_nearly_closed_once",
            mend="Close it, or open it again.",
        )
    period.state, period.reason = state, reason.strip()[:300]
    period.closed_by, period.closed_at = actor, now
    period.reopened_by, period.reopened_at, period.reopen_reason = None, None, ""
    period.save()
    return period


@transaction.atomic
def reopen_period(period: Period, *, reason: str, actor: User, now: datetime) -> Period:
    """Let postings into the month again: another person than who closed it, with a reason."""
    lock_periods(period.entity)
    period = Period.objects.select_for_update(of=("self",)).select_related("entity").get(pk=period.pk)
    if period.state == Period.State.OPEN:
        raise NotToReopen(
            f"{period} is open at {period.entity}.",
            rule="only_a_closed_month_is_reopened",
            mend="Reload the page.",
        )
    if not reason.strip():
        raise Invalid(
            "Say why the month is opened again.",
            field="reason",
            rule="a_month_is_reopened_for_a_reason",
            mend="For example: the supplier's credit note of 28 October came late.",
        )
    if period.closed_by_id == actor.pk:
        raise NotToReopen(
            f"You closed {period} yourself.",
            rule="nobody_reopens_what_they_closed",
            mend="Ask a colleague who may reopen months.",
        )
    later = Period.objects.filter(
        entity_id=period.entity_id, month__gt=period.month, state=Period.State.CLOSED
    ).first()
    if period.state == Period.State.CLOSED and later is not None:
        raise NotToReopen(
            f"{later} is closed too.",
            rule="the_last_closed_period_is_reopened_first",
            mend=f"Reopen {later} first.",
        )
    period.state = Period.State.OPEN
    period.reopened_by, period.reopened_at, period.reopen_reason = actor, now, reason.strip()[:300]
    period.save()
    return period
