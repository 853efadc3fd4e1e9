"""Who held disputes how long: the sums, the disputes behind them, on the page and over the API."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from disputes import operations
from disputes.queries import held_times, holdings_of
from tests.api.client import Api
from tests.disputes.scene import HOUR, raised
from tests.factories import make_user
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
LONG = NOW - timedelta(days=90)


@pytest.fixture
def world():
    return make_world()


def story(world):
    """Five hours with the owner, two of them waiting for the customer; since then with the lead."""
    dispute = operations.acknowledge(raised(world), actor=world.clerk, now=NOW)
    dispute = operations.ask_customer(dispute, body="Which day?", actor=world.clerk, now=NOW + HOUR)
    dispute = operations.resume(dispute, actor=world.clerk, now=NOW + 3 * HOUR)
    why = "The customer stops all orders"
    return operations.escalate(dispute, reason=why, actor=world.clerk, now=NOW + 5 * HOUR)


def hours(rows):
    return [
        (one.level, one.person, one.disputes, one.time / HOUR, one.waiting / HOUR, one.now) for one in rows
    ]


def test_each_level_and_person_with_the_time_of_the_customer_in_it(world):
    dispute = story(world)
    raised(make_world())  # another company's
    found = held_times([world.entity], since=LONG, now=NOW + 9 * HOUR)
    assert hours(found) == [
        (1, None, 1, 5, 2, 0),
        (1, dispute.owner, 1, 5, 2, 0),
        (2, None, 1, 4, 0, 1),
        (2, world.lead, 1, 4, 0, 1),
    ]
    row = holdings_of([world.entity], level=1, person=dispute.owner, since=LONG, now=NOW + 9 * HOUR)[0]
    assert (row.dispute, row.from_at, row.until_at, row.is_now) == (dispute, NOW, NOW + 5 * HOUR, False)


def test_only_what_lies_within_the_time_asked_about_counts(world):
    dispute = story(world)
    found = held_times([world.entity], since=NOW + 2 * HOUR, now=NOW + 6 * HOUR)
    assert hours(found)[0] == (1, None, 1, 3, 1, 0)
    assert hours(found)[2] == (2, None, 1, 1, 0, 1)
    assert hours(held_times([world.entity], since=NOW + 6 * HOUR, now=NOW + 7 * HOUR))[0][0] == 2
    assert [one.dispute for one in holdings_of(
        [world.entity], level=2, person=None, since=LONG, now=NOW + 6 * HOUR
    )] == [dispute]  # fmt: skip


def test_one_dispute_of_two_people_at_a_level_counts_once_for_the_level(world):
    dispute = raised(world)
    other = make_user("specialist")
    operations.assign(dispute, to=other, reason="Knows the contract", actor=world.lead, now=NOW + HOUR)
    found = held_times([world.entity], since=LONG, now=NOW + 4 * HOUR)
    assert hours(found) == [
        (1, None, 1, 4, 0, 1),
        (1, other, 1, 3, 0, 1),
        (1, dispute.owner, 1, 1, 0, 0),
    ]


def test_a_manager_reads_it_on_a_page_and_opens_what_is_behind_a_row(world):
    cache.clear()
    dispute = story(world)
    client = Client()
    client.force_login(make_user("manager"))
    page = reverse("metrics:dispute_holders")
    with time_machine.travel(NOW + 9 * HOUR, tick=False):
        text = client.get(page).content.decode()
        assert str(world.lead) in text
        assert dispute.reference not in text
        text = client.get(page, {"level": "2", "person": str(world.lead.pk)}).content.decode()
        assert dispute.reference in text
        for odd in ({"level": "9"}, {"level": "x", "person": "y"}, {"person": "1"}, {"entity": "x"}):
            assert client.get(page, odd).status_code == 200


def test_the_api_names_who_held_it_and_sums(world):
    cache.clear()
    dispute = story(world)
    with time_machine.travel(NOW + 9 * HOUR, tick=False):
        api = Api(world.clerk)
        held = api.get(f"disputes/{dispute.pk}/")["holdings"]
        rows = api.get("disputes/holdings/")["rows"]
    assert [(one["level"], one["accountable"], one["until_at"] is None) for one in held] == [
        (1, dispute.owner.email, False),
        (2, world.lead.email, True),
    ]
    assert rows[0] == {
        "level": 1,
        "person": None,
        "disputes": 1,
        "minutes": 300,
        "waiting_minutes": 120,
        "now": 0,
    }
    assert rows[3]["person"] == world.lead.email
