"""A password alone moves no money; a changed password ends other sessions; machines do not sign in."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from core.errors import Refused
from team.operations import reset_second_factor
from team.roles import ROLES
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db
MOVING = [role.code for role in ROLES if role.moves_money]


@pytest.fixture
def strict(settings):
    settings.DEMO = False
    settings.SECURE_SSL_REDIRECT = False
    return settings


@pytest.mark.parametrize("role", [role.code for role in ROLES])
def test_roles_that_move_money_are_sent_to_the_set_up(client, strict, role):
    client.force_login(make_user(role))

    answer = client.get("/policies/")

    assert (answer.status_code == 302 and answer["Location"] == "/team/second-factor/") == (role in MOVING)


def test_the_set_up_itself_and_public_pages_stay_open(client, strict):
    client.force_login(make_user("controller"))

    assert client.get("/team/second-factor/").status_code == 200
    assert client.get("/help/keyboard").status_code == 200
    assert client.post("/accounts/logout/").status_code == 302


def test_with_a_second_factor_the_pages_open(client, strict):
    user = make_user("controller")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    client.force_login(user)

    assert client.get("/policies/").status_code == 200


def test_the_demo_asks_for_none(client, settings):
    settings.DEMO = True
    client.force_login(make_user("controller"))

    assert client.get("/policies/").status_code == 200


def test_a_reset_is_done_by_another_person_and_asks_again(client, strict):
    admin, user = make_user("administrator"), make_user("lead")
    with pytest.raises(Refused):
        reset_second_factor(user, reason="Called", actor=admin, now=NOW)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    with pytest.raises(Refused, match="their own"):
        reset_second_factor(user, reason="Lost", actor=user, now=NOW)

    reset_second_factor(user, reason="Called back on the number in the file", actor=admin, now=NOW)

    client.force_login(user)
    assert client.get("/policies/").status_code == 302


def test_a_new_password_ends_other_sessions():
    user = make_user("manager")
    user.set_password("correct horse battery")
    user.save()
    here, elsewhere = Client(), Client()
    for browser in (here, elsewhere):
        assert (
            browser.post(
                "/accounts/login/", {"login": user.email, "password": "correct horse battery"}
            ).status_code
            == 302
        )
        assert browser.get("/team/profile/").status_code == 200

    answer = here.post(
        "/accounts/password/change/",
        {
            "oldpassword": "correct horse battery",
            "password1": "another long phrase",
            "password2": "another long phrase",
        },
    )

    assert answer.status_code == 302
    assert here.get("/team/profile/").status_code == 200
    assert elsewhere.get("/team/profile/").status_code == 302


def test_a_machine_account_cannot_sign_in_even_with_a_password(client):
    machine = make_user("specialist", is_machine=True)
    machine.set_password("correct horse battery")
    machine.save()

    client.post("/accounts/login/", {"login": machine.email, "password": "correct horse battery"})

    assert client.get("/team/profile/").status_code == 302


def test_nobody_signs_up(client):
    before = client.get("/accounts/signup/")
    client.post(
        "/accounts/signup/",
        {"email": "x@example.test", "password1": "long phrase 12", "password2": "long phrase 12"},
    )

    assert before.status_code == 200
    assert client.get("/team/profile/").status_code == 302


def test_guessing_locks_the_account_even_for_the_right_password(client):
    user = make_user("manager")
    user.set_password("correct horse battery")
    user.save()
    for _ in range(6):
        client.post("/accounts/login/", {"login": user.email, "password": "a wrong guess 99"})

    client.post("/accounts/login/", {"login": user.email, "password": "correct horse battery"})

    assert client.get("/team/profile/").status_code == 302
