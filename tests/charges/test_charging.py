"""Late charges are debit notes of their own, worked out from the ledger, once."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum

from charges import offers, operations, queries
from charges.models import Charge, ChargePart
from charges.rules import Debt, StepCharge, Terms, fee_limit
from core.errors import DomainError
from customers.models import Customer
from invoices import operations as invoices
from invoices.models import Invoice
from ledger.models import Line
from tests.charges.scene import ISSUED, LATER, late_invoice, late_world
from trail.models import Entry

pytestmark = pytest.mark.django_db
UNTIL = date(2025, 4, 1)
# 1,190 with tax, 59 days after 1 February at 2.27 + 9 percent.
FULL = Decimal("21.68")


@pytest.fixture
def world():
    return late_world()


def charge(invoice, world, kind="interest", on=UNTIL, now=LATER):
    return operations.charge_late(invoice, kind=kind, on=on, actor=world.clerk, now=now)


def booked(document, account):
    lines = Line.objects.filter(entry__source_type=document.document_type, entry__source_id=document.pk)
    return lines.filter(account_id=account).aggregate(s=Sum("amount"))["s"] or Decimal(0)


def test_interest_is_a_debit_note_outside_vat_on_its_own_account(world):
    invoice = late_invoice(world)

    made = charge(invoice, world)

    note = made.document
    assert (note.document_type, note.document_status) == ("debit_note", "issued")
    assert note.number.startswith("DN-")
    assert (note.payable, note.tax_total, note.balance) == (FULL, 0, FULL)
    assert (booked(note, "1100"), booked(note, "4300"), booked(note, "4000")) == (FULL, -FULL, 0)
    invoice.refresh_from_db()
    assert (invoice.payable, invoice.balance) == (1190, 1190)
    [line] = note.lines.all()
    assert line.category == "O"
    assert "11.27%" in line.detail
    assert "59 days" in line.detail
    assert str(invoice.number) in line.description


def test_the_fixed_sum_is_charged_once_per_instalment_whatever_the_day(world):
    invoice = late_invoice(world)

    made = charge(invoice, world, "fixed_sum")

    assert (made.amount, made.document.payable) == (40, 40)
    with pytest.raises(operations.NotChargeable):
        charge(invoice, world, "fixed_sum", on=UNTIL + timedelta(days=30), now=LATER + timedelta(days=30))
    assert Charge.objects.count() == 1


def test_the_same_days_are_charged_once_and_later_days_alone(world):
    invoice = late_invoice(world)
    first = charge(invoice, world)

    with pytest.raises(operations.NotChargeable):
        charge(invoice, world)
    second = charge(invoice, world, on=date(2025, 5, 1), now=LATER + timedelta(days=30))

    at_once = Decimal("32.70")  # 89 days
    assert first.amount + second.amount == at_once
    [part] = second.parts.all()
    assert [(row["start"], row["end"]) for row in part.working] == [("2025-04-02", "2025-05-01")]


def test_a_part_payment_counts_from_the_day_after_the_money_came(world):
    invoice = late_invoice(world)
    # The money came on 3 March and was entered four weeks later, in the next open month of the book.
    payment = world.received("600", now=LATER, received_on=date(2025, 3, 3), posted_on=UNTIL)
    from payments import operations as payments

    part = payments.Part(invoice.instalments.get().open_item_id, Decimal(600))
    payments.allocate_payment(payment, [part], actor=world.cash, now=LATER, grant_discount=False)

    [row_before, row_after] = charge(invoice, world).parts.get().working

    assert (row_before["end"], row_before["principal"]) == ("2025-03-03", "1190.0000")
    assert (row_after["start"], row_after["principal"]) == ("2025-03-04", "590.0000")


def test_interest_of_a_paid_invoice_is_not_lost(world):
    invoice = late_invoice(world)
    world.pay(invoice, "1190", now=LATER)
    invoice.refresh_from_db()
    assert invoice.settlement_status == "paid"

    assert charge(invoice, world, on=date(2025, 6, 1), now=LATER + timedelta(days=61)).amount == FULL


def test_what_is_disputed_is_left_out_and_caught_up_when_the_dispute_is_rejected(world):
    invoice = late_invoice(world)
    row = invoices.hold(invoice, amount=Decimal(190), reason="Price", actor=world.clerk, now=ISSUED)

    first = charge(invoice, world)
    assert first.amount == Decimal("18.22")

    invoices.release(row, actor=world.clerk, now=LATER)
    later = LATER + timedelta(days=30)
    second = charge(invoice, world, on=date(2025, 5, 1), now=later)

    assert first.amount + second.amount == Decimal("32.70")
    assert second.parts.get().correction == FULL - first.amount


def test_a_credit_note_says_it_was_never_owed(world):
    invoice = late_invoice(world)
    note = invoices.write_credit_note(
        invoice,
        {1: Decimal(500)},
        reason_code="PRC",
        reason="Agreed price",
        actor=world.clerk,
        now=LATER,
    )
    note = world.approve(note, now=LATER)
    invoices.issue_invoice(note, actor=world.clerk, now=LATER)

    assert charge(invoice, world).amount == Decimal("10.84")


def test_nothing_is_charged_without_the_clause(world):
    from tests.world import make_world

    plain = make_world()
    invoice = late_invoice(plain)

    with pytest.raises(operations.NotChargeable) as refusal:
        charge(invoice, plain)

    assert refusal.value.rule == "the_policy_names_late_interest"
    assert not Charge.objects.exists()
    assert not Invoice.objects.filter(document_type="debit_note").exists()


def test_a_consumer_pays_five_points_and_no_fixed_sum(world):
    invoice = late_invoice(world)
    Customer.objects.filter(pk=world.customer.pk).update(kind="consumer")
    invoice.refresh_from_db()

    assert charge(invoice, world).parts.get().working[0]["percent"] == "7.27"
    with pytest.raises(operations.NotChargeable):
        charge(invoice, world, "fixed_sum")


def test_too_little_is_not_asked_for(world):
    invoice = late_invoice(world, "100")

    with pytest.raises(operations.NotChargeable, match="too little"):
        charge(invoice, world, on=date(2025, 2, 20))
    assert not ChargePart.objects.exists()


@pytest.mark.parametrize(
    ("on", "rule"),
    [
        (date(2025, 4, 2), "a_late_charge_is_for_days_gone"),
        (date(2025, 2, 1), "a_late_charge_is_worth_asking_for"),
    ],
)
def test_days_to_come_and_days_in_time_are_not_charged(world, on, rule):
    with pytest.raises(DomainError) as refusal:
        charge(late_invoice(world), world, on=on)
    assert refusal.value.rule == rule


def test_there_is_no_interest_on_interest(world):
    made = charge(late_invoice(world), world)

    with pytest.raises(operations.NotChargeable):
        charge(made.document, world, on=date(2025, 6, 1), now=LATER + timedelta(days=61))


def test_each_late_instalment_has_its_own_fixed_sum():
    from tests.charges.scene import INTEREST
    from tests.world import CLAUSES, make_policy

    world = late_world()
    parts = [{"pct": "50", "terms": "NET 30"}, {"pct": "50", "terms": "NET 60"}]
    clauses = {**CLAUSES, "late_interest": INTEREST, "early_discount": None, "instalments": parts}
    version = make_policy(world.entity, world.lead, world.director, clauses=clauses, default=False)
    world.customer.payment_policy = version.policy
    world.customer.save()
    invoice = late_invoice(world)
    assert invoice.instalments.count() == 2

    made = charge(invoice, world, "fixed_sum")

    assert (made.amount, made.parts.count(), made.document.lines.count()) == (80, 2, 2)


def test_india_taxes_a_late_charge_like_the_supply():
    interest = {"regime": "MSMED", "margin": "0", "fixed_sum": "", "basis": 365}
    world = late_world(
        interest, country="IN", state_code="27", functional_currency="INR", time_zone="Asia/Kolkata",
        tax_rounding="line", holiday_region="IN",
    )  # fmt: skip
    from tests.invoices.test_taxes import LineInput

    line = LineInput("Work package", Decimal(1), Decimal(100000), unit="OTH", hsn="998313")
    invoice = world.issued(now=ISSUED, lines=(line,), currency="INR")

    made = charge(invoice, world)

    note = made.document
    rate = invoice.lines.get().rate
    assert rate == 18
    assert {line.rate for line in note.lines.all()} == {rate}
    assert {line.hsn for line in note.lines.all()} == {"998313"}
    assert note.net_total == made.amount
    assert note.tax_total == pytest.approx(made.amount * 18 / 100, abs=Decimal("0.05"))
    assert {group.component for group in note.tax_groups.all()} == {"CGST", "SGST"}


def test_the_preview_says_what_a_charge_then_is(world):
    invoice = late_invoice(world)

    interest, fixed = offers.preview(invoice, now=LATER)

    assert (interest.amount, fixed.amount) == (charge(invoice, world).amount, 40)
    again, _ = offers.preview(invoice, now=LATER)
    assert isinstance(again, DomainError)


@pytest.mark.django_db(transaction=True)
def test_two_workers_charge_once():
    world = late_world()
    invoice = late_invoice(world)
    gate, refused, made = threading.Barrier(3), [], []

    def work():
        try:
            gate.wait()
            made.append(charge(invoice, world, "fixed_sum"))
        except DomainError as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert (len(made), len(refused)) == (1, 2)
    assert Invoice.objects.filter(document_type="debit_note").count() == 1


def test_a_waiver_needs_a_second_person_within_their_limit(world):
    made = charge(late_invoice(world), world, "fixed_sum")

    note = operations.waive_charge(made, reason="Goodwill after the outage", actor=world.clerk, now=LATER)

    approval = invoices.pending_approval(note)
    assert approval.kind == "fee_waiver"
    with pytest.raises(DomainError):
        invoices.approve_invoice(note, actor=world.clerk, now=LATER)
    invoices.approve_invoice(note, actor=world.lead, now=LATER)
    note = invoices.issue_invoice(note, actor=world.clerk, now=LATER)
    made.document.refresh_from_db()
    assert made.document.balance == 0
    assert booked(note, "4300") == 40
    assert booked(note, "4200") == 0
    with pytest.raises(operations.NotChargeable):
        charge(made.invoice, world, "fixed_sum")


@pytest.mark.parametrize("amount", ["0", "-1", "40.01"])
def test_no_more_than_the_charge_is_waived(world, amount):
    made = charge(late_invoice(world), world, "fixed_sum")

    with pytest.raises(DomainError):
        operations.waive_charge(made, reason="Goodwill", amount=Decimal(amount), actor=world.clerk, now=LATER)
    assert not queries.waivers_of(made).exists()
    assert not Entry.objects.filter(fact="waiver.requested").exists()


def test_rates_are_entered_once_and_say_where_they_are_published(world):
    given = {
        "source": "ECB",
        "valid_from": date(2026, 7, 1),
        "rate": Decimal("2.15"),
        "actor": world.controller,
    }

    row = operations.enter_rate(**given, published="ECB", now=LATER)

    assert row.reviewed_on is None
    with pytest.raises(operations.RateEnteredBefore):
        operations.enter_rate(**given, published="ECB", now=LATER)
    for wrong in (
        {"valid_from": date(2026, 8, 1)},
        {"rate": Decimal(100)},
        {"source": "X"},
        {"published": " "},
    ):
        with pytest.raises(DomainError):
            operations.enter_rate(**({**given, "published": "x"} | wrong), now=LATER)
    operations.note_review(
        row, reviewed_on=date(2025, 3, 1), reviewed_by="A. Adviser", actor=world.controller, now=LATER
    )
    assert operations.load_rates([], actor=None, now=LATER) == 0


def fee(invoice, world, day, amount):
    items = frozenset(invoice.instalments.values_list("open_item", flat=True))
    step = StepCharge(day, items, Decimal(amount), "EUR")
    return operations.charge_late(invoice, kind="fee", on=UNTIL, actor=None, now=LATER, step=step)


def test_fees_of_steps_and_the_fixed_sum_share_the_limit_of_the_law(world):
    invoice = late_invoice(world)
    assert fee(invoice, world, 3, "15").amount == 15
    assert fee(invoice, world, 10, "15").amount == 15
    assert charge(invoice, world, "fixed_sum").amount == 10

    with pytest.raises(operations.NotChargeable, match="no room"):
        fee(invoice, world, 30, "15")
    with pytest.raises(operations.NotChargeable):
        fee(invoice, world, 3, "15")
    assert Charge.objects.count() == 3
    assert booked(Charge.objects.get(step=3).document, "4300") == -15


def test_a_step_charges_once_also_where_room_is_left(world):
    invoice = late_invoice(world)
    fee(invoice, world, 3, "5")
    with pytest.raises(operations.ChargedBefore):
        fee(invoice, world, 3, "5")
    assert Charge.objects.count() == 1


def test_a_fee_is_waived_by_a_second_person(world):
    invoice = late_invoice(world)
    made = fee(invoice, world, 3, "15")
    note = operations.waive_charge(made, reason="Goodwill", actor=world.clerk, now=LATER)
    assert (note.document_status, note.payable) == ("pending_approval", 15)


def test_a_consumer_pays_no_reminder_fee(world):
    Customer.objects.filter(pk=world.customer.pk).update(kind=Customer.Kind.CONSUMER)
    invoice = late_invoice(world)
    with pytest.raises(operations.NotChargeable):
        fee(invoice, world, 3, "5")
    assert not Charge.objects.exists()


@pytest.mark.parametrize(
    ("regime", "fixed", "limit"),
    [("DE", "", 40), ("UK", "UK", 70), ("MSMED", "", 0), ("contract", "", None), ("contract", "EU", 40)],
)
def test_the_limit_of_fees_by_regime(regime, fixed, limit):
    terms = Terms(regime, Decimal(9), 365, fixed)
    debt = Debt(1, date(2025, 2, 1), Decimal(1190))
    assert fee_limit(terms, debt, UNTIL)[0] == limit
    assert fee_limit(terms, debt, date(2025, 2, 1))[0] == 0
