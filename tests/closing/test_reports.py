"""Revaluation, journal and tax report: what they say equals the book, whenever they are asked."""

import hashlib
import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from closing import operations, queries
from closing.models import JournalExport, Revaluation
from closing.operations import MonthNotOver
from closing.queries import revaluation_of, tax_report
from core.errors import Invalid
from entities.models import ExchangeRate
from invoices import operations as invoices
from invoices.inputs import LineInput
from ledger.day_end import control_differences, tax_movements
from ledger.models import Allocation, Entry, Line
from ledger.queries import faults
from payments import operations as payments
from payments.models import WriteOff
from tests.closing.scene import IN_NOVEMBER, IN_OCTOBER, LAST, OCTOBER, close
from tests.invoices.test_deposits import credited, deposit_of, final_of
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
D = Decimal
NEXT = LAST + timedelta(days=1)


@pytest.fixture
def world():
    return make_world()


def rate(currency: str, value: str, on: date = LAST) -> None:
    ExchangeRate.objects.create(currency=currency, functional="EUR", on=on, rate=D(value), source="test")


def unrealised(on: date) -> Decimal:
    rows = Line.objects.filter(account="4920", entry__on=on).aggregate(s=Sum("functional"))
    return -(rows["s"] or D(0))


def revalue(world, *, now=IN_NOVEMBER) -> list[Revaluation]:
    return operations.revalue_month(world.entity, OCTOBER, actor=world.controller, now=now)


# ------------------------------------------------------------------------------------------- revaluation
def test_open_foreign_items_stand_at_the_closing_rate_for_one_day(world):
    """What is owed to us and by us in dollars, booked at 0.92, stands at 0.95 on the last day."""
    owed = world.issued("1000.00", currency="USD", now=IN_OCTOBER)
    world.received("80.00", currency="USD", now=IN_OCTOBER)
    world.issued("500.00", now=IN_OCTOBER)
    later = world.issued("10.00", currency="USD", now=IN_NOVEMBER)
    rate("USD", "0.95")

    [done] = revalue(world)

    item, total = owed.instalments.get().open_item, owed.payable
    expected = (total * D("0.95")).quantize(D("0.01")) - item.functional_amount - D("2.40")
    assert (done.items, done.gain, done.rate_on) == (2, expected, LAST)
    assert (unrealised(LAST), unrealised(NEXT)) == (expected, -expected)
    assert (done.reversal.reversal_of, done.reversal.on) == (done.entry, NEXT)
    assert later.pk not in done.entry.lines.values_list("item__instalment__invoice", flat=True)
    # What a statement or an ageing says does not move, and the book proves itself.
    assert faults() == []
    assert control_differences(world.entity.pk, LAST) == []


def test_run_again_it_posts_nothing_and_after_a_change_only_the_change(world):
    world.issued("1000.00", currency="USD", now=IN_OCTOBER)
    rate("USD", "0.95")
    [first] = revalue(world)

    assert revalue(world) == []
    rate("USD", "0.97", on=LAST - timedelta(days=1))
    assert revalue(world) == []
    world.received("190.00", currency="USD", now=IN_OCTOBER)
    [second] = revalue(world)

    assert (second.run, second.items) == (2, 1)
    assert unrealised(LAST) == first.gain + second.gain == -unrealised(NEXT)
    assert second.gain == -(D("190") * D("0.95") - D("190") * D("0.92"))
    assert [row.changed for row in revaluation_of(world.entity, OCTOBER)] == [[]]
    assert Entry.objects.filter(kind__startswith="revaluation").count() == 4


def test_what_is_paid_later_still_settles_at_its_own_rate(world):
    invoice = world.issued("1000.00", currency="USD", now=IN_OCTOBER)
    rate("USD", "0.95")
    revalue(world)
    rate("USD", "0.90", on=NOW.date())
    payment = world.received(str(invoice.payable), currency="USD")
    part = payments.Part(invoice.instalments.get().open_item_id, invoice.payable)

    payments.allocate_payment(payment, [part], actor=world.cash, now=NOW)

    realised = Line.objects.filter(account="4910").aggregate(s=Sum("functional"))["s"]
    assert realised == invoice.payable_functional - payment.functional_amount
    assert Line.objects.filter(account="4920").aggregate(s=Sum("functional"))["s"] == 0
    assert faults() == []


def test_a_running_month_and_a_missing_rate_are_refused(world):
    with pytest.raises(MonthNotOver):
        revalue(world, now=IN_OCTOBER)
    invoice = world.issued("1000.00", currency="USD", now=IN_OCTOBER)
    ExchangeRate.objects.filter(currency="USD").delete()
    before = Entry.objects.count()

    with pytest.raises(Invalid) as refusal:
        revalue(world)

    assert refusal.value.rule == "an_exchange_rate_is_known"
    assert (Entry.objects.count(), Revaluation.objects.count()) == (before, 0)
    [row] = queries.point("revaluation", world.entity, OCTOBER, user=world.controller).rows
    assert "USD" in row.what
    assert invoice.number


# ---------------------------------------------------------------------------------------------- journal
def file_of(export: JournalExport) -> bytes:
    return b"".join(queries.journal_bytes(export.entity, export.month, export.last_entry))


def test_the_journal_balances_and_is_the_same_byte_for_byte_whenever_it_is_made(world):
    world.pay(world.issued("100.00", now=IN_OCTOBER), "119.00", now=IN_OCTOBER)
    world.issued("50.00", now=IN_NOVEMBER)
    first = operations.export_journal(world.entity, OCTOBER, actor=world.controller, now=IN_NOVEMBER)
    content = file_of(first)

    again = operations.export_journal(world.entity, OCTOBER, actor=world.lead, now=NOW)
    assert again == first
    assert hashlib.sha256(content).hexdigest() == first.sha256
    # A late posting and new names make another file; the old one stays what it was.
    world.received("7.00", now=IN_OCTOBER)
    type(world.entity).objects.filter(pk=world.entity.pk).update(name="Renamed")
    type(world.customer).objects.filter(pk=world.customer.pk).update(name="Renamed")
    later = operations.export_journal(world.entity, OCTOBER, actor=world.controller, now=NOW)

    assert later.last_entry > first.last_entry
    assert file_of(first) == content
    rows = [line.split(",") for line in content.decode("utf-8-sig").splitlines()]
    head, lines = rows[0], rows[1:]
    debit, credit = (sum(D(row[head.index(name)]) for row in lines) for name in ("debit", "credit"))
    assert debit == credit == first.debit == first.credit
    assert {row[head.index("date")][:7] for row in lines} == {"2026-10"}
    assert (len(lines), first.entries) == (first.lines, 3)


# --------------------------------------------------------------------------------------------------- tax
def _month(world, dice: random.Random, count: int) -> None:
    """A month of documents and what became of them: credited, cancelled, paid early, written off, undone."""
    for number in range(count):
        now = IN_OCTOBER + timedelta(hours=number)
        currency = dice.choice((world.entity.functional_currency, "USD"))
        classes = dice.choice((("standard",), ("standard", "reduced"), ("standard", "standard")))
        lines = tuple(_line(dice, f"Part {n} of {number}", one) for n, one in enumerate(classes))
        draft = world.draft(currency=currency, lines=lines)
        invoice = world.approve(invoices.write_draft(draft, actor=world.clerk, now=now), now=now)
        invoice = invoices.issue_invoice(invoice, actor=world.clerk, now=now)
        dice.choice((_nothing, _credit_all, _credit_some, _pay_early, _give_up))(world, invoice, dice, now)


def _line(dice: random.Random, name: str, tax_class: str) -> LineInput:
    price = D(dice.randint(100, 99999)) / 100
    return LineInput(name, D(dice.randint(1, 9)), price, tax_class=tax_class, unit="h", hsn="998332")


def _nothing(world, invoice, dice, now) -> None:
    pass


def _credit_all(world, invoice, dice, now) -> None:
    note = invoices.credit_in_full(
        invoice, reason_code="PRC", reason="The price was wrong.", actor=world.clerk, now=now
    )
    invoices.issue_invoice(world.approve(note, now=now), actor=world.clerk, now=now)


def _credit_some(world, invoice, dice, now) -> None:
    wanted = {1: (invoice.lines.first().net * D("0.37")).quantize(D("0.01"))}
    note = invoices.write_credit_note(
        invoice, wanted, reason_code="PRC", reason="A part was wrong.", actor=world.clerk, now=now
    )
    invoices.issue_invoice(world.approve(note, now=now), actor=world.clerk, now=now)


def _pay_early(world, invoice, dice, now) -> None:
    payment = world.received(str(invoice.payable), currency=invoice.currency, now=now)
    item = invoice.instalments.get().open_item
    paid = (invoice.payable * D("0.98")).quantize(D("0.01"))
    payments.allocate_payment(payment, [payments.Part(item.pk, paid)], actor=world.cash, now=now)
    if dice.random() < 0.4:
        row = Allocation.objects.filter(debit=item, kind="payment").latest("pk")
        payments.undo_allocation(row, reason="Wrong invoice", actor=world.cash, now=now)


def _give_up(world, invoice, dice, now) -> None:
    row = payments.request_write_off(
        invoice, invoice.payable, reason="Nobody answers any more.", actor=world.lead, now=now
    )
    row = payments.approve_write_off(row, actor=world.director, now=now)
    if dice.random() < 0.4:
        payments.recover_write_off(WriteOff.objects.get(pk=row.pk), actor=world.cash, now=now)


INDIA = {
    "country": "IN",
    "state_code": "27",
    "functional_currency": "INR",
    "holiday_region": "IN",
    "time_zone": "Asia/Kolkata",
    "tax_rounding": "line",
}


@pytest.mark.parametrize(("seed", "seller"), [(1, {}), (2, {}), (3, INDIA)], ids=["DE", "DE again", "IN"])
def test_the_tax_report_equals_the_ledger_in_any_month(seed, seller):
    world = make_world(**seller)
    _month(world, random.Random(seed), 9)

    report = tax_report(world.entity, OCTOBER)

    posted = tax_movements(world.entity.pk, OCTOBER, LAST)
    assert report.equals_ledger, report.accounts
    assert report.unexplained == []
    assert {one.code: one.reported for one in report.accounts} == {k: v for k, v in posted.items() if v}
    assert report.tax == sum(posted.values())
    assert any(line.tax for line in report.lines)
    for line in report.lines:
        documents = queries.documents_of(world.entity, OCTOBER, line.key)
        changes = queries.changes_of_line(world.entity, OCTOBER, line.key)
        every = [*documents, *changes]
        assert (sum(one.base for one in every), sum(one.tax for one in every)) == (line.base, line.tax)
        assert (len(documents), len(changes)) == (line.documents, line.changes)
    if seller:
        assert {line.key.component for line in report.lines} == {"CGST", "SGST"}
        by_component = {line.key.component: line.base for line in report.lines if line.key.rate == 18}
        assert by_component["CGST"] == by_component["SGST"]
    assert faults() == []


def test_the_tax_of_a_deposit_counts_once(world):
    """Deposit and final invoice bear the tax of the supply; a credited final invoice leaves the deposit."""
    november = OCTOBER.replace(month=11)
    final = final_of(world, [deposit_of(world, "100.00")], "1000.00")

    billed = tax_report(world.entity, november)
    credited(world, final)
    left = tax_report(world.entity, november)

    assert (billed.equals_ledger, billed.tax, billed.base) == (True, D(190), D(1000))
    assert (left.equals_ledger, left.tax, left.base) == (True, D(19), D(100))


def test_a_posting_on_a_tax_account_without_a_document_stops_the_closing(world):
    from ledger import operations as ledger
    from ledger.rules import Leg

    world.issued("100.00", now=IN_OCTOBER)
    stray = ledger.Posting(
        entity_id=world.entity.pk,
        customer_id=None,
        currency="EUR",
        on=LAST,
        kind="manual",
        source=ledger.Source("manual", 1, "stray"),
        text="Nobody knows what this is",
        legs=[Leg("2200", D(-5), D(-5)), Leg("4990", D(5), D(5))],
        items={},
    )
    ledger.post([stray], actor=world.controller, now=IN_NOVEMBER)

    report = tax_report(world.entity, OCTOBER)

    assert [(one.code, one.difference) for one in report.accounts] == [("2200", D(5))]
    assert [one.entry.text for one in report.unexplained] == ["Nobody knows what this is"]
    with pytest.raises(operations.NotToClose) as refusal:
        close(world, reason="Never mind")
    assert [one["rule"] for one in refusal.value.problems] == ["month_end_tax"]
