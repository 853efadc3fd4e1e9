"""Documents made from others: copies for today, the invoice of a pro-forma, several drafts in one."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import Refused
from invoices import bulk, operations
from invoices.documents.view import document_view
from invoices.inputs import LineInput
from invoices.models import Invoice
from ledger.models import Entry, OpenItem
from ledger.queries import faults
from metrics.queries import _figures
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
D = Decimal
LATER = datetime(2027, 1, 12, 9, tzinfo=UTC)


def proforma_of(world, *amounts, now=NOW, **values) -> Invoice:
    draft = operations.write_draft(
        world.draft(*amounts, **values),
        actor=world.clerk,
        now=now,
        document_type=Invoice.Type.PROFORMA,
    )
    return operations.issue_invoice(world.approve(draft, now=now), actor=world.clerk, now=now)


def test_a_copy_moves_periods_and_takes_the_prices_of_today(db):
    world = make_world()
    listed = LineInput(
        "Consulting", D(4), D(120), item=world.item,
        period_from=date(2026, 10, 1), period_to=date(2026, 10, 31),
    )  # fmt: skip
    typed = LineInput("Agreed apart", D(1), D(99), item=world.item)
    given = replace(
        world.draft("50"),
        lines=(listed, typed),
        supply_from=date(2026, 10, 1),
        supply_to=date(2026, 10, 31),
        planned_on=date(2026, 11, 20),
        overrides={"duplicate": "meant"},
        po_number="PO-7",
    )
    original = operations.write_draft(given, actor=world.clerk, now=NOW)
    old = world.item.prices.get()
    old.valid_to = date(2026, 12, 31)
    old.save()
    world.item.prices.create(currency="EUR", unit_price=D(135), valid_from=date(2027, 1, 1))

    made = operations.copy_forward(original, actor=world.clerk, now=LATER)

    copy = made.invoice
    assert (made.repriced, made.months, copy.document_status) == (1, 2, "draft")
    assert [line.unit_price for line in copy.lines.all()] == [D(135), D(99)]
    assert (copy.supply_from, copy.supply_to) == (date(2026, 12, 1), date(2026, 12, 31))
    assert copy.lines.first().period_to == date(2026, 12, 31)
    assert (copy.planned_on, copy.overrides, copy.po_number) == (None, {}, "PO-7")


def test_many_are_copied_by_a_job_and_credit_notes_are_left_out(db):
    world = make_world()
    invoice, deposit = (
        world.issued("100.00"),
        operations.write_draft(
            world.draft("10"), actor=world.clerk, now=NOW, document_type=Invoice.Type.DEPOSIT
        ),
    )
    note = operations.credit_in_full(
        invoice, reason_code="CAN", reason="Order cancelled", actor=world.clerk, now=NOW
    )
    rows = Invoice.objects.filter(pk__in=[invoice.pk, deposit.pk, note.pk])
    plan = bulk.plan("copy", rows, now=NOW)
    assert ([group.reason for group in plan.skipped], len(plan.taken)) == (["a credit note"], 2)
    job = bulk.run(bulk.ask(plan, actor=world.clerk, now=NOW).pk)
    assert (job.state, job.done, job.failed) == ("done", 2, 0)
    copies = Invoice.objects.exclude(pk__in=rows.values("pk")).order_by("pk")
    assert [copy.document_type for copy in copies] == ["invoice", "deposit"]


def test_a_proforma_has_its_own_number_and_is_booked_nowhere(db):
    world = make_world()
    proforma = proforma_of(world, "200.00")

    assert proforma.number.startswith("PF-")
    row = Invoice.objects.get(pk=proforma.pk)
    assert (row.balance, row.next_due_on, row.instalments.get().open_item) == (0, None, None)
    assert not Entry.objects.exists()
    assert not OpenItem.objects.exists()
    assert _figures._sold({world.entity.pk: world.entity}, NOW.date()) == []
    page = document_view(proforma.snapshot.content)
    assert page.watermark == "Pro-forma invoice"
    assert "Pro-forma - not a tax invoice" in page.tax_notes
    for act, rule in (
        (lambda: operations.rebill(row, None, actor=world.clerk, now=NOW), "a_proforma_bills_nothing"),
        (
            lambda: operations.credit_in_full(
                row, reason_code="CAN", reason="No more", actor=world.clerk, now=NOW
            ),
            "a_proforma_bills_nothing",
        ),
        (
            lambda: operations.hold(row, D(1), reason="No", actor=world.lead, now=NOW),
            "a_hold_is_on_an_open_amount",
        ),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.rule == rule
    with pytest.raises(IntegrityError, match="a_proforma_is_never_owed"), transaction.atomic():
        Invoice.objects.filter(pk=row.pk).update(balance=1)
    assert faults() == []


def test_a_proforma_becomes_one_invoice(db):
    world = make_world()
    proforma = proforma_of(world, "200.00", supply_from=date(2026, 12, 1), supply_to=date(2026, 12, 31))
    made = operations.invoice_of_proforma(proforma, actor=world.clerk, now=NOW)
    assert (made.document_type, made.made_from, made.payable) == ("invoice", proforma, proforma.payable)
    assert made.supply_to == date(2026, 12, 31)
    with pytest.raises(Refused) as refusal:
        operations.invoice_of_proforma(proforma, actor=world.clerk, now=NOW)
    assert refusal.value.rule == "a_proforma_becomes_one_invoice"
    operations.discard_draft(made, actor=world.clerk, now=NOW)
    again = operations.invoice_of_proforma(proforma, actor=world.clerk, now=NOW)
    issued = operations.issue_invoice(world.approve(again), actor=world.clerk, now=NOW)
    assert issued.number.startswith("INV-")
    with pytest.raises(IntegrityError, match="a_proforma_becomes_one_invoice"), transaction.atomic():
        Invoice.objects.filter(pk=made.pk).update(document_status="draft")
    with pytest.raises(Refused) as refusal:
        operations.invoice_of_proforma(issued, actor=world.clerk, now=NOW)
    assert refusal.value.rule == "an_issued_proforma_becomes_an_invoice"


def test_a_proforma_is_sent_in_its_own_words(db):
    world = make_world()
    proforma = proforma_of(world, "200.00")
    operations.send_invoice(proforma, actor=world.clerk, now=NOW)
    said = operations.variables_of(proforma.snapshot.content, "Kestrel")
    assert (said["amount"].value, said["document_number"]) == (proforma.payable, proforma.number)


def test_drafts_of_a_customer_are_gathered_into_one(db):
    world = make_world()
    days = {"supply_from": date(2026, 11, 1), "supply_to": date(2026, 11, 30)}
    one = world.approved("100.00", po_number="PO-1", **days)
    two = operations.write_draft(world.draft("30.00", "20.00", po_number="PO-2"), actor=world.clerk, now=NOW)
    dollars = operations.write_draft(world.draft("5.00", currency="USD"), actor=world.clerk, now=NOW)
    waiting = operations.submit_invoice(
        operations.write_draft(world.draft("4999.00"), actor=world.clerk, now=NOW), actor=world.clerk, now=NOW
    )
    issued = world.issued("7.00")
    plan = bulk.plan("gather", Invoice.objects.all(), now=timezone.now())
    reasons = {group.reason: list(group.invoices) for group in plan.skipped}
    assert reasons == {
        "issued or discarded": [issued],
        "nothing alike of this customer is chosen": [dollars],
        "waiting for approval": [waiting],
    }
    with pytest.raises(Refused) as refusal:
        operations.gather_drafts([two, dollars], actor=world.clerk, now=NOW)
    assert refusal.value.rule == "gathered_drafts_are_alike"

    job = bulk.run(bulk.ask(plan, actor=world.clerk, now=timezone.now()).pk)

    assert (job.state, job.done, job.failed) == ("done", 2, 0)
    made = Invoice.objects.latest("pk")
    assert (made.net_total, made.document_status, made.po_number) == (D(150), "draft", "")
    lines = list(made.lines.values_list("description", "detail", "period_to"))
    assert lines == [
        ("Work package 1", "PO PO-1", date(2026, 11, 30)),
        ("Work package 1", "PO PO-2", None),
        ("Work package 2", "PO PO-2", None),
    ]
    for row in (one, two):
        row.refresh_from_db()
        assert row.document_status == "discarded"
