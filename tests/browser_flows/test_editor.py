"""The editor of documents: what it adds up while one types is what the server books."""

import random
import re
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from core import locale
from invoices import operations as invoices
from invoices.models import Invoice
from tests.world import World, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def world() -> World:
    return make_world()


def editor_of(world: World) -> str:
    return f"{reverse('invoices:new')}?customer={world.customer.pk}"


def shown(page: Any) -> list[str]:
    """Net, tax and total as the page shows them."""
    found = [page.locator(f"[data-total={name}]").first.inner_text() for name in ("net", "tax", "gross")]
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in found]


def paste(page: Any, text: str) -> None:
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def grid(seed: int) -> list[dict[str, str]]:
    """Lines of quantities, prices, discounts and taxes that leave something to round."""
    chance = random.Random(seed)
    return [
        {
            "description": f"Line {number}",
            "quantity": str(chance.choice([1, 3, 7, 12, Decimal("0.333"), Decimal("2.5")])),
            "unit_price": str(Decimal(chance.randrange(1, 5_000_000)) / chance.choice([100, 1000, 10000])),
            "discount_pct": str(chance.choice(["", "5", "12.5", "33.3333"])),
            "tax": chance.choice(["standard", "reduced"]),
        }
        for number in range(chance.randrange(1, 7))
    ]


@pytest.mark.soak("totals")
@pytest.mark.parametrize("rounding", ["group", "line"])
def test_live_totals_are_the_servers(open_page: Any, size: Any, rounding: str) -> None:
    world = make_world(tax_rounding=rounding)
    page = open_page("/help/keyboard", user=world.clerk)
    wrong = []
    for seed in range(size(4, 40)):  # the fourth is in yen
        currency = "JPY" if seed % 4 == 3 else "EUR"
        draft = invoices.write_draft(
            world.draft("1", currency=currency), actor=world.clerk, now=timezone.now()
        )
        page.goto(reverse("invoices:edit", args=[draft.pk]))
        lines = grid(seed)
        _fill(page, lines)
        live = shown(page)
        page.get_by_role("button", name="Save and close").first.click()
        page.wait_for_url(f"**{draft.get_absolute_url()}")
        draft.refresh_from_db()
        booked = [
            locale.money(amount, currency) for amount in (draft.net_total, draft.tax_total, draft.payable)
        ]
        if live != [text.replace("\N{NO-BREAK SPACE}", " ") for text in booked]:
            wrong.append((currency, lines, live, booked))
    assert not wrong, wrong[0]


def _fill(page: Any, lines: list[dict[str, str]]) -> None:
    for number, line in enumerate(lines):
        if number:
            page.locator("[data-add-line]").click()
        for name, value in line.items():
            control = page.locator(f"[name=lines-{number}-{name}]")
            if name == "tax":
                control.select_option(value)
            elif name == "discount_pct":
                if value:
                    page.locator(f"[popovertarget=lines-{number}-more]").first.click()
                    control.fill(value)
                    page.keyboard.press("Escape")
            else:
                control.fill(value)


def test_rows_of_a_spreadsheet_become_lines_and_are_saved(open_page: Any, world: World) -> None:
    page = open_page(editor_of(world), user=world.clerk)
    page.locator("[name=lines-0-description]").focus()

    paste(page, "Design\t12\t850.00\r\nTravel, at cost\t1\t1,418.36\r\nHosting\t3\t19.90\r\n")

    assert shown(page)[0] == "€11,678.06"
    page.wait_for_url("**/edit/")
    expect(page.locator("#saved")).to_contain_text("Saved")
    expect(page.locator("#saved svg")).to_be_attached()
    lines = Invoice.objects.get().lines.order_by("position")
    assert [(one.description, one.quantity, one.net) for one in lines] == [
        ("Design", 12, Decimal("10200.00")),
        ("Travel, at cost", 1, Decimal("1418.36")),
        ("Hosting", 3, Decimal("59.70")),
    ]
    page.reload()  # the draft has its own address now
    expect(page.locator("[name=lines-2-description]")).to_have_value("Hosting")


def test_who_comes_second_sees_what_the_first_changed_and_chooses(open_page: Any, world: World) -> None:
    draft = invoices.write_draft(world.draft("100"), actor=world.clerk, now=timezone.now())
    path = reverse("invoices:edit", args=[draft.pk])
    first = open_page(path, user=world.lead)
    second = open_page(path, user=world.clerk)
    first.locator("[name=po_number]").fill("PO-77")
    expect(first.locator("#saved")).to_contain_text(re.compile("^Saved$"))

    with second.expect_response("**/autosave/") as answered:
        second.locator("[name=lines-0-unit_price]").fill("140")
    assert answered.value.status == 409
    stale = second.locator("#notice .stale")
    expect(stale).to_contain_text(f"{world.lead} saved this before you")
    expect(stale).to_contain_text("PO-77")
    draft.refresh_from_db()
    assert (draft.po_number, draft.net_total) == ("PO-77", Decimal("100.00"))

    stale.get_by_role("link", name="Take theirs").click()
    expect(second.locator("[name=po_number]")).to_have_value("PO-77")
    expect(second.locator("[name=lines-0-unit_price]")).to_have_value(re.compile(r"^100"))


def test_numbers_are_read_and_written_as_the_writer_is_used_to(open_page: Any, world: World) -> None:
    world.clerk.language = "de"
    world.clerk.save()
    page = open_page(editor_of(world), user=world.clerk)
    page.locator("[name=lines-0-description]").fill("Beratung")
    page.locator("[name=lines-0-quantity]").fill("1,5")
    page.locator("[name=lines-0-unit_price]").fill("1.234,56")

    assert shown(page) == ["1.851,84 €", "351,85 €", "2.203,69 €"]
    page.wait_for_url("**/edit/")
    draft = Invoice.objects.get()
    assert (draft.net_total, draft.payable) == (Decimal("1851.84"), Decimal("2203.69"))
    page.reload()
    expect(page.locator("[name=lines-0-unit_price]")).to_have_value(re.compile(r"^1\.?234,56"))
    assert shown(page) == ["1.851,84 €", "351,85 €", "2.203,69 €"]
