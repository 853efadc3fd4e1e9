"""Holds: an amount or a line is not asked for, the rest is; released, spread, never too much."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from core.errors import Invalid, Refused
from invoices import operations
from invoices.models import Hold, Invoice
from ledger.queries import faults
from payments import operations as payments
from tests.world import NOW, TODAY, make_policy, make_world
from trail.queries import entries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(autouse=True)
def book_is_sound(db):
    yield
    assert faults() == []


def d(text: str) -> Decimal:
    return Decimal(text)


def hold(world, invoice, amount: str, **values) -> Hold:
    given = {"reason": "Pumps arrived wet", "actor": world.clerk, "now": NOW} | values
    return operations.hold(invoice, d(amount), **given)


def held(invoice) -> tuple[Decimal, list[Decimal]]:
    items = [part.open_item.held_amount for part in invoice.instalments.select_related("open_item")]
    return Invoice.objects.get(pk=invoice.pk).held_amount, items


def refused(act, expected, match=None):
    before = (
        Hold.objects.count(),
        list(Invoice.objects.order_by("pk").values_list("held_amount", flat=True)),
    )
    with pytest.raises(expected, match=match) as refusal:
        act()
    assert before == (
        Hold.objects.count(),
        list(Invoice.objects.order_by("pk").values_list("held_amount", flat=True)),
    )
    return refusal.value


def test_an_amount_is_held_and_the_rest_stays_owed(world):
    invoice = world.issued("100.00")

    row = hold(world, invoice, "20.00", until=TODAY + timedelta(days=10))

    assert held(invoice) == (d("20.00"), [d("20.00")])
    assert Invoice.objects.get(pk=invoice.pk).balance == d("119.00")
    assert (row.placed_by, row.until) == (world.clerk, TODAY + timedelta(days=10))
    assert "invoice.held" in {entry.fact for entry in entries_of(invoice)}


def test_a_line_is_held_by_name(world):
    invoice = world.issued("100.00", "50.00")
    line = invoice.lines.get(position=2)

    assert hold(world, invoice, "59.50", line=line).line == line


def test_a_line_of_another_invoice_is_refused(world):
    invoice, other = world.issued("100.00"), world.issued("900.00")

    refusal = refused(lambda: hold(world, invoice, "10.00", line=other.lines.get()), Invalid)

    assert refusal.field == "line"


def test_several_holds_add_up_and_end_one_by_one(world):
    invoice = world.issued("100.00")
    first, second = hold(world, invoice, "20.00"), hold(world, invoice, "99.00")
    assert held(invoice)[0] == d("119.00")

    refused(lambda: hold(world, invoice, "0.01"), Refused, "more than the 0.00")
    operations.release(second, actor=world.lead, now=NOW)
    assert held(invoice) == (d("20.00"), [d("20.00")])
    operations.release(first, actor=world.lead, now=NOW)

    assert held(invoice) == (0, [0])
    refused(lambda: operations.release(first, actor=world.lead, now=NOW), Refused, "released before")
    first.refresh_from_db()
    assert (first.released_by, first.released_at) == (world.lead, NOW)


@pytest.mark.parametrize(
    ("amount", "values", "expected", "field"),
    [
        ("119.01", {}, Refused, "amount"),
        ("0", {}, Invalid, "amount"),
        ("-1.00", {}, Invalid, "amount"),
        ("1.005", {}, Invalid, "amount"),
        ("1.00", {"reason": "  "}, Invalid, "reason"),
        ("1.00", {"until": TODAY - timedelta(days=1)}, Invalid, "until"),
    ],
)
def test_what_makes_no_sense_is_refused(world, amount, values, expected, field):
    invoice = world.issued("100.00")

    assert refused(lambda: hold(world, invoice, amount, **values), expected).field == field


def test_only_what_is_open_can_be_held(world):
    draft = operations.write_draft(world.draft("10.00"), actor=world.clerk, now=NOW)
    paid = world.issued("100.00")
    world.pay(paid, "119.00")

    for invoice in (draft, paid):
        refused(lambda invoice=invoice: hold(world, invoice, "1.00"), Refused, "nothing open")


def in_two(world):
    """100.00 and its tax, half of it due in 30 days and half in 60."""
    clauses = {
        "terms": "NET 30",
        "instalments": [{"pct": "50", "terms": "NET 30"}, {"pct": "50", "terms": "NET 60"}],
    }
    version = make_policy(world.entity, world.lead, world.director, clauses=clauses, default=False)
    world.customer.payment_policy = version.policy
    world.customer.save(update_fields=["payment_policy"])
    return world.issued("100.00")


def test_it_lies_on_the_part_due_last(world):
    """So that what is due now stays asked for."""
    invoice = in_two(world)

    small = hold(world, invoice, "40.00")
    assert held(invoice)[1] == [0, d("40.00")]
    hold(world, invoice, "50.00")
    assert held(invoice)[1] == [d("30.50"), d("59.50")]
    operations.release(small, actor=world.clerk, now=NOW)
    assert held(invoice) == (d("50.00"), [0, d("50.00")])


def test_money_that_arrives_takes_the_hold_down_to_what_is_open(world):
    invoice = world.issued("100.00")
    hold(world, invoice, "100.00")

    world.pay(invoice, "69.00")
    assert held(invoice)[0] == d("50.00")
    world.pay(invoice, "50.00")

    done = Invoice.objects.get(pk=invoice.pk)
    assert (done.balance, done.held_amount, done.settlement_status) == (0, 0, "paid")


def test_money_that_goes_back_is_held_again(world):
    """Else what is disputed would be asked for because a payment bounced."""
    invoice = world.issued("100.00")
    hold(world, invoice, "100.00")
    other = hold(world, invoice, "10.00")
    payment = world.pay(invoice, "119.00")
    assert held(invoice) == (0, [0])

    payments.bounce_payment(payment, on=TODAY, reason="Returned by the bank", actor=world.cash, now=NOW)
    assert Invoice.objects.get(pk=invoice.pk).balance == d("119.00")
    assert held(invoice) == (d("110.00"), [d("110.00")])

    operations.release(other, actor=world.clerk, now=NOW)
    assert held(invoice)[0] == d("100.00")


def test_it_moves_to_the_other_part_when_its_own_is_paid(world):
    invoice = in_two(world)
    hold(world, invoice, "50.00")
    payment = world.received("59.50")
    last = invoice.instalments.order_by("due_on").last()

    payments.allocate_payment(
        payment, [payments.Part(last.open_item_id, d("59.50"))], actor=world.cash, now=NOW
    )

    assert held(invoice) == (d("50.00"), [d("50.00"), 0])


SAYS = "what_is_held_is_what_the_holds_say"
RAW_HOLD = (
    "INSERT INTO invoices_hold (invoice_id, kind, amount, reason, placed_at)"
    " SELECT id, '{}', {}, 'Raw', now() FROM invoices_invoice"
)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("UPDATE invoices_invoice SET held_amount = 1", SAYS),
        ("UPDATE invoices_invoice SET held_amount = balance + 1", "no_more_of_an_invoice_is_held"),
        ("UPDATE ledger_openitem SET held_amount = 1", SAYS),
        ("UPDATE ledger_openitem SET held_amount = 1; UPDATE invoices_invoice SET held_amount = 1", SAYS),
        (RAW_HOLD.format("manual", 200), "a_new_hold_is_on_what_is_open"),
        (RAW_HOLD.format("dispute", 20), f"{SAYS}|a_hold_of_a_dispute_is_that_of_a_part"),
    ],
)
@pytest.mark.soak("T12")
def test_raw_sql_holds_nothing_without_a_hold(world, sql, name):
    invoice = world.issued("100.00")

    with pytest.raises(IntegrityError, match=name):
        raw(sql)

    assert held(invoice) == (0, [0])
    assert not invoice.holds.exists()


def test_a_released_hold_stays_released(world):
    invoice = world.issued("100.00")
    row = operations.release(hold(world, invoice, "20.00"), actor=world.clerk, now=NOW)

    with pytest.raises(IntegrityError, match="a_hold_is_released_once_and_else_unchanged"):
        raw("UPDATE invoices_hold SET released_at = NULL, released_by_id = NULL")

    row.refresh_from_db()
    assert row.released_at == NOW


def test_a_credit_is_never_held(world):
    payment = world.received("50.00")

    with pytest.raises(IntegrityError, match="only_what_is_owed_to_us_is_held"):
        raw("UPDATE ledger_openitem SET held_amount = 1")

    payment.open_item.refresh_from_db()
    assert payment.open_item.held_amount == 0


@transaction.atomic
def raw(sql: str) -> None:
    """Run it with every check of the database."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
