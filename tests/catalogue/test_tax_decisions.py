"""Which tax a supply carries, decided from the customer, the company and the day."""

from datetime import date
from decimal import Decimal

import pytest

from catalogue.models import TaxRate
from catalogue.operations import load_tax_rates, set_nexus
from catalogue.queries import tax_of
from catalogue.reference import tax_rates
from customers.models import ExemptionCertificate, TaxId
from entities.models import TaxRegistration
from tests.factories import NOW, make_customer, make_entity

pytestmark = pytest.mark.django_db
ON = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def rates():
    load_tax_rates(tax_rates(), actor=None, now=NOW)


def decide(entity, customer, *, tax_class="standard", kind="service", on=ON):
    return tax_of(entity, customer, tax_class=tax_class, kind=kind, on=on)


def german(**values):
    return make_entity(country="DE", **values)


def with_vat_id(customer, *, verified=True):
    TaxId.objects.create(
        customer=customer,
        scheme="VAT",
        country=customer.country,
        number="X",
        verified_at=NOW if verified else None,
    )
    return customer


@pytest.mark.parametrize(
    ("tax_class", "category", "rate"), [("standard", "S", 19), ("reduced", "S", 7), ("exempt", "E", 0)]
)
def test_at_home_the_rate_of_the_class(tax_class, category, rate):
    found = decide(german(), make_customer(country="DE"), tax_class=tax_class)

    assert (found.category, found.rate, found.review) == (category, rate, "")


def test_the_rate_is_that_of_the_tax_date():
    estonia = make_entity(country="EE")
    customer = make_customer(entity=estonia, country="EE")

    assert decide(estonia, customer, on=date(2025, 6, 30)).rate == 22
    assert decide(estonia, customer, on=date(2025, 7, 1)).rate == 24


@pytest.mark.parametrize(
    ("kind", "category", "text", "vatex"),
    [
        ("service", "AE", "Reverse charge", "VATEX-EU-AE"),
        ("goods", "K", "Intra-Community supply", "VATEX-EU-IC"),
    ],
)
def test_a_business_in_another_member_state_with_a_verified_id(kind, category, text, vatex):
    found = decide(german(), with_vat_id(make_customer(country="FR")), kind=kind)

    assert (found.category, found.rate, found.text, found.vatex) == (category, 0, text, vatex)


@pytest.mark.parametrize("known", [False, True])
def test_without_a_verified_id_a_person_decides_and_the_home_rate_stands_in(known):
    customer = make_customer(country="FR")
    if known:
        with_vat_id(customer, verified=False)

    found = decide(german(), customer)

    assert found.review
    assert (found.category, found.rate) == ("S", 19)


def test_outside_the_union():
    customer = make_customer(country="CH")

    assert decide(german(), customer, kind="goods").category == "G"
    assert decide(german(), customer).category == "O"
    assert decide(german(), make_customer(country="CH", kind="consumer")).review
    assert decide(german(), make_customer(country="CH", kind="consumer"), kind="eservice").review


def test_an_exempt_product_abroad_is_no_guess():
    assert decide(german(), with_vat_id(make_customer(country="FR")), tax_class="exempt").review


def test_a_missing_rate_is_said():
    assert "no zero rated" in decide(german(), make_customer(country="DE"), tax_class="zero").review


@pytest.fixture
def india():
    entity = make_entity(country="IN", state_code="29", time_zone="Asia/Kolkata", functional_currency="INR")
    TaxRegistration.objects.create(
        entity=entity,
        scheme="GSTIN",
        country="IN",
        state_code="29",
        number="29AAPFU0939F1ZV",
        valid_from=date(2020, 1, 1),
    )
    return entity


@pytest.mark.parametrize(
    ("state", "sez", "regime", "components"),
    [
        ("29", False, "CGST+SGST", [("CGST", Decimal(9)), ("SGST", Decimal(9))]),
        ("27", False, "IGST", [("IGST", Decimal(18))]),
        ("29", True, "IGST", [("IGST", Decimal(18))]),
    ],
)
def test_india_splits_by_state(india, state, sez, regime, components):
    customer = make_customer(entity=india, country="IN", state_code=state, is_sez=sez)

    found = decide(india, customer)

    assert (found.regime, found.components, found.review) == (regime, components, "")


def test_indian_exports_are_untaxed_under_a_letter_only(india):
    abroad = make_customer(entity=india, country="US", state_code="CA")
    assert (
        decide(india, abroad).rate,
        decide(india, abroad).text.endswith("ON PAYMENT OF INTEGRATED TAX"),
    ) == (18, True)
    TaxRegistration.objects.create(
        entity=india,
        scheme="LUT",
        country="IN",
        number="AD290324001234X",
        valid_from=date(2026, 4, 1),
        valid_to=date(2027, 3, 31),
    )

    found = decide(india, abroad)

    assert (found.category, found.rate) == ("G", 0)
    assert "WITHOUT PAYMENT" in found.text


def test_india_needs_a_registration_and_a_place(india):
    assert decide(india, make_customer(entity=india, country="IN")).review
    unregistered = make_entity(country="IN", state_code="29")
    assert (
        "GSTIN"
        in decide(unregistered, make_customer(entity=unregistered, country="IN", state_code="29")).review
    )


@pytest.fixture
def america():
    return make_entity(country="US", state_code="NY", functional_currency="USD")


def test_a_state_is_taxed_with_nexus_only(america):
    customer = make_customer(entity=america, country="US", state_code="TX")
    assert (decide(america, customer).rate, decide(america, customer).review) == (0, "")
    assert "no nexus" in decide(america, customer).flag
    row = TaxRate.objects.get(country="US", state_code="TX")

    set_nexus(row, nexus_from=date(2024, 1, 1), actor=None, now=NOW)

    found = decide(america, customer)
    assert (found.category, found.rate, found.rate_id) == ("S", Decimal("6.25"), row.pk)


def test_a_certificate_exempts_while_it_is_valid(america):
    customer = make_customer(entity=america, country="US", state_code="TX")
    set_nexus(
        TaxRate.objects.get(country="US", state_code="TX"), nexus_from=date(2024, 1, 1), actor=None, now=NOW
    )
    ExemptionCertificate.objects.create(
        customer=customer,
        country="US",
        state_code="TX",
        number="TX-77",
        valid_from=date(2026, 1, 1),
        valid_to=date(2026, 12, 31),
    )

    assert (decide(america, customer).category, decide(america, customer).certificate) == ("E", "TX-77")
    assert decide(america, customer, on=date(2027, 1, 1)).rate == Decimal("6.25")


def test_no_state_tax_no_state_and_no_rate(america):
    assert decide(america, make_customer(entity=america, country="US", state_code="OR")).rate == 0
    assert decide(america, make_customer(entity=america, country="US")).review
    assert decide(
        america, make_customer(entity=america, country="US", state_code="TX"), tax_class="reduced"
    ).review
    assert decide(america, make_customer(entity=america, country="CA")).category == "O"
