"""Effective settings with their level, similar names, who sees whom, and the words of the timeline."""

from decimal import Decimal

import pytest

from customers import operations as ops
from customers import queries, timeline
from customers.models import Customer
from entities.models import Access
from policies.models import Policy
from tests.factories import NOW, make_customer, make_entity, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db
ON = NOW.date()


def test_each_setting_names_the_level_and_the_record_it_comes_from():
    person = make_user("lead")
    policy = Policy.objects.create(code="eu", name="Terms EU", owner=person)
    entity = make_entity(name="Northwind EU", language="en", functional_currency="EUR")
    segment = ops.add_segment(
        name="Public", language="de", currency="USD", payment_policy=policy, actor=person, now=NOW
    )
    customer = make_customer(entity=entity, name="Helios", segment=segment, currency="CHF", actor=person)

    profile = queries.billing_profile(customer, entity, ON)

    assert (profile.currency, profile.language, profile.delivery_channel) == ("CHF", "de", "email")
    assert profile.payment_policy == policy
    assert profile.levels["currency"] == ("CHF", "customer", "Helios")
    assert profile.levels["language"] == ("de", "segment", "Public")
    assert profile.levels["delivery_channel"] == ("email", "company", "Northwind EU")
    assert profile.levels["terms_override"][1] == "none"
    assert profile.levels["credit_limit"][0] is None


def test_the_company_that_bills_gives_the_defaults_not_the_usual_one():
    india = make_entity(functional_currency="INR", language="hi", country="IN")
    customer = make_customer(credit_limit="5000", terms_override="NET 10")

    profile = queries.billing_profile(customer, india, ON)

    assert (profile.currency, profile.language) == ("INR", "hi")
    assert profile.terms_override == "NET 10"
    assert profile.levels["credit_limit"][:2] == (Decimal(5000), "customer")


def test_nothing_set_anywhere_is_said_so():
    profile = queries.billing_profile(customer := make_customer(), customer.entity, ON)

    assert profile.payment_policy is None
    assert profile.levels["payment_policy"][1] == "none"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Helios Solar GmbH", True),
        ("helios solar", True),
        ("Helois Solar GmbH", True),
        ("Brightwater", False),
        ("He", False),
        ("", False),
        ("He\0lios Solar GmbH", True),
    ],
)
def test_similar_names_are_found_by_their_letters(typed, found):
    one = make_customer(name="Helios Solar GmbH")
    make_customer(name="Maison Verdier SA")

    assert queries.similar_names(typed) == ([one] if found else [])
    assert queries.similar_names(typed, exclude_id=one.pk) == []


def test_people_see_the_customers_of_their_companies():
    here, there = make_customer(), make_customer()
    everywhere, restricted, gone = make_user(), make_user(), make_user(is_active=False)
    Access.objects.create(user=restricted, entity=here.entity)

    assert set(queries.visible_to(everywhere)) == {here, there}
    assert set(queries.visible_to(restricted)) == {here}
    assert not queries.visible_to(gone)
    assert queries.status_counts(restricted) == {"active": 1}


def test_text_finds_by_part_of_the_name_and_start_of_the_number():
    one = make_customer(name="100% Öko Energie", number="K-77")
    make_customer(name="1000 Oaks", number="X-K-77")

    for typed in ("100% ö", "K-7", "k-77", "ener"):
        assert list(queries.matching(Customer.objects.all(), typed)) == [one], typed


def test_the_timeline_tells_who_did_what_and_what_differs():
    maya = make_user("lead", name="Maya <Köhler>")
    customer = make_customer(name="Old", actor=maya)
    ops.edit_customer(customer, actor=maya, now=NOW, name="New & bold", currency="CHF")
    ops.block_customer(customer, reason="Sanctions", actor=None, now=NOW)

    (day,) = timeline.days(queries.change_history(customer))

    blocked, edited, added = day["events"]
    assert blocked.text == "<b>The system</b> blocked new invoices "
    assert (blocked.quote, blocked.quote_head) == ("Sanctions", "")
    assert "Maya &lt;Köhler&gt;" in edited.text
    assert "Name: Old → <b>New &amp; bold</b>" in edited.quote
    assert "Currency: <b>CHF</b>" in edited.quote
    assert added.icon == "user-plus"


def test_facts_of_other_apps_are_named_by_themselves():
    entry = Entry(fact="invoice.issued", object_repr="INV-1", timestamp=NOW)

    event = timeline.event_of(entry)

    assert event.text == "<b>INV-1</b> · invoice issued · The system"
    assert event.icon == "file-invoice"
