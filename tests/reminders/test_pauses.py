"""Pauses: with a reason, once per key, over invoices or everything, and ended by their day or by hand."""

from datetime import date, timedelta

import pytest

from reminders import operations
from reminders.models import Pause
from reminders.operations import PauseNotPlaced
from tests.reminders.scenes import at, days, decide, make_scene, take
from tests.world import NOW
from trail.models import Entry

ISSUED = date(2026, 11, 16)
STEP_3 = date(2026, 12, 21)


def rules(world, day):
    return sorted(row.rule for row in decide(world, day))


@pytest.fixture
def world(db):
    world = make_scene()
    world.issued("1000", now=NOW)
    for day in days(date(2026, 12, 10), date(2026, 12, 18)):
        take(world, day)
    return world


def place(world, **values):
    given = {"kind": "promise", "reason": "Promised", "now": at(date(2026, 12, 18)), "key": "promise:1"}
    return operations.pause(world.customer, **(given | values))


def test_a_promise_stops_the_step_and_resuming_catches_it_up(world):
    place(world)
    assert rules(world, STEP_3) == ["promise"]

    assert operations.resume("promise:1", now=at(STEP_3, 15)) == 1
    assert operations.resume("promise:1", now=at(STEP_3, 15)) == 0

    assert take(world, STEP_3 + timedelta(days=1)) == [3]


def test_a_pause_that_runs_out_drops_the_step_within_it(world):
    place(world, kind="manual", until=date(2026, 12, 23))
    assert rules(world, date(2026, 12, 23)) == ["paused"]

    assert take(world, date(2026, 12, 24)) == []
    assert take(world, date(2026, 12, 28)) == [3]  # the step of the 28th one level up is not: it would jump


def test_only_the_named_invoices_are_paused(world):
    other = world.issued("500", now=NOW)
    place(world, invoices=[other])

    assert rules(world, STEP_3) == ["due", "promise"]


def test_the_same_key_pauses_once_and_again_after_it_ended(world):
    first = place(world)
    assert place(world, reason="Again") == first
    assert Pause.objects.get().reason == "Promised"
    assert Entry.objects.filter(fact="pause.placed").count() == 1

    operations.resume("promise:1", now=at(STEP_3))
    again = place(world, reason="Once more", now=at(STEP_3))

    assert (again.pk, again.reason, again.ended_at) == (first.pk, "Once more", None)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"kind": "lunch"}, "a_pause_has_a_known_kind"),
        ({"reason": "  "}, "a_pause_has_a_reason"),
        ({"until": date(2026, 12, 17)}, "a_pause_ends_later"),
    ],
)
def test_what_is_no_pause_is_refused(world, values, rule):
    with pytest.raises(PauseNotPlaced) as refused:
        place(world, **values)

    assert refused.value.rule == rule
    assert not Pause.objects.exists()


def test_invoices_of_another_customer_are_refused(world):
    stranger = make_scene().issued("10", now=NOW)
    with pytest.raises(PauseNotPlaced) as refused:
        place(world, invoices=[stranger])

    assert refused.value.rule == "a_pause_is_for_invoices_of_its_customer"
    assert not Pause.objects.exists()
