"""The forecast is the rule of every day carried forward: what it says of a day is decided on that day."""

from datetime import date, timedelta

import pytest

from reminders import operations, queries
from reminders.models import Reminder
from tests.reminders.scenes import at, days, decide, make_scene, take
from tests.world import NOW


@pytest.mark.django_db
def test_the_forecast_of_each_day_is_what_is_decided_on_it():
    world = make_scene()
    paused = world.issued("77", now=NOW)
    for n in range(6):
        world.issued(str(900 + n), now=NOW + timedelta(days=3 * n))
    first, last = date(2026, 12, 1), date(2027, 3, 31)
    operations.pause(
        world.customer,
        kind="manual",
        reason="Agreed by phone",
        now=at(date(2026, 11, 30)),
        invoices=[paused],
        until=date(2027, 1, 4),
        key="by-hand",
    )
    coming, is_all = queries.upcoming(world.entity, first, last)
    expected = {(one.on, one.row.item, one.decision.step.day, one.decision.said.tone) for one in coming}

    for day in days(first, last):
        take(world, day)

    sent = set(Reminder.objects.values_list("on", "item", "step", "tone"))
    assert is_all
    assert len(sent) > 20
    assert sent == expected


@pytest.mark.django_db
def test_tomorrow_is_forecast_also_after_today_was_decided():
    world = make_scene()
    invoice = world.issued("1000", now=NOW)
    for day in days(date(2026, 12, 7), date(2026, 12, 15)):
        take(world, day)

    today, tomorrow = date(2026, 12, 15), date(2026, 12, 16)
    coming, _ = queries.upcoming(world.entity, today, tomorrow)
    next_step = queries.next_of(invoice, today)

    decided = {(row.item_id, row.step) for row in decide(world, tomorrow) if row.outcome == "send"}
    assert [(one.on, one.row.item, one.decision.step.day) for one in coming] == [
        (tomorrow, item, step) for item, step in decided
    ]
    assert (next_step.on, next_step.decision.step.day) == (tomorrow, 0)


@pytest.mark.django_db
def test_the_forecast_writes_nothing():
    world = make_scene()
    world.issued("1000", now=NOW)
    queries.upcoming(world.entity, date(2026, 12, 1), date(2027, 3, 1))

    assert not Reminder.objects.exists()
