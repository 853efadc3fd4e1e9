"""From the customer's phone to the credit note, and back: it is not solved."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from correspondence import links
from disputes.models import Dispute
from tests.browser import unreadable
from tests.world import make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.timeout(600)]
PHOTO = b"\x89PNG\r\n\x1a\n" + b"0" * 200


def test_a_line_is_disputed_on_a_phone_answered_credited_and_not_solved(open_page):
    world = make_world()
    now = timezone.now()
    invoice = world.issued("800.00", "200.00", now=now)
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
