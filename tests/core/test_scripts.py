"""The page scripts in a browser, under the real content security policy, by keyboard."""

import pytest

from team.models import User
from tests.browser import WCAG, unreadable
from tests.core import scripts_site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = "tests.core.scripts_site"
    scripts_site.SAVED.clear()
    scripts_site.ANSWER["status"] = 200


def person(**fields):
    return User.objects.create_user(email="maya@example.test", name="Maya Köhler", **fields)


def texts(page, selector):
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in page.locator(selector).all_inner_texts()]


def test_a_document_is_written_by_keyboard_alone(open_page):
    page = open_page("/editor")
    page.focus("[name=lines-0-description]")
    for word in ("Design", "12", "850.00"):
        page.keyboard.type(word)
        page.keyboard.press("Tab")
    page.focus("[name=lines-0-unit_price]")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "lines-1-description"
    for word in ("Travel", "1", "418.365"):
        page.keyboard.type(word)
        page.keyboard.press("Tab")

    # 10,200.00 + 418.37 (half up); VAT of the sum, 2,017.49, not of the lines.
    assert texts(page, "[data-amount]") == ["€10,200.00", "€418.37"]
    assert texts(page, "[data-total]") == ["€10,618.37", "€2,017.49", "€12,635.86"]
    assert page.input_value("[name=lines-TOTAL_FORMS]") == "2"

    page.focus("[name=lines-1-quantity]")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.name") == "lines-0-quantity"
    page.keyboard.press("Alt+Backspace")
    assert page.input_value("[name=lines-0-description]") == "Travel"
    assert page.get_attribute("[name=lines-0-description]", "aria-label") == "Description, line 1"


def test_rows_of_a_spreadsheet_are_pasted_into_lines(open_page):
    page = open_page("/editor")
    page.focus("[name=lines-0-description]")
    page.evaluate(
        """() => {
            const data = new DataTransfer();
            data.setData("text/plain", "Design\\t12\\t850.00\\tVAT 7%\\nTravel\\t1\\t1,000.00\\t19%\\n");
            document.activeElement.dispatchEvent(
                new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )
    assert texts(page, "[data-amount]") == ["€10,200.00", "€1,000.00"]
    assert page.input_value("[name=lines-0-tax]") == "2"
    assert texts(page, "[data-total=tax]") == ["€904.00"]


def test_amounts_are_typed_and_shown_as_the_reader_writes_them(open_page):
    page = open_page("/editor", user=person(language="de"))
    page.fill("[name=lines-0-quantity]", "2,5")
    page.fill("[name=lines-0-unit_price]", "1.234,56")
    assert texts(page, "[data-amount]") == ["3.086,40 €"]
    assert page.input_value("[name=discount]") == "1,5"


def test_a_draft_saves_itself_and_takes_what_the_server_computed(open_page):
    page = open_page("/editor")
    page.fill("[name=number]", "DE811907980")
    page.wait_for_selector("#hint:text-is('saved by the server')")
    assert texts(page, "#saved") == ["Saved"]
    assert scripts_site.SAVED[-1]["number"] == "DE811907980"
    assert page.input_value("[name=version]") == "2"


def test_when_somebody_else_saved_first_the_draft_stops_and_shows_it(open_page):
    scripts_site.ANSWER["status"] = 409
    page = open_page("/editor")
    page.fill("[name=number]", "A")
    page.wait_for_selector("#notice .note")
    assert "Anna saved before you." in page.inner_text("#notice")
    page.fill("[name=number]", "AB")
    page.wait_for_timeout(1200)
    assert len(scripts_site.SAVED) == 1


def test_a_field_is_checked_when_it_is_left(open_page):
    page = open_page("/editor")
    page.fill("[name=number]", "DE1")
    page.keyboard.press("Tab")
    page.wait_for_selector("#id_number[aria-invalid=true]")
    assert "Needs 9 digits" in page.inner_text("#id_number_error")
    assert page.get_attribute("#id_number", "aria-describedby") == "id_number_error"
    page.fill("[name=number]", "DE811907980")
    page.keyboard.press("Tab")
    page.wait_for_selector("#id_number[aria-invalid=false]")


def test_a_page_of_faults_starts_at_their_list(open_page):
    page = open_page("/editor")
    page.click("text=Review")
    page.wait_for_selector(".faults")
    assert page.evaluate("document.activeElement.className").startswith("note bad")


def test_the_palette_opens_finds_and_goes_by_keyboard(open_page):
    page = open_page("/list")
    page.keyboard.press("Control+k")
    page.keyboard.type("inv")
    page.wait_for_selector("#palette [role=listbox]:not([aria-busy]) [aria-selected=true]")
    field = page.locator("#palette [role=combobox]")
    page.keyboard.press("ArrowDown")
    assert field.get_attribute("aria-expanded") == "true"
    assert field.get_attribute("aria-activedescendant") == "palette-1"
    page.keyboard.press("Enter")
    page.wait_for_url("**/record?INV-2")


def test_a_list_is_worked_by_single_keys(open_page):
    page = open_page("/list")
    assert not page.is_visible(".bulk")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.inner_text("[data-some]").split() == ["2", "selected", "€3,000.00"]

    page.check("[data-all]")
    page.click("[data-all-matching]")
    assert page.input_value("#bulk [name=all]") == "1"
    assert "All 12,500 matching" in page.inner_text("[data-everything]")
    page.click("[data-clear]")
    assert not page.is_visible(".bulk")

    page.keyboard.press("/")
    page.keyboard.type("jc?")
    assert page.input_value("[data-find]") == "jc?"
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    page.wait_for_selector("#keyboard[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.wait_for_url("**/editor")


def test_single_keys_do_nothing_for_those_who_switched_them_off(open_page):
    page = open_page("/list", user=person(keyboard_shortcuts=False))
    page.keyboard.press("j")
    assert page.locator(".cur").count() == 0


def test_the_theme_changes_at_once_and_stays(open_page):
    page = open_page("/list", user=person())
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    with page.expect_response("**/theme"):
        page.click("[name=theme]")
    dark = page.evaluate(ground)
    page.reload()
    assert page.evaluate(ground) == dark != light


def test_an_irreversible_act_waits_for_its_word(open_page):
    page = open_page("/record")
    page.click("[data-open=void]")
    page.keyboard.type("VOI")
    assert page.get_attribute("#void footer button:last-child", "aria-disabled") == "true"
    page.keyboard.type("D")
    assert page.get_attribute("#void footer button:last-child", "aria-disabled") is None
    page.click("#void [data-close]")
    assert not page.is_visible("#void")


def test_the_menu_of_a_phone_opens_without_a_script(open_page):
    page = open_page("/list", user=person(), width=390)
    assert not page.is_visible("#side")
    page.click(".menu-btn")
    assert page.is_visible("#side")
    page.keyboard.press("Escape")
    assert not page.is_visible("#side")


@pytest.mark.parametrize("path", ["/list", "/editor", "/record", "/accounts/login/", "/missing"])
def test_pages_are_accessible_and_fit(open_page, path):
    page = open_page(path, user=None if "login" in path else person())
    if path == "/list":
        page.locator("[data-pick]").first.check()
    assert list(unreadable(page, tags=WCAG)) == []
