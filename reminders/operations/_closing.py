"""Work of ladder steps ends by itself when its reason is gone."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from entities.models import Entity
from entities.queries import local_day
from reminders import reading
from reminders.deciding import MESSAGES, stop_on
from reminders.judging import Judge
from reminders.models import Reminder
from reminders.words import CLOSED, STOPS
from work.models import WorkItem
from work.operations import finish_work
from work.rules import OVER

STEP_WORK = "reminder_step"


def work_key(row: Reminder) -> str:
    """Steps of one situation are one piece of work for a customer."""
    return f"reminder:{row.entity_id}:{row.customer_id}:{row.situation}"


def close_steps(entity: Entity, *, now: datetime) -> int:
    """Close the open work of steps for which nothing is asked any more; returns how many.

    Each invoice behind it was settled, is stopped by the rules that stop a reminder, or has been taken to a
    later step; the work says which. Safe to run twice.
    """
    waiting = WorkItem.objects.filter(kind=STEP_WORK, entity=entity).exclude(state__in=OVER)
    opened = dict(waiting.values_list("key", "opened_at"))
    if not opened:
        return 0
    done = Reminder.objects.filter(
        entity=entity,
        state=Reminder.State.DONE,
        sent_at__gte=min(opened.values()),
        customer__in=waiting.values("customer_key"),
    ).exclude(channel__in=MESSAGES)
    behind: dict[str, list[Reminder]] = defaultdict(list)
    for row in done.order_by("pk"):
        key = work_key(row)
        if key in opened and row.sent_at is not None and row.sent_at >= opened[key]:
            behind[key].append(row)
    reasons = _reasons(entity, [row for rows in behind.values() for row in rows], now)
    closed = 0
    for key, rows in behind.items():
        why = [reasons[row.pk] for row in rows]
        if all(why):
            closed += finish_work(key, outcome=" ".join(dict.fromkeys(why)), actor=None, now=now)
    return closed


def _reasons(entity: Entity, rows: list[Reminder], now: datetime) -> dict[int, str]:
    """Reminder -> why nothing is asked for it any more; "" while something is."""
    day = local_day(entity, now)
    standing = {one.item: one for one in reading.these_items(entity, [row.item_id for row in rows])}
    around, judge = reading.Around(entity, list(standing.values()), day), Judge(entity)
    found = {}
    for row in rows:
        one = standing.get(row.item_id)
        if one is None:
            found[row.pk] = CLOSED["settled"]
        elif (one.last_step or row.step) > row.step:
            found[row.pk] = CLOSED["overtaken"]
        else:
            stop = stop_on(around.facts(one), judge.ladders.of(one, day), day, judge.limits)
            found[row.pk] = STOPS[stop[0]] if stop else ""
    return found
