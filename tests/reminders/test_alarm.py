"""Work for nobody deciding: once, after 26 hours, and over when decisions are made again."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from disputes.operations import Claim
from invoices import operations as invoices
from invoices.models import Hold
from reminders import operations, queries
from tests.disputes.scene import raised
from tests.reminders.scenes import at, decide, make_scene
from tests.world import NOW
from work.models import WorkItem

DAY = date(2026, 12, 10)


@pytest.mark.django_db
def test_the_alarm_is_raised_once_and_ends_by_itself():
    world = make_scene()
    world.issued("1000", now=NOW)
    decide(world, DAY)

    assert operations.raise_alarms(now=at(DAY) + timedelta(hours=25)) == 0
    for hours in (27, 28):
        assert operations.raise_alarms(now=at(DAY) + timedelta(hours=hours)) == 1
    assert WorkItem.objects.filter(kind="reminders_silent").count() == 1

    decide(world, DAY + timedelta(days=2))
    assert operations.raise_alarms(now=at(DAY + timedelta(days=2))) == 0
    assert WorkItem.objects.get(kind="reminders_silent").state == "done"


@pytest.mark.django_db
def test_a_company_that_is_owed_nothing_may_be_silent():
    make_scene()

    assert queries.silent_companies(NOW + timedelta(days=30)) == []


@pytest.mark.django_db
def test_a_company_goes_round_each_local_day_and_again_for_what_came_later():
    world = make_scene()
    again = {"again_after": timedelta(minutes=30)}
    assert queries.companies_to_go_round(at(DAY), **again) == [world.entity]

    decide(world, DAY)
    assert queries.companies_to_go_round(at(DAY) + timedelta(minutes=29), **again) == []
    assert queries.companies_to_go_round(at(DAY) + timedelta(minutes=30), **again) == [world.entity]
    assert queries.companies_to_go_round(at(DAY + timedelta(days=1)), **again) == [world.entity]


@pytest.mark.django_db
def test_a_hold_by_hand_ends_on_its_day_and_a_dispute_does_not():
    world = make_scene()
    invoice = world.issued("1000", now=NOW)
    invoices.hold(invoice, Decimal(100), reason="Agreed", actor=world.lead, now=NOW, until=DAY)
    raised(world, invoice=invoice, claims=[Claim(None, Decimal(100))])

    assert operations.release_ended_holds(world.entity, now=at(DAY)) == 0
    assert operations.release_ended_holds(world.entity, now=at(DAY + timedelta(days=1))) == 1
    assert list(Hold.objects.filter(released_at=None).values_list("kind", flat=True)) == ["dispute"]
