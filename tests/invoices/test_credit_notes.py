"""Crediting: in full, in part, to the last cent, never above what is left; and what was paid comes back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from catalogue.models import TaxRate
from core.errors import Invalid, Refused
from entities.models import ExchangeRate
from invoices import operations
from invoices.inputs import ChargeInput, LineInput
from invoices.models import Invoice, TaxGroup
from invoices.operations import NotCreditable
from ledger.models import Entry, Line, OpenItem
from ledger.queries import faults
from tests.factories import make_customer
from tests.world import NOW, TODAY, furnish, make_item, make_world
from trail.models import Entry as Fact
from trail.queries import entries_of

pytestmark = pytest.mark.django_db
WHY = {"reason_code": "PRC", "reason": "The price differs from the contract."}


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(autouse=True)
def book_is_sound():
    yield
    assert faults() == []


def d(text: str) -> Decimal:
    return Decimal(text)


def line(amount: str, tax_class: str = "standard", **values) -> LineInput:
    return LineInput(f"Work of {amount}", d("1"), d(amount), tax_class=tax_class, **values)


def written(world, invoice, *parts, **why):
    """A draft credit note: (position, net) pairs."""
    wanted = {position: d(net) for position, net in parts}
    return operations.write_credit_note(invoice, wanted, actor=world.clerk, now=NOW, **(WHY | why))


def issued(world, note):
    return operations.issue_invoice(world.approve(note), actor=world.clerk, now=NOW)


def credited(world, invoice, *parts):
    return issued(world, written(world, invoice, *parts))


def in_full(world, invoice):
    return operations.credit_in_full(invoice, actor=world.clerk, now=NOW, **WHY)


def fresh(invoice):
    return Invoice.objects.get(pk=invoice.pk)


def groups(document):
    return {
        (g.category, g.rate.normalize(), g.component): (g.taxable, g.tax) for g in document.tax_groups.all()
    }


def state():
    """What a refusal must leave alone."""
    return (
        Entry.objects.count(),
        Fact.objects.count(),
        list(Invoice.objects.order_by("pk").values_list("pk", "document_status", "balance", "lock_version")),
    )


def refused(act, expected=Refused, match=None):
    before = state()
    with pytest.raises(expected, match=match) as refusal:
        act()
    assert state() == before
    return refusal.value


def account(number: str) -> Decimal:
    return Line.objects.filter(account=number).aggregate(s=Sum("amount"))["s"] or Decimal(0)


# ----------------------------------------------------------------------------------------- in full, in part


def test_a_full_credit_cancels_the_invoice_and_leaves_the_books_at_zero(world):
    invoice = world.issued("100.00", "50.00")

    note = issued(world, in_full(world, invoice))

    assert (note.number, note.payable, note.credits_id) == ("CN-2026-00001", d("178.50"), invoice.pk)
    done = fresh(invoice)
    assert (done.document_status, done.settlement_status, done.balance) == ("cancelled", "credited", 0)
    assert (done.number, done.settled_on) == ("INV-2026-00001", TODAY)
    assert [account(number) for number in ("1100", "2100", "2200")] == [0, 0, 0]
    assert account("4000") + account("4200") == 0
    assert {"invoice.credited", "invoice.cancelled"} <= {entry.fact for entry in entries_of(invoice)}


def test_the_note_says_what_it_credits_and_why(world):
    invoice = world.issued("100.00", po_number="PO-7")

    note = issued(world, in_full(world, invoice))

    said = note.snapshot.content
    assert said["document_type"] == "credit_note"
    assert said["credits"] == {
        "number": invoice.number,
        "issued_on": TODAY.isoformat(),
        "reason": WHY["reason"],
        "reason_code": "PRC",
    }
    assert (said["po_number"], said["early_discount"]) == ("PO-7", None)
    assert (said["totals"]["due"], said["policy"]["version"]) == ("119.00", 1)


def test_a_part_reduces_the_balance_by_line_and_tax_group(world):
    invoice = world.issued(lines=(line("200.00"), line("100.00", "reduced")))

    note = credited(world, invoice, (2, "40.00"))

    assert groups(note) == {("S", d("7"), ""): (d("40.00"), d("2.80"))}
    done = fresh(invoice)
    assert (done.document_status, done.settlement_status) == ("issued", "part_paid")
    assert done.balance == d("345.00") - d("42.80")
    left = operations.creditable(invoice)
    assert [row.net for row in left.lines] == [d("200.00"), d("60.00")]
    assert [(row.taxable, row.tax) for row in left.groups] == [
        (d("200.00"), d("38.00")),
        (d("60.00"), d("4.20")),
    ]


def test_the_last_credit_takes_the_remainder(world):
    """0.05 net at 19 % bears 0.01 tax; three parts of 0.01 and 0.02 would round to nothing."""
    invoice = world.issued("0.05")

    notes = [credited(world, invoice, (1, part)) for part in ("0.02", "0.02", "0.01")]

    assert [note.tax_total for note in notes] == [0, 0, d("0.01")]
    assert sum(note.payable for note in notes) == invoice.payable == d("0.06")
    done = fresh(invoice)
    assert (done.balance, done.settlement_status, done.document_status) == (0, "credited", "issued")


@pytest.mark.parametrize("rounding", ["group", "line"])
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    # A story of a dozen transactions is told in full; shrinking it would tell it hundreds of times.
    phases=[Phase.generate],
)
@given(
    cents=st.lists(st.integers(1, 3000), min_size=1, max_size=4),
    discount=st.sampled_from([None, "7.5"]),
    charge=st.sampled_from([None, "3.33"]),
    data=st.data(),
)
def test_any_sequence_of_parts_ends_at_exactly_nothing(world, rounding, cents, discount, charge, data):
    world.entity.tax_rounding = rounding
    world.entity.save(update_fields=["tax_rounding"])
    lines = tuple(
        line(str(Decimal(units).scaleb(-2)), ("standard", "reduced")[number % 2])
        for number, units in enumerate(cents)
    )
    invoice = world.approved(
        lines=lines,
        discount_pct=d(discount) if discount else None,
        discount_reason="Volume" if discount else "",
        charges=(ChargeInput("Freight", d(charge)),) if charge else (),
        overrides={"duplicate": "a drawn example", "near-duplicate": "a drawn example"},
    )
    invoice = operations.issue_invoice(invoice, actor=world.clerk, now=NOW)
    total = Decimal(0)
    for step in range(8):
        left = [row for row in operations.creditable(invoice).lines if row.net]
        if not left:
            break
        wanted = {}
        for row in left:
            most = int(row.net * 100)
            part = most if step == 7 else data.draw(st.integers(0, most))
            if part:  # a line is left out, not credited with nothing
                wanted[row.position] = Decimal(part).scaleb(-2)
        if not wanted:
            continue
        note = operations.write_credit_note(invoice, wanted, actor=world.clerk, now=NOW, **WHY)
        issued(world, note)
        total += note.payable
        assert total <= invoice.payable
        assert note.tax_total == sum(row.tax for row in note.lines.all())
    done = fresh(invoice)
    assert done.balance == invoice.payable - total
    assert done.balance == 0
    assert sum(row.tax for row in operations.creditable(invoice).groups) == 0
    if rounding == "line":
        assert all(value == 0 for row in operations.creditable(invoice).lines for value in row.tax.values())


# --------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("wanted", "match"),
    [
        ({1: "100.01"}, "more than the 100.00"),
        ({3: "1.00"}, "no line 3"),
        ({1: "0"}, "above zero"),
        ({1: "-5.00"}, "above zero"),
        ({}, "credits nothing"),
        ({-1: "1.00"}, "no line -1"),
    ],
)
def test_nothing_above_the_rest_is_credited(world, wanted, match):
    invoice = world.issued("100.00", "50.00")

    refusal = refused(lambda: written(world, invoice, *wanted.items()), match=match)

    assert refusal.problems[0]["rule"] == "credit_within_invoice"
    assert refusal.problems[0]["mend"]


def test_an_amount_below_the_unit_of_the_currency_is_refused(world):
    invoice = world.issued("100.00")

    refused(lambda: written(world, invoice, (1, "10.005")), Invalid)


def test_drafts_that_wait_count_too(world):
    invoice = world.issued("100.00")
    first = written(world, invoice, (1, "70.00"))
    second = written(world, invoice, (1, "30.00"))

    refused(lambda: written(world, invoice, (1, "0.01")), match="more than the 0.00")
    operations.discard_draft(second, actor=world.clerk, now=NOW)
    third = written(world, invoice, (1, "30.00"))
    for note in (third, first):
        issued(world, note)

    assert first.tax_total + third.tax_total == invoice.tax_total
    assert fresh(invoice).balance == 0


@pytest.mark.parametrize("status", ["draft", "pending_approval", "approved", "discarded"])
def test_only_an_issued_invoice_is_credited(world, status):
    invoice = operations.write_draft(world.draft("900.00"), actor=world.clerk, now=NOW)
    if status == "discarded":
        operations.discard_draft(invoice, actor=world.clerk, now=NOW)
    elif status != "draft":
        invoice = operations.submit_invoice(invoice, actor=world.clerk, now=NOW)
    if status == "approved":
        key = [flag["key"] for flag in operations.pending_approval(invoice).flags]
        operations.approve_invoice(invoice, actor=world.director, now=NOW, confirmed=key)

    refusal = refused(lambda: in_full(world, invoice), NotCreditable)

    assert refusal.rule == "an_issued_invoice_is_credited"


def test_a_cancelled_invoice_and_a_credit_note_are_not_credited(world):
    invoice = world.issued("100.00")
    note = issued(world, in_full(world, invoice))

    refused(lambda: in_full(world, invoice), NotCreditable, "cancelled")
    refused(lambda: in_full(world, note), NotCreditable)


def test_an_invoice_credited_in_parts_to_the_end_has_nothing_left(world):
    invoice = world.issued("100.00")
    credited(world, invoice, (1, "60.00"))
    credited(world, invoice, (1, "40.00"))

    refused(lambda: in_full(world, invoice), match="credits nothing")


def test_a_deduction_on_the_invoice_is_credited_with_it(world):
    """A line of negative quantity lowers what was billed: the credit must not give its amount twice."""
    item = make_item("DED-1", "20", name="Deduction", allows_negative=True)
    deduction = LineInput("Deposit taken off", d("-1"), d("20.00"), item=item)
    invoice = world.issued(lines=(line("100.00"), deduction))
    assert invoice.payable == d("95.20")

    note = issued(world, in_full(world, invoice))

    assert (note.net_total, note.payable) == (d("80.00"), d("95.20"))
    done = fresh(invoice)
    assert (done.document_status, done.balance, account("2100")) == ("cancelled", 0, 0)


def test_a_line_beside_a_deduction_is_not_credited_above_its_tax_group(world):
    item = make_item("DED-1", "20", name="Deduction", allows_negative=True)
    deduction = LineInput("Deposit taken off", d("-1"), d("20.00"), item=item)
    invoice = world.issued(lines=(line("100.00"), deduction))

    refusal = refused(lambda: written(world, invoice, (1, "80.01")))
    assert refusal.problems[0]["rule"] == "credit_within_invoice"
    note = credited(world, invoice, (1, "80.00"))

    assert note.payable == d("95.20")


# ------------------------------------------------------------------------------------------------- reasons


@pytest.mark.parametrize(
    ("code", "reason", "field"),
    [
        ("", "Something is wrong", "reason_code"),
        ("XYZ", "Something is wrong", "reason_code"),
        ("PRC", "  ", "reason"),
        ("OTH", "Too short here", "reason"),
    ],
)
def test_a_reason_is_required(world, code, reason, field):
    invoice = world.issued("100.00")

    refusal = refused(
        lambda: written(world, invoice, (1, "10.00"), reason_code=code, reason=reason),
        Invalid,
    )

    assert (refusal.rule, refusal.field) == ("a_credit_note_has_a_reason", field)


def test_a_credit_note_is_not_edited(world):
    note = written(world, world.issued("100.00"), (1, "10.00"))

    refused(
        lambda: operations.edit_draft(note, world.draft("1.00"), actor=world.clerk, now=NOW),
        operations.NotADraft,
    )


def test_a_discarded_credit_frees_what_it_held(world):
    invoice = world.issued("100.00")
    operations.discard_draft(in_full(world, invoice), actor=world.clerk, now=NOW)

    assert issued(world, in_full(world, invoice)).payable == d("119.00")


# ------------------------------------------------------------------------- original rates, discounts, charges


def test_the_original_rate_of_exchange_holds(world):
    invoice = world.issued("1000.00", currency="USD", now=NOW - timedelta(days=20))
    ExchangeRate.objects.create(currency="USD", functional="EUR", on=TODAY, rate=d("0.80"), source="test")

    note = issued(world, in_full(world, invoice))

    assert (note.fx_rate, note.payable_functional) == (d("0.92"), d("1094.80"))
    assert [account(number) for number in ("1100", "2100", "2200")] == [0, 0, 0]
    assert account("4000") + account("4200") == 0
    assert not Line.objects.filter(account__in=["4910", "4990"]).exists()


def test_the_original_tax_rate_holds(world):
    """The reduced rate of today is not asked: the note takes the one on the invoice."""
    invoice = world.issued(lines=(line("100.00", "reduced"),))
    TaxRate.objects.filter(country="DE", tax_class="reduced").update(rate=d("9"))

    note = credited(world, invoice, (1, "50.00"))

    assert groups(note) == {("S", d("7"), ""): (d("50.00"), d("3.50"))}


def test_indian_components_are_credited_one_by_one():
    world = make_world(country="IN", state_code="27", functional_currency="INR", tax_rounding="line")
    invoice = world.issued(
        lines=(line("10.05", hsn="998313", unit="OTH"), line("20.00", hsn="998313", unit="OTH"))
    )
    assert groups(invoice) == {
        ("S", d("18"), "CGST"): (d("30.05"), d("2.70")),
        ("S", d("18"), "SGST"): (d("30.05"), d("2.70")),
    }

    part = credited(world, invoice, (1, "10.05"))
    rest = issued(world, in_full(world, invoice))

    assert groups(part) == {
        ("S", d("18"), "CGST"): (d("10.05"), d("0.90")),
        ("S", d("18"), "SGST"): (d("10.05"), d("0.90")),
    }
    assert (part.payable, rest.payable) == (d("11.85"), d("23.60"))
    assert part.lines.get().components == {"CGST": "0.90", "SGST": "0.90"}
    assert fresh(invoice).balance == 0


def test_a_full_indian_credit_repeats_the_tax_of_every_line():
    """Five lines of 0.06 bear 0.01 each, one of 1.00 bears 0.09: in proportion to nets it would differ."""
    world = make_world(country="IN", state_code="27", functional_currency="INR", tax_rounding="line")
    lines = tuple(line(net, hsn="998313", unit="OTH") for net in (*["0.06"] * 5, "1.00"))
    invoice = world.issued(lines=lines)

    note = issued(world, in_full(world, invoice))

    assert [row.components for row in note.lines.all()] == [row.components for row in invoice.lines.all()]
    assert all(value == 0 for row in operations.creditable(invoice).lines for value in row.tax.values())


@pytest.mark.parametrize("rounding", ["group", "line"])
def test_charges_are_credited_from_minus_one_down(rounding):
    world = make_world(tax_rounding=rounding)
    invoice = world.issued(
        "100.00", charges=(ChargeInput("Freight", d("10.00")), ChargeInput("Box", d("3.00")))
    )

    part = credited(world, invoice, (-1, "4.00"), (-2, "3.00"))
    left = {row.position: row.net for row in operations.creditable(invoice).lines}
    rest = issued(world, in_full(world, invoice))

    assert groups(part) == {("S", d("19"), ""): (d("7.00"), d("1.33"))}
    assert left == {1: d("100.00"), -1: d("6.00"), -2: d("0.00")}
    assert part.payable + rest.payable == invoice.payable == d("134.47")
    assert (fresh(invoice).balance, fresh(invoice).document_status) == (0, "issued")


def test_a_line_is_credited_after_its_share_of_the_discount(world):
    invoice = world.issued(
        lines=(line("200.00"), line("100.00", "reduced")), discount_pct=d("10"), discount_reason="Volume"
    )

    refused(lambda: written(world, invoice, (1, "180.01")), match="more than the 180.00")
    note = issued(world, in_full(world, invoice))

    assert groups(note) == {
        ("S", d("19"), ""): (d("180.00"), d("34.20")),
        ("S", d("7"), ""): (d("90.00"), d("6.30")),
    }
    assert note.payable == d("310.50")


# ------------------------------------------------------------------------------------- paid, held, rebilled


def test_the_credit_of_a_paid_invoice_is_the_customers_money(world):
    invoice = world.issued("100.00")
    world.pay(invoice, "119.00")

    note = issued(world, in_full(world, invoice))

    done = fresh(invoice)
    assert (done.document_status, done.settlement_status, done.balance) == ("cancelled", "paid", 0)
    assert (account("2100"), account("1100")) == (d("-119.00"), 0)
    item = OpenItem.objects.get(kind="credit_note")
    assert (item.open_amount, item.reference) == (d("119.00"), note.number)


def test_the_credit_of_a_part_paid_invoice_closes_it_and_keeps_the_rest(world):
    invoice = world.issued("100.00")
    world.pay(invoice, "59.50")

    issued(world, in_full(world, invoice))

    done = fresh(invoice)
    assert (done.settlement_status, done.balance, account("2100")) == ("mixed_closed", 0, d("-59.50"))


def test_a_credit_of_a_held_invoice_takes_the_hold_down(world):
    invoice = world.issued("100.00")
    operations.hold(invoice, d("100.00"), reason="Disputed", actor=world.clerk, now=NOW)

    credited(world, invoice, (1, "50.00"))

    done = fresh(invoice)
    assert done.balance == d("59.50")
    assert done.held_amount <= done.balance


def test_a_rebill_names_what_it_replaces_and_takes_no_dates_along(world):
    invoice = world.issued("100.00", supply_from=TODAY, supply_to=TODAY, po_number="PO-1")
    issued(world, in_full(world, invoice))

    again = operations.rebill(invoice, None, actor=world.clerk, now=NOW + timedelta(days=5))

    assert (again.replaces_id, again.document_status, again.number) == (invoice.pk, "draft", None)
    assert (again.po_number, again.supply_from, again.payable) == ("PO-1", None, invoice.payable)
    changed = operations.rebill(invoice, world.draft("80.00"), actor=world.clerk, now=NOW)
    assert (changed.replaces_id, changed.net_total) == (invoice.pk, d("80.00"))


def test_a_draft_is_not_rebilled(world):
    draft = operations.write_draft(world.draft("10.00"), actor=world.clerk, now=NOW)

    refused(lambda: operations.rebill(draft, None, actor=world.clerk, now=NOW), NotCreditable)


def test_copy_forward_says_the_same_for_today(world):
    invoice = world.issued(
        "100.00",
        planned_on=TODAY,
        notes="Thank you",
        charges=(ChargeInput("Freight", d("9.00")),),
        overrides={"duplicate": "it is right"},
    )

    copy = operations.copy_forward(invoice, actor=world.clerk, now=NOW + timedelta(days=30)).invoice

    assert (copy.payable, copy.notes, copy.planned_on) == (invoice.payable, "Thank you", None)
    assert (copy.overrides, copy.replaces_id, copy.due_on > invoice.due_on) == ({}, None, True)


def test_groups_of_a_note_add_up_to_its_tax(world):
    invoice = world.issued(lines=(line("33.33"), line("66.67", "reduced"), line("0.01")))

    note = credited(world, invoice, (1, "11.11"), (2, "22.22"), (3, "0.01"))

    total = TaxGroup.objects.filter(invoice=note).aggregate(s=Sum("tax"))["s"]
    assert total == note.tax_total == sum(row.tax for row in note.lines.all())


def test_a_credit_approved_before_the_rest_was_credited_is_still_within_it(world):
    """Both were counted when they were written; issuing both closes the invoice and no more."""
    invoice = world.issued("100.00")
    first, second = written(world, invoice, (1, "50.00")), written(world, invoice, (1, "50.00"))
    first, second = world.approve(first), world.approve(second)

    done = operations.issue_invoices([first.pk, second.pk], actor=world.clerk, now=NOW)

    assert (len(done.invoices), done.refused) == (2, {})
    assert (fresh(invoice).balance, account("2100")) == (0, 0)


def test_the_credit_of_another_customer_leaves_this_one_alone(world):
    other = furnish(make_customer(name="Zephyr Instruments", entity=world.entity), world.lead)
    invoice = world.issued("100.00")
    theirs = world.issued("100.00", customer=other)

    issued(world, in_full(world, invoice))

    assert (fresh(theirs).balance, fresh(theirs).document_status) == (d("119.00"), "issued")


def test_a_discount_shrinks_with_what_is_credited(world):
    """Nobody gets back more than was paid: 1,166.20 for 1,190; a quarter credited gives 291.55 back."""
    invoice = world.issued("1000.00", now=NOW - timedelta(days=5))
    payment = world.pay(invoice, "1166.20", discount=True)

    quarter = operations.write_credit_note(
        invoice, {1: Decimal("250.00")}, reason_code="PRC", reason="Price", actor=world.clerk, now=NOW
    )
    quarter = operations.issue_invoice(world.approve(quarter), actor=world.clerk, now=NOW)
    credit = OpenItem.objects.get(kind="credit_note", reference=quarter.number)
    assert (credit.open_amount, Invoice.objects.get(pk=invoice.pk).balance) == (Decimal("291.55"), 0)

    rest = operations.credit_in_full(
        Invoice.objects.get(pk=invoice.pk), reason_code="CAN", reason="Cancelled", actor=world.clerk, now=NOW
    )
    operations.issue_invoice(world.approve(rest), actor=world.clerk, now=NOW)
    back = OpenItem.objects.filter(kind="credit_note").aggregate(total=Sum("open_amount"))["total"]
    assert (back, payment.amount) == (Decimal("1166.20"), Decimal("1166.20"))
