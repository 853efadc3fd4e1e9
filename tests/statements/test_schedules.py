"""Statements by themselves: each period of an account once, late or early, twice or at once."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from core.errors import Invalid
from correspondence.models import Message
from customers import operations as customers
from customers.models import Customer, Segment
from entities.models import Entity
from statements import operations
from statements.models import Mailing, Schedule, Statement
from statements.rules import Period, periods_after
from statements.tasks import go_round
from tests.api.client import Api
from tests.world import NOW, World, make_world

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


def at(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 9, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    world = make_world()
    world.issued("1000.00", now=NOW)
    return world


def monthly(whose, world, **values):
    given = {"frequency": "monthly", "form": "movements", "actor": world.lead, "now": NOW} | values
    return operations.set_schedule(whose, **given)


def run(now: datetime) -> int:
    """What the tick queues, done at once, until nothing is due."""
    done = 0
    while due := operations.go_round(now=now, most=50):
        for one in due:
            customer, entity = Customer.objects.get(pk=one.customer_id), Entity.objects.get(pk=one.entity_id)
            operations.mail_period(customer, entity, one.currency, period=one.period, form=one.form, now=now)
            done += 1
    return done


def states() -> list[tuple[str, str]]:
    return [(str(row.until), row.state) for row in Mailing.objects.order_by("until", "pk")]


def test_a_month_is_stated_once_after_it_ended(world):
    monthly(world.customer, world)
    assert run(at(11, 30)) == 0
    assert run(at(12, 1)) == 1
    assert run(at(12, 1)) == 0
    assert run(at(12, 20)) == 0

    assert states() == [("2026-11-30", "sent")]
    statement = Statement.objects.get()
    assert (statement.since, statement.as_of) == (NOVEMBER.since, NOVEMBER.until)
    assert Message.objects.count() == 1
    assert Schedule.objects.get().done_until == NOVEMBER.until


def test_what_ended_before_it_was_agreed_is_not_told(world):
    monthly(world.customer, world)
    assert Schedule.objects.get().done_until == date(2026, 10, 31)


def test_the_clock_stood_still_and_each_missed_month_is_made_once(world):
    monthly(world.customer, world)
    assert run(at(2, 15, 2027)) == 3
    assert [until for until, _ in states()] == ["2026-11-30", "2026-12-31", "2027-01-31"]
    assert run(at(2, 15, 2027)) == 0
    closings = list(Statement.objects.order_by("as_of").values_list("opening", "closing"))
    assert all(before[1] == after[0] for before, after in pairwise(closings))


def test_the_segment_decides_where_the_customer_has_no_choice(world):
    segment = Segment.objects.create(name="Key accounts")
    world.customer.segment = segment
    world.customer.save()
    monthly(segment, world)
    assert run(at(12, 1)) == 1

    operations.set_schedule(world.customer, frequency="", form="movements", actor=world.lead, now=at(12, 2))
    assert run(at(1, 2, 2027)) == 0
    operations.drop_schedule(world.customer, actor=world.lead, now=at(1, 3, 2027))
    assert run(at(2, 1, 2027)) == 1


def test_a_choice_of_their_own_leaves_no_period_of_the_segment_out(world):
    segment = Segment.objects.create(name="Key accounts")
    world.customer.segment = segment
    world.customer.save()
    monthly(segment, world)
    monthly(world.customer, world, form="open_items", now=at(12, 1))
    assert run(at(12, 1)) == 1
    assert Mailing.objects.get().form == "open_items"


def test_a_quarter_and_a_change_on_the_way(world):
    monthly(world.customer, world, frequency="quarterly")
    assert run(at(12, 15)) == 0
    monthly(world.customer, world, now=at(12, 16))
    assert run(at(12, 16)) == 2  # October, for which nobody wrote yet, and November
    assert ("2026-11-30", "sent") in states()


def test_nothing_owed_and_nothing_moved_sends_nothing(world):
    world.pay(world.customer.invoices.get(), "1190.00", now=NOW)
    monthly(world.customer, world, now=at(12, 2))
    run(at(1, 2, 2027))
    assert states() == [("2026-12-31", "empty")]
    assert not Message.objects.exists()
    assert not Statement.objects.exists()


def test_whom_nobody_reaches_is_listed_and_tried_again_by_hand(world, client):
    contact = world.customer.contacts.get()
    customers.note_bounce(contact, reason="550", now=NOW)
    monthly(world.customer, world)
    run(at(12, 1))
    assert states() == [("2026-11-30", "nobody")]
    assert run(at(12, 2)) == 0

    customers.edit_contact(contact, email="new@customer.example", actor=world.lead, now=at(12, 3))
    with time_machine.travel(at(12, 3), tick=False):
        client.force_login(world.lead)
        assert "Nobody to write to" in client.get(reverse("statements:list")).content.decode()
        client.post(reverse("statements:retry", args=[Mailing.objects.get().pk]))
    assert states() == [("2026-11-30", "sent")]
    assert Message.objects.count() == 1


def test_what_was_sent_by_hand_is_not_sent_again(world):
    monthly(world.customer, world)
    statement = operations.make_statement(
        world.customer, world.entity, "EUR", form="movements", since=NOVEMBER.since, on=NOVEMBER.until,
        actor=world.lead, now=at(12, 1),
    )  # fmt: skip
    operations.send_statement(statement, actor=world.lead, now=at(12, 1))
    run(at(12, 2))
    assert states() == [("2026-11-30", "sent")]
    assert Message.objects.count() == 1


def test_an_inactive_customer_gets_none(world):
    monthly(world.customer, world)
    world.customer.status = "inactive"
    world.customer.save()
    assert run(at(12, 1)) == 0


def test_the_database_knows_a_period_once(world):
    monthly(world.customer, world)
    run(at(12, 1))
    row = Mailing.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError, match="a_period_is_stated_once"), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one():
    world = make_world()
    world.issued("1000.00", now=NOW)
    gate, faults = Barrier(2), []

    def work() -> None:
        try:
            gate.wait()
            operations.mail_period(
                world.customer, world.entity, "EUR", period=NOVEMBER, form="movements", now=at(12, 1)
            )
        except Exception as fault:  # noqa: BLE001 (the thread reports, the test judges)
            faults.append(fault)
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert not faults
    assert Mailing.objects.get().state == "sent"
    assert Message.objects.count() == 1


@pytest.mark.parametrize("values", [{"frequency": "daily"}, {"form": "poem"}])
def test_what_is_no_schedule_is_refused(world, values):
    with pytest.raises(Invalid):
        monthly(world.customer, world, **values)
    assert not Schedule.objects.exists()


def test_the_tick_queues_what_is_due(world, settings):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    monthly(world.customer, world)
    with time_machine.travel(at(12, 1), tick=False):
        assert [row.period for row in operations.go_round(now=at(12, 1), most=9)] == [NOVEMBER]
    assert go_round.name == "statements.tasks.go_round"


def test_chosen_on_the_page_and_over_the_api(world, client):
    client.force_login(world.lead)
    page = reverse("statements:schedule", args=[world.customer.pk])
    assert "Never" in client.get(page).content.decode()
    client.post(page, {"often": "quarterly", "form": "movements"})
    assert Schedule.objects.get().frequency == "quarterly"
    assert world.customer.name in client.get(reverse("statements:schedules")).content.decode()

    api = Api(world.lead)
    path = f"customers/{world.customer.pk}/statement-schedule/"
    assert api.get(path)["frequency"] == "quarterly"
    assert api.post(path, {"frequency": "segment"})["level"] == "none"
    assert not Schedule.objects.exists()
    run(at(12, 1))
    assert api.get("statements/mailings/")["items"] == []


def test_periods_are_whole_and_in_order():
    assert [one.until for one in periods_after("quarterly", date(2026, 3, 31), date(2026, 10, 1))] == [
        date(2026, 6, 30),
        date(2026, 9, 30),
    ]
    assert periods_after("", date(2026, 1, 1), date(2026, 10, 1)) == []
