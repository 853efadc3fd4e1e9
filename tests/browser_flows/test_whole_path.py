"""The main job from end to end: a customer, an invoice, its approval, the customer's page, the money."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from billing_ops.celery import app
from customers.models import Customer
from invoices.models import Invoice
from tests.browser_flows.keys import focused, tab_to
from tests.world import World, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.slow]
PASSWORD = "a long enough password"


def test_from_a_new_customer_to_a_paid_invoice(
    open_page: Any, live_server: Any, mail_sink: Any, start_worker: Callable[..., Any]
) -> None:
    world = make_world()
    worker = start_worker(1, BASE_URL=live_server.url)

    page = _sign_in(open_page, world)
    customer = _add_customer(page)
    _write_by_keyboard(page, customer)
    invoice = Invoice.objects.get(customer=customer)
    _approve(open_page("/approvals/", user=world.director), invoice)
    _issue_and_send(page, invoice)
    invoice.refresh_from_db()

    # A new customer is also welcomed; the other mail is the invoice.
    _until(lambda: _bills(mail_sink), worker)
    [mail] = _bills(mail_sink)
    words = mail.get_body(("plain",)).get_content()
    address = re.search(rf"{re.escape(live_server.url)}(/i/[\w-]+/)", words)
    assert address, words
    [paper] = mail.iter_attachments()
    assert paper.get_content().startswith(b"%PDF")
    their = open_page(address[1])
    expect(their.locator("h1")).to_contain_text(str(invoice.number))
    expect(their.locator(".amt")).to_have_text("€12,635.86")

    _record_payment(open_page, world, invoice)
    account = open_page(reverse("payments:account", args=[customer.pk]), user=world.lead)
    expect(account.locator("dl.facts dd").first).to_have_text("—€0.00")  # a dash, in words zero
    expect(account.get_by_text("Equals the book")).to_be_visible()
    page.goto(invoice.get_absolute_url())
    expect(page.locator(".rec-head .pill").first).to_have_text("Paid")
    their.reload()
    expect(their.locator(".head .pill")).to_have_text("Paid")


def _sign_in(open_page: Any, world: World) -> Any:
    world.lead.set_password(PASSWORD)
    world.lead.save()
    page = open_page("/invoices/")
    page.get_by_label("Email").fill(world.lead.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"^http://[^/]+/invoices/$"))
    return page


def _add_customer(page: Any) -> Customer:
    page.goto(reverse("customers:create"))
    page.locator("[name=country]").select_option("DE")
    for name, text in {
        "name": "Tidewater Ferries GmbH",
        "street": "Am Kai 3",
        "postal_code": "20457",
        "city": "Hamburg",
        "contact_email": "ap@tidewater.example",
    }.items():
        page.locator(f"[name={name}]").fill(text)
    page.get_by_role("button", name="Add customer").click()
    expect(page.locator("h1")).to_have_text("Tidewater Ferries GmbH")
    return Customer.objects.get(name="Tidewater Ferries GmbH")


def _write_by_keyboard(page: Any, customer: Customer) -> None:
    """From the list of invoices to a submitted one without a pointer."""
    page.goto(reverse("invoices:list"))
    page.keyboard.press("c")
    page.wait_for_url("**/invoices/new/")
    assert focused(page)[0] == "q"
    page.keyboard.type("tidew")
    expect(page.locator("#found a")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**customer={customer.pk}")

    tab_to(page, "lines-0-description")
    for word in ("Design", "12"):
        page.keyboard.type(word)
        page.keyboard.press("Tab")
    page.keyboard.type("850.00")
    page.keyboard.press("Enter")
    assert focused(page)[0] == "lines-1-description"
    for word in ("Travel", "1"):
        page.keyboard.type(word)
        page.keyboard.press("Tab")
    page.keyboard.type("418.365")
    # 10,200.00 + 418.37 (half up) and 19 % of the sum.
    expect(page.locator("[data-total=gross]").first).to_have_text("€12,635.86")
    page.wait_for_url("**/edit/")
    expect(page.locator("#saved")).to_contain_text("Saved")
    expect(page.locator("#due")).to_contain_text("Due")

    page.keyboard.press("?")  # while typing it is a letter
    assert not page.locator("#keyboard").is_visible()
    page.keyboard.press("Backspace")
    tab_to(page, "Check and submit", key="Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/invoices/\d+/$"))
    expect(page.locator(".rec-head .pill").first).to_contain_text("approval")


def _approve(page: Any, invoice: Invoice) -> None:
    """Somebody else finds it in their list and confirms what is unusual."""
    page.locator(f"main a[href*='{invoice.get_absolute_url()}']").click()
    flags = page.locator("#decide input[name=confirmed]")
    assert flags.count()
    for flag in flags.all():
        flag.check()
    page.locator("#decide").get_by_role("button", name="Approve").click()
    expect(page.locator(".rec-head .pill").first).to_have_text("Approved")


def _issue_and_send(page: Any, invoice: Invoice) -> None:
    page.goto(invoice.get_absolute_url())
    page.get_by_role("button", name="Issue", exact=True).first.click()
    expect(page.locator("h1")).to_contain_text("INV-")
    page.get_by_role("button", name=re.compile("^Send")).first.click()
    expect(page.get_by_text("It goes out in a moment.")).to_be_visible()


def _record_payment(open_page: Any, world: World, invoice: Invoice) -> None:
    """The proposal of the page is taken as it is."""
    page = open_page(invoice.get_absolute_url(), user=world.cash)
    page.get_by_role("link", name=re.compile("Record (payment|receipt)", re.IGNORECASE)).first.click()
    expect(page.locator("#proposal")).to_contain_text(str(invoice.number))
    expect(page.locator("#proposal input.n").first).to_have_value("12,635.86")
    page.get_by_role("button", name="Record receipt").click()
    page.wait_for_url(re.compile(r"/payments/\d+/$"))


def _until(done: Callable[[], Any], worker: Any, seconds: float = 150) -> None:
    """Tick as the clock does until the worker has done it."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, worker.output()[-4000:]
        app.send_task("trail.tasks.relay")
        app.send_task("correspondence.tasks.deliver_waiting")
        time.sleep(0.5)


def _bills(sink: Any) -> list[Any]:
    return [mail for mail in sink.messages if list(mail.iter_attachments())]
