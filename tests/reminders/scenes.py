"""A customer in the world of tests whose policy has the usual ladder, and days to walk through."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from policies.clauses import DEFAULT_LADDER, Clauses, to_json
from reminders import operations
from reminders.models import Decision, Reminder
from tests.world import CLAUSES, World, make_world

LADDER = to_json(Clauses(ladder=DEFAULT_LADDER))["ladder"]


def make_scene(*, clauses: dict[str, Any] | None = None, **entity: Any) -> World:
    """The world, whose default policy has the usual ladder; `clauses` say what else it has."""
    return make_world(clauses=CLAUSES | {"ladder": LADDER} | (clauses or {}), **entity)


def at(day: date, hour: int = 9) -> datetime:
    """That hour of the day in UTC."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def days(first: date, last: date) -> Iterable[date]:
    """Every day from the first to the last."""
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def decide(world: World, day: date, hour: int = 9) -> list[Decision]:
    """Decide for the day; the decisions that cover it."""
    operations.decide_round(world.entity, now=at(day, hour))
    return list(Decision.objects.filter(entity=world.entity, first_on__lte=day, last_on__gte=day))


def take(world: World, day: date, hour: int = 9) -> list[int]:
    """Decide, and count what is meant as sent; the steps."""
    decide(world, day, hour)
    meant = Reminder.objects.filter(entity=world.entity, state="meant", on=day)
    steps = sorted(meant.values_list("step", flat=True))
    meant.update(state="done", sent_at=at(day, hour))
    return steps
