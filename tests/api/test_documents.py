"""Reading: lists and filters, the PDF, links, policies, sending."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from correspondence.links import INVOICE, create_link
from invoices.operations import render_document
from tests.api.client import Api, refused
from tests.world import World


def test_the_pdf_is_waited_for_and_then_given(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        "invoices.api.current_app.send_task", lambda *given, **named: asked.append((given, named))
    )
    api, now = Api(world.clerk), timezone.now()
    draft = world.approved("50.00", now=now)
    refused(api.send("GET", f"invoices/{draft.pk}/pdf/"), 409, rule="a_document_is_made_of_the_snapshot")
    invoice = world.issued("100.00", now=now)
    for _ in range(2):
        waiting = api.send("GET", f"invoices/{invoice.pk}/pdf/")
        assert waiting.status_code == 202
        assert int(waiting["Retry-After"]) > 0
    assert asked == [(("invoices.tasks.render_document",), {"kwargs": {"invoice_id": invoice.pk}})]
    document = render_document(invoice, now=now)
    given = api.send("GET", f"invoices/{invoice.pk}/pdf/", Accept="application/pdf")
    assert given.status_code == 200
    assert given["Content-Type"] == "application/pdf"
    assert given["ETag"] == f'"{document.sha256}"'
    content = b"".join(given.streaming_content)
    assert content.startswith(b"%PDF")
    assert len(content) == document.size


def test_links_are_listed_without_their_address_and_closed(world: World) -> None:
    api, now = Api(world.clerk), timezone.now()
    invoice = world.issued("100.00", now=now)
    link = create_link(invoice, purpose=INVOICE, contact=None, actor=world.clerk, now=now)
    [row] = api.get(f"invoices/{invoice.pk}/links/")["items"]
    assert row["id"] == link.pk
    assert not {"token", "address", "salt", "url"} & set(row)
    closed = api.post(f"invoices/{invoice.pk}/links/{link.pk}/close/")
    assert closed["revoked_at"]


def test_an_issued_invoice_is_sent_once(world: World) -> None:
    api = Api(world.clerk)
    invoice = world.issued("100.00", now=timezone.now())
    assert api.post(f"invoices/{invoice.pk}/send/")["sending"] == "queued"
    assert api.post(f"invoices/{invoice.pk}/send/")["sending"] == "queued"
    draft = api.post(
        "invoices/",
        {
            "customer": world.customer.pk,
            "lines": [{"description": "Work", "quantity": "1", "unit_price": "1"}],
        },
    )
    refused(api.send("POST", f"invoices/{draft['id']}/send/"), 409, rule="only_an_issued_document_is_sent")


def test_lists_are_narrowed(world: World) -> None:
    api, now = Api(world.clerk), timezone.now()
    invoice = world.issued("100.00", now=now)
    assert [one["id"] for one in api.get("invoices/?status=open")["items"]] == [invoice.pk]
    assert api.get("invoices/?status=draft")["items"] == []
    assert api.get(f"invoices/?q={invoice.number}&entity={world.entity.code}")["items"][0]["id"] == invoice.pk
    assert api.get(f"customers/?q={world.customer.number}")["items"][0]["id"] == world.customer.pk
    assert (
        api.get(f"items/?q={world.item.code}&active=true")["items"][0]["prices"][0]["unit_price"] == "120.00"
    )
    assert api.get(f"customers/{world.customer.pk}/contacts/")["items"][0]["purposes"] == ["billing"]
    agreed = {"name": "Eva", "email": "eva@helios.example", "opens_agreed": True}
    made = api.post(f"customers/{world.customer.pk}/contacts/", agreed)
    assert (made["opens_agreed"], made["no_mail"]) == (True, False)
    assert api.get(f"customers/{world.customer.pk}/requirements/")["items"] == []


def test_published_policies_are_read(world: World) -> None:
    api = Api(world.clerk)
    [policy] = api.get("policies/")["items"]
    [version] = policy["versions"]
    assert version["public_url"].startswith("http")
    clauses = api.get(f"policies/{policy['id']}/versions/{version['number']}/")["clauses"]
    assert clauses["terms"] == "NET 30"


def test_amounts_stand_at_the_exponent_of_their_currency(world: World) -> None:
    api = Api(world.clerk)
    line = {"description": "Work package", "quantity": "1", "unit_price": "1000"}
    made = api.post("invoices/", {"customer": world.customer.pk, "lines": [line], "currency": "JPY"})
    assert (made["net_total"], made["payable"], made["lines"][0]["net"]) == ("1000", "1190", "1000")
    assert "." in made["payable_functional"]
