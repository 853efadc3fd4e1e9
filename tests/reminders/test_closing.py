"""The work of a ladder step ends by itself, with the reason, when nothing is asked for any more."""

from datetime import date
from decimal import Decimal

import pytest

from invoices.operations import hold
from reminders import operations
from reminders.models import Reminder
from tests.reminders.scenes import at, decide, make_scene
from tests.world import NOW
from work.models import WorkItem

pytestmark = pytest.mark.django_db
CALL, LATER = date(2027, 1, 4), date(2027, 1, 15)
STEP = {"tone": 2, "recipients": ["billing"], "fee": "0"}
LADDER = [
    STEP | {"day": 10, "channel": "phone", "situation": "call", "recipients": ["collector"]},
    STEP | {"day": 30, "channel": "email", "situation": "reminder"},
]


@pytest.fixture
def world():
    world = make_scene(clauses={"ladder": LADDER})
    world.invoices = [world.issued("1000", now=NOW), world.issued("300", now=NOW)]
    _take(world, CALL)
    assert WorkItem.objects.get(kind="reminder_step").state in ("new", "assigned")
    return world


def _take(world, day):
    decide(world, day)
    operations.send_reminders(world.entity, [world.customer.pk], now=at(day))


def close(world, day=CALL):
    """(how many were closed, the state and outcome of the work)."""
    count = operations.close_steps(world.entity, now=at(day, 12))
    item = WorkItem.objects.get(kind="reminder_step")
    return count, item.state, item.outcome


def test_it_stays_while_one_invoice_is_asked_for_and_ends_when_all_are_paid(world):
    first, second = world.invoices
    world.pay(first, "1190", now=at(CALL))
    assert close(world)[0] == 0

    world.pay(second, "357", now=at(CALL))
    assert close(world) == (1, "done", "It is settled: paid or credited.")
    assert close(world)[0] == 0


def test_a_pause_or_a_dispute_of_all_of_it_ends_it(world):
    first, second = world.invoices
    operations.pause(world.customer, kind="manual", reason="x", now=at(CALL), key="a", invoices=[first])
    assert close(world)[0] == 0

    hold(second, Decimal(100), reason="Wrong hours", actor=world.clerk, now=at(CALL))
    assert close(world)[0] == 0
    hold(second, Decimal(257), reason="All of it", actor=world.clerk, now=at(CALL))
    assert close(world) == (
        1,
        "done",
        "Reminders were paused by hand. All that is open is disputed or held.",
    )


def test_a_later_step_ends_it_and_the_next_call_is_work_of_its_own(world):
    _take(world, LATER)
    assert set(Reminder.objects.filter(step=30).values_list("state", flat=True)) == {"written"}
    assert close(world, LATER) == (1, "done", "A later step was taken.")
