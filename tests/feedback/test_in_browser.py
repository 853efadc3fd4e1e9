"""From one click on a phone to what the customer reads on their own page about it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from correspondence import links
from feedback import operations
from feedback.models import Answer, Improvement
from tests.browser import PHONE
from tests.feedback.scene import contact_of
from tests.world import make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.slow]


def test_a_score_on_a_phone_becomes_an_improvement_the_customer_reads(open_page):
    world, now = make_world(), timezone.now()
    orla = contact_of(world)
    invoice = world.issued("1000.00", now=now - timedelta(days=10))
    link = links.create_link(invoice, purpose=links.INVOICE, contact=orla, actor=None, now=now)

    phone = open_page(links.path_of(link), width=PHONE)
    phone.get_by_role("button", name="2 of 5").click()
    expect(phone.get_by_text("You gave 2 of 5")).to_be_visible()
    phone.get_by_label("In your words").fill("Our order number is missing")
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_label("In your words")).to_have_value("Our order number is missing")

    page = open_page(reverse("feedback:dashboard"), user=world.lead)
    page.locator("#figure-csat").click()
    page.get_by_role("link", name=f"Invoice {invoice.number}").click()
    expect(page.locator(".words")).to_have_text("Our order number is missing")
    page.get_by_role("link", name="Plan an improvement").click()
    page.get_by_label("Title").fill("Ask for order numbers")
    page.get_by_label("What is done").fill("The gate asks for them")
    page.get_by_label("Owner").select_option(str(world.lead.pk))
    page.get_by_label("Done by").fill("2027-01-15")
    page.get_by_label("Figure it shall move").select_option("csat")
    page.get_by_role("button", name="Plan it").click()
    expect(page.locator("h1")).to_have_text("Ask for order numbers")

    page.goto(reverse("feedback:board"))
    # By the keyboard alone: the card's button is reached and pressed.
    page.get_by_role("button", name="Begin Ask for order numbers").press("Enter")
    row = Improvement.objects.get()
    page.wait_for_url(f"**{row.get_absolute_url()}")
    operations.write_before(row, Decimal("50.0"), now=now)
    page.reload()
    page.get_by_role("button", name="Done").click()
    page.get_by_label("You said").fill("Your order number was missing")
    page.get_by_label("We did").fill("We ask for it now")
    page.get_by_role("button", name="Tell them").click()
    expect(page.get_by_text("Told", exact=True)).to_be_visible()

    own = links.create_link(world.customer, purpose=links.OVERVIEW, contact=orla, actor=None, now=now)
    their = open_page(links.path_of(own), width=PHONE)
    their.get_by_text("Ask for order numbers").click()
    expect(their.get_by_text("We ask for it now")).to_be_visible()
    assert Answer.objects.get().score == 2
