"""The browser harness: a real Chromium on a real server, and no complaint goes unheard."""

import pytest

pytestmark = pytest.mark.browser


def test_the_sign_in_page_opens_without_a_complaint(open_page):
    page = open_page("/accounts/login/")

    assert page.locator("form input[type=password]").count() == 1


def test_a_violation_of_the_content_policy_is_heard(browser, live_server):
    from tests.browser import Pages

    pages = Pages(browser, live_server.url)
    page = pages.open("/accounts/login/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')")
    pages.close()

    assert any("Content Security Policy" in text for text in pages.complaints)
