"""Every refusal names field and rule, and changes nothing."""

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from catalogue.models import Item
from customers.models import Customer
from invoices.models import Invoice, Line
from ledger.models import Allocation
from payments.models import Payment
from tests.api.client import Api, refused
from tests.world import World, make_item
from trail.models import Entry

LINE = {"description": "Work package", "quantity": "1", "unit_price": "100.00"}


def _everything() -> list[Any]:
    tables = (Customer, Item, Invoice, Line, Payment, Allocation, Entry)
    return [list(table.objects.order_by("pk").values()) for table in tables]


def _draft(world: World, **values: Any) -> dict[str, Any]:
    return {"customer": world.customer.pk, "lines": [LINE]} | values


@pytest.mark.parametrize(
    ("change", "status", "field", "rule"),
    [
        ({"currency": "XYZ"}, 422, "currency", "currency_is_known"),
        ({"lines": [LINE | {"quantity": "-1"}]}, 422, "lines[0].quantity", "quantity_not_negative"),
        ({"lines": [LINE | {"quantity": 1}]}, 422, "lines[0].quantity", "money_is_text"),
        ({"lines": [LINE | {"unit_price": 100.5}]}, 422, "lines[0].unit_price", "money_is_text"),
        ({"lines": [LINE | {"unit_price": "1e3"}]}, 422, "lines[0].unit_price", "amount_is_decimal"),
        ({"lines": [LINE, LINE | {"rate": "7"}]}, 422, "lines[1].rate", "field_is_known"),
        ({"lines": []}, 422, "lines", None),
        ({"lines": [LINE | {"tax_class": "exempt"}]}, 422, None, None),
        (
            {"lines": [LINE | {"unit_price": "9" * 13, "quantity": "9" * 13}]},
            422,
            "lines[0]",
            "an_amount_can_be_kept",
        ),
        ({"lines": [{"item": "NONE", "quantity": "1"}]}, 422, "lines[0].item", "the_record_exists"),
        ({"customer": 987654}, 422, "customer", "the_record_exists"),
        ({"entity": "NONE"}, 422, "entity", "the_record_exists"),
        ({"terms": "whenever"}, 422, "terms", None),
        ({"payable": "1.00"}, 422, "payable", "field_is_known"),
        ({"expected_total": "118.99"}, 422, "expected_total", "the_total_is_the_expected_one"),
        ({"expected_total": 119}, 422, "expected_total", "money_is_text"),
        ({"planned_on": "16.11.2026"}, 422, "planned_on", "invalid"),
        (
            {"discount_amount": "0.001", "discount_reason": "Loyal"},
            422,
            "discount_amount",
            "amount_fits_currency",
        ),
        ({"po_number": "x" * 61}, 422, "po_number", "text_is_short_enough"),
        ({"po_number": "a\0b"}, 422, "po_number", None),
        ({"notes": "\ud800"}, 422, "notes", None),
    ],
)
def test_a_draft_that_cannot_be_right(
    world: World, change: dict[str, Any], status: int, field: str, rule: str
) -> None:
    api = Api(world.clerk)
    before = _everything()
    refused(api.send("POST", "invoices/", _draft(world, **change)), status, field=field, rule=rule)
    assert _everything() == before


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        ("{", 400, "body_is_json"),
        ('{"customer": NaN}', 400, "body_is_json"),
        ('{"customer": 1, "customer": 2}', 400, "body_is_json"),
        (b"\xff\xfe{}", 400, "body_is_json"),
        ("[" * 100_000, 400, "body_is_json"),
        ("[]", 422, "invalid"),
        ('"text"', 422, "invalid"),
        (json.dumps({"notes": "x" * 10_000_000}), 413, "body_is_small_enough"),
    ],
)
def test_a_body_that_cannot_be_read(world: World, body: Any, status: int, rule: str) -> None:
    api = Api(world.clerk)
    before = _everything()
    refused(api.send("POST", "invoices/", body), status, rule=rule)
    assert _everything() == before


def test_other_media_types_methods_and_addresses(world: World) -> None:
    api = Api(world.clerk)
    client = Client(headers={"Authorization": f"Bearer {api.raw}", "Idempotency-Key": "1"})
    refused(client.post("/api/v1/invoices/", {"customer": "1"}), 415)
    refused(api.send("DELETE", "invoices/"), 405)
    refused(api.send("GET", "nothing/"), 404, rule="the_address_exists")
    refused(api.send("GET", "invoices"), 404, rule="the_address_exists")
    refused(api.send("GET", "invoices/987654/"), 404, rule="the_record_exists")


def test_without_an_idempotency_key_no_money_document_is_made(world: World) -> None:
    answer = Api(world.clerk).send("POST", "invoices/", _draft(world), Idempotency_Key="")
    body = refused(answer, 400, field="Idempotency-Key", rule="idempotency_key_is_given")
    assert "Idempotency-Key" in body["problems"][0]["mend"]
    assert not Invoice.objects.exists()


def test_the_same_external_id_is_refused_whatever_the_key(world: World) -> None:
    api = Api(world.clerk)
    first = api.post("invoices/", _draft(world, external_id="contract-1/2026-11"))
    answer = api.send("POST", "invoices/", _draft(world, external_id="contract-1/2026-11"))
    body = refused(answer, 409, field="external_id", rule="one_thing_is_billed_once")
    assert str(first["id"]) in body["problems"][0]["mend"]
    assert Invoice.objects.count() == 1
    assert api.get("invoices/?external_id=contract-1/2026-11")["items"][0]["id"] == first["id"]


def test_payments_that_cannot_be_booked(world: World) -> None:
    api, now = Api(world.cash), timezone.now()
    invoice = world.issued("100.00", now=now)
    item = invoice.instalments.get().open_item_id
    given = {
        "entity": world.entity.code,
        "customer": world.customer.pk,
        "received_on": timezone.localdate().isoformat(),
        "currency": "EUR",
        "amount": "119.00",
    }
    dollars = api.post("payments/", given | {"currency": "USD"})
    payment = api.post("payments/", given | {"amount": "500.00", "external_id": "bank-1"})
    before = _everything()
    allocate = f"payments/{payment['id']}/allocations/"
    for path, body, status, field, rule in (
        ("payments/", given | {"amount": "0.00"}, 422, "amount", "a_receipt_is_more_than_nothing"),
        ("payments/", given | {"amount": 119}, 422, "amount", "money_is_text"),
        ("payments/", given | {"amount": "1.001"}, 422, "amount", "amount_fits_currency"),
        ("payments/", given | {"received_on": "2999-01-01"}, 422, "received_on", None),
        ("payments/", given | {"external_id": "bank-1"}, 409, "external_key", "a_receipt_is_recorded_once"),
        (allocate, {"parts": [{"item": item, "amount": "119.01"}]}, 409, "parts[0].amount", None),
        (allocate, {"parts": [{"item": item, "amount": "-1.00"}]}, 422, "parts[0].amount", None),
        (allocate, {"parts": [{"item": 999_999, "amount": "1.00"}]}, 422, "parts[0].item", "an_item_is_owed"),
        (allocate, {"parts": []}, 422, "parts", None),
        (
            f"payments/{dollars['id']}/allocations/",
            {"parts": [{"item": item, "amount": "1.00"}]},
            None,
            None,
            None,
        ),
    ):
        answer = api.send("POST", path, body)
        refused(answer, status or answer.status_code, field=field, rule=rule)
        assert answer.status_code in (409, 422)
        assert _everything() == before, path


def test_credit_above_the_rest(world: World) -> None:
    api, now = Api(world.clerk), timezone.now()
    invoice = world.issued("100.00", now=now)
    before = _everything()
    path = f"invoices/{invoice.pk}/credit-notes/"
    why = {"reason_code": "PRC", "reason": "Price was too high"}
    for lines in ([{"position": 1, "net": "100.01"}], [{"position": 7, "net": "1.00"}]):
        refused(api.send("POST", path, why | {"lines": lines}), 409, rule="credit_within_invoice")
    twice = [{"position": 1, "net": "1.00"}] * 2
    refused(api.send("POST", path, why | {"lines": twice}), 422, field="lines[1].position")
    refused(api.send("POST", path, {"reason_code": "XXX", "reason": "abc"}), 422, field="reason_code")
    assert _everything() == before


def test_an_issued_invoice_is_not_edited(world: World) -> None:
    api = Api(world.clerk)
    invoice = world.issued("100.00", now=timezone.now())
    before = _everything()
    answer = api.send(
        "PATCH", f"invoices/{invoice.pk}/", {"notes": "x"}, If_Match=f'"v{invoice.lock_version}"'
    )
    refused(answer, 409, rule="issued_invoice_is_immutable")
    assert _everything() == before


def test_items_and_customers_that_cannot_be_right(world: World) -> None:
    lead = Api(world.lead)
    make_item("CONS-1")
    before = _everything()
    item = {"code": "cons-1", "name": "Again"}
    refused(lead.send("POST", "items/", item), 409, field="code")
    price = {"currency": "EUR", "unit_price": "-1", "valid_from": "2026-01-01"}
    refused(lead.send("POST", "items/", item | {"code": "NEW", "prices": [price]}), 422, field="unit_price")
    exempt = {"code": "NEW", "name": "Course", "tax_class": "exempt"}
    refused(lead.send("POST", "items/", exempt), 422, field="exemption_reason")
    party = {"entity": world.entity.code, "name": "New", "country": "DE"}
    refused(lead.send("POST", "customers/", party | {"country": "XX"}), 422, field="country")
    refused(lead.send("POST", "customers/", party | {"number": world.customer.number}), 409, field="number")
    refused(
        lead.send("POST", "customers/", party | {"tax_id": {"scheme": "VAT", "number": "DE123"}}),
        422,
        field="tax_id.number",
    )
    refused(
        lead.send("POST", "customers/", party | {"contact": {"name": "A", "fax": "1"}}),
        422,
        field="contact.fax",
    )
    assert _everything() == before


def test_keys_that_do_not_work(world: World) -> None:
    from team.operations import revoke_key

    api = Api(world.clerk, "invoices.view_invoice")
    for header in (
        "Bearer nonsense",
        "Basic abc",
        "Bearer",
        f"Bearer {api.raw}x",
        f"Bearer {api.key.prefix}_",
    ):
        answer = Client().get("/api/v1/invoices/", headers={"Authorization": header})
        refused(answer, 401, rule="a_valid_key")
        assert answer["WWW-Authenticate"].startswith("Bearer")
    refused(Client().get("/api/v1/invoices/"), 401)
    refused(api.send("GET", "customers/"), 403, rule="customers.view_customer")
    api.get("invoices/")
    revoke_key(api.key, actor=None, now=timezone.now())
    refused(api.send("GET", "invoices/"), 401, rule="a_valid_key")


def test_a_session_needs_the_csrf_token(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.clerk)
    assert client.get("/api/v1/customers/").status_code == 200
    answer = client.post("/api/v1/customers/", {"name": "x"}, content_type="application/json")
    refused(answer, 403)


def test_too_many_requests(world: World, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    cache.clear()
    api, other = Api(world.clerk), Api(world.lead)
    answers = [api.send("GET", "invoices/") for _ in range(4)]
    # A new minute may begin between two of them.
    assert answers[0].status_code == 200
    last = next(answer for answer in answers if answer.status_code != 200)
    refused(last, 429, rule="rate_limit")
    assert 1 <= int(last["Retry-After"]) <= 61
    other.get("invoices/")


def test_unknown_parameters_and_pages(world: World) -> None:
    api = Api(world.clerk)
    refused(api.send("GET", "invoices/?stauts=draft"), 422, field="stauts", rule="field_is_known")
    refused(api.send("GET", "invoices/?status=nothing"), 422, field="status")
    refused(api.send("GET", "invoices/?limit=0"), 422, field="limit")
    refused(api.send("GET", "invoices/?after=abc"), 422, field="after")
    refused(api.send("GET", "invoices/?q=a&q=b"), 422, field="q")
    refused(api.send("GET", "invoices/?sort=due"), 422, field="sort")


def test_pages_follow_their_links(world: World) -> None:
    api = Api(world.clerk)
    made = [api.post("invoices/", _draft(world, po_number=f"P{n}"))["id"] for n in range(5)]
    seen, link = [], "/api/v1/invoices/?limit=2&status=draft"
    while link:
        page = api.get(link)
        seen += [row["id"] for row in page["items"]]
        last, link = page, (page["next"] or "").removeprefix("http://testserver")
    assert sorted(seen) == made
    back = api.get(last["previous"].removeprefix("http://testserver"))
    assert [row["id"] for row in back["items"]] == seen[2:4]
