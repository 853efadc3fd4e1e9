"""Sign-in, second factor, recovery and password pages: ours in look, sound under the content policy."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse

from team.models import User
from tests.browser import WCAG, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ARRIVED = re.compile(r"^http://[^/?]+/accounts/2fa/$")
PASSWORD = "a long enough password"
STRANGERS = ["account_login", "account_reset_password", "account_reset_password_done"]
SIGNED_IN = [
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_list_webauthn",
    "account_change_password",
    "account_logout",
]


@pytest.fixture
def person():
    return User.objects.create_user(email="maya@example.test", name="Maya Köhler", password=PASSWORD)


def sign_in(open_page, path="/accounts/2fa/"):
    page = open_page(f"/accounts/login/?next={path}")
    page.fill("[name=login]", "maya@example.test")
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    return page


def check(page):
    assert list(violations(page, {"runOnly": WCAG})) == []
    assert "Menu:" not in page.inner_text("body")
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("name", STRANGERS)
def test_pages_for_strangers(open_page, name):
    check(open_page(reverse(name), width=390))


def test_pages_of_the_account(open_page, person):
    page = sign_in(open_page)
    page.wait_for_url(ARRIVED)
    for name in SIGNED_IN:
        page.goto(reverse(name))
        if "reauthenticate" in page.url:
            check(page)
            page.fill("[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(f"**{reverse(name)}")
        check(page)


def test_a_wrong_password_is_said_and_the_focus_goes_there(open_page, person):
    page = open_page(reverse("account_login"))
    page.fill("[name=login]", person.email)
    page.fill("[name=password]", "not the password")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"


def test_the_second_factor_is_asked_and_a_recovery_code_helps(open_page, person):
    TOTP.activate(person, generate_totp_secret())
    RecoveryCodes.activate(person)
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    page = sign_in(open_page)
    page.wait_for_url("**/2fa/authenticate/**")
    check(page)
    page.fill("[name=code]", code)
    page.keyboard.press("Enter")
    page.wait_for_url(ARRIVED)
    page.goto(reverse("mfa_view_recovery_codes"))
    check(page)
    assert code not in page.inner_text("main")


def test_the_demo_names_its_people_and_one_press_signs_in(open_page, person, settings, monkeypatch):
    from billing_ops.management.commands import up

    settings.DEMO = True
    login = {"email": person.email, "password": PASSWORD, "role": "Billing"}
    monkeypatch.setattr(up, "demo_logins", lambda: [login])
    page = open_page("/accounts/login/?next=/accounts/2fa/")
    page.click("[data-login]")
    page.wait_for_url(ARRIVED)
