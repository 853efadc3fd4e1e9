"""Messages and texts over the API: read, narrowed, and only one's own companies'."""

from typing import Any

import pytest
from django.utils import timezone

from correspondence import links
from entities.models import Access
from tests.api.client import Api
from tests.correspondence.letters import queue
from tests.portal.bills import make_contact
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


def message_of(world: World, amount: str = "100.00") -> Any:
    invoice = world.issued(amount, now=timezone.now())
    return queue(invoice, contacts=[make_contact(world.customer)], now=timezone.now())


def test_a_message_is_read_with_its_recipients_and_without_the_customers_link(world: World) -> None:
    message = message_of(world)
    api = Api(world.clerk)

    told = api.get(f"messages/{message.pk}/")

    assert told["about"] == {"type": "invoice", "id": message.about_id}
    [delivery] = told["deliveries"]
    assert (delivery["state"], delivery["attempts"]) == ("queued", 0)
    assert links.token_of(message.link) not in str(told)
    assert "the-customers-own-link" not in told["text"]


def test_the_list_is_narrowed(world: World) -> None:
    first, second = message_of(world), message_of(world, "250.00")
    second.deliveries.update(state="failed")
    api = Api(world.clerk)

    def ids(query: str) -> list[int]:
        return [row["id"] for row in api.get(f"messages/?{query}")["items"]]

    assert ids("") == [second.pk, first.pk]
    assert ids("state=failed") == [second.pk]
    assert ids(f"invoice={first.about_id}") == [first.pk]
    assert ids(f"customer={world.customer.pk}&situation=invoice&channel=email") == [second.pk, first.pk]
    assert ids("situation=statement") == []
    assert ids("since=2999-01-01T00:00:00Z") == []
    assert len(ids("until=2999-01-01T00:00:00Z&limit=1")) == 1


def test_messages_of_another_company_are_not_there(world: World) -> None:
    message = message_of(make_world())
    Access.objects.create(user=world.clerk, entity=world.entity)
    api = Api(world.clerk)

    assert api.get("messages/")["items"] == []
    assert api.send("GET", f"messages/{message.pk}/").status_code == 404


def test_texts_are_read(world: World) -> None:
    message = message_of(world)
    api = Api(world.clerk)

    assert api.get(f"templates/{message.template_id}/")["situation"] == "invoice"
    found = api.get("templates/?situation=final_demand&language=fr&customer_type=consumer&status=active")[
        "items"
    ]
    assert {(row["channel"], row["version"]) for row in found} == {("email", 1), ("letter", 1)}
    assert all("tribunal" in row["subject"] for row in found)
