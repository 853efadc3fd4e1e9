"""Customers in a real browser: what scripts add, and that every page is accessible."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from customers import operations as ops
from customers.models import RequirementAcknowledgement
from tests.browser import LOADED, WCAG, unreadable
from tests.factories import NOW, make_customer, make_entity, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lead():
    return make_user("lead", name="Maya Köhler")


@pytest.fixture
def customer(lead):
    customer = make_customer(entity=make_entity(), name="Helios Solar GmbH", actor=lead)
    ops.add_contact(
        customer, name="Orla", email="ap@helios.example", phone="+49 40 5550199", purposes=["billing"],
        actor=lead, now=NOW,
    )  # fmt: skip
    ops.add_requirement(
        kind="po_required", customer=customer, valid_from=NOW.date().replace(month=1), actor=lead, now=NOW
    )
    return customer


def test_a_similar_name_is_warned_about_while_it_is_typed(open_page, lead, customer):
    page = open_page(reverse("customers:create"), user=lead)

    page.get_by_label("Name", exact=True).fill("Helios Solar")
    page.get_by_label("Name", exact=True).blur()

    expect(page.locator("#similar")).to_contain_text("Helios Solar GmbH")


def test_a_requirement_is_seen_and_a_contact_ended_without_leaving_the_page(open_page, customer):
    reader = make_user("specialist")  # who wrote it knows it
    page = open_page(reverse("customers:detail", args=[customer.pk]), user=reader)

    page.get_by_role("button", name="Seen Purchase order").click()
    expect(page.locator("#requirements")).not_to_contain_text("New to you")
    page.get_by_role("button", name="Deactivate Orla").click()
    expect(page.locator("#contacts")).to_contain_text("No contacts yet")

    assert RequirementAcknowledgement.objects.get().user == reader
    assert page.url.endswith(reverse("customers:detail", args=[customer.pk]))


def test_a_wrong_form_takes_the_reader_to_what_is_wrong(open_page, lead, customer):
    page = open_page(reverse("customers:tax_id", args=[customer.pk]), user=lead)

    page.get_by_label("Number").fill("DE136695977")
    page.get_by_role("button", name="Check and save").click()

    expect(page.get_by_role("alert")).to_contain_text("check digits")
    expect(page.get_by_label("Number")).to_have_attribute("aria-invalid", "true")


def test_the_pages_are_accessible_and_fit(open_page, lead, customer):
    change = ops.request_change(
        customer, subject="credit_limit", proposed={"credit_limit": "100"}, reason="Growth",
        actor=make_user("specialist"), now=NOW,
    )  # fmt: skip
    page = open_page(reverse("customers:list"), user=lead)
    for address in (
        reverse("customers:list"),
        reverse("customers:create"),
        reverse("customers:detail", args=[customer.pk]),
        reverse("customers:settings", args=[customer.pk]),
        reverse("customers:change_detail", args=[change.pk]),
        reverse("customers:requirement_add", args=[customer.pk]) + "?kind=attachment_required",
    ):
        page.goto(address)
        page.wait_for_function(LOADED)
        assert list(unreadable(page, tags=WCAG)) == [], address
