"""The table of bad input: each line by the form and by the operation, with field, reason and mend.

Every refusal is 422 or 409 in words, never a trace, and leaves every table as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from core.errors import DomainError
from customers import operations as customers
from entities import operations as entities
from invoices import operations as invoices
from invoices.inputs import LineInput
from payments import operations as payments
from tests.security.stage import everybody
from tests.world import NOW, TODAY, World, make_world

pytestmark = pytest.mark.django_db
TEN_MEGABYTES = "x" * (10 * 1024 * 1024)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(everybody(), backend="django.contrib.auth.backends.ModelBackend")
    return client


def rows() -> dict[str, int]:
    """How many rows each table of ours has."""
    return {
        model._meta.db_table: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.app_label in settings.PROJECT_APPS and model._meta.managed
    }


@dataclass(frozen=True)
class Wrong:
    """One line of the table: what is asked of the operation, and what a page would send."""

    ask: Callable[[], Any]
    path: str
    data: dict[str, Any]
    field: str
    words: str  # of the page: part of the reason
    statuses: tuple[int, ...] = (422, 409)


def page(world: World, *lines: dict[str, str], **changes: Any) -> dict[str, Any]:
    """What the editor sends."""
    sent = lines or ({"description": "Travel", "quantity": "1", "unit_price": "10.00", "tax": "standard"},)
    data = {
        "customer": world.customer.pk,
        "entity": world.entity.pk,
        "currency": "EUR",
        "token": "a-page",
        "lines-TOTAL_FORMS": len(sent),
        "lines-INITIAL_FORMS": 0,
        "charges-TOTAL_FORMS": 0,
        "charges-INITIAL_FORMS": 0,
    }
    for number, line in enumerate(sent):
        data |= {f"lines-{number}-{name}": value for name, value in line.items()}
    return data | changes


def line(**values: str) -> dict[str, str]:
    return {"description": "Travel", "quantity": "1", "unit_price": "10.00", "tax": "standard"} | values


def write(world: World, *lines: LineInput, **changes: Any) -> Any:
    draft = replace(world.draft("10.00"), **({"lines": lines} if lines else {}), **changes)
    return invoices.write_draft(draft, actor=world.clerk, now=NOW)


NEW = "/invoices/new/"


def unknown_currency(world: World) -> Wrong:
    return Wrong(lambda: write(world, currency="XQQ"), NEW, page(world, currency="XQQ"), "currency", "XQQ")


def negative_quantity(world: World) -> Wrong:
    return Wrong(
        lambda: write(world, LineInput("Travel", Decimal(-1), Decimal(10))),
        NEW,
        page(world, line(quantity="-1")),
        "quantity",
        "negative",
    )


def due_before_issue(world: World) -> Wrong:
    """At once, but moved to the working day before: on a Sunday that is the Friday before the document."""
    draft = world.draft("10.00", terms="NET 0 /P", planned_on=TODAY + timedelta(days=6))
    invoice = invoices.write_draft(draft, actor=world.clerk, now=NOW)
    return Wrong(
        lambda: invoices.submit_invoice(invoice, actor=world.clerk, now=NOW),
        reverse("invoices:submit", args=[invoice.pk]),
        {},
        "due",
        "before the issue date",
    )


def exempt_without_reason(world: World) -> Wrong:
    return Wrong(
        lambda: write(world, LineInput("Course", Decimal(1), Decimal(10), tax_class="exempt")),
        NEW,
        page(world, line(tax="exempt")),
        "exemption_reason",
        "exempt",
    )


def over_allocation(world: World) -> Wrong:
    invoice, payment = world.issued("100.00"), world.received("500.00")
    item = invoice.instalments.get().open_item_id
    return Wrong(
        lambda: payments.allocate_payment(
            payment, [payments.Part(item, Decimal("119.01"))], actor=world.cash, now=NOW
        ),
        reverse("payments:allocate", args=[payment.pk]),
        {f"part-{item}": "119.01"},
        "parts[0].amount",
        "too much",
    )


def other_currency(world: World) -> Wrong:
    """More dollars than a euro receipt has left, and a currency the book has no rate for."""
    invoice = world.issued("100.00", currency="USD")
    payment = world.received("10.00")
    item = invoice.instalments.get().open_item_id
    return Wrong(
        lambda: payments.allocate_payment(
            payment, [payments.Part(item, Decimal("119.00"))], actor=world.cash, now=NOW
        ),
        reverse("payments:allocate", args=[payment.pk]),
        {f"part-{item}": "119.00"},
        "amount",
        "USD",
    )


def credit_above_the_rest(world: World) -> Wrong:
    invoice = world.issued("100.00")
    return Wrong(
        lambda: invoices.write_credit_note(
            invoice,
            {1: Decimal("100.01")},
            reason_code="PRC",
            reason="Too dear",
            actor=world.clerk,
            now=NOW,
        ),
        reverse("invoices:credit", args=[invoice.pk]),
        {"reason_code": "PRC", "reason": "Too dear", "net_1": "100.01"},
        "lines[1].net",
        "100",
    )


def duplicate_number(world: World) -> Wrong:
    """A second series of the year: it would give the numbers of the first again."""
    world.issued("10.00")
    pattern = {"document_type": "invoice", "fiscal_year": "2026", "pattern": "INV-{FY}-{N:05}"}
    return Wrong(
        lambda: entities.open_series(world.entity, **pattern, actor=world.controller, now=NOW),
        reverse("entities:add_series", args=[world.entity.pk]),
        pattern | {"first_number": 1},
        "fiscal_year",
        "given numbers",
    )


def stale_form(world: World) -> Wrong:
    customer = world.customer
    seen = customer.lock_version
    customers.edit_customer(customer, name="Helios Solar North", actor=world.lead, now=NOW)
    return Wrong(
        lambda: customers.edit_customer(
            customer, name="Helios Solar South", actor=world.clerk, now=NOW, expected_version=seen
        ),
        reverse("customers:edit", args=[customer.pk]),
        {
            "name": "Helios Solar South",
            "kind": "business",
            "entity": world.entity.pk,
            "country": "DE",
            "lock_version": seen,
        },
        "lock_version",
        "changed",
    )


def wrong_file(world: World) -> Wrong:
    return Wrong(
        lambda: entities.set_logo(world.entity, b"MZ\x90\x00", actor=world.controller, now=NOW),
        reverse("entities:set_logo", args=[world.entity.pk]),
        {"logo": SimpleUploadedFile("logo.png", b"MZ\x90\x00", content_type="image/png")},
        "logo",
        "picture",
    )


def broken_encoding(world: World) -> Wrong:
    """Bytes that are no text where a text file or picture is wanted."""
    broken = "Müller;10".encode("latin-1") + b"\xff\xfe\x00"
    return Wrong(
        lambda: entities.set_logo(world.entity, broken, actor=world.controller, now=NOW),
        reverse("entities:set_logo", args=[world.entity.pk]),
        {"logo": SimpleUploadedFile("customers.csv", broken, content_type="text/csv")},
        "logo",
        "picture",
    )


def huge_amount(world: World) -> Wrong:
    digits = "9" * 40
    return Wrong(
        lambda: write(world, LineInput("Travel", Decimal(1), Decimal(digits))),
        NEW,
        page(world, line(unit_price=digits)),
        "lines[0]",
        "",
    )


def receipt_in_the_future(world: World) -> Wrong:
    tomorrow = TODAY + timedelta(days=2)
    return Wrong(
        lambda: payments.record_payment(
            payments.Receipt(world.entity, tomorrow, "EUR", Decimal(5), customer=world.customer),
            actor=world.cash,
            now=NOW,
        ),
        "/payments/record/",
        {
            "customer": world.customer.number,
            "amount": "5.00",
            "currency": "EUR",
            "received_on": tomorrow.isoformat(),
            "method": "bank_transfer",
            "entity": world.entity.pk,
        },
        "received_on",
        "has not come yet",
    )


TABLE = (
    unknown_currency,
    negative_quantity,
    due_before_issue,
    exempt_without_reason,
    over_allocation,
    other_currency,
    credit_above_the_rest,
    duplicate_number,
    stale_form,
    wrong_file,
    broken_encoding,
    huge_amount,
    receipt_in_the_future,
)


@pytest.mark.parametrize("make", TABLE, ids=lambda make: make.__name__)
def test_the_operation_refuses_with_field_reason_and_mend(world, make):
    wrong = make(world)
    before = rows()

    with pytest.raises(DomainError) as refusal, transaction.atomic():
        wrong.ask()

    assert refusal.value.status in (409, 422)
    fields = [one["field"] for one in refusal.value.problems]
    assert any(wrong.field in field for field in fields), fields
    assert all(one["message"] and one["mend"] and one["rule"] for one in refusal.value.problems), (
        refusal.value.problems
    )
    assert rows() == before


@pytest.mark.parametrize("make", TABLE, ids=lambda make: make.__name__)
def test_the_page_refuses_in_words_and_writes_nothing(world, client, make):
    wrong = make(world)
    before = rows()

    answer = client.post(wrong.path, wrong.data)

    text = answer.content.decode()
    assert answer.status_code in wrong.statuses, text[:300]
    assert wrong.words.lower() in text.lower()
    assert "Traceback" not in text
    assert rows() == before


@pytest.mark.parametrize(
    ("path", "field"),
    [("/customers/new/", "name"), ("/invoices/new/", "notes"), ("/catalogue/new/", "name")],
)
def test_a_field_of_ten_megabytes_is_refused_before_it_is_read(world, client, path, field):
    before = rows()

    answer = client.post(path, page(world) | {field: TEN_MEGABYTES})

    assert answer.status_code in (400, 413, 422)
    assert "Traceback" not in answer.content.decode()
    assert rows() == before


@pytest.mark.parametrize("field", ["notes", "po_number", "terms"])
def test_a_text_longer_than_its_field_is_refused_by_name(world, client, field):
    before = rows()

    answer = client.post(NEW, page(world) | {field: "x" * 100_000})

    assert answer.status_code == 422
    assert rows() == before


@pytest.mark.parametrize("text", ["\x00", "a\x00b"])
def test_a_zero_byte_is_refused_everywhere(world, client, text):
    before = rows()

    for path, data in (
        ("/customers/new/", {"name": text, "country": "DE", "kind": "business", "entity": world.entity.pk}),
        ("/invoices/new/", page(world) | {"notes": text, "po_number": text}),
        ("/payments/record/", {"customer": text, "amount": text}),
    ):
        answer = client.post(path, data)
        assert answer.status_code in (400, 404, 409, 422), path
    for path in ("/customers/", "/invoices/", "/payments/", "/catalogue/", "/search"):
        assert client.get(path, {"q": text}).status_code in (200, 302, 400, 422), path
    assert rows() == before


def test_a_zero_byte_in_a_form_names_its_field_and_what_to_do(world, client):
    before = rows()

    page_ = client.post("/invoices/new/", page(world) | {"po_number": "a\x00b"})
    part = client.post(
        "/invoices/new/", page(world) | {"po_number": "a\x00b"}, headers={"HX-Request": "true"}
    )

    for answer in (page_, part):
        assert answer.status_code == 422
        assert "“po number” holds a sign that is no text" in answer.content.decode()
        assert "Type this text by hand" in answer.content.decode()
    assert part.headers["HX-Retarget"] == "#notice"
    assert rows() == before


def test_the_interface_refuses_a_zero_byte_as_it_refuses_anything(client):
    answer = client.get("/api/v1/credits/", {"after": "a\x00b"})

    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["problems"][0]["rule"] == "text_has_no_zero_byte"


@pytest.mark.parametrize("text", ["\ud800".encode("utf-8", "surrogatepass"), b"\xff\xfe"])
def test_broken_bytes_are_no_server_error(world, client, text):
    for path, data in (
        ("/customers/new/", {"name": text, "country": "DE", "kind": "business", "entity": world.entity.pk}),
        ("/invoices/new/", page(world) | {"notes": text, "po_number": text}),
        ("/payments/record/", {"customer": text, "amount": text}),
    ):
        assert client.post(path, data).status_code < 500, path


@pytest.mark.parametrize(
    "cursor", ["x", "eyJ", "-1", "1' OR '1'='1", "9" * 60, "\x00", "%00", "../../etc/passwd", "{}"]
)
def test_what_stands_in_an_address_is_no_server_error(world, client, cursor):
    names = ("q", "after", "before", "sort", "status", "view", "entity", "customer", "since", "until",
             "as_of", "currency", "owner", "fact", "object", "state")  # fmt: skip
    for path in ("/customers/", "/invoices/", "/payments/", "/catalogue/", "/mail/", "/trail/", "/team/",
                 "/ledger/entries/", "/ledger/items/", "/policies/", "/"):  # fmt: skip
        for sent in (dict.fromkeys(names, cursor), {"after": cursor}, {"sort": cursor}):
            assert client.get(path, sent).status_code < 500, f"{path} {sent}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00\x03",
        b"%PDF-1.7\n%\xe2\xe3",
        b"PK\x03\x04" + b"\x00" * 40,
        b"a;b\nM\xc3\xbcller;1\nM\xfcller\x81;1\n",
    ],
    ids=["empty", "program", "pdf", "zip", "broken encoding"],
)
def test_a_file_that_is_no_list_is_refused_where_it_is_brought(world, client, content):
    before = rows()

    answer = client.post(
        "/imports/receivables/", {"file": SimpleUploadedFile("open.csv", content, content_type="text/csv")}
    )

    assert answer.status_code == 422, answer.headers
    assert "Traceback" not in answer.content.decode()
    assert rows() == before
