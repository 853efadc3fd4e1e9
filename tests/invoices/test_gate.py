"""The gate: one planted fault per rule is found by name, with field, message and mend; clean drafts pass."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core.errors import Invalid
from customers import operations as customers
from entities.models import Entity
from invoices import operations
from invoices.inputs import LineInput
from invoices.models import Invoice
from invoices.operations import InvoiceNotIssuable, NotSubmittable
from ledger.models import Entry
from tests.factories import make_customer
from tests.world import LONG_AGO, NOW, TODAY, furnish, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def d(text: str) -> Decimal:
    return Decimal(text)


def line(amount: str = "300.00", **values) -> LineInput:
    return LineInput("Work on the pump house", d("1"), d(amount), **values)


def written(world, *amounts, **values) -> Invoice:
    return operations.write_draft(world.draft(*amounts, **values), actor=world.clerk, now=NOW)


def finding(world, rule, invoice, *, severity="block", on=TODAY):
    """The finding of a rule; what stops is refused at submission by name, and nothing changes."""
    findings, _ = operations.check_invoice(Invoice.objects.get(pk=invoice.pk), today=on)
    found = next((row for row in findings if row["rule"] == rule), None)
    assert found is not None, [row["rule"] for row in findings]
    assert (found["severity"], bool(found["message"]), bool(found["mend"])) == (severity, True, True)
    if severity in ("block", "confirm"):
        with pytest.raises(NotSubmittable) as refusal:
            operations.submit_invoice(invoice, actor=world.clerk, now=NOW)
        assert rule in {one["rule"] for one in refusal.value.problems}
        assert Invoice.objects.get(pk=invoice.pk).document_status == "draft"
    return found


def past(world, *amounts):
    """Issued invoices of earlier months."""
    for number, amount in enumerate(amounts):
        world.issued(amount, now=NOW - timedelta(days=30 * (len(amounts) - number) + 1))


def require(world, **values):
    given = {"kind": "po_required", "valid_from": TODAY - timedelta(days=100)} | values
    return customers.add_requirement(actor=world.lead, now=LONG_AGO, **given)


# ------------------------------------------------------------ compared with other documents and customers


def test_a_slipped_decimal_point_is_seen(world):
    past(world, "480.00", "500.00", "520.00")

    found = finding(world, "unusual-amount", written(world, "5000.00"), severity="confirm")

    assert (found["field"], "10 times" in found["message"]) == ("lines", True)


@pytest.mark.parametrize("amount", ["700.00", "3900.00"])
def test_an_ordinary_rise_is_not(world, amount):
    past(world, "480.00", "500.00", "520.00")

    findings, _ = operations.check_invoice(written(world, amount), today=TODAY)

    assert "unusual-amount" not in {row["rule"] for row in findings}


def test_two_invoices_are_no_history(world):
    past(world, "480.00", "500.00")

    findings, _ = operations.check_invoice(written(world, "50000.00"), today=TODAY)

    assert "unusual-amount" not in {row["rule"] for row in findings}


def test_the_same_thing_twice_is_a_duplicate(world):
    world.issued("300.00", now=NOW - timedelta(days=20))

    found = finding(world, "duplicate", written(world, "300.00"), severity="confirm")

    assert "exactly the same" in found["message"]


def test_another_draft_is_a_duplicate_too_and_a_discarded_one_is_not(world):
    first, second = written(world, "300.00"), written(world, "300.00")
    finding(world, "duplicate", second, severity="confirm")

    operations.discard_draft(first, actor=world.clerk, now=NOW)
    findings, _ = operations.check_invoice(second, today=TODAY)

    assert "duplicate" not in {row["rule"] for row in findings}


def test_the_same_amount_in_the_same_week_is_a_near_duplicate(world):
    world.issued("300.00", now=NOW - timedelta(days=3))

    finding(world, "near-duplicate", written(world, lines=(line("300.00"),)), severity="confirm")


def test_the_same_service_for_another_month_is_no_duplicate(world):
    month = {"supply_from": TODAY - timedelta(days=75), "supply_to": TODAY - timedelta(days=45)}
    world.issued("300.00", now=NOW - timedelta(days=40), **month)
    later = written(world, "300.00", supply_from=TODAY - timedelta(days=44), supply_to=TODAY)

    findings, _ = operations.check_invoice(later, today=TODAY)

    assert not {"duplicate", "near-duplicate"} & {row["rule"] for row in findings}


def test_a_look_alike_of_the_right_customer_is_asked_about(world):
    world.issued("300.00", now=NOW - timedelta(days=40))
    wrong = make_customer(name=world.customer.name + " Ltd", entity=world.entity)
    furnish(wrong, world.lead)

    found = finding(world, "similar-customer", written(world, "310.00", customer=wrong), severity="confirm")

    assert (found["field"], world.customer.name in found["message"]) == ("customer", True)


# ---------------------------------------------------------------------------- the customer and the policy


def test_a_blocked_customer_is_not_billed(world):
    invoice = written(world, "300.00")
    customers.block_customer(world.customer, reason="Fraud case", actor=world.lead, now=NOW)

    found = finding(world, "customer-active", invoice)

    assert "Fraud case" in found["message"]


def test_a_customer_blocked_after_the_approval_stops_the_issue(world):
    invoice = world.approved("300.00")
    customers.block_customer(world.customer, reason="Fraud case", actor=world.lead, now=NOW)

    with pytest.raises(InvoiceNotIssuable) as refusal:
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)

    assert refusal.value.rule == "customer-active"
    assert (Invoice.objects.get().number, Entry.objects.count()) == (None, 0)


def test_without_a_policy_in_force_nothing_goes_out(world):
    Entity.objects.filter(pk=world.entity.pk).update(name="Without")
    policy = world.policy.policy
    policy.default_for = None
    policy.save(update_fields=["default_for"])
    world.entity = Entity.objects.get(pk=world.entity.pk)
    world.customer.refresh_from_db()

    finding(world, "policy-in-force", written(world, "300.00"))


def test_nobody_to_send_it_to_is_a_warning(world):
    world.customer.contacts.update(is_active=False)

    finding(world, "recipient", written(world, "300.00"), severity="warn")


def test_no_bank_account_in_the_currency_is_a_warning(world):
    found = finding(world, "remit-to", written(world, "300.00", currency="USD"), severity="warn")

    assert found["field"] == "currency"


# ----------------------------------------------------------------------------------- billing requirements


@pytest.mark.parametrize("level", ["customer", "segment", "entity"])
def test_a_purchase_order_is_asked_for_at_every_level(world, level):
    segment = customers.add_segment(name="Public buyers", actor=world.lead, now=LONG_AGO)
    customers.edit_customer(world.customer, actor=world.lead, now=LONG_AGO, segment=segment)
    world.customer.refresh_from_db()
    owner = {"customer": world.customer, "segment": segment, "entity": world.entity}[level]
    require(world, **{level: owner}, source="Order conditions, page 2")

    found = finding(world, "customer.po_required", written(world, "300.00"))
    passed, _ = operations.check_invoice(written(world, "301.00", po_number="PO-9"), today=TODAY)

    assert (found["field"], found["source"]) == ("po_number", "Order conditions, page 2")
    assert "customer.po_required" not in {row["rule"] for row in passed}


def test_the_nearest_requirement_wins(world):
    require(world, entity=world.entity)
    require(world, customer=world.customer, severity="warn")

    finding(world, "customer.po_required", written(world, "300.00"), severity="warn")


@pytest.mark.parametrize("days", [-100, -1, 1])
def test_a_requirement_holds_in_its_time_only(world, days):
    first, last = (
        (TODAY + timedelta(days=1), None) if days > 0 else (LONG_AGO.date(), TODAY + timedelta(days))
    )
    require(world, customer=world.customer, valid_from=first, valid_to=last)

    findings, _ = operations.check_invoice(written(world, "300.00"), today=TODAY)

    assert "customer.po_required" not in {row["rule"] for row in findings}


def test_a_requirement_added_after_the_approval_stops_the_issue(world):
    invoice = world.approved("300.00")
    require(world, customer=world.customer)

    with pytest.raises(InvoiceNotIssuable, match="cannot be issued") as refusal:
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)

    assert refusal.value.rule == "customer.po_required"


# -------------------------------------------------------------------------------------- taxes and content


def test_a_reverse_charge_without_a_confirmed_number_is_not_guessed(world):
    dutch = make_customer(name="Zwaan Waterbouw", entity=world.entity, country="NL")
    furnish(dutch, world.lead)
    customers.set_tax_id(dutch, scheme="VAT", number="NL004495445B01", actor=world.lead, now=LONG_AGO)

    found = finding(world, "tax-review", written(world, "300.00", customer=dutch))

    assert "not confirmed" in found["message"]


def test_a_number_that_ended_after_the_draft_is_missed(world):
    dutch = make_customer(name="Zwaan Waterbouw", entity=world.entity, country="NL")
    furnish(dutch, world.lead)
    number = customers.set_tax_id(
        dutch, scheme="VAT", number="NL004495445B01", actor=world.lead, now=LONG_AGO
    )
    customers.verify_tax_id(number, register="VIES 1", actor=world.lead, now=LONG_AGO)
    invoice = written(world, "300.00", customer=dutch)
    customers.end_tax_id(number, actor=world.lead, now=NOW)

    found = finding(world, "EU-4", invoice)

    assert found["source"]


def test_an_exempt_line_says_why(world):
    with pytest.raises(Invalid) as refusal:
        written(world, lines=(line(tax_class="exempt"),))

    assert (refusal.value.field, refusal.value.rule) == ("lines[0].exemption_reason", "E-REASON")
    assert (refusal.value.mend, Invoice.objects.count()) == (
        "Name the provision that exempts it, like Art. 132(1)(i).",
        0,
    )


def test_a_generic_word_is_no_description(world):
    draft = world.draft(lines=(replace(line(), description="services"),))
    findings, _ = operations.check_invoice(
        operations.write_draft(draft, actor=world.clerk, now=NOW), today=TODAY
    )

    said = [row for row in findings if row["field"].endswith("description")]
    assert [row["severity"] for row in said] == ["warn"]


def test_a_future_date_waits_for_its_day(world):
    tomorrow = TODAY + timedelta(days=1)
    invoice = world.approved("300.00", planned_on=tomorrow)

    with pytest.raises(InvoiceNotIssuable, match="planned for") as refusal:
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW)
    issued = operations.issue_invoice(invoice, actor=world.clerk, now=NOW + timedelta(days=1))

    assert (refusal.value.field, refusal.value.rule, issued.issued_on) == ("planned_on", "EU-1", tomorrow)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": ()}, "lines"),
        ({"lines": (LineInput("ab", d("1"), d("5")),)}, "lines[0].description"),
        ({"lines": (LineInput("Returned pumps", d("-1"), d("5")),)}, "lines[0].quantity"),
        ({"lines": (LineInput("Pumps", d("1"), d("-5")),)}, "lines[0].price"),
        ({"discount_pct": d("5")}, "discount_reason"),
        ({"supply_from": TODAY, "supply_to": TODAY - timedelta(days=1)}, "supply_to"),
    ],
)
def test_a_draft_that_cannot_be_right_is_not_written(world, change, field):
    with pytest.raises(Invalid) as refusal:
        operations.write_draft(replace(world.draft("10.00"), **change), actor=world.clerk, now=NOW)

    assert (refusal.value.field, Invoice.objects.count()) == (field, 0)


# ---------------------------------------------------------------------------------------------- overrides


def test_a_confirmation_is_a_written_reason(world):
    world.issued("300.00", now=NOW - timedelta(days=20))
    draft = world.draft("300.00", overrides={"duplicate": "   "})
    invoice = operations.write_draft(draft, actor=world.clerk, now=NOW)
    finding(world, "duplicate", invoice, severity="confirm")

    draft = replace(draft, overrides={"duplicate": "Second crew, same hours"})
    invoice = operations.edit_draft(invoice, draft, actor=world.clerk, now=NOW)
    invoice = operations.submit_invoice(invoice, actor=world.clerk, now=NOW)

    assert invoice.document_status == "pending_approval"
    flags = operations.pending_approval(invoice).flags
    assert [flag["why"] for flag in flags if flag["key"] == "duplicate"] == [
        "Confirmed by the author: Second crew, same hours"
    ]


def test_a_block_is_not_passed_by_a_reason(world):
    require(world, customer=world.customer)

    finding(
        world, "customer.po_required", written(world, "300.00", overrides={"customer.po_required": "No time"})
    )


def test_every_fault_is_named_at_once(world):
    require(world, customer=world.customer)
    world.issued("300.00", now=NOW - timedelta(days=200), po_number="PO-1")
    written(world, "300.00")
    invoice = written(world, "300.00")
    customers.block_customer(world.customer, reason="Fraud case", actor=world.lead, now=NOW)

    with pytest.raises(NotSubmittable) as refusal:
        operations.submit_invoice(invoice, actor=world.clerk, now=NOW)

    assert {"customer-active", "customer.po_required", "duplicate"} <= {
        one["rule"] for one in refusal.value.problems
    }


# -------------------------------------------------------------------------------------------------- clean


def test_clean_invoices_are_not_stopped(world, figures):
    """Two hundred ordinary invoices to twenty customers over ten months: nothing blocks or asks."""
    names = (
        *(
            "Achterberg",
            "Bodensee Optik",
            "Cafe Diwan",
            "Eichhorn",
            "Fjordkraft",
            "Gletscher Eis",
            "Hafenamt",
        ),
        *("Ilmenau Glas", "Jupiter Bau", "Kornspeicher", "Lotsenhaus", "Moorbad", "Nachtzug", "Obstgut"),
        *("Pfefferminz", "Quellwasser", "Rotbuche", "Salzwerk", "Tulpenfeld", "Uhrwerk"),
    )
    buyers = [furnish(make_customer(name=name, entity=world.entity), world.lead) for name in names]
    stopped = []
    for month in range(10):
        now = NOW - timedelta(days=30 * (9 - month))
        for number, buyer in enumerate(buyers):
            amount = f"{100 + 7 * number + 3 * month}.00"
            draft = world.draft(amount, customer=buyer, supply_from=now.date(), supply_to=now.date())
            invoice = operations.write_draft(draft, actor=world.clerk, now=now)
            findings, _ = operations.check_invoice(invoice, today=now.date())
            stopped += [row for row in findings if row["severity"] in ("block", "confirm")]

    assert stopped == []
    figures("gate", clean_invoices=200, stopped=0)
