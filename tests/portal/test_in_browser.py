"""The customer's page in a real browser: nothing leaks, everybody can read it, the code scans."""

import base64
import io
from datetime import timedelta

import pytest
import zxingcpp
from django.utils import timezone
from PIL import Image

from cases.models import Promise
from correspondence import links
from entities.queries import local_day
from reminders.models import Pause
from tests.browser import unreadable
from tests.portal.bills import make_bill, make_customer, make_entity
from tests.world import make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def path():
    customer = make_customer(make_entity())
    make_bill(customer)
    bill = make_bill(customer)
    link = links.create_link(bill, purpose=links.INVOICE, contact=None, actor=None, now=timezone.now())
    return links.path_of(link)


def test_everybody_can_read_it(open_page, path):
    for address in (path, "/i/nothing/"):
        page = open_page(address)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert list(unreadable(page)) == [], address


def test_a_day_promised_from_the_link_pauses_the_reminders(open_page):
    world = make_world()
    late = world.issued("1000.00", now=timezone.now() - timedelta(days=40))
    link = links.create_link(late, purpose=links.INVOICE, contact=None, actor=None, now=timezone.now())
    page = open_page(f"{links.path_of(link)}?lang=en")
    page.get_by_text("Tell us when you pay").click()
    day = local_day(world.entity, timezone.now()) + timedelta(days=3)
    page.get_by_label("Day of your payment").fill(day.isoformat())
    page.get_by_role("button", name="Promise").click()

    page.get_by_text("send no reminders until then").wait_for()
    assert Promise.objects.get().promised_on == day
    assert Pause.objects.get().kind == "promise"


def test_no_request_carries_the_address_of_the_page(open_page, path):
    """T41: neither to our own files nor to the next page."""
    page = open_page(path)
    told = []
    page.on("request", lambda request: told.append(request.headers.get("referer", "")))
    page.reload()
    page.get_by_role("link", name="Deutsch").click()
    page.wait_for_url("**lang=de")

    assert told
    # A style sheet may name itself for a picture of its own.
    assert not any("/i/" in one for one in told)
    assert page.locator("html").get_attribute("lang") == "de"


def test_the_code_pays_the_right_account_amount_and_reference(open_page, path):
    page = open_page(path)
    source = page.locator("img.qr").get_attribute("src").partition(",")[2]
    picture = Image.open(io.BytesIO(base64.b64decode(source))).convert("L")
    picture = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.NEAREST)

    [code] = zxingcpp.read_barcodes(picture)

    lines = code.text.split("\n")
    number = page.locator("h1").inner_text().rpartition(" ")[2]
    assert (lines[0], lines[3]) == ("BCD", "SCT")
    assert lines[6] == "IE64IRCE92050112345678"
    assert lines[7] == "EUR12840.50"
    assert lines[-1] == number
