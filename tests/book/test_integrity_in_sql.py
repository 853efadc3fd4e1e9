"""The database refuses by itself what the operations refuse: raw SQL and ORM (T12, T14, I11)."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from invoices.models import Invoice, Line, Snapshot
from ledger.models import Allocation, Entry, OpenItem
from ledger.queries import faults
from tests.world import TODAY, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def refused(sql: str, *values: object) -> str:
    """Run one statement with every deferred check; the database's own words when it refuses."""
    with pytest.raises(DatabaseError) as refusal:
        _execute(sql, values)
    return str(refusal.value)


@transaction.atomic
def _execute(sql: str, values: tuple[object, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    "change",
    [
        "number = 'X-1'",
        "payable = payable + 1, gross_total = gross_total + 1, net_total = net_total + 1",
        "customer_id = (SELECT min(id) FROM customers_customer WHERE id <> customer_id)",
        "issued_on = issued_on - 1",
        "due_on = due_on + 30",
        "terms = 'NET 90'",
        "currency = 'USD'",
        "po_number = 'PO-2'",
        "notes = 'changed'",
        "document_status = 'draft'",
        "policy_version_id = NULL",
        "created_by_id = NULL",
    ],
)
@pytest.mark.soak("T14")
def test_no_frozen_column_of_an_issued_invoice_changes(world, change):
    make_world()
    invoice = world.issued("100.00")
    before = Invoice.objects.filter(pk=invoice.pk).values().get()

    said = refused(f"UPDATE invoices_invoice SET {change} WHERE id = %s", invoice.pk)

    assert "an_issued_invoice_is_frozen" in said
    assert Invoice.objects.filter(pk=invoice.pk).values().get() == before


@pytest.mark.parametrize("table", ["invoices_line", "invoices_taxgroup", "invoices_instalment"])
@pytest.mark.parametrize(
    "act", ["DELETE FROM {t} WHERE invoice_id = %s", "UPDATE {t} SET id = id WHERE invoice_id = %s"]
)
def test_no_part_of_an_issued_invoice_changes(world, table, act):
    invoice = world.issued("100.00")

    assert "frozen" in refused(act.format(t=table), invoice.pk)


def test_nothing_is_added_to_or_deleted_from_an_issued_invoice(world):
    invoice = world.issued("100.00")
    line = Line.objects.get(invoice=invoice)
    line.pk, line.position = None, 2

    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        line.save(force_insert=True)
    assert "frozen" in refused("DELETE FROM invoices_invoice WHERE id = %s", invoice.pk)
    assert "frozen" in refused("UPDATE invoices_snapshot SET sha256 = '' WHERE invoice_id = %s", invoice.pk)
    assert "frozen" in refused("DELETE FROM invoices_snapshot WHERE invoice_id = %s", invoice.pk)
    assert Snapshot.objects.filter(pk=invoice.pk).exists()


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_line", "ledger_allocation", "trail_entry"])
@pytest.mark.parametrize("act", ["UPDATE {t} SET id = id", "DELETE FROM {t}"])
def test_books_and_trail_are_append_only(world, table, act):
    invoice = world.issued("100.00")
    world.pay(invoice, "10.00")

    assert "append" in refused(act.format(t=table))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["ledger_entry", "ledger_line", "ledger_allocation", "trail_entry"])
def test_books_and_trail_are_not_truncated(table):
    make_world().issued("100.00")

    said = refused(f"TRUNCATE {table} CASCADE")

    assert "append_only" in said or "not_truncated" in said


@pytest.mark.parametrize(
    ("amounts", "functional"),
    [((100, -99), (100, -100)), ((100, -100), (100, -99)), ((100,), (100,)), ((), ())],
    ids=["document", "functional", "one leg", "no legs"],
)
def test_an_unbalanced_entry_is_refused_at_commit(world, amounts, functional):
    def write() -> None:
        entry = Entry.objects.create(
            entity=world.entity,
            on=TODAY,
            kind="test",
            source_type="test",
            source_id=1,
            key="raw",
            text="raw",
            posted_at="2026-01-01T00:00Z",
        )
        for amount, books in zip(amounts, functional, strict=True):
            entry.lines.create(account_id="1000", currency="EUR", amount=amount, functional=books)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match="a_ledger_entry_balances"), transaction.atomic():
        write()

    assert not Entry.objects.filter(key="raw").exists()


@pytest.mark.django_db(transaction=True)
def test_a_posted_entry_gets_no_more_lines():
    world = make_world()
    world.issued("100.00")
    entry = Entry.objects.get()

    said = refused(
        "INSERT INTO ledger_line (entry_id, account_id, currency, amount, functional)"
        " VALUES (%s, '1000', 'EUR', 5, 5), (%s, '4000', 'EUR', -5, -5)",
        entry.pk,
        entry.pk,
    )

    assert "a_posted_entry_gets_no_more_lines" in said


@pytest.mark.parametrize(
    "change",
    [
        "open_amount = 0, open_functional = 0",
        "open_amount = open_amount + 1",
        "open_amount = -1",
        "amount = amount * 2",
        "currency = 'USD'",
        "held_amount = open_amount + 1",
    ],
)
@pytest.mark.soak("T12")
def test_an_open_item_cannot_be_falsified(world, change):
    invoice = world.issued("100.00")
    item = invoice.instalments.get().open_item_id

    refused(f"UPDATE ledger_openitem SET {change} WHERE id = %s", item)

    assert OpenItem.objects.get(pk=item).open_amount == 119
    assert faults() == []


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1000000", "EUR"), ("0", "EUR"), ("-5", "EUR"), ("5", "USD")],
    ids=["too much", "nothing", "negative", "another currency"],
)
def test_a_forged_allocation_is_refused(world, amount, currency):
    invoice = world.issued("100.00")
    payment = world.received("50.00")

    refused(
        "INSERT INTO ledger_allocation (debit_id, credit_id, kind, currency, amount, functional,"
        " credit_functional, \"on\", entry_id) VALUES (%s, %s, 'payment', %s, %s, %s, %s, %s, %s)",
        invoice.instalments.get().open_item_id,
        payment.open_item_id,
        currency,
        Decimal(amount),
        Decimal(amount),
        Decimal(amount),
        TODAY,
        Entry.objects.earliest("id").pk,
    )

    assert not Allocation.objects.exists()


def test_an_allocation_never_joins_two_customers(world):
    other = make_world()
    invoice, payment = world.issued("100.00"), other.received("50.00")

    said = refused(
        "INSERT INTO ledger_allocation (debit_id, credit_id, kind, currency, amount, functional,"
        " credit_functional, \"on\", entry_id) VALUES (%s, %s, 'payment', 'EUR', 5, 5, 5, %s, %s)",
        invoice.instalments.get().open_item_id,
        payment.open_item_id,
        TODAY,
        Entry.objects.earliest("id").pk,
    )

    assert "an_allocation_stays_with_one_entity_and_customer_group" in said


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("UPDATE invoices_invoice SET number = 'X' WHERE id = %s", "only_an_issued_invoice_has_a_number"),
        (
            "UPDATE invoices_invoice SET document_status = 'issued' WHERE id = %s",
            "issued_invoice_is_numbered_and_dated",
        ),
        ("UPDATE invoices_invoice SET tax_total = 1 WHERE id = %s", "net_and_tax_make_the_gross_total"),
        (
            "UPDATE invoices_invoice SET payable = 1 WHERE id = %s",
            "gross_and_rounding_make_the_payable_amount",
        ),
        ("UPDATE invoices_invoice SET document_type = 'credit_note' WHERE id = %s", "a_credit_note"),
        ("UPDATE invoices_line SET unit_price = -1 WHERE invoice_id = %s", "a_unit_price_is_not_negative"),
    ],
)
def test_a_draft_too_keeps_its_invariants(world, sql, name):
    invoice = world.approved("100.00")

    assert name in refused(sql, invoice.pk)
