"""Drafts: terms, instalments, planned days, stale edits, currencies, discounts and charges."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from core.errors import Invalid, Refused, Stale
from invoices import operations
from invoices.inputs import ChargeInput, LineInput
from invoices.models import Invoice, Line
from ledger.models import OpenItem
from ledger.queries import faults
from tests.world import NOW, TODAY, make_policy, make_world
from trail.models import Entry
from trail.queries import entries_of
from work.models import Approval

pytestmark = pytest.mark.django_db
HALVES = {
    "terms": "NET 30",
    "instalments": [{"pct": "50", "terms": "NET 30"}, {"pct": "50", "terms": "NET 60"}],
}


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(autouse=True)
def book_is_sound(db):
    yield
    assert faults() == []


def d(text: str) -> Decimal:
    return Decimal(text)


def written(world, *amounts, now=NOW, **values) -> Invoice:
    return operations.write_draft(world.draft(*amounts, **values), actor=world.clerk, now=now)


def in_halves(world):
    version = make_policy(world.entity, world.lead, world.director, clauses=HALVES, default=False)
    world.customer.payment_policy = version.policy
    world.customer.save(update_fields=["payment_policy"])
    return version


# ----------------------------------------------------------------------------------------------- terms


@pytest.mark.parametrize(
    ("agreed", "typed", "terms", "due"),
    [
        ("", "", "NET 30", date(2026, 12, 16)),
        ("NET 10", "", "NET 10", date(2026, 11, 26)),
        ("", "+1M EOM", "+1M EOM", date(2026, 12, 31)),
        ("NET 10", "NET 0", "NET 0", TODAY),
    ],
)
def test_typed_terms_beat_agreed_ones_and_those_the_policy(world, agreed, typed, terms, due):
    world.customer.terms_override = agreed
    world.customer.save(update_fields=["terms_override"])

    invoice = written(world, "100.00", terms=typed)

    assert (invoice.terms, invoice.due_on) == (terms, due)
    assert invoice.instalments.get().reason
    issued = operations.issue_invoice(world.approve(invoice), actor=world.clerk, now=NOW)
    assert (issued.due_on, issued.snapshot.content["terms"]["expression"]) == (due, terms)


def test_terms_nobody_can_read_are_refused(world):
    with pytest.raises(Invalid):
        written(world, "100.00", terms="when the cow comes home")

    assert Invoice.objects.count() == 0


def test_agreed_terms_that_change_after_the_draft_leave_it_as_it_was(world):
    invoice = world.approved("100.00")
    world.customer.terms_override = "NET 7"
    world.customer.save(update_fields=["terms_override"])

    issued = operations.issue_invoice(invoice, actor=world.clerk, now=NOW)

    assert (issued.terms, issued.due_on) == ("NET 30", date(2026, 12, 16))


# ---------------------------------------------------------------------------------------- instalments


def test_a_policy_in_two_parts_makes_two_open_items(world):
    in_halves(world)

    invoice = world.issued("100.01")
    invoice.refresh_from_db()

    parts = [(part.due_on, part.amount, part.open_item.open_amount) for part in invoice.instalments.all()]
    assert parts == [
        (date(2026, 12, 16), d("59.51"), d("59.51")),
        (date(2027, 1, 15), d("59.50"), d("59.50")),
    ]
    assert (invoice.balance, invoice.due_on) == (d("119.01"), date(2027, 1, 15))
    assert invoice.next_due_on == date(2026, 12, 16)
    assert [item.reference for item in OpenItem.objects.order_by("due_on")] == [
        f"{invoice.number} · 1",
        f"{invoice.number} · 2",
    ]


def test_the_balance_runs_over_both_parts(world):
    from payments import operations as payments

    in_halves(world)
    invoice = world.issued("100.00")
    payment = world.received("80.00", reference=invoice.number)
    first, second = (part.open_item_id for part in invoice.instalments.all())
    payments.allocate_payment(
        payment,
        [payments.Part(first, d("59.50")), payments.Part(second, d("20.50"))],
        actor=world.cash,
        now=NOW,
        grant_discount=False,
    )

    invoice.refresh_from_db()
    assert (invoice.balance, invoice.settlement_status) == (d("39.00"), "part_paid")
    assert invoice.next_due_on == date(2027, 1, 15)
    assert OpenItem.objects.filter(side="debit").aggregate(s=Sum("open_amount"))["s"] == d("39.00")


def test_typed_terms_replace_the_parts(world):
    in_halves(world)

    invoice = world.issued("100.00", terms="NET 14")

    assert [part.due_on for part in invoice.instalments.all()] == [TODAY + timedelta(days=14)]


def test_typed_terms_that_are_the_policys_are_the_policys(world):
    """Writing down what the policy says anyway must not make a document that cannot be issued."""
    in_halves(world)

    invoice = world.issued("100.00", terms="NET 30")

    assert invoice.instalments.count() == 2


def test_a_policy_that_came_between_draft_and_issue_stops_the_issue(world):
    invoice = world.approved("100.00")
    in_halves(world)

    with pytest.raises(operations.InvoiceNotIssuable, match="changed with its policy"):
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)


# --------------------------------------------------------------------------------------- planned days


def test_a_planned_day_counts_from_itself(world):
    later = TODAY + timedelta(days=10)

    invoice = world.approved("100.00", planned_on=later)
    issued = operations.issue_invoice(invoice, actor=world.clerk, now=NOW + timedelta(days=10))

    assert (issued.issued_on, issued.due_on) == (later, later + timedelta(days=30))


@pytest.mark.parametrize(
    ("net", "wish", "rule"),
    [
        ("100.00", {"planned_on": TODAY - timedelta(days=2)}, "backdating_needs_right_and_reason"),
        ("0.00", {}, "an_invoice_bills_something"),
    ],
)
def test_what_issue_would_refuse_is_not_submitted(world, net, wish, rule):
    invoice = operations.write_draft(world.draft(net, **wish), actor=world.clerk, now=NOW)
    facts = Entry.objects.count()

    with pytest.raises(operations.NotSubmittable) as refusal:
        operations.submit_invoice(invoice, actor=world.clerk, now=NOW)

    assert rule in [problem["rule"] for problem in refusal.value.problems]
    invoice.refresh_from_db()
    assert invoice.document_status == "draft"
    assert not Approval.objects.exists()
    assert Entry.objects.count() == facts


def test_a_day_in_the_past_needs_right_and_reason(world):
    without = world.approved("100.00", planned_on=TODAY)
    with pytest.raises(operations.InvoiceNotIssuable, match="dated back"):
        operations.issue_invoice(without, actor=world.controller, now=NOW + timedelta(days=2))

    reason = world.approved("200.00", planned_on=TODAY - timedelta(days=2), backdate_reason="Supplied then")
    with pytest.raises(operations.InvoiceNotIssuable):
        operations.issue_invoice(reason, actor=world.clerk, now=NOW)
    assert operations.issue_invoice(reason, actor=world.controller, now=NOW).number


# ----------------------------------------------------------------------------------------------- edits


def test_an_edit_of_what_another_changed_meanwhile_is_refused_with_what_it_is_now(world):
    invoice = written(world, "100.00")
    seen = invoice.lock_version
    operations.edit_draft(
        invoice, world.draft("200.00", po_number="PO-2"), actor=world.lead, now=NOW, expected_version=seen
    )

    with pytest.raises(Stale) as refusal:
        operations.edit_draft(
            invoice, world.draft("300.00"), actor=world.clerk, now=NOW, expected_version=seen
        )

    assert str(world.lead) in refusal.value.message
    assert (refusal.value.current["po_number"], refusal.value.status) == ("PO-2", 409)
    invoice.refresh_from_db()
    assert (invoice.net_total, Line.objects.count()) == (d("200.00"), 1)


def test_an_edit_is_told_with_before_and_after(world):
    invoice = written(world, "100.00", po_number="PO-1")
    operations.edit_draft(invoice, world.draft("100.00", po_number="PO-2"), actor=world.lead, now=NOW)

    entry = next(entry for entry in entries_of(invoice) if entry.fact == "invoice.edited")
    assert entry.changes == {"po_number": ["PO-1", "PO-2"]}


def test_saving_again_what_was_read_changes_nothing(world):
    given = world.draft(
        lines=(
            LineInput(
                "Work", d("3"), d("33.333333"), discount_pct=d("5"), period_from=TODAY, period_to=TODAY
            ),
            LineInput("Screws", d("2500"), d("4.20"), base_quantity=d("1000"), unit="pcs"),
        ),
        charges=(ChargeInput("Freight", d("12.50")),),
        discount_pct=d("2"),
        discount_reason="Loyal",
        notes="Thank you",
        terms="NET 14",
    )
    invoice = operations.write_draft(given, actor=world.clerk, now=NOW)
    before = Invoice.objects.filter(pk=invoice.pk).values().get()

    operations.edit_draft(invoice, operations.as_input(invoice), actor=world.clerk, now=NOW)

    after = Invoice.objects.filter(pk=invoice.pk).values().get()
    assert {name for name in before if before[name] != after[name]} == {"lock_version"}


@pytest.mark.parametrize("status", ["issued", "discarded"])
def test_what_is_over_is_not_edited(world, status):
    invoice = world.issued("100.00") if status == "issued" else written(world, "100.00")
    if status == "discarded":
        operations.discard_draft(invoice, actor=world.clerk, now=NOW)

    with pytest.raises(Refused) as refusal:
        operations.edit_draft(invoice, world.draft("1.00"), actor=world.clerk, now=NOW)

    assert refusal.value.mend
    invoice.refresh_from_db()
    assert invoice.net_total == d("100.00")


@pytest.mark.parametrize("status", ["pending", "approved", "issued"])
def test_only_a_draft_is_discarded(world, status):
    invoice = written(world, "900.00")
    if status == "pending":
        invoice = operations.submit_invoice(invoice, actor=world.clerk, now=NOW)
    else:
        invoice = world.approve(invoice)
    if status == "issued":
        invoice = operations.issue_invoice(invoice, actor=world.clerk, now=NOW)

    with pytest.raises(Refused):
        operations.discard_draft(invoice, actor=world.clerk, now=NOW)


# ------------------------------------------------------------------------------------------ currencies


def test_a_currency_without_rate_is_refused_by_name(world):
    with pytest.raises(Invalid, match="CHF"):
        written(world, "100.00", currency="CHF")

    assert Invoice.objects.count() == 0


def test_yen_have_no_decimals(world):
    invoice = world.issued(lines=(LineInput("Work package", d("3"), d("33.4")),), currency="JPY")

    assert (invoice.net_total, invoice.tax_total, invoice.payable) == (d("100"), d("19"), d("119"))
    assert invoice.snapshot.content["totals"]["due"] == "119"
    assert invoice.payable_functional == d("0.73")


def test_dinars_have_three(world):
    from entities.models import ExchangeRate

    ExchangeRate.objects.create(
        currency="BHD", functional="EUR", on=date(2024, 1, 1), rate=d("2.4"), source="test"
    )
    invoice = world.issued(lines=(LineInput("Work package", d("1"), d("10.005")),), currency="BHD")

    assert (invoice.net_total, invoice.tax_total, invoice.payable) == (d("10.005"), d("1.901"), d("11.906"))
    assert invoice.snapshot.content["totals"]["due"] == "11.906"


# -------------------------------------------------------------------------------- discounts and charges


def test_discount_and_charge_meet_in_the_tax_group(world):
    """200 at 19 % and 100 at 7 % less 10 %, freight 10 at 19 %: 190.00 and 90.00 are taxed."""
    lines = (
        LineInput("Pumps", d("1"), d("200")),
        LineInput("Books", d("1"), d("100"), tax_class="reduced"),
    )
    invoice = world.issued(
        lines=lines,
        discount_pct=d("10"),
        discount_reason="Volume",
        charges=(ChargeInput("Freight", d("10.00")),),
    )

    said = invoice.snapshot.content
    assert [(g["taxable"], g["tax"]) for g in said["tax_groups"]] == [("190.00", "36.10"), ("90.00", "6.30")]
    assert [(a["amount"], a["rate"]) for a in said["allowances"]] == [("20.00", "19"), ("10.00", "7")]
    assert said["totals"] == {
        "lines": "300.00",
        "allowances": "30.00",
        "charges": "10.00",
        "net": "280.00",
        "tax": "42.40",
        "gross": "322.40",
        "prepaid": "0.00",
        "rounding": "0.00",
        "due": "322.40",
    }


@pytest.mark.parametrize(
    "change",
    [
        {"discount_pct": d("10"), "discount_amount": d("5"), "discount_reason": "Both"},
        {"discount_amount": d("100.01"), "discount_reason": "Too much"},
        {"discount_pct": d("101"), "discount_reason": "Too much"},
        {"charges": (ChargeInput("Freight", d("1.001")),)},
    ],
)
def test_what_cannot_be_reckoned_is_refused(world, change):
    with pytest.raises(Invalid):
        operations.write_draft(replace(world.draft("100.00"), **change), actor=world.clerk, now=NOW)

    assert Invoice.objects.count() == 0


def test_a_document_that_gives_everything_away_is_not_submitted(world):
    given = world.draft("100.00", discount_pct=d("100"), discount_reason="Gift")
    invoice = operations.write_draft(given, actor=world.clerk, now=NOW)

    with pytest.raises(operations.NotSubmittable, match="more than nothing"):
        operations.submit_invoice(invoice, actor=world.clerk, now=NOW)

    invoice.refresh_from_db()
    assert invoice.document_status == "draft"
    assert not Approval.objects.exists()
    assert OpenItem.objects.count() == 0
