"""Issuing: number, freeze, post; and everything that refuses it."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from invoices import operations
from invoices.models import Invoice
from invoices.operations import InvoiceNotIssuable
from ledger.models import Entry, Line, OpenItem
from ledger.queries import faults
from tests.world import NOW, TODAY, make_world
from trail.queries import entries_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def test_an_issued_invoice_is_numbered_dated_posted_and_frozen(world):
    invoice = world.issued("100.00", "50.00")

    invoice.refresh_from_db()
    assert invoice.number == "INV-2026-00001"
    assert (invoice.issued_on, invoice.due_on, invoice.next_due_on) == (
        TODAY,
        date(2026, 12, 16),
        date(2026, 12, 16),
    )
    assert (invoice.net_total, invoice.tax_total, invoice.payable) == (
        Decimal(150),
        Decimal("28.50"),
        Decimal("178.50"),
    )
    assert (invoice.balance, invoice.settlement_status) == (Decimal("178.50"), "open")
    assert invoice.snapshot.content["number"] == invoice.number
    assert invoice.snapshot.content["totals"]["due"] == "178.50"
    entry = Entry.objects.get(key=f"invoice:{invoice.pk}:issued")
    lines = {line.account_id: line.amount for line in entry.lines.all()}
    assert lines == {"1100": Decimal("178.50"), "4000": Decimal(-150), "2200": Decimal("-28.50")}
    assert faults() == []
    assert "invoice.issued" in [entry.fact for entry in entries_of(invoice)]


def test_numbers_follow_each_other_without_gap(world):
    numbers = [
        world.issued("10.00", po_number=str(n), overrides={"duplicate": "x" * 9}).number for n in range(3)
    ]

    assert numbers == ["INV-2026-00001", "INV-2026-00002", "INV-2026-00003"]


def test_a_refused_issue_leaves_no_gap_and_no_trace(world):
    ready, other = world.approved("10.00"), world.draft("20.00")
    draft = operations.write_draft(other, actor=world.clerk, now=NOW)
    entries = Entry.objects.count()

    with pytest.raises(InvoiceNotIssuable, match="not approved"):
        operations.issue_invoice(draft, actor=world.clerk, now=NOW)
    issued = operations.issue_invoice(ready, actor=world.clerk, now=NOW)

    draft.refresh_from_db()
    assert (draft.document_status, draft.number) == ("draft", None)
    assert issued.number == "INV-2026-00001"
    assert Entry.objects.count() == entries + 1


def test_it_is_issued_once(world):
    invoice = world.issued("10.00")

    with pytest.raises(InvoiceNotIssuable):
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)

    assert Invoice.objects.filter(number__isnull=False).count() == 1
    assert OpenItem.objects.count() == 1


def test_an_edit_after_approval_voids_it(world):
    invoice = world.approved("10.00")

    operations.edit_draft(invoice, world.draft("99.00"), actor=world.clerk, now=NOW)

    with pytest.raises(InvoiceNotIssuable):
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)
    invoice.refresh_from_db()
    assert (invoice.document_status, invoice.approved_hash) == ("draft", "")


def test_content_changed_behind_the_approval_is_not_issued(world):
    invoice = world.approved("10.00")
    Invoice.objects.filter(pk=invoice.pk).update(po_number="PO-SMUGGLED")

    with pytest.raises(InvoiceNotIssuable, match="not what was approved"):
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)

    assert Line.objects.count() == 0


@pytest.mark.parametrize(
    ("days", "match"), [(1, "planned for"), (-3, "dated back")], ids=["tomorrow", "without the right"]
)
def test_the_day_of_issue_is_refused_when_it_is_not_today(world, days, match):
    invoice = world.approved(
        "10.00", planned_on=TODAY + timedelta(days=days), backdate_reason="Supplied then"
    )

    with pytest.raises(InvoiceNotIssuable, match=match):
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)

    invoice.refresh_from_db()
    assert invoice.number is None


def test_a_controller_dates_back_with_a_reason(world):
    invoice = world.approved(
        "10.00", planned_on=TODAY - timedelta(days=3), backdate_reason="Supplied last week"
    )

    issued = operations.issue_invoice(invoice, actor=world.controller, now=NOW)

    assert issued.issued_on == TODAY - timedelta(days=3)


def test_the_entity_decides_the_day(world):
    """23:30 UTC in Berlin is the next day, and in December the next fiscal year."""
    late = NOW.replace(month=12, day=31, hour=23, minute=30)

    invoice = world.issued("10.00", now=late)

    assert (invoice.issued_on, invoice.number) == (date(2027, 1, 1), "INV-2027-00001")


def test_dates_never_run_back_in_a_series(world):
    first = world.approved("10.00", planned_on=TODAY - timedelta(days=2), backdate_reason="Supplied then")
    world.issued("20.00")
    Invoice.objects.filter(pk=first.pk).update(backdate_reason="")

    with pytest.raises(InvoiceNotIssuable):
        operations.issue_invoice(first, actor=None, now=NOW)


def test_a_batch_issues_what_it_can_and_says_why_not(world):
    good = [world.approved("10.00", po_number=f"A{n}", overrides={"duplicate": "ok ok"}) for n in range(3)]
    bad = operations.write_draft(world.draft("5.00"), actor=world.clerk, now=NOW)

    done = operations.issue_invoices([*(i.pk for i in good), bad.pk], actor=world.clerk, now=NOW)

    assert [i.number for i in done.invoices] == [f"INV-2026-0000{n}" for n in (1, 2, 3)]
    assert list(done.refused) == [bad.pk]
    assert faults() == []


def test_foreign_currency_keeps_both_sums_at_zero(world):
    invoice = world.issued("1000.00", currency="USD")

    item = invoice.instalments.get().open_item
    assert (item.amount, item.functional_amount) == (Decimal(1190), Decimal("1094.80"))
    assert faults() == []
