"""Two people at one month end, and matches of a closed month that are undone."""

from decimal import Decimal

import pytest

from closing import operations, queries
from closing.models import JournalExport, Revaluation
from entities.models import ExchangeRate
from ledger.models import Allocation, Entry, Period
from ledger.queries import faults
from payments import operations as payments
from tests.book.test_concurrency import together
from tests.closing.scene import IN_NOVEMBER, IN_OCTOBER, LAST, OCTOBER, close
from tests.world import NOW, TODAY, make_world

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_month_is_revalued_exported_and_closed_once_by_two_at_once():
    world = make_world()
    world.issued("1000.00", currency="USD", now=IN_OCTOBER)
    world.pay(world.issued("100.00", now=IN_OCTOBER), "119.00", now=IN_OCTOBER)
    ExchangeRate.objects.create(currency="USD", functional="EUR", on=LAST, rate=Decimal("0.95"), source="ECB")
    people = (world.controller, world.director)

    def revalue(number: int) -> None:
        operations.revalue_month(world.entity, OCTOBER, actor=people[number], now=IN_NOVEMBER)

    assert together(2, revalue) == []
    assert (Revaluation.objects.count(), Entry.objects.filter(kind__startswith="revaluation").count()) == (
        1,
        2,
    )

    def export(number: int) -> None:
        operations.export_journal(world.entity, OCTOBER, actor=people[number], now=IN_NOVEMBER)

    assert together(2, export) == []
    [made] = JournalExport.objects.all()
    assert made.debit == made.credit

    def shut(number: int) -> None:
        operations.close_month(
            world.entity, OCTOBER, reason="It is known", actor=people[number], now=IN_NOVEMBER
        )

    assert [one.rule for one in together(2, shut)] == ["a_month_is_closed_once"]
    assert Period.objects.get().state == "closed"
    # What was taken out before the closing comes out of the closed month byte for byte.
    again = operations.export_journal(world.entity, OCTOBER, actor=world.controller, now=NOW)
    assert again == made
    assert operations.hash_of(world.entity, OCTOBER, made.last_entry) == made.sha256
    assert faults() == []


@pytest.mark.django_db
def test_a_match_of_a_closed_month_is_undone_today_and_the_month_stays_as_it_was():
    world = make_world()
    invoice = world.issued("100.00", now=IN_OCTOBER)
    world.pay(invoice, "119.00", now=IN_OCTOBER)
    close(world, reason="It is known")
    before = queries.journal_bytes(world.entity, OCTOBER, Entry.objects.latest("pk").pk)
    kept = b"".join(before)

    payments.undo_allocation(
        Allocation.objects.get(kind="payment"), reason="Wrong invoice", actor=world.cash, now=NOW
    )

    assert Allocation.objects.latest("pk").on == TODAY
    assert b"".join(queries.journal_bytes(world.entity, OCTOBER, Entry.objects.latest("pk").pk)) == kept
    assert faults() == []
