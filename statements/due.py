"""What schedules ask for now: the periods of accounts that ended and were not stated yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet

from customers.models import Customer
from entities.models import Entity
from entities.queries import local_day
from ledger.models import OpenItem
from statements.models import Mailing, Schedule
from statements.queries import Reading
from statements.rules import Period, periods_after

_EARLIEST = timedelta(hours=14)
"""So far ahead of UTC a company's day may begin."""


@dataclass(frozen=True)
class Due:
    """One period of one account to be stated."""

    customer_id: int
    entity_id: int
    currency: str
    period: Period
    form: str


def waiting_schedules(now: datetime) -> QuerySet[Schedule]:
    """Schedules whose newest done period is not the last one that can have ended anywhere."""
    last_month_ended = (now + _EARLIEST).date().replace(day=1) - timedelta(days=1)
    return (
        Schedule.objects.exclude(frequency=Schedule.Frequency.NONE)
        .filter(done_until__lt=last_month_ended)
        .select_related("customer", "segment")
        .order_by("done_until", "pk")
    )


def due_accounts(schedule: Schedule, *, now: datetime, most: int) -> tuple[list[Due], date | None]:
    """(what is due, at most `most`; the day until which the schedule is done when nothing is due).

    A period is due once it ended where the company is. None: it has not ended everywhere.
    """
    companies = {entity.pk: local_day(entity, now) for entity in Entity.objects.all()}
    ended = periods_after(
        schedule.frequency, schedule.done_until, min(companies.values(), default=now.date())
    )
    accounts = _accounts(schedule)
    due: list[Due] = []
    newest = periods_after(schedule.frequency, schedule.done_until, (now + _EARLIEST).date())
    for period in newest:
        stated = set(
            Mailing.objects.filter(since=period.since, until=period.until, customer__in=_members(schedule))
            .order_by()
            .values_list("customer_id", "entity_id", "currency")
        )
        for customer, entity, currency in accounts:
            if (customer, entity, currency) in stated or companies[entity] <= period.until:
                continue
            due.append(Due(customer, entity, currency, period, schedule.form))
            if len(due) >= most:
                return due, None
    return due, ended[-1].until if ended else None


def is_silent(reading: Reading) -> bool:
    """Nothing was owed at either end and nothing moved: there is nothing to say."""
    account = reading.account
    return not (account.opening or account.closing or account.movements or account.items or account.credits)


def _accounts(schedule: Schedule) -> list[tuple[int, int, str]]:
    rows = OpenItem.objects.filter(customer__in=_members(schedule)).order_by()
    return sorted(rows.values_list("customer_id", "entity_id", "currency").distinct())


def _members(schedule: Schedule) -> QuerySet[Customer]:
    """Whom the schedule is for: the customer, or those of the segment without a choice of their own."""
    rows = Customer.objects.exclude(status=Customer.Status.INACTIVE).order_by()
    if schedule.customer_id:
        return rows.filter(pk=schedule.customer_id)
    return rows.filter(segment=schedule.segment_id, statement_schedule=None)
