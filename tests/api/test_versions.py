"""T13: two clients edit one record; the second is told what holds now, and nothing is lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from customers.models import Customer
from invoices.models import Invoice
from tests.api.client import Api, refused
from tests.world import World, make_world

LINE = {"description": "Work package", "quantity": "1", "unit_price": "100.00"}


def test_the_second_editor_of_a_draft_gets_the_difference(world: World) -> None:
    clerk, lead = Api(world.clerk), Api(world.lead)
    draft = clerk.post("invoices/", {"customer": world.customer.pk, "lines": [LINE], "po_number": "1"})
    path = f"invoices/{draft['id']}/"
    seen = clerk.send("GET", path)["ETag"]
    assert lead.send("GET", path)["ETag"] == seen == '"v1"'
    saved = lead.send("PATCH", path, {"po_number": "4500"}, If_Match=seen)
    assert saved["ETag"] == '"v2"'
    body = refused(
        clerk.send("PATCH", path, {"po_number": "4711", "lines": [LINE, LINE]}, If_Match=seen),
        412,
        field="If-Match",
        rule="nobody_changed_it_meanwhile",
    )
    assert body["type"].endswith("stale")
    assert (body["current"]["po_number"], body["current"]["payable"]) == ("4500", "119.00")
    assert body["current"]["lock_version"] == 2
    assert body["changed_by"] == world.lead.name
    assert body["changed_at"]
    assert clerk.get(path)["po_number"] == "4500"
    assert len(clerk.get(path)["lines"]) == 1


def test_a_patch_keeps_what_it_does_not_name_and_a_put_does_not(world: World) -> None:
    api = Api(world.clerk)
    draft = api.post(
        "invoices/",
        {"customer": world.customer.pk, "lines": [LINE], "po_number": "1", "notes": "Thank you"},
    )
    path = f"invoices/{draft['id']}/"
    patched = api.patch(path, {"po_number": "2"}, 1)
    assert (patched["po_number"], patched["notes"], len(patched["lines"])) == ("2", "Thank you", 1)
    put = api.send("PUT", path, {"lines": [LINE, LINE | {"description": "More"}]}, If_Match='"v2"')
    body = Api.ok(put)
    assert (body["po_number"], body["notes"], len(body["lines"])) == ("", "", 2)
    assert body["customer"] == world.customer.pk


def test_an_edit_names_its_version(world: World) -> None:
    clerk, lead = Api(world.clerk), Api(world.lead)
    draft = clerk.post("invoices/", {"customer": world.customer.pk, "lines": [LINE]})
    for api, path, body in (
        (clerk, f"invoices/{draft['id']}/", {"notes": "x"}),
        (clerk, f"customers/{world.customer.pk}/", {"notes": "x"}),
        (lead, f"items/{world.item.pk}/", {"name": "Other"}),
    ):
        refused(api.send("PATCH", path, body), 428, field="If-Match", rule="an_edit_names_its_version")
        refused(api.send("PATCH", path, body, If_Match="*"), 400, field="If-Match")
        tag = api.send("GET", path)["ETag"]
        assert api.send("PATCH", path, body, If_Match=tag).status_code == 200
        stale = refused(api.send("PATCH", path, body, If_Match=tag), 412)
        assert stale["current"]


def test_only_the_version_that_was_seen_is_submitted(world: World) -> None:
    api = Api(world.clerk)
    draft = api.post("invoices/", {"customer": world.customer.pk, "lines": [LINE]})
    path = f"invoices/{draft['id']}/"
    api.patch(path, {"lines": [LINE | {"unit_price": "9000.00"}]}, 1)
    refused(api.send("POST", f"{path}submit/", {}, If_Match='"v1"'), 412)
    assert Invoice.objects.get().document_status == "draft"


@pytest.mark.django_db(transaction=True)
@pytest.mark.soak("T13")
def test_of_many_edits_at_once_one_wins(size: Any, figures: Any) -> None:
    world = make_world()
    clients = [Api(world.clerk), Api(world.lead)]
    rounds, path = size(5, 200), f"customers/{world.customer.pk}/"
    for _ in range(rounds):
        barrier = threading.Barrier(2)
        version = Customer.objects.get(pk=world.customer.pk).lock_version

        def edit(api: Api, barrier: threading.Barrier = barrier, version: int = version) -> int:
            barrier.wait(120)
            body = {"notes": f"{api.key.pk} after {version}"}
            try:
                return api.send("PATCH", path, body, If_Match=f'"v{version}"').status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(edit, clients)) == [200, 412]
        assert Customer.objects.get(pk=world.customer.pk).lock_version == version + 1
    figures("T13", rounds=rounds, lost_updates=0)
