"""T39, T40, T74-T76: guessing, what answers give away, sessions, and ways around the second factor."""

import re
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tests.factories import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
LOGIN = "/accounts/login/"
RESET = "/accounts/password/reset/"
MINE = "/team/profile/"


@pytest.fixture(autouse=True)
def fresh_counters():
    cache.clear()


@pytest.fixture
def person():
    user = make_user("manager")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, user, password=PASSWORD, **headers):
    return client.post(LOGIN, {"login": user.email, "password": password}, **headers)


def is_in(client):
    return client.get(MINE).status_code == 200


def without_what_is_typed(answer, *typed):
    text = answer.content.decode()
    for one in typed:
        text = text.replace(one, "")
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"|csrf[^"]*"[^"]+"', "", text)


# ------------------------------------------------------------------------------------------- guessing


@pytest.mark.parametrize("header", ["HTTP_X_FORWARDED_FOR", "HTTP_HOST"])
def test_guessing_is_counted_whatever_the_guesser_writes_into_headers(client, person, settings, header):
    settings.TRUSTED_PROXY_COUNT = 0
    settings.ALLOWED_HOSTS = ["*"]
    for n in range(8):
        sign_in(client, person, "a wrong guess 99", **{header: f"198.51.100.{n}"})

    sign_in(client, person, **{header: "198.51.100.99"})

    assert not is_in(client)


def test_trying_many_accounts_from_one_address_is_stopped(client, person, settings):
    settings.TRUSTED_PROXY_COUNT = 0
    for n in range(40):
        client.post(
            LOGIN,
            {"login": f"nobody{n}@example.test", "password": "stuffed from a leak"},
            HTTP_X_FORWARDED_FOR=f"203.0.113.{n}",
        )

    sign_in(client, person, HTTP_X_FORWARDED_FOR="203.0.113.200")

    assert not is_in(client)


def test_a_lock_ends_and_others_are_not_locked_out(client, person):
    colleague = make_user("manager")
    colleague.set_password(PASSWORD)
    colleague.save()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(6):
            sign_in(client, person, "a wrong guess 99")
        other = Client()
        sign_in(other, colleague)
        assert is_in(other)
        clock.shift(3600)
        sign_in(client, person)
        assert is_in(client)


def test_asking_for_reset_mails_has_an_end(client, person):
    for _ in range(40):
        client.post(RESET, {"email": person.email})

    assert len(mail.outbox) <= 20


# ------------------------------------------------------------------------------------------ enumeration


def test_the_sign_in_answers_alike_for_known_and_unknown_people(person):
    known = sign_in(Client(), person, "a wrong guess 99")
    unknown = Client().post(LOGIN, {"login": "nobody@example.test", "password": "a wrong guess 99"})

    assert known.status_code == unknown.status_code == 200
    assert without_what_is_typed(known, person.email) == without_what_is_typed(unknown, "nobody@example.test")


def test_a_guesser_does_not_learn_who_was_deactivated(client, person):
    person.is_active = False
    person.save()

    answer = sign_in(client, person, "a wrong guess 99")
    unknown = Client().post(LOGIN, {"login": "nobody@example.test", "password": "a wrong guess 99"})

    assert without_what_is_typed(answer, person.email) == without_what_is_typed(
        unknown, "nobody@example.test"
    )
    sign_in(client, person)
    assert not is_in(client)


def test_the_reset_answers_alike_for_known_and_unknown_people(client, person):
    known = client.post(RESET, {"email": person.email})
    unknown = client.post(RESET, {"email": "nobody@example.test"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


# --------------------------------------------------------------------------------------------- sessions


def test_signing_in_gives_a_new_session_and_takes_none_that_was_planted(client, person):
    client.get(LOGIN)
    client.cookies["session"] = "planted0123456789planted012345"
    client.cookies["sessionid"] = "planted0123456789planted012345"

    sign_in(client, person)
    first = client.session.session_key
    thief = Client()
    thief.cookies["session"] = "planted0123456789planted012345"

    assert is_in(client)
    assert first != "planted0123456789planted012345"
    assert not is_in(thief)


def test_the_cookie_is_not_for_scripts_or_other_sites(client, person, settings):
    cookie = sign_in(client, person).cookies[settings.SESSION_COOKIE_NAME]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["domain"]


def test_signing_out_ends_the_session_itself_not_only_the_cookie(client, person, settings):
    sign_in(client, person)
    stolen = Client()
    stolen.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert is_in(stolen)

    client.post("/accounts/logout/")

    assert not is_in(stolen)


def test_signing_out_by_a_link_does_nothing(client, person):
    sign_in(client, person)
    client.get("/accounts/logout/")

    assert is_in(client)


def test_a_deactivated_person_is_out_at_once(client, person):
    sign_in(client, person)
    person.is_active = False
    person.save(update_fields=["is_active"])

    assert not is_in(client)


def reset_password(client, person, new):
    client.post(RESET, {"email": person.email})
    [link] = re.findall(r"https?://\S+/accounts/password/reset/key/\S+", mail.outbox[-1].body)
    page = client.get(urlsplit(link).path, follow=True)
    return client.post(page.request["PATH_INFO"], {"password1": new, "password2": new}), link


def test_a_reset_password_ends_all_sessions_and_its_link_works_once(client, person):
    elsewhere = Client()
    sign_in(elsewhere, person)
    assert is_in(elsewhere)

    answer, link = reset_password(client, person, "another long phrase")

    assert answer.status_code == 302
    assert not is_in(elsewhere)
    assert not is_in(client)
    stranger = Client()
    page = stranger.get(urlsplit(link).path, follow=True)
    stranger.post(
        page.request["PATH_INFO"], {"password1": "a third long phrase", "password2": "a third long phrase"}
    )
    sign_in(stranger, person, "a third long phrase")
    assert not is_in(stranger)


# ---------------------------------------------------------------------------------------- second factor


def code_at(secret, moment):
    return format_hotp_value(hotp_value(secret, int(moment) // 30))


@pytest.fixture
def guarded(person):
    """A person with an authenticator app; returns its secret."""
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    RecoveryCodes.activate(person)
    return secret


def test_the_password_alone_opens_nothing(client, person, guarded):
    answer = sign_in(client, person)

    assert "2fa/authenticate" in answer["Location"]
    assert not is_in(client)
    for path in ("/accounts/2fa/", "/accounts/2fa/totp/deactivate/", "/accounts/password/change/"):
        assert client.get(path).status_code == 302


def test_a_reset_password_is_not_a_way_around_the_second_factor(client, person, guarded):
    reset_password(client, person, "another long phrase")
    assert not is_in(client)

    answer = sign_in(client, person, "another long phrase")

    assert "2fa/authenticate" in answer["Location"]
    assert not is_in(client)
    assert Authenticator.objects.filter(user=person, type="totp").exists()


def test_a_code_is_used_once(person, guarded):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        code = code_at(guarded, timezone.now().timestamp())
        first, second = Client(), Client()
        for client in (first, second):
            sign_in(client, person)
            client.post("/accounts/2fa/authenticate/", {"code": code})
        assert is_in(first)
        assert not is_in(second)
        clock.shift(600)
        late = Client()
        sign_in(late, person)
        late.post("/accounts/2fa/authenticate/", {"code": code})
        assert not is_in(late)


def test_a_recovery_code_is_used_once(person, guarded):
    [code, *_] = Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()
    first, second = Client(), Client()
    for client in (first, second):
        sign_in(client, person)
        client.post("/accounts/2fa/authenticate/", {"code": code})

    assert is_in(first)
    assert not is_in(second)


def test_guessing_codes_is_stopped_even_for_the_right_one(client, person, guarded):
    with time_machine.travel(timezone.now(), tick=False):
        sign_in(client, person)
        for n in range(12):
            client.post("/accounts/2fa/authenticate/", {"code": f"{n:06}"})

        client.post("/accounts/2fa/authenticate/", {"code": code_at(guarded, timezone.now().timestamp())})

        assert not is_in(client)


# ------------------------------------------------------------------------------------------ host header


def test_mails_point_to_us_whatever_host_the_request_names(client, person, settings):
    settings.ALLOWED_HOSTS = ["*"]
    client.post(RESET, {"email": person.email}, HTTP_HOST="evil.example")
    client.post(RESET, {"email": "nobody@example.test"}, HTTP_HOST="evil.example")

    assert mail.outbox
    for message in mail.outbox:
        assert "evil.example" not in str(message.message())
    assert settings.BASE_URL in mail.outbox[0].body


def test_an_unknown_host_is_refused_outside_the_demo(client, settings):
    settings.ALLOWED_HOSTS = ["billing.example.com"]

    assert client.get(LOGIN, HTTP_HOST="evil.example").status_code == 400
    assert client.get(LOGIN, HTTP_HOST="billing.example.com").status_code == 200


def test_signing_in_does_not_send_people_elsewhere(client, person):
    for target in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        fresh = Client()
        answer = fresh.post(f"{LOGIN}?next={target}", {"login": person.email, "password": PASSWORD})
        assert "evil" not in answer["Location"]
        assert "javascript" not in answer["Location"]
