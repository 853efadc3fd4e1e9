"""Deposits: billed before the supply with tax, taken off the final invoice once, group by group."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from core.errors import Refused
from invoices import operations
from invoices.documents.view import document_view
from invoices.models import Deduction, Invoice
from ledger.models import Line, OpenItem
from ledger.queries import faults
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
D = Decimal
DEPOSIT = Invoice.Type.DEPOSIT


def deposit_of(world, *amounts, **values) -> Invoice:
    """An issued deposit invoice."""
    draft = operations.write_draft(
        world.draft(*amounts, **values), actor=world.clerk, now=NOW, document_type=DEPOSIT
    )
    return operations.issue_invoice(world.approve(draft), actor=world.clerk, now=NOW)


def draft_of(world, *amounts, **values) -> Invoice:
    return operations.write_draft(world.draft(*amounts, **values), actor=world.clerk, now=NOW)


def final_of(world, deposits, *amounts, **values) -> Invoice:
    """An issued invoice that takes the deposits off."""
    draft = draft_of(world, *amounts, **values)
    draft = operations.deduct_deposits(draft, deposits, actor=world.clerk, now=NOW)
    return operations.issue_invoice(world.approve(draft), actor=world.clerk, now=NOW)


def credited(world, invoice) -> Invoice:
    """An issued credit note of all that is left."""
    note = operations.credit_in_full(
        invoice, reason_code="CAN", reason="Order cancelled", actor=world.clerk, now=NOW
    )
    return operations.issue_invoice(world.approve(note), actor=world.clerk, now=NOW)


def booked(invoice) -> dict[str, Decimal]:
    """What the issue of the document posted, by account."""
    found: dict[str, Decimal] = {}
    kind = str(invoice.document_type)
    for line in Line.objects.filter(entry__source_type=kind, entry__source_id=invoice.pk):
        found[line.account_id] = found.get(line.account_id, D(0)) + line.amount
    return {account: amount for account, amount in found.items() if amount}


def left_of_deposits() -> tuple[Decimal, Decimal]:
    rows = Line.objects.filter(account_id="2400").values_list("amount", "functional")
    return sum((a for a, _ in rows), D(0)), sum((f for _, f in rows), D(0))


def test_a_deposit_is_a_liability_until_its_final_invoice(db):
    world = make_world()
    deposit = deposit_of(world, "100.00")
    assert deposit.number.startswith("DEP-")
    assert booked(deposit) == {"1100": D(119), "2400": D(-100), "2200": D(-19)}

    final = final_of(world, [deposit], "1000.00")

    assert booked(final) == {"1100": D(1071), "2400": D(100), "4000": D(-1000), "2200": D(-171)}
    assert (final.gross_total, final.prepaid, final.payable, final.balance) == (
        D(1190), D(119), D(1071), D(1071),
    )  # fmt: skip
    assert left_of_deposits() == (0, 0)
    [named] = final.snapshot.content["deductions"]
    assert named == {
        "number": deposit.number,
        "issued_on": "2026-11-16",
        "net": "100.00",
        "tax": "19.00",
        "gross": "119.00",
    }
    printed = [row.label for row in document_view(final.snapshot.content).totals]
    assert any(deposit.number in label and "19.00" in label for label in printed)
    assert faults() == []


def test_what_may_not_be_deducted_is_refused_and_changes_nothing(db):
    world, other = make_world(), make_world(code="DE2")
    deposit = deposit_of(world, "100.00")
    unissued = operations.write_draft(world.draft("10"), actor=world.clerk, now=NOW, document_type=DEPOSIT)
    dollars = deposit_of(world, "50.00", currency="USD")
    theirs = deposit_of(other, "10.00")
    plain = world.issued("70.00")
    small, large = draft_of(world, "60.00"), draft_of(world, "500.00")
    proforma = operations.write_draft(
        world.draft("500"), actor=world.clerk, now=NOW, document_type=Invoice.Type.PROFORMA
    )
    used = draft_of(world, "900.00")
    operations.deduct_deposits(used, [deposit], actor=world.clerk, now=NOW)
    for draft, wanted, rule in (
        (small, [deposit_of(world, "80.00")], "a_deposit_is_deducted_within_its_tax_group"),
        (large, [deposit], "a_deposit_is_deducted_once"),
        (large, [unissued], "an_issued_deposit_is_deducted"),
        (large, [plain], "an_issued_deposit_is_deducted"),
        (large, [dollars], "a_deposit_is_deducted_from_its_customer"),
        (large, [theirs], "a_deposit_is_deducted_from_its_customer"),
        (proforma, [deposit], "only_an_invoice_deducts_deposits"),
        (plain, [deposit], "issued_invoice_is_immutable"),
    ):
        before = list(Deduction.objects.order_by("pk").values_list("invoice", "deposit"))
        with pytest.raises(Refused) as refusal:
            operations.deduct_deposits(draft, wanted, actor=world.clerk, now=NOW)
        assert refusal.value.rule == rule
        assert list(Deduction.objects.order_by("pk").values_list("invoice", "deposit")) == before
    # The constraint holds against whoever asks past the operation.
    with pytest.raises(IntegrityError, match="a_deposit_is_deducted_once"), transaction.atomic():
        Deduction.objects.create(invoice=large, deposit=deposit, net=1, tax=0, net_functional=1)
    with pytest.raises(Refused) as refusal:
        operations.credit_in_full(deposit, reason_code="CAN", reason="Not", actor=world.clerk, now=NOW)
    assert refusal.value.rule == "a_deducted_deposit_is_not_credited"
    # An edit that bills less than its deposits is refused too; a discarded draft lets go of them.
    with pytest.raises(Refused) as refusal:
        operations.edit_draft(used, world.draft("90.00"), actor=world.clerk, now=NOW)
    assert refusal.value.rule == "a_deposit_is_deducted_within_its_tax_group"
    operations.discard_draft(used, actor=world.clerk, now=NOW)
    assert set(operations.open_deposits(large)) == {deposit, Invoice.objects.get(net_total=80)}


def test_a_deposit_is_credited_in_part_and_the_rest_deducted(db):
    world = make_world()
    deposit = deposit_of(world, "100.00", currency="USD")
    note = operations.write_credit_note(
        deposit, {1: D("33.33")}, reason_code="PRC", reason="Less", actor=world.clerk, now=NOW
    )
    draft = draft_of(world, "1000.00", currency="USD")
    with pytest.raises(Refused) as refusal:
        operations.deduct_deposits(draft, [deposit], actor=world.clerk, now=NOW)
    assert refusal.value.rule == "what_is_left_of_a_deposit_is_known"
    note = operations.issue_invoice(world.approve(note), actor=world.clerk, now=NOW)
    assert booked(note)["2400"] == D("33.33")

    final = final_of(world, [deposit], "1000.00", currency="USD")

    assert final.prepaid == D("119.00") - note.payable
    assert left_of_deposits() == (0, 0)
    assert faults() == []


def test_the_credit_of_a_final_invoice_gives_its_deposits_back(db):
    world = make_world()
    deposit = deposit_of(world, "100.00")
    final = final_of(world, [deposit], "1000.00")
    part = operations.write_credit_note(
        final, {1: D("200.00")}, reason_code="PRC", reason="Less", actor=world.clerk, now=NOW
    )
    operations.issue_invoice(world.approve(part), actor=world.clerk, now=NOW)
    assert not Deduction.objects.exclude(released_by=None).exists()

    note = credited(world, Invoice.objects.get(pk=final.pk))

    assert (note.prepaid, note.payable) == (D(119), D(1190) - 238 - 119)
    assert booked(note)["2400"] == D(-100)
    final.refresh_from_db()
    assert (final.balance, final.settlement_status) == (0, "credited")
    assert Deduction.objects.get().released_by == note
    again = final_of(world, [deposit], "300.00")
    assert again.payable == D(238)
    assert left_of_deposits() == (0, 0)
    assert faults() == []


def test_deposits_that_pay_everything_leave_nothing_to_pay(db):
    world = make_world()
    deposit = deposit_of(world, "100.00")
    world.pay(deposit, "119.00")
    draft = operations.write_final_invoice(deposit, actor=world.clerk, now=NOW)
    assert (draft.document_type, draft.payable) == ("invoice", 0)
    final = operations.issue_invoice(world.approve(draft), actor=world.clerk, now=NOW)

    final = Invoice.objects.get(pk=final.pk)
    assert (final.settlement_status, final.balance, final.next_due_on) == ("paid", 0, None)
    assert booked(final) == {"2400": D(100), "4000": D(-100)}
    assert not OpenItem.objects.filter(reference=final.number).exists()
    assert credited(world, final).payable == 0
    final.refresh_from_db()
    assert final.document_status == "cancelled"
    deposit.refresh_from_db()
    credited(world, deposit)
    assert left_of_deposits() == (0, 0)
    assert faults() == []


def test_an_early_discount_is_none_of_a_deposit_and_takes_only_the_tax_asked_for(db):
    world = make_world()
    deposit = deposit_of(world, "500.00")
    assert deposit.snapshot.content["early_discount"] is None
    final = final_of(world, [deposit], "1000.00")
    # 2 % of the 595.00 that are left, of which 95.00 are tax.
    world.pay(final, "583.10", discount=True)
    final.refresh_from_db()
    assert final.balance == 0
    given = Line.objects.filter(entry__kind="discount", account_id="4100").get()
    assert given.amount == D("10.00")


def test_the_database_keeps_what_an_issued_invoice_took_off(db):
    world = make_world()
    deposit = deposit_of(world, "100.00")
    final_of(world, [deposit], "1000.00")
    for statement in (
        lambda: Deduction.objects.update(net=1),
        lambda: Deduction.objects.all().delete(),
        lambda: Deduction.objects.create(
            invoice=Invoice.objects.get(document_type="invoice"),
            deposit=deposit,
            net=1,
            tax=0,
            net_functional=1,
        ),
    ):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            statement()
