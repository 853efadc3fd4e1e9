"""Sums per day: exact for every filter they answer, folded beside writers, and found out when they lie."""

import itertools
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from core.errors import DomainError
from invoices import queries as invoices
from ledger import book, day_sums
from ledger.models import DaySum
from ledger.queries import faults
from payments import operations, queries
from tests.book.test_concurrency import together
from tests.world import NOW, TODAY, make_world

LATE = NOW - timedelta(days=70)


def busy_world():
    """Documents of two days in three currencies: owed, part paid, paid, credited, returned, waiting."""
    world = make_world()
    paid = world.issued("100.00", now=LATE)
    world.pay(paid, "119.00")
    part = world.issued("200.00", now=LATE, currency="USD")
    world.issued("300.00", po_number="A")
    world.issued("4000", currency="JPY", po_number="B")
    world.draft("50.00")
    world.approved("70.00", po_number="C")
    operations.bounce_payment(world.received("19.00"), on=TODAY, reason="Returned", actor=world.cash, now=NOW)
    world.received("23.00", method="card")
    world.received("11.00", customer=None)
    assert part.balance == Decimal("238.00")
    return world


@pytest.mark.django_db
def test_totals_from_sums_are_those_of_the_rows_under_every_filter():
    world = busy_world()
    days = [None, LATE.date(), TODAY]
    compared = 0
    for status, currency, since, until in itertools.product(
        ("", "open", "paid"), ("", "EUR", "USD"), days, days
    ):
        filters = invoices.Filters(
            today=TODAY, status=status, currency=currency, issued_from=since, issued_to=until
        )
        by_rows = invoices.totals_of(invoices.listing(world.controller, filters))
        assert invoices.totals(world.controller, filters) == by_rows
        compared += len(by_rows)
    for method, currency, since, until in itertools.product(("", "card"), ("", "EUR"), days, days):
        wanted = queries.Filters(method=method, currency=currency, since=since, until=until)
        by_rows = queries.totals_of(queries.listing(world.cash, wanted))
        assert queries.totals(world.cash, wanted) == by_rows
        compared += len(by_rows)
    for bucket, currency in itertools.product(("", "overdue", *book.BUCKET_NAMES), ("", "EUR")):
        asked = book.ItemFilters(bucket=bucket, currency=currency)
        by_rows = book.item_totals(book.items(world.cash, asked, NOW))
        assert book.open_totals(world.cash, asked, NOW) == by_rows
        compared += len(by_rows)
    assert compared > 60  # the filters found something to compare


@pytest.mark.django_db(transaction=True)
def test_folding_beside_writers_loses_and_doubles_nothing():
    world = make_world()
    ids = [world.approved(f"{100 + n}.00", po_number=str(n)) for n in range(12)]

    def act(number: int) -> None:
        if number % 2:
            for _ in range(30):
                day_sums.fold_day_sums()
            return
        for invoice in ids[number // 2 :: 3]:
            issued = world_issue(world, invoice)
            world.pay(issued, "50.00")

    raised = together(6, act)

    assert [one for one in raised if not isinstance(one, DomainError)] == []
    assert faults() == []
    assert DaySum.objects.filter(kind="receipt").exists()
    day_sums.fold_day_sums()
    keys = list(DaySum.objects.values_list("kind", "part", "entity", "currency", "day"))
    assert len(keys) == len(set(keys))
    assert faults() == []
    assert day_sums.fold_day_sums() == 0


def world_issue(world, invoice):
    """Issue one approved document."""
    from invoices import operations as acts

    return acts.issue_invoice(invoice, actor=world.clerk, now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("lie", ["UPDATE ledger_daysum SET amount = amount + 1", "DELETE FROM ledger_daysum"])
def test_a_sum_that_lies_is_found(lie):
    make_world().issued("100.00")
    assert faults() == []

    with connection.cursor() as cursor:
        cursor.execute(lie)

    assert "sums per day" in faults()[0]


@pytest.mark.django_db
def test_reversed_and_made_again_the_migrations_count_what_is_there():
    """The first filling says what the triggers would have said."""
    busy_world()
    day_sums.fold_day_sums()
    kept = sorted(DaySum.objects.values_list("kind", "part", "currency", "day", "n", "amount", "balance"))
    from importlib import import_module

    fills = [
        import_module(f"{app}.migrations.{name}").FORWARD.split("stays summed.\n")[1]
        for app, name in (
            ("ledger", "0004_day_sums"),
            ("invoices", "0006_day_sums"),
            ("payments", "0003_day_sums"),
        )
    ]
    DaySum.objects.all().delete()
    with connection.cursor() as cursor:
        for fill in fills:
            cursor.execute(fill)

    found = sorted(DaySum.objects.values_list("kind", "part", "currency", "day", "n", "amount", "balance"))
    assert found == kept
    assert faults() == []
