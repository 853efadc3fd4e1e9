"""Pages by keyboard alone, and the acts that matter without a line of JavaScript."""

import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from invoices import operations as invoices
from invoices.models import Invoice
from payments.models import Payment
from tests.browser_flows.keys import focused, shows_focus, tab_to
from tests.world import World, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
LIST = "/invoices/"


@pytest.fixture
def world() -> World:
    return make_world()


def drafts(world: World, count: int) -> list[Invoice]:
    now = timezone.now()
    return [
        invoices.write_draft(world.draft(f"{n}00.00"), actor=world.clerk, now=now)
        for n in range(1, count + 1)
    ]


def address_of_row(page: Any) -> str:
    return str(page.locator("tr.cur a").first.get_attribute("href"))


def test_a_list_is_walked_marked_and_opened_by_letters(open_page: Any, world: World) -> None:
    drafts(world, 3)
    page = open_page(LIST, user=world.clerk)
    rows = page.locator("table[data-list] tbody tr")

    page.keyboard.press("j")
    expect(rows.nth(0)).to_have_class("cur")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(rows.nth(1)).to_have_class("cur")
    assert shows_focus(page)
    page.keyboard.press("x")
    expect(rows.nth(1).locator("[data-pick]")).to_be_checked()
    expect(page.locator(".bulk [data-n]")).to_have_text("1")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".bulk [data-n]")).to_have_text("2")
    page.keyboard.press("k")
    wanted = address_of_row(page)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{wanted}")
    page.keyboard.press("e")
    page.wait_for_url(f"**{wanted}edit/")


def test_find_help_and_places(open_page: Any, world: World) -> None:
    [invoice] = drafts(world, 1)
    page = open_page(LIST, user=world.clerk)

    page.keyboard.press("/")
    assert focused(page)[0] == "q"
    page.keyboard.type(str(invoice))
    page.keyboard.press("Enter")
    page.wait_for_url("**q=DRAFT**")
    expect(page.locator("table[data-list] tbody tr")).to_have_count(1)

    page.keyboard.press("?")
    expect(page.locator("#keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keyboard")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/customers/")


@pytest.mark.parametrize("what", ["customer", "invoice"])
def test_the_palette_finds_and_opens(open_page: Any, world: World, what: str) -> None:
    invoice = world.issued("3000", now=timezone.now())
    row = invoice if what == "invoice" else world.customer
    words = invoice.number if what == "invoice" else world.customer.name
    page = open_page("/help/keyboard", user=world.clerk)

    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.type(str(words))
    option = page.locator(f"#palette [data-href='{row.get_absolute_url()}']")
    expect(option).to_be_visible()
    for _ in range(10):
        if option.get_attribute("aria-selected") == "true":
            break
        page.keyboard.press("ArrowDown")
    active = page.locator("#palette input").get_attribute("aria-activedescendant")
    assert active == option.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{row.get_absolute_url()}")


def test_letters_are_text_while_typing_and_nothing_once_switched_off(open_page: Any, world: World) -> None:
    drafts(world, 2)
    page = open_page(LIST, user=world.clerk)

    page.keyboard.press("/")
    page.keyboard.type("cjx?/e")
    assert page.locator("[data-find]").input_value() == "cjx?/e"
    assert page.locator("tr.cur").count() == 0
    page.goto("/team/profile/")
    page.get_by_role("link", name="Open").last.click()
    page.wait_for_url("**/help/keyboard")
    page.get_by_role("button", name="Switch single-key shortcuts off").last.click()
    expect(page.get_by_role("button", name="Switch single-key shortcuts on").last).to_be_visible()
    page.goto(LIST)
    for letter in ("j", "c", "?"):
        page.keyboard.press(letter)
    assert page.locator("tr.cur").count() == 0
    assert not page.locator("#keyboard").is_visible()
    assert page.url.endswith(LIST)
    page.keyboard.press("Control+k")  # two keys at once are no single-key shortcut
    expect(page.locator("#palette")).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/", LIST, "/customers/", "/payments/record/", "/customers/new/", "/policies/"]
)
def test_the_focus_is_always_seen_and_the_first_stop_leads_to_the_content(
    open_page: Any, world: World, path: str
) -> None:
    drafts(world, 1)
    page = open_page(path, user=world.lead)
    unseen = []
    page.keyboard.press("Tab")
    first = focused(page)[3]
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        if not shows_focus(page):
            unseen.append(focused(page))
    assert re.match("Skip", first), first
    assert not unseen


def test_a_refused_form_answers_422_and_leads_to_the_first_fault(open_page: Any, world: World) -> None:
    page = open_page(reverse("customers:create"), user=world.lead)
    page.locator("[name=city]").fill("Hamburg")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.get_by_role("button", name="Add customer").click()
    assert answered.value.status == 422
    page.wait_for_load_state()
    assert _at_a_fault(page)
    assert page.locator("[name=city]").input_value() == "Hamburg"

    page.goto(f"{reverse('invoices:new')}?customer={world.customer.pk}")
    page.locator("[name=lines-0-description]").fill("Design")
    page.locator("[name=lines-0-unit_price]").fill("a lot")
    with page.expect_response(
        lambda answer: answer.url.endswith("/new/?") or "/new/" in answer.url
    ) as answered:
        page.get_by_role("button", name="Check and submit").click()
    assert answered.value.status == 422
    page.wait_for_load_state()
    assert _at_a_fault(page)


def _at_a_fault(page: Any) -> bool:
    return bool(
        page.evaluate(
            "document.activeElement.getAttribute('role') === 'alert'"
            " || document.activeElement.getAttribute('aria-invalid') === 'true'"
        )
    )


def test_dialogs_keep_the_focus_and_give_it_back(open_page: Any, world: World) -> None:
    drafts(world, 1)
    page = open_page(LIST, user=world.clerk)
    tab_to(page, "Filter")
    page.keyboard.press("Enter")
    dialog = page.locator("#filter")
    expect(dialog).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        # Between the last and the first control the browser's own buttons may have it, never the page behind.
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('#filter')"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert "Filter" in focused(page)


def test_without_scripts_a_document_is_written_submitted_and_approved(open_page: Any, world: World) -> None:
    page = open_page(
        reverse("invoices:new") + f"?customer={world.customer.pk}", user=world.clerk, scripts=False
    )
    page.locator("[name=lines-0-description]").fill("Design")
    page.locator("[name=lines-0-quantity]").fill("2")
    page.locator("[name=lines-0-unit_price]").fill("2500")
    page.get_by_role("button", name="Check and submit").click()
    invoice = Invoice.objects.get()
    assert page.url.endswith(invoice.get_absolute_url())
    assert invoice.document_status == Invoice.Status.PENDING

    theirs = open_page(invoice.get_absolute_url(), user=world.director, scripts=False)
    for flag in theirs.locator("[name=confirmed]").all():
        flag.check()
    theirs.locator("#decide").get_by_role("button", name="Approve").click()
    invoice.refresh_from_db()
    assert invoice.document_status == Invoice.Status.APPROVED


def test_without_scripts_a_payment_is_recorded_and_used(open_page: Any, world: World) -> None:
    invoice = world.issued("1000", now=timezone.now())
    page = open_page(f"{reverse('payments:record')}?invoice={invoice.pk}", user=world.cash, scripts=False)
    page.get_by_role("button", name="Record receipt").click()

    assert page.url.endswith(Payment.objects.get().get_absolute_url())
    invoice.refresh_from_db()
    assert (invoice.settlement_status, invoice.balance) == ("paid", 0)
