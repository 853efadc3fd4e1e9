"""Bank statements over the API, under the same rules as on the screen."""

import base64

import pytest
from django.utils import timezone

from banking.models import Line, Statement
from banking.operations import match_statement
from tests.api.client import Api, refused
from tests.banking.statements import camt
from tests.world import make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def body(data: bytes, **given):
    return {"name": "november.xml", "content": base64.b64encode(data).decode(), **given}


def test_a_file_is_imported_matched_and_its_lines_are_booked(world):
    now = timezone.now()
    invoice = world.issued("100.00", now=now)
    day = now.date().isoformat()
    api = Api(world.cash)

    made = api.post(
        "bank-statements/",
        body(camt(("119.00", invoice.number, world.customer.name), ("8.00", "?", "Nobody"), day=day)),
    )
    again = api.post(
        "bank-statements/",
        body(camt(("119.00", invoice.number, world.customer.name), ("8.00", "?", "Nobody"), day=day)),
    )
    match_statement(Statement.objects.get(), actor=world.cash, now=now)
    lines = api.get(f"bank-statements/{made['id']}/lines/")["items"]
    booked = api.post(f"bank-lines/{lines[1]['id']}/book/", {"customer": world.customer.pk})

    assert (made["opening"], made["moved"], made["closing"]) == ("1000.00", "127.00", "1127.00")
    assert again["id"] == made["id"]
    assert [line["state"] for line in lines] == ["booked", "new"]
    assert booked["payment"]
    invoice.refresh_from_db()
    assert invoice.balance == 0


def test_refusals_name_field_and_rule_and_change_nothing(world):
    api = Api(world.cash)

    broken = api.send("POST", "bank-statements/", body(camt(("5.00", "a", "b"), closing="1.00")))
    nothing = api.send("POST", "bank-statements/", {"name": "x", "content": "not base64!"})

    refused(broken, 409, field="file", rule="opening_plus_lines_is_closing")
    refused(nothing, 422, field="content", rule="content_is_base64")
    assert not Statement.objects.exists()
    assert not Line.objects.exists()


def test_a_line_is_set_aside_and_decided_once(world):
    api = Api(world.cash)
    day = timezone.now().date().isoformat()
    made = api.post("bank-statements/", body(camt(("-5.00", "fee", "Bank"), day=day)))
    [line] = api.get(f"bank-statements/{made['id']}/lines/?state=new")["items"]

    api.post(f"bank-lines/{line['id']}/aside/", {"reason": "Bank fee"})
    twice = api.send("POST", f"bank-lines/{line['id']}/aside/", {"reason": "Again"})

    refused(twice, 409, rule="a_bank_line_is_decided_once")
    assert Line.objects.get().reason == "Bank fee"
