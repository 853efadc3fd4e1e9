"""A ladder agreed apart takes the policy's place for a customer or a segment, from its day to its last."""

from datetime import date, timedelta

import pytest

from core.errors import Invalid, Refused
from customers.models import Segment
from reminders import operations
from reminders.models import Ladder
from reminders.operations import LadderNotSet
from tests.reminders.scenes import at, days, decide, make_scene, take
from tests.world import NOW

ONE = [{"day": 7, "tone": 1, "channel": "email", "situation": "reminder", "recipients": ["billing"]}]
FROM = date(2026, 11, 17)


@pytest.fixture
def world(db):
    world = make_scene()
    world.issued("1000", now=NOW)
    return world


def agree(whose, **values):
    given = {"steps": ONE, "reason": "Framework contract", "valid_from": FROM, "actor": None, "now": NOW}
    return operations.set_ladder(whose, **(given | values))


def walked(world, last=date(2027, 1, 20)):
    return {day: steps for day in days(date(2026, 12, 1), last) if (steps := take(world, day))}


def test_the_customers_ladder_goes_before_the_segments_and_that_before_the_policys(world):
    segment = Segment.objects.create(name="Key accounts")
    world.customer.segment = segment
    world.customer.save(update_fields=["segment"])
    agree(segment, steps=[ONE[0] | {"day": 2}])
    assert list(walked(world, date(2026, 12, 20)).values()) == [[2]]

    agree(world.customer, steps=[ONE[0] | {"day": 9}])
    assert list(walked(world).values()) == [[9]]


def test_no_steps_means_no_reminders_and_says_so(world):
    agree(world.customer, steps=[])

    assert [row.rule for row in decide(world, date(2026, 12, 16))] == ["not_reminded"]


def test_it_ends_on_its_last_day(world):
    row = agree(world.customer, steps=[])
    operations.end_ladder(row, on=date(2026, 12, 20), actor=None, now=at(date(2026, 12, 18)))

    assert [row.rule for row in decide(world, date(2026, 12, 20))] == ["not_reminded"]
    assert take(world, date(2026, 12, 21)) == [3]
    with pytest.raises(Refused):
        operations.end_ladder(row, on=date(2026, 12, 22), actor=None, now=at(date(2026, 12, 18)))


def test_a_later_one_ends_the_one_before(world):
    first = agree(world.customer)
    agree(world.customer, steps=[], valid_from=FROM + timedelta(days=10))

    first.refresh_from_db()
    assert first.valid_to == FROM + timedelta(days=9)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"reason": " "}, "a_ladder_has_a_reason"),
        ({"valid_to": FROM - timedelta(days=1)}, "a_ladder_ends_after_it_begins"),
        ({"steps": [ONE[0], ONE[0] | {"day": 9, "tone": 3}]}, "tone_rises_by_one"),
        ({"steps": [ONE[0] | {"recipients": ["everybody"]}]}, "choice_is_known"),
    ],
)
def test_what_is_no_ladder_is_refused(world, values, rule):
    with pytest.raises((LadderNotSet, Invalid)) as refused:
        agree(world.customer, **values)

    assert rule in {one["rule"] for one in refused.value.problems} | {refused.value.rule}
    assert not Ladder.objects.exists()
