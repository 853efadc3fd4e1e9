"""Statements that go out by themselves: how often, and each period of each account once."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime

from django.db import transaction

from core.errors import DomainError, Invalid, Refused
from correspondence.operations import NobodyToWriteTo
from customers.models import Customer, Segment
from entities.models import Entity
from entities.queries import local_day
from statements.due import Due, due_accounts, is_silent, waiting_schedules
from statements.events import STATEMENT_NOT_SENT, STATEMENT_SCHEDULED
from statements.models import Mailing, Schedule, Statement
from statements.operations._making import make_statement
from statements.operations._sending import SentBefore, send_statement
from statements.queries import read_account
from statements.rules import Period, last_period
from team.models import User
from trail.operations import record

State = Mailing.State


@transaction.atomic
def set_schedule(
    whose: Customer | Segment, *, frequency: str, form: str, actor: User | None, now: datetime
) -> Schedule:
    """How often a customer, or each customer of a segment without an own choice, gets statements.

    The first is of the period that runs now; a frequency changed on the way leaves no period out.
    """
    _refuse_unknown(frequency, form)
    level = "customer" if isinstance(whose, Customer) else "segment"
    type(whose).objects.select_for_update(of=("self",)).get(pk=whose.pk)
    row = Schedule.objects.select_for_update(of=("self",)).filter(**{level: whose}).first()
    before = (row.frequency, row.form) if row else ("", "")
    if row is not None and before == (frequency, form):
        return row
    entity = whose.entity if isinstance(whose, Customer) else None
    today = local_day(entity, now) if entity else now.date()
    row = row or Schedule(**{level: whose})
    if not before[0]:
        row.done_until = _begins_after(whose, frequency, today)
    row.frequency, row.form = frequency, form
    row.changed_at, row.changed_by = now, actor
    row.save()
    record(
        STATEMENT_SCHEDULED,
        whose,
        actor=actor,
        at=now,
        customer_id=whose.pk if isinstance(whose, Customer) else None,
        changes={"frequency": (before[0], frequency), "form": (before[1], form)},
    )
    return row


@transaction.atomic
def drop_schedule(customer: Customer, *, actor: User | None, now: datetime) -> None:
    """The customer follows the segment again."""
    row = Schedule.objects.select_for_update(of=("self",)).filter(customer=customer).first()
    if row is None:
        return
    before = row.frequency
    row.delete()
    record(
        STATEMENT_SCHEDULED,
        customer,
        actor=actor,
        at=now,
        customer_id=customer.pk,
        changes={"frequency": (before, "segment")},
    )


def go_round(*, now: datetime, most: int) -> list[Due]:
    """What is due now, at most `most` accounts; a schedule with nothing left is done until the next period.

    Safe beside itself: whoever states an account claims its period by a row.
    """
    found: list[Due] = []
    for schedule in waiting_schedules(now):
        due, done_until = due_accounts(schedule, now=now, most=most - len(found))
        found += due
        if not due and done_until is not None and done_until > schedule.done_until:
            Schedule.objects.filter(pk=schedule.pk, done_until=schedule.done_until).update(
                done_until=done_until
            )
        if len(found) >= most:
            break
    return found


def mail_period(
    customer: Customer, entity: Entity, currency: str, *, period: Period, form: str, now: datetime
) -> Mailing:
    """State one period of one account and send it, once however often this runs.

    The row says what became of it: sent, nothing to say, nobody to write to, or could not be made.
    """
    key = {
        "customer": customer,
        "entity": entity,
        "currency": currency,
        "since": period.since,
        "until": period.until,
    }
    known = Mailing.objects.filter(**key).first()
    return known or _settle(Mailing(**key, form=form), now=now)


def retry_mailing(mailing: Mailing, *, actor: User, now: datetime) -> Mailing:
    """Try a period again that reached nobody or could not be made. Refused for one that is done."""
    if mailing.state not in (State.NOBODY, State.REFUSED):
        raise Refused(
            f"This period is done: {mailing.get_state_display().lower()}.",
            rule="only_a_stuck_period_is_tried_again",
        )
    return _settle(mailing, actor=actor, now=now)


def _settle(mailing: Mailing, *, actor: User | None = None, now: datetime) -> Mailing:
    """Make the paper, then in one transaction claim the period and queue its mails."""
    customer, entity = mailing.customer, mailing.entity
    reading = read_account(customer, entity, mailing.currency, since=mailing.since, on=mailing.until)
    if is_silent(reading):
        return _claim(mailing, State.EMPTY, "", None, actor=actor, now=now)
    try:
        statement = make_statement(
            customer,
            entity,
            mailing.currency,
            form=mailing.form,
            since=mailing.since,
            on=mailing.until,
            actor=actor,
            now=now,
        )
        return _claim(mailing, State.SENT, "", statement, actor=actor, now=now)
    except NobodyToWriteTo as refusal:
        return _claim(mailing, State.NOBODY, refusal.message, None, actor=actor, now=now)
    except DomainError as refusal:
        return _claim(mailing, State.REFUSED, refusal.message, None, actor=actor, now=now)


@transaction.atomic
def _claim(
    mailing: Mailing,
    state: str,
    reason: str,
    statement: Statement | None,
    *,
    actor: User | None,
    now: datetime,
) -> Mailing:
    # The customer's row is the lock: of two workers the second finds the first one's row.
    Customer.objects.select_for_update(of=("self",)).get(pk=mailing.customer_id)
    found = Mailing.objects.filter(
        customer=mailing.customer_id,
        entity=mailing.entity_id,
        currency=mailing.currency,
        since=mailing.since,
        until=mailing.until,
    ).first()
    if found is not None and found.state not in (State.NOBODY, State.REFUSED):
        return found
    row = found or mailing
    row.state, row.reason, row.statement, row.at = state, reason[:300], statement, now
    row.save()
    if statement is not None:
        with suppress(SentBefore):  # somebody sent this very statement by hand
            send_statement(statement, actor=actor, now=now)
    elif reason:
        record(
            STATEMENT_NOT_SENT,
            row.customer,
            actor=actor,
            at=now,
            customer_id=row.customer_id,
            currency=row.currency,
            until=row.until,
            reason=row.reason,
        )
    return row


def _begins_after(whose: Customer | Segment, frequency: str, today: date) -> date:
    """The last day that is not told any more. What the segment has not stated yet is not left out."""
    if isinstance(whose, Customer) and whose.segment_id:
        shared = Schedule.objects.filter(segment=whose.segment_id).exclude(frequency="").first()
        if shared is not None:
            return shared.done_until
    begins = last_period(frequency, today)
    return begins.until if begins else today


def _refuse_unknown(frequency: str, form: str) -> None:
    if frequency not in Schedule.Frequency.values:
        raise Invalid(
            f"“{frequency}” is not how often statements go out.",
            field="frequency",
            rule="a_frequency_is_known",
            mend="Choose never, monthly or quarterly.",
        )
    if form not in Statement.Form.values:
        raise Invalid(
            f"“{form}” is not a form of statement.",
            field="form",
            rule="a_form_is_known",
            mend="Choose open items or movements.",
        )
