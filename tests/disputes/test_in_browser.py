"""From the customer's phone to the credit note and back, "not solved", to what changes because of it."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from correspondence import links
from disputes import events, operations, tasks
from disputes.models import Dispute
from feedback.models import Answer, Improvement, Survey
from metrics.kpis import measure_improvements
from tests.browser import unreadable
from tests.disputes.scene import raised
from tests.world import make_world
from trail.models import Entry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.timeout(600)]
PHOTO = b"\x89PNG\r\n\x1a\n" + b"0" * 200


def test_a_line_is_disputed_on_a_phone_answered_credited_and_not_solved(open_page):
    world = make_world()
    now = timezone.now()
    invoice = world.issued("800.00", "200.00", now=now - timedelta(days=15))
    contact = world.customer.contacts.get()
    link = links.create_link(invoice, purpose=links.INVOICE, contact=contact, actor=None, now=now)
    address = f"{links.path_of(link)}?lang=en"

    # The customer, on a phone, with a photo.
    phone = open_page(address, width=390)
    phone.get_by_text("Something is wrong?").click()
    phone.get_by_label("What is wrong?").select_option("QTY")
    phone.locator("input[name=lines][value='2']").check()
    phone.get_by_label("Please describe it").fill("One pallet of two was missing, see the photo.")
    phone.locator("input[name=files]").set_input_files(
        {"name": "slip.png", "mimeType": "image/png", "buffer": PHOTO}
    )
    assert list(unreadable(phone)) == []
    phone.get_by_role("button", name="Dispute it").click()
    expect(phone.get_by_text("exactly this amount is not asked for")).to_be_visible()
    expect(phone.get_by_text("Disputed: €238.00")).to_be_visible()
    dispute = Dispute.objects.get()
    phone.set_viewport_size({"width": 390, "height": 844})
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390

    # The owner answers within the clock and proposes a credit.
    desk = open_page(dispute.get_absolute_url(), user=world.clerk, width=1440)
    expect(desk.get_by_text("slip.png")).to_be_visible()
    desk.get_by_role("button", name="Acknowledge").click()
    desk.get_by_role("button", name="Investigate").click()
    desk.get_by_label("Your answer").fill("Thank you for the photo. You have our answer today.")
    desk.get_by_role("button", name="Send").click()
    expect(desk.locator(".msg.us")).to_contain_text("Thank you for the photo")
    assert dispute.clocks.filter(met_at__isnull=False, breached_at=None).count() == 2
    desk.get_by_label("Answer to the customer").fill("You are right: one pallet was missing. We credit it.")
    desk.get_by_label("Where it went wrong").select_option("logistics")
    desk.get_by_role("button", name="Propose").click()
    expect(desk.get_by_text("You wrote the invoice, so somebody else decides.")).to_be_visible()

    # Somebody else decides; the credit note goes out.
    chief = open_page(dispute.get_absolute_url(), user=world.director, width=1440)
    chief.get_by_role("button", name="Accept, issue and answer").click()
    expect(chief.locator(".rec-head .pill")).to_have_text("Resolved")
    invoice.refresh_from_db()
    assert (str(invoice.balance), invoice.held_amount) == ("952.0000", 0)

    # The customer sees it, and says that it is not solved.
    phone = open_page(address, width=390)
    expect(phone.get_by_text("Credited: €238.00")).to_be_visible()
    phone.get_by_label("What is still wrong?").fill("The other pallet was broken.")
    phone.get_by_role("button", name="It is not solved").click()
    expect(phone.get_by_text("We take it up again.")).to_be_visible()
    dispute.refresh_from_db()
    assert (dispute.state, dispute.round) == ("investigating", 2)
    desk.reload()
    expect(desk.locator(".rec-head .pill")).to_have_text(re.compile("With us"))

    _goes_up(open_page, world, now)
    _ends(desk, dispute)
    survey = _is_asked(open_page, dispute)
    _becomes_an_improvement(open_page, world, survey)


def _goes_up(open_page, world, now):
    """One that nobody acknowledged for days is at the next level, and the lead finds it there."""
    left = raised(world, "340.00", now=now - timedelta(days=7))
    operations.watch(now=now)
    left.refresh_from_db()
    assert left.level > 1
    holder = left.holdings.get(until_at=None).accountable
    page = open_page(f"{reverse('disputes:list')}?tab=held", user=holder, width=1440)
    row = page.locator("tbody tr", has_text=left.reference)
    expect(row.get_by_text(f"Level {left.level}")).to_be_visible()
    row.get_by_role("link").first.click()
    expect(page.locator(".rec-head").get_by_text(f"Level {left.level}")).to_be_visible()


def _ends(desk, dispute):
    desk.get_by_text("The customer withdraws it").click()
    withdrawing = desk.locator("form[action$='/withdraw/']")
    withdrawing.get_by_label("Why").fill("They found the other pallet whole.")
    withdrawing.get_by_role("button", name="Withdraw").click()
    expect(desk.locator(".rec-head .pill")).to_have_text("Withdrawn")
    dispute.refresh_from_db()
    assert dispute.outcome == "withdrawn"


def _is_asked(open_page, dispute):
    """What the fact's task sends is answered on a phone."""
    entry = Entry.objects.filter(fact=events.DISPUTE_WITHDRAWN).latest("id")
    tasks.ask_how_it_went(entry_id=entry.pk)
    survey = Survey.objects.get(occasion="dispute")
    phone = open_page(f"{links.path_of(survey.link)}?lang=en", width=390)
    assert list(unreadable(phone)) == []
    phone.get_by_role("button", name="2 of 5").click()
    phone.get_by_label("In your words").fill("Nobody counted the pallets before they left.")
    phone.get_by_role("button", name="Save").click()
    expect(phone.get_by_label("In your words")).to_have_value("Nobody counted the pallets before they left.")
    assert Answer.objects.get().survey == survey
    assert survey.subject == dispute
    return survey


def _becomes_an_improvement(open_page, world, survey):
    """Planned from the answer, aimed at a figure of disputes, done, told; the customer reads it."""
    page = open_page(Answer.objects.get().get_absolute_url(), user=world.lead, width=1440)
    page.get_by_role("link", name="Plan an improvement").click()
    page.get_by_label("Title").fill("Pallets are counted at the gate")
    page.get_by_label("What is done").fill("Two people count and sign")
    page.get_by_label("Owner").select_option(str(world.lead.pk))
    page.get_by_label("Done by").fill(f"{timezone.localdate() + timedelta(days=30):%Y-%m-%d}")
    page.get_by_label("Figure it shall move").select_option("dispute_rate")
    page.get_by_role("button", name="Plan it").click()
    expect(page.locator("h1")).to_have_text("Pallets are counted at the gate")
    page.goto(reverse("feedback:board"))
    page.get_by_role("button", name="Begin Pallets are counted at the gate").click()
    row = Improvement.objects.get()
    page.wait_for_url(f"**{row.get_absolute_url()}")
    measure_improvements(now=timezone.now())
    page.reload()
    page.get_by_role("button", name="Done").click()
    page.get_by_label("You said").fill("A pallet was missing")
    page.get_by_label("We did").fill("Two people count them now")
    page.get_by_role("button", name="Tell them").click()
    expect(page.get_by_text("Told", exact=True)).to_be_visible()
    row.refresh_from_db()
    assert row.before is not None

    own = links.create_link(
        world.customer, purpose=links.OVERVIEW, contact=survey.contact, actor=None, now=timezone.now()
    )
    phone = open_page(f"{links.path_of(own)}?lang=en", width=390)
    phone.get_by_text("Pallets are counted at the gate").click()
    expect(phone.get_by_text("Two people count them now")).to_be_visible()
