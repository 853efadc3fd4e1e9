"""Disputes over the API: the same steps and the same refusals as on the pages."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache

from disputes.models import Dispute
from tests.api.client import Api
from tests.disputes.scene import ANSWER, WHY, investigated, raised
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world():
    return make_world()


def test_a_dispute_is_raised_once_per_key_and_read(world):
    invoice = world.issued("1000.00", now=NOW - timedelta(days=3))
    api = Api(world.clerk)
    body = {"invoice": invoice.pk, "reason": "PRC", "detail": WHY, "parts": [{"line": 1, "amount": "119.00"}]}

    answers = [api.send("POST", "disputes/", body, Idempotency_Key="d-1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert Dispute.objects.count() == 1
    read = api.get(answers[0].headers["Location"])
    assert (read["amount"], read["parts"][0]["net"], read["state"], read["channel"]) == (
        "119.00",
        "100.00",
        "raised",
        "api",
    )
    assert [clock["kind"] for clock in read["clocks"]] == ["acknowledge", "answer", "resolve"]
    assert api.get("disputes/?tab=open")["items"][0]["id"] == read["id"]


def test_refusals_name_field_and_rule(world):
    invoice = world.issued("1000.00", now=NOW - timedelta(days=3))
    api = Api(world.clerk)
    body = {
        "invoice": invoice.pk,
        "reason": "PRC",
        "detail": WHY,
        "parts": [{"line": 1, "amount": "9999.00"}],
    }
    answer = api.send("POST", "disputes/", body)
    assert answer.status_code == 422
    assert "no_more_is_disputed_than_was_billed" in answer.content.decode()
    assert not Dispute.objects.exists()


@pytest.mark.parametrize(
    ("parts", "field", "rule"),
    [
        ([{"line": 1}, {"line": 9}], "parts[1].line", "a_dispute_is_about_a_line_of_its_invoice"),
        ([{"line": 1, "amount": "9999.00"}], "parts[0].amount", "no_more_is_disputed_than_was_billed"),
        ([{"line": 1}, {"amount": "0.001"}], "parts[1].amount", "amount_fits_currency"),
        ([{"line": 1}, {"line": 1}], "parts", "one_open_dispute_per_line"),
        ([{"line": 1}, {"amount": "0.01"}], "parts", "no_more_is_held_than_is_open"),
    ],
)
def test_a_refusal_names_the_part_as_it_was_sent(world, parts, field, rule):
    invoice = world.issued("1000.00", now=NOW - timedelta(days=3))
    body = {"invoice": invoice.pk, "reason": "PRC", "detail": WHY, "parts": parts}
    found = Api(world.clerk).send("POST", "disputes/", body).json()["problems"]
    assert [(one["field"], one["rule"]) for one in found] == [(field, rule)]
    assert not Dispute.objects.exists()


def test_what_the_credit_note_says_of_its_lines_is_said_of_the_credit(world):
    dispute = investigated(world)
    end = {"outcome": "credit_note", "root_cause": "billing", "answer": ANSWER}
    body = end | {"credit": [{"line": 1, "net": "100.005"}]}
    answer = Api(world.clerk).send("POST", f"disputes/{dispute.pk}/proposals/", body)
    assert (answer.status_code, [one["field"] for one in answer.json()["problems"]]) == (422, ["credit"])
    assert Dispute.objects.get(pk=dispute.pk).state == "investigating"


def test_steps_over_the_api_follow_the_same_table(world):
    dispute = raised(world)
    api = Api(world.clerk)
    path = f"disputes/{dispute.pk}/"
    early = {"outcome": "credit_note", "root_cause": "billing", "answer": ANSWER}
    refused = api.send("POST", f"{path}proposals/", early)
    assert (refused.status_code, "dispute_states_follow_in_order" in refused.content.decode()) == (409, True)
    assert api.post(f"{path}acknowledge/", {})["state"] == "acknowledged"
    assert api.post(f"{path}investigate/", {})["state"] == "investigating"
    asked = api.post(f"{path}replies/", {"body": "Which day?", "ask": True})
    assert (asked["state"], asked["clocks"][2]["due_at"]) == ("waiting_customer", None)
    assert api.post(f"{path}resume/", {})["state"] == "investigating"
    made = api.send("POST", f"{path}proposals/", early | {"credit": [{"line": 1, "net": "100.00"}]})
    assert (made.status_code, made.json()["amount"]) == (201, "119.00")


def test_handing_over_escalating_and_ending(world):
    dispute = investigated(world)
    api = Api(world.clerk)
    path = f"disputes/{dispute.pk}/"
    given = api.post(f"{path}owner/", {"to": world.lead.email, "reason": "Knows the contract"})
    assert given["owner"] == world.lead.email
    up = api.post(f"{path}escalate/", {"reason": "The customer threatens to leave"})
    assert up["level"] == 2
    ended = api.post(f"{path}withdraw/", {"reason": "They agree now"})
    assert (ended["state"], ended["outcome"]) == ("withdrawn", "withdrawn")
    assert api.post(f"{path}reopen/", {"reason": "They do not"})["state"] == "investigating"
    dispute.invoice.refresh_from_db()
    assert dispute.invoice.held_amount == Decimal("1190.00")
