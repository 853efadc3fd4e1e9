"""A collector works five accounts by keyboard alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cases import operations
from cases.models import Call, Case
from entities.queries import local_day
from tests.browser_flows.keys import tab_to
from tests.factories import make_customer, make_user
from tests.world import furnish, make_world

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NAMES = ("Alder Foods", "Birch Paper", "Cedar Homes", "Dogwood Media", "Elm Logistics")


@pytest.fixture
def collector() -> Any:
    """Somebody with five overdue accounts; the first by name owes the most."""
    world, now = make_world(), timezone.now()
    person = make_user("collector", name="Ann Collector")
    for number, name in enumerate(NAMES):
        customer = make_customer(entity=world.entity, name=name)
        furnish(customer, world.lead)
        net = f"{2000 - 100 * number}"
        world.issued(net, customer=customer, now=now - timedelta(days=44))
    operations.go_round(world.entity, now=now)
    # Today, whatever weekday it is: nobody is planned to be called on a weekend.
    Case.objects.update(next_on=local_day(world.entity, now))
    return person


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def begin(page: Any, letter: str, first: str) -> None:
    """Open an act by its letter; its first field gets the focus."""
    page.keyboard.press(letter)
    expect(page.locator(f"[name={first}]")).to_be_focused()


def chosen(page: Any, name: str) -> None:
    expect(page.locator("#peek .ctx-head b")).to_have_text(name)
    # A key pressed before the scripts of a new page run is heard by nobody.
    page.wait_for_load_state("load")


def test_five_accounts_are_worked_by_keyboard(open_page: Any, collector: Any) -> None:
    colleague = make_user("lead", name="Zoe Lead")
    page = open_page("/collect/", user=collector, width=1440)
    chosen(page, "Alder Foods")

    # Down to the second: its card comes without leaving the list.
    press(page, "j", "j")
    chosen(page, "Birch Paper")
    expect(page.locator(".wl a[aria-current]")).to_contain_text("Birch Paper")
    # 1: a call. The first field has the focus; what is next is filled in.
    begin(page, "d", "call-outcome")
    page.keyboard.type("Voicemail")
    press(page, "Tab")
    page.keyboard.type("Left word with the switchboard")
    press(page, "Tab", "Tab")
    tab_to(page, "Save and go on")
    press(page, "Enter")
    page.wait_for_url("**/collect/")
    expect(page.locator("#notice")).to_contain_text("Noted")
    # 2: skip.
    chosen(page, "Alder Foods")
    begin(page, "s", "skip-reason")
    page.keyboard.type("Their office is closed")
    press(page, "Enter")
    # 3: put off.
    chosen(page, "Cedar Homes")
    begin(page, "z", "snooze-until")
    tab_to(page, "snooze-reason")
    page.keyboard.type("Pays with the next run")
    press(page, "Enter")
    # 4: another next step.
    chosen(page, "Dogwood Media")
    begin(page, "e", "edit-next_action")
    page.keyboard.type("Write")
    page.locator("[name=edit-next_on]").fill((timezone.localdate() + timedelta(days=5)).isoformat())
    tab_to(page, "edit-note")
    press(page, "Enter")
    # 5: to a colleague.
    chosen(page, "Elm Logistics")
    begin(page, "a", "delegate-to")
    page.keyboard.type("Zoe")
    press(page, "Tab")
    page.keyboard.type("A large group")
    press(page, "Enter")

    expect(page.locator(".empty h2")).to_have_text("All done")
    assert Call.objects.get().outcome == "voicemail"
    names = Case.objects.order_by("customer__name")
    assert [bool(case.snoozed_until) for case in names] == [True, False, True, False, False]
    assert names.get(customer__name="Dogwood Media").next_action == "write"
    assert names.get(customer__name="Elm Logistics").owner == colleague


def test_the_card_is_a_page_of_its_own_on_a_phone(open_page: Any, collector: Any) -> None:
    page = open_page("/collect/", user=collector, width=390)

    page.locator(".wl a").nth(2).click()

    expect(page.locator("#peek")).to_be_visible()
    chosen(page, "Cedar Homes")
    page.locator("#peek").get_by_label("Back to the list").click()
    expect(page.locator("#peek")).not_to_be_visible()
