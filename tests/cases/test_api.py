"""Collection work over the API: what an outside system reads and notes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases import operations
from cases.models import Call, Case, Plan, Promise
from tests.api.client import Api
from tests.factories import make_user
from tests.world import make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world, now = make_world(), timezone.now()
    world.issued("1000", now=now - timedelta(days=45))
    operations.go_round(world.entity, now=now)
    return world


@pytest.fixture
def api(world):
    return Api(make_user("lead"))


def soon(days: int = 5) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def test_cases_are_read_and_calls_noted(api, world):
    case = Case.objects.get()
    [row] = api.get("cases/?open=true")["items"]
    assert (row["overdue"], row["value_at_risk"], row["next_action"]) == ("1190.00", "65.45", "call")

    given = {"outcome": "voicemail", "next_action": "call", "next_on": soon()}
    said = api.post(f"cases/{case.pk}/calls/", given)

    assert Call.objects.get().pk == said["id"]
    assert api.get(f"cases/{case.pk}/")["next_on"] == soon()
    assert [one["id"] for one in api.get(f"cases/{case.pk}/calls/")["items"]] == [said["id"]]


def test_a_promise_and_a_plan(api, world):
    given = {"customer": world.customer.pk, "currency": "EUR"}
    promise = api.post("promises/", given | {"amount": "1190.00", "promised_on": soon()})
    assert promise["state"] == "open"
    assert promise["invoices"] == list(Promise.objects.get().covers.values_list("invoice", flat=True))
    operations.withdraw_promise(
        Promise.objects.get(), actor=None, now=timezone.now(), reason="A plan instead"
    )

    plan = api.post("plans/", given | {"parts": 2, "rhythm": "monthly", "first_on": soon()})

    assert [part["amount"] for part in plan["parts"]] == ["595.00", "595.00"]
    operations.approve_plan(Plan.objects.get(), actor=world.controller, now=timezone.now())
    accepted = api.post(f"plans/{plan['id']}/accept/", {"evidence": "Signed copy by mail of today"})
    assert accepted["state"] == "current"
    assert api.get("plans/?state=current")["items"][0]["id"] == plan["id"]
