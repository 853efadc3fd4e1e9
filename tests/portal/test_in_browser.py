"""The customer's page in a real browser: nothing leaks, everybody can read it, the code scans."""

import base64
import io

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from PIL import Image

from correspondence import links
from tests.portal.bills import make_bill, make_customer, make_entity

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def path():
    customer = make_customer(make_entity())
    make_bill(customer)
    bill = make_bill(customer)
    link = links.create_link(bill, purpose=links.INVOICE, contact=None, actor=None, now=timezone.now())
    return links.path_of(link)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_everybody_can_read_it(open_page, path, theme, width):
    for address in (path, "/i/nothing/"):
        page = open_page(address, theme=theme, width=width)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = Axe().run(page).response["violations"]
        assert [violation["id"] for violation in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_request_carries_the_address_of_the_page(open_page, path):
    """T41: neither to our own files nor to the next page."""
    page = open_page(path)
    told = []
    page.on("request", lambda request: told.append(request.headers.get("referer", "")))
    page.reload()
    page.get_by_role("link", name="Deutsch").click()
    page.wait_for_url("**lang=de")

    assert told
    assert not any(told)
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
