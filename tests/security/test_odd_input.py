"""Input nobody types but somebody sends: digits that are none, the year 1, amounts of the other sign."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from core.errors import Invalid, Refused
from invoices import operations as invoices
from invoices.inputs import ChargeInput
from invoices.models import Invoice
from payments import operations as payments
from payments.models import Payment
from payments.operations import Part, Receipt
from tests.factories import make_customer
from tests.security.stage import everybody
from tests.world import NOW, TODAY, make_world

pytestmark = pytest.mark.django_db
# A digit to isdigit(), but no number; and more digits than a number may have.
ODD = ("²", "9" * 5000, "٣", "-1", "1e3", " ")


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def client(world):
    client = Client(raise_request_exception=False)
    client.force_login(everybody(), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "address",
    [
        "/invoices/?most={0}",
        "/invoices/?least={0}",
        "/invoices/new/?customer={0}",
        "/payments/record/?customer={0}",
        "/payments/record/?invoice={0}",
        "/bank/?account={0}",
    ],
)
def test_an_address_with_an_odd_number_shows_a_page(client, address, odd):
    assert client.get(address.format(odd)).status_code in (200, 404, 422)


@pytest.mark.parametrize("odd", ODD)
def test_a_form_with_an_odd_number_is_answered(client, odd):
    for address, name in (
        ("/invoices/bulk/", "pick"),
        ("/invoices/autosave/", "customer"),
        ("/invoices/new/", "customer"),
    ):
        assert client.post(address, {name: odd}).status_code < 500
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0000-00-00"])
def test_a_day_that_cannot_be_meant_is_no_error_of_ours(client, world, day):
    for address in (
        f"/customers/{world.customer.pk}/account/?as_of={day}",
        f"/customers/{world.customer.pk}/account/summary/?as_of={day}",
        f"/customers/{world.customer.pk}/account/statement.csv?currency=EUR&since={day}&until={day}",
        f"/reminders/?on={day}",
    ):
        assert client.get(address).status_code < 500, address


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"discount_amount": Decimal(-500), "discount_reason": "x"}, "discount_amount"),
        ({"charges": (ChargeInput("Freight", Decimal(-99)),)}, "charges[0].amount"),
        ({"language": "xx"}, "language"),
    ],
)
def test_a_draft_that_means_the_opposite_is_refused(world, values, field):
    with pytest.raises(Invalid) as refusal:
        invoices.write_draft(world.draft("100.00", **values), actor=world.clerk, now=NOW)

    assert field in {problem["field"] for problem in refusal.value.problems}
    assert not Invoice.objects.exists()


def test_an_allocation_is_not_dated_in_the_future(world):
    invoice = world.issued("100.00")
    payment = world.received("119.00")
    part = Part(invoice.instalments.get().open_item_id, Decimal(119))

    with pytest.raises(Invalid, match="has not come yet"):
        payments.allocate_payment(payment, [part], actor=world.cash, now=NOW, on=TODAY + timedelta(days=1))

    invoice.refresh_from_db()
    assert invoice.balance == Decimal(119)


@pytest.mark.parametrize("other", ["customer", "day", "amount"])
def test_one_key_from_outside_is_one_receipt_of_one_customer(world, other):
    given = Receipt(
        entity=world.entity,
        customer=world.customer,
        currency="EUR",
        received_on=TODAY,
        amount=Decimal(50),
        external_key="shop-1",
    )
    first = payments.record_payment(given, actor=world.cash, now=NOW)
    assert payments.record_payment(given, actor=world.cash, now=NOW) == first
    changed = {
        "customer": {"customer": make_customer(entity=world.entity, actor=world.lead)},
        "day": {"received_on": date(2026, 11, 1)},
        "amount": {"amount": Decimal(51)},
    }[other]

    with pytest.raises(Refused, match="was recorded before"):
        payments.record_payment(Receipt(**{**given.__dict__, **changed}), actor=world.cash, now=NOW)

    assert Payment.objects.count() == 1


def test_direction_marks_that_came_with_a_paste_are_not_kept(db):
    world = make_world()
    marked = "\u202aPO-\u202e4711\u2069"

    draft = invoices.write_draft(world.draft("100.00", po_number=marked), actor=world.clerk, now=NOW)
    payment = world.received("10.00", reference=marked, note=marked)
    customer = make_customer(name=f"Kestrel \u202e{draft.pk}", entity=world.entity)

    assert (draft.po_number, payment.reference, payment.note) == ("PO-4711",) * 3
    assert customer.name == f"Kestrel {draft.pk}"
