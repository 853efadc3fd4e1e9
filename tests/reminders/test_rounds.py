"""Every open item has one decision a day, however often and by however many it is decided."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection

from reminders import operations
from reminders.models import Decision, Reminder, Round
from tests.reminders.scenes import at, days, decide, make_scene, take
from tests.world import NOW

ISSUED = date(2026, 11, 16)  # due on 16 December


@pytest.mark.django_db
def test_each_day_of_an_overdue_invoice_is_covered_once_and_quiet_days_share_a_row():
    world = make_scene()
    invoice = world.issued("1000", now=NOW)
    steps = {}
    for day in days(ISSUED, ISSUED + timedelta(days=120)):
        if taken := take(world, day):
            steps[day] = taken
        covering = Decision.objects.filter(invoice=invoice, first_on__lte=day, last_on__gte=day)
        assert covering.count() == 1, day

    assert steps == {
        date(2026, 12, 11): [-5],
        date(2026, 12, 16): [0],
        date(2026, 12, 21): [3],  # Saturday the 19th
        date(2026, 12, 28): [10],  # Saturday the 26th, a holiday too
        date(2027, 1, 5): [20],
        date(2027, 1, 15): [30],
        date(2027, 2, 1): [45],  # Saturday the 30th
        date(2027, 2, 15): [60],  # Sunday the 14th
    }
    assert Decision.objects.filter(invoice=invoice).count() < 25
    assert Round.objects.filter(entity=world.entity).count() == 121


@pytest.mark.django_db
def test_a_day_that_was_not_decided_is_not_covered_and_the_latest_step_is_caught_up():
    world = make_scene()
    world.issued("1000", now=NOW)
    for day in days(ISSUED, date(2026, 12, 19)):
        take(world, day)

    # Down on 20 and 21 December, when the step of the 19th was due.
    assert take(world, date(2026, 12, 22)) == [3]
    assert not Decision.objects.filter(
        first_on__lte=date(2026, 12, 20), last_on__gte=date(2026, 12, 20)
    ).exists()


@pytest.mark.django_db
def test_deciding_twice_and_a_clock_that_went_back_change_nothing():
    world = make_scene()
    world.issued("1000", now=NOW)
    decide(world, date(2026, 12, 11))
    before = list(Decision.objects.values()) + list(Reminder.objects.values())

    decide(world, date(2026, 12, 11), hour=15)
    operations.decide_round(world.entity, now=at(date(2026, 12, 11)) - timedelta(hours=14))  # the 10th again

    assert list(Decision.objects.values()) + list(Reminder.objects.values()) == before


@pytest.mark.django_db
def test_a_step_that_was_meant_and_not_sent_is_meant_again_the_next_day_with_the_same_row():
    world = make_scene()
    world.issued("1000", now=NOW)
    decide(world, date(2026, 12, 28))
    first = Reminder.objects.get()

    decide(world, date(2026, 12, 29))

    again = Reminder.objects.get()
    assert (again.pk, again.step, again.on, again.state) == (first.pk, 3, date(2026, 12, 29), "meant")


@pytest.mark.django_db
def test_the_days_of_two_companies_are_their_own():
    world = make_scene()
    world.issued("1000", now=NOW)
    eastern = make_scene(time_zone="Pacific/Auckland", country="NZ", holiday_region="NZ")
    late = at(date(2026, 12, 11), 20)  # the 12th in Auckland

    assert operations.decide_round(world.entity, now=late).on == date(2026, 12, 11)
    assert operations.decide_round(eastern.entity, now=late).on == date(2026, 12, 12)


@pytest.mark.django_db
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_of_23_or_25_hours_is_one_day(day):
    world = make_scene()
    world.issued("1000", now=at(day - timedelta(days=40)))
    for hours in range(-3, 27):
        operations.decide_round(world.entity, now=at(day, 0) + timedelta(hours=hours))

    rounds = Round.objects.filter(entity=world.entity).order_by("on")
    assert [row.on for row in rounds] == [day + timedelta(days=n) for n in (-1, 0, 1)]
    assert sum(sum(row.counts.values()) for row in rounds) == 3
    assert Reminder.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_rounds_at_once_decide_once():
    world = make_scene()
    for amount in range(1000, 1005):
        world.issued(str(amount), now=NOW)
    gate, errors = threading.Barrier(3), []

    def decide_now():
        try:
            gate.wait(60)
            operations.decide_round(world.entity, now=at(date(2026, 12, 11)))
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=decide_now) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert Decision.objects.count() == Reminder.objects.count() == 5
    assert Round.objects.get().counts == {"due": 5}
