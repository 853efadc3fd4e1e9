"""Work items over the API: listing own ones, doing, putting off, handing over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.api.client import Api, refused
from tests.world import make_world
from work.models import WorkItem
from work.operations import open_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def item(world) -> WorkItem:
    return open_work(
        kind="review", key="test:1", subject=world.customer, label="Look at it", path="/", why="It is new",
        now=timezone.now(), entity=world.entity, customer_id=world.customer.pk, owner=world.clerk,
        role="specialist",
    )  # fmt: skip


def test_own_work_is_listed_and_done(world, item):
    api = Api(world.clerk)
    [row] = api.get("work/")["items"]
    assert (row["id"], row["owner"], row["why"]) == (item.pk, world.clerk.email, "It is new")
    assert Api(world.cash).get("work/")["items"] == []

    done = api.post(f"work/{item.pk}/act/", {"act": "finish", "reason": "Looked"})

    assert (done["state"], done["outcome"]) == ("done", "Looked")
    assert api.get("work/")["items"] == []
    assert [one["id"] for one in api.get("work/?tab=done")["items"]] == [item.pk]


def test_work_is_put_off_and_handed_over(world, item):
    api = Api(world.clerk)
    refused(api.send("POST", f"work/{item.pk}/snooze/", {"days": 99}), 422, field="days")
    refused(
        api.send("POST", f"work/{item.pk}/hand-over/", {"to": "no@where.example", "reason": "x"}),
        422,
        field="to",
    )
    item.refresh_from_db()
    assert (item.owner, item.snoozed_until) == (world.clerk, None)

    api.post(f"work/{item.pk}/snooze/", {"days": 3})
    item.refresh_from_db()
    assert item.snoozed_until > timezone.now() + timedelta(days=2)
    given = api.post(f"work/{item.pk}/hand-over/", {"to": world.lead.email, "reason": "Yours"})
    assert given["owner"] == world.lead.email
