"""The pages and the API of statements: what they show, what they refuse, who may."""

import pytest
import time_machine
from django.urls import reverse

from entities.models import Access
from statements import operations
from statements.models import Statement
from tests.api.client import Api, refused
from tests.factories import make_user
from tests.world import NOW, TODAY, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world():
    world = make_world()
    world.issued("1000.00")
    return world


def made(world) -> Statement:
    return operations.make_statement(
        world.customer, world.entity, "EUR", form="movements", on=TODAY, actor=world.lead, now=NOW
    )


def test_the_list_and_the_statement_show_what_was_told(client, world):
    client.force_login(world.lead)
    empty = client.get(reverse("statements:list")).content.decode()
    statement = made(world)
    listed = client.get(reverse("statements:list")).content.decode()
    page = client.get(statement.get_absolute_url()).content.decode()

    assert "No statement yet" in empty
    assert world.customer.name in listed
    assert "1,190.00" in listed
    assert "INV-2026-00001" in page
    assert "Foots and equals the ledger" in page


def test_made_from_the_form_it_opens_and_its_file_is_the_stored_one(client, world):
    client.force_login(world.lead)
    given = {
        "account": f"{world.entity.pk}-EUR",
        "form": "open_items",
        "since": "2026-11-01",
        "as_of": TODAY.isoformat(),
    }
    answer = client.post(reverse("statements:make", args=[world.customer.pk]), given)

    statement = Statement.objects.get()
    assert answer.url == statement.get_absolute_url()
    pdf = client.get(reverse("statements:pdf", args=[statement.pk]))
    assert b"".join(pdf.streaming_content).startswith(b"%PDF")


@pytest.mark.parametrize(
    "change", [{"as_of": "2027-01-01"}, {"since": "2026-11-17", "form": "movements"}, {"account": "9-EUR"}]
)
def test_what_cannot_be_stated_is_said_on_the_form(client, world, change):
    client.force_login(world.lead)
    given = {
        "account": f"{world.entity.pk}-EUR",
        "form": "open_items",
        "since": "2026-11-01",
        "as_of": "2026-11-16",
    }
    answer = client.post(reverse("statements:make", args=[world.customer.pk]), given | change)
    assert answer.status_code == 422
    assert not Statement.objects.exists()


def test_another_companys_statement_is_not_there(client, world):
    statement = made(world)
    other = make_world(code="DE9", name="Other", legal_name="Other GmbH")
    stranger = make_user("lead")
    Access.objects.create(user=stranger, entity=other.entity)
    client.force_login(stranger)
    for name in ("detail", "pdf"):
        assert client.get(reverse(f"statements:{name}", args=[statement.pk])).status_code == 404


def test_the_api_answers_the_same_account_with_the_same_statement(world):
    api = Api(world.lead)
    body = {
        "customer": world.customer.pk,
        "entity": world.entity.code,
        "currency": "EUR",
        "form": "open_items",
        "as_of": TODAY.isoformat(),
    }
    first, again = (api.post("statements/", body) for _ in range(2))

    assert first["id"] == again["id"]
    assert first["closing"] == "1190.00"
    listed = api.get("statements/")
    assert [row["id"] for row in listed["items"]] == [first["id"]]
    late = api.send("POST", "statements/", body | {"as_of": "2027-01-01"})
    refused(late, 422, field="as_of")
