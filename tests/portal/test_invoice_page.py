"""What the customer sees behind the link."""

from datetime import date, timedelta

import pytest
import time_machine

from correspondence import links
from invoices.models import Invoice
from tests.portal.bills import NOW, make_bill, make_contact, make_customer, make_entity, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def path_of(invoice, *, contact=None, purpose=links.INVOICE, **lasting):
    link = links.create_link(invoice, purpose=purpose, contact=contact, actor=None, now=NOW, **lasting)
    return links.address(link).removeprefix("http://127.0.0.1:8000")


def open_page(client, invoice, query="", **options):
    return client.get(path_of(invoice, **options) + query)


def text_of(response):
    return " ".join(response.content.decode().split())


def test_the_page_says_what_is_owed_until_when_and_how_to_pay(client):
    page = open_page(client, make_bill())

    assert page.status_code == 200
    said = text_of(page)
    assert "€12,840.50" in said
    assert "due Monday 9 November 2026" in said
    assert "IE64 IRCE 9205 0112 3456 78" in said
    assert "data:image/png;base64," in said
    assert "Charging depot commissioning" in said
    assert "40 h × 128.00" in said
