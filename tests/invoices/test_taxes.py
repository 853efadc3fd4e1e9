"""Taxes from the customer's situation to the frozen document: category, figures, components, legal texts."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from catalogue.models import TaxRate
from customers import operations as customers
from customers.models import ExemptionCertificate
from entities.models import TaxRegistration
from invoices import operations
from invoices.inputs import LineInput
from invoices.models import Invoice
from invoices.operations import NotSubmittable
from ledger.models import Line as Posting
from ledger.queries import faults
from tests.factories import make_customer
from tests.world import LONG_AGO, NOW, TODAY, furnish, make_item, make_world

pytestmark = pytest.mark.django_db
LUT = "UNDER BOND OR LETTER OF UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX"


@pytest.fixture(autouse=True)
def book_is_sound(db):
    yield
    assert faults() == []


def d(text: str) -> Decimal:
    return Decimal(text)


def line(amount: str = "100.00", **values) -> LineInput:
    return LineInput("Maintenance of the pump house", d("1"), d(amount), unit="OTH", **values)


def buyer(world, country: str, *, vat: str = "", verified: bool = True, **values):
    """A customer of the world's company with an address and, perhaps, a confirmed VAT id."""
    given = {"name": "Zwaan Waterbouw", "entity": world.entity, "country": country} | values
    found = furnish(make_customer(**given), world.lead)
    if vat:
        number = customers.set_tax_id(found, scheme="VAT", number=vat, actor=world.lead, now=LONG_AGO)
        if verified:
            customers.verify_tax_id(number, register="VIES WAPI-1", actor=world.lead, now=LONG_AGO)
    return found


def issued(world, *lines: LineInput, **values) -> Invoice:
    return finished(
        world, operations.write_draft(world.draft(lines=lines, **values), actor=world.clerk, now=NOW)
    )


def finished(world, invoice: Invoice) -> Invoice:
    """Submit, approve as the controller (who decides list prices and typed ones), issue."""
    invoice = operations.submit_invoice(invoice, actor=world.clerk, now=NOW)
    keys = [flag["key"] for flag in operations.pending_approval(invoice).flags]
    operations.approve_invoice(invoice, actor=world.controller, now=NOW, confirmed=keys)
    return operations.issue_invoice(invoice, actor=world.clerk, now=NOW)


def groups(invoice: Invoice) -> list[tuple[object, ...]]:
    """The tax groups as the document says them."""
    return [
        (g["category"], g["rate"], g["component"], g["taxable"], g["tax"], g["vatex"])
        for g in invoice.snapshot.content["tax_groups"]
    ]


def totals(invoice: Invoice) -> tuple[str, str, str]:
    said = invoice.snapshot.content["totals"]
    return said["net"], said["tax"], said["due"]


# ------------------------------------------------------------------------------------- European Union


def test_at_home_two_rates_and_no_text():
    world = make_world()

    invoice = issued(world, line("33.33"), line("66.67", tax_class="reduced"))

    assert groups(invoice) == [("S", "19", "", "33.33", "6.33", ""), ("S", "7", "", "66.67", "4.67", "")]
    assert (totals(invoice), invoice.snapshot.content["texts"]) == (("100.00", "11.00", "111.00"), [])


def test_a_service_to_a_business_with_a_confirmed_number_is_reverse_charged():
    world = make_world()
    customer = buyer(world, "NL", vat="NL004495445B01")

    invoice = issued(world, line(), customer=customer)

    assert groups(invoice) == [("AE", "0", "", "100.00", "0.00", "VATEX-EU-AE")]
    said = invoice.snapshot.content
    assert (totals(invoice), said["texts"]) == (("100.00", "0.00", "100.00"), ["Reverse charge"])
    assert said["buyer"]["tax_ids"][0]["number"] == "NL004495445B01"
    assert said["seller"]["tax_ids"][0]["number"] == "DE136695976"
    assert not Posting.objects.filter(account="2200").exists()


def test_goods_sent_to_it_are_an_intra_community_supply():
    world = make_world()
    item = make_item("PUMP-1", "100", name="Pump", kind="goods")
    customer = buyer(world, "NL", vat="NL004495445B01")

    invoice = issued(world, line(kind="goods", item=item), customer=customer)

    assert groups(invoice) == [("K", "0", "", "100.00", "0.00", "VATEX-EU-IC")]
    assert invoice.snapshot.content["texts"] == ["Intra-Community supply"]


def test_a_number_nobody_confirmed_is_charged_at_home_and_waits_for_a_person():
    world = make_world()
    customer = buyer(world, "NL", vat="NL004495445B01", verified=False)
    invoice = operations.write_draft(
        world.draft(lines=(line(),), customer=customer), actor=world.clerk, now=NOW
    )

    with pytest.raises(NotSubmittable) as refusal:
        operations.submit_invoice(invoice, actor=world.clerk, now=NOW)

    assert (refusal.value.rule, invoice.tax_total) == ("tax-review", d("19.00"))


def test_a_consumer_elsewhere_in_the_union_pays_the_sellers_tax_on_a_service():
    world = make_world()
    customer = buyer(world, "FR", kind="consumer", name="Odile Garnier")

    assert groups(issued(world, line(), customer=customer)) == [("S", "19", "", "100.00", "19.00", "")]


def test_goods_to_a_consumer_elsewhere_wait_for_a_person():
    world = make_world()
    customer = buyer(world, "FR", kind="consumer", name="Odile Garnier")
    draft = world.draft(lines=(line(kind="goods"),), customer=customer)
    invoice = operations.write_draft(draft, actor=world.clerk, now=NOW)

    with pytest.raises(NotSubmittable, match="one-stop shop"):
        operations.submit_invoice(invoice, actor=world.clerk, now=NOW)


@pytest.mark.parametrize(
    ("kind", "category", "vatex", "text"),
    [
        ("goods", "G", "VATEX-EU-G", "Export outside the EU"),
        ("service", "O", "VATEX-EU-O", "Not subject to VAT"),
    ],
)
def test_outside_the_union_nothing_is_charged(kind, category, vatex, text):
    world = make_world()
    item = make_item("PUMP-1", "100", name="Pump", kind=kind)
    customer = buyer(world, "CH", name="Zwingli Wasserbau")
    invoice = operations.write_draft(
        world.draft(lines=(line(kind=kind, item=item),), customer=customer), actor=world.clerk, now=NOW
    )

    group = invoice.tax_groups.get()
    assert (group.category, group.tax, group.vatex, invoice.texts) == (category, 0, vatex, [text])
    if category == "G":
        invoice = finished(world, invoice)
        assert totals(invoice) == ("100.00", "0.00", "100.00")


def test_an_exempt_line_stands_beside_a_taxed_one_with_its_reason():
    world = make_world()
    exempt = line("50.00", tax_class="exempt", exemption_reason="Art. 132(1)(i)", vatex="VATEX-EU-132-1I")

    invoice = issued(world, line(), exempt)

    assert [row[:5] for row in groups(invoice)] == [
        ("S", "19", "", "100.00", "19.00"),
        ("E", "0", "", "50.00", "0.00"),
    ]
    said = invoice.snapshot.content["lines"][1]
    assert (said["exemption_reason"], said["vatex"]) == ("Art. 132(1)(i)", "VATEX-EU-132-1I")
    assert totals(invoice) == ("150.00", "19.00", "169.00")


def test_foreign_money_shows_the_tax_in_the_sellers_too():
    world = make_world()

    invoice = issued(world, line("1000.00"), currency="USD")

    assert invoice.snapshot.content["tax_groups"][0]["tax_functional"] == "174.80"
    assert invoice.snapshot.content["fx"]["rate"] == "0.92"


@pytest.mark.parametrize(("rounding", "tax"), [("group", "0.07"), ("line", "0.06")])
def test_the_company_rounds_by_group_or_by_line(rounding, tax):
    world = make_world(tax_rounding=rounding)
    TaxRate.objects.filter(country="DE", tax_class="standard").update(rate=20)

    invoice = issued(world, line("0.12"), line("0.12"), line("0.12"))

    assert totals(invoice)[1] == tax
    assert invoice.snapshot.content["tax_rounding"] == rounding


def test_a_rate_that_changed_between_draft_and_issue_stops_the_issue():
    world = make_world()
    invoice = world.approved("100.00")
    row = TaxRate.objects.get(country="DE", tax_class="standard", valid_to=None)
    row.valid_to = TODAY
    row.save()
    TaxRate.objects.create(
        country="DE", tax_class="standard", rate=20, label="VAT", valid_from=TODAY + timedelta(days=1)
    )

    with pytest.raises(operations.InvoiceNotIssuable, match="tax of line 1 differs") as refusal:
        operations.issue_invoice(invoice, actor=world.clerk, now=NOW + timedelta(days=1))

    assert refusal.value.rule == "approval_expires_with_its_rates"
    assert operations.issue_invoice(invoice, actor=world.clerk, now=NOW).tax_total == d("19.00")


# ----------------------------------------------------------------------------------------------- India


def india(**values):
    return make_world(country="IN", state_code="27", functional_currency="INR", tax_rounding="line", **values)


def in_state(world, state: str, **values):
    given = {"name": "Zaveri Textiles", "entity": world.entity, "country": "IN", "state_code": state} | values
    return furnish(make_customer(**given), world.lead)


def test_within_the_state_the_tax_is_halved_and_each_half_is_rounded():
    world = india()

    invoice = issued(world, line("10.05", hsn="998313"))

    assert groups(invoice) == [
        ("S", "18", "CGST", "10.05", "0.90", ""),
        ("S", "18", "SGST", "10.05", "0.90", ""),
    ]
    assert totals(invoice) == ("10.05", "1.80", "11.85")
    assert invoice.snapshot.content["place_of_supply"]["state_code"] == "27"
    posted = dict(Posting.objects.filter(amount__lt=0).values_list("account_id", "amount"))
    assert sorted(posted.values()) == [d("-10.05"), d("-0.90"), d("-0.90")]


def test_to_another_state_it_is_integrated():
    world = india()

    invoice = issued(world, line("10.05", hsn="998313"), customer=in_state(world, "29"))

    assert groups(invoice) == [("S", "18", "IGST", "10.05", "1.81", "")]
    assert totals(invoice) == ("10.05", "1.81", "11.86")
    assert invoice.snapshot.content["place_of_supply"]["state_code"] == "29"


@pytest.mark.parametrize("letter", [True, False])
def test_a_special_zone_in_the_same_state_is_another_state(letter):
    world = india()
    if letter:
        TaxRegistration.objects.create(
            entity=world.entity,
            scheme="LUT",
            country="IN",
            number="AD270326000001A",
            valid_from=date(2026, 4, 1),
        )
    customer = in_state(world, "27", is_sez=True)

    invoice = operations.write_draft(
        world.draft(lines=(line("100.00", hsn="998313"),), customer=customer), actor=world.clerk, now=NOW
    )

    group = invoice.tax_groups.get()
    assert (group.component, group.category, group.tax) == (
        ("IGST", "G", 0) if letter else ("IGST", "S", d("18.00"))
    )
    assert invoice.texts == [
        "SUPPLY MEANT FOR SEZ UNIT OR SEZ DEVELOPER FOR AUTHORISED OPERATIONS "
        + (LUT if letter else "ON PAYMENT OF INTEGRATED TAX")
    ]


def test_an_export_under_a_letter_bears_no_tax_and_says_so():
    world = india()
    TaxRegistration.objects.create(
        entity=world.entity, scheme="LUT", country="IN", number="AD270326000001A", valid_from=date(2026, 4, 1)
    )
    customer = buyer(world, "AE", name="Zayed Trading")

    invoice = issued(world, line("100.00", hsn="998313"), customer=customer)

    assert [row[:5] for row in groups(invoice)] == [("G", "0", "IGST", "100.00", "0.00")]
    assert invoice.snapshot.content["texts"] == [f"SUPPLY MEANT FOR EXPORT {LUT}"]
    assert invoice.snapshot.content["place_of_supply"]["state_code"] == "96"


def test_a_company_without_a_number_does_not_guess():
    world = india()
    TaxRegistration.objects.filter(entity=world.entity).delete()
    invoice = operations.write_draft(
        world.draft(lines=(line("100.00", hsn="998313"),)), actor=world.clerk, now=NOW
    )

    with pytest.raises(NotSubmittable):
        operations.submit_invoice(invoice, actor=world.clerk, now=NOW)


# ---------------------------------------------------------------------------------------- United States


def america():
    world = make_world(country="US", state_code="TX", functional_currency="USD", time_zone="America/Chicago")
    TaxRegistration.objects.filter(entity=world.entity).update(
        scheme="EIN", country="US", number="12-3456789"
    )
    TaxRate.objects.filter(country="US", state_code__in=["WA", "NY"]).delete()
    for state, rate, since in (("WA", "6.5", date(2024, 1, 1)), ("NY", "4", None)):
        TaxRate.objects.create(
            country="US",
            state_code=state,
            tax_class="standard",
            rate=d(rate),
            label=f"{state} sales tax",
            nexus_from=since,
            valid_from=date(2020, 1, 1),
        )
    return world


@pytest.mark.parametrize(
    ("state", "category", "tax"), [("WA", "S", "6.50"), ("NY", "O", "0.00"), ("OR", "O", "0.00")]
)
def test_a_state_taxes_where_the_seller_must_collect(state, category, tax):
    world = america()
    customer = buyer(world, "US", name="Zephyr Pumps Inc", state_code=state)

    invoice = operations.write_draft(
        world.draft(lines=(line(),), customer=customer), actor=world.clerk, now=NOW
    )

    group = invoice.tax_groups.get()
    assert (group.category, group.tax, group.label) == (category, d(tax), f"{state} sales tax")
    if state == "WA":
        done = finished(world, invoice)
        assert totals(done) == ("100.00", "6.50", "106.50")


@pytest.mark.parametrize(("until", "exempt"), [(TODAY, True), (TODAY - timedelta(days=1), False)])
def test_a_certificate_counts_while_it_holds(until, exempt):
    world = america()
    customer = buyer(world, "US", name="Zephyr Pumps Inc", state_code="WA")
    ExemptionCertificate.objects.create(
        customer=customer,
        country="US",
        state_code="WA",
        number="WA-77-1",
        valid_from=date(2025, 1, 1),
        valid_to=until,
    )

    invoice = operations.write_draft(
        world.draft(lines=(line(),), customer=customer), actor=world.clerk, now=NOW
    )

    group = invoice.tax_groups.get()
    assert (group.category, group.tax) == (("E", 0) if exempt else ("S", d("6.50")))
    if exempt:
        assert "WA-77-1" in group.reason
        done = finished(world, invoice)
        assert "WA-77-1" in done.snapshot.content["lines"][0]["exemption_reason"]


def test_a_state_nobody_entered_waits_for_a_person():
    world = america()
    TaxRate.objects.filter(state_code="IL").delete()
    customer = buyer(world, "US", name="Zephyr Pumps Inc", state_code="IL")
    invoice = operations.write_draft(
        world.draft(lines=(line(),), customer=customer), actor=world.clerk, now=NOW
    )

    with pytest.raises(NotSubmittable) as refusal:
        operations.submit_invoice(invoice, actor=world.clerk, now=NOW)

    assert refusal.value.rule == "tax-review"
