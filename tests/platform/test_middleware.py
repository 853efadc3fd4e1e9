"""What every request passes: the true address, the age of a session, the headers of an answer."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from billing_ops.middleware import TrustedProxies
from team.models import User


def address_seen(remote, forwarded):
    """What a view sees as the caller's address."""
    seen = []

    def view(request):
        seen.append((request.META["REMOTE_ADDR"], "X-Forwarded-For" in request.headers))
        return HttpResponse()

    TrustedProxies(view)(RequestFactory().get("/", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded))
    return seen[0]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "198.51.100.9", "10.0.0.1"),  # nobody in front of us: the header is the caller's own invention
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "203.0.113.1, 198.51.100.9", "198.51.100.9"),  # the left part is invented as well
        (2, "203.0.113.1, 198.51.100.9, 10.0.0.7", "198.51.100.9"),
        (2, "198.51.100.9", "10.0.0.1"),  # came past a proxy: believe the connection
        (1, "", "10.0.0.1"),
    ],
)
def test_the_callers_address_is_what_our_outermost_proxy_saw(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = proxies

    assert address_seen("10.0.0.1", forwarded) == (address, False)


@pytest.fixture
def signed_in(client, db, settings):
    """A browser with a session."""
    user = User.objects.create_user("clerk@example.com", "a-long-password", name="Clerk")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def is_signed_in(client):
    """Whether the next page is still theirs."""
    client.get("/healthz")
    return "_auth_user_id" in client.session


def test_a_session_that_is_used_lives_until_its_absolute_end(signed_in, settings):
    start = timezone.now()
    step = settings.SESSION_IDLE * 0.9
    with time_machine.travel(start, tick=False) as clock:
        assert is_signed_in(signed_in)
        while timezone.now() + step < start + settings.SESSION_ABSOLUTE:
            clock.shift(step)
            assert is_signed_in(signed_in)
        clock.move_to(start + settings.SESSION_ABSOLUTE + timedelta(seconds=1))
        assert not is_signed_in(signed_in)


def test_a_session_that_lies_idle_ends(signed_in, settings):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert is_signed_in(signed_in)
        clock.shift(settings.SESSION_IDLE + timedelta(seconds=1))
        assert not is_signed_in(signed_in)


def test_using_a_session_is_not_a_write_each_time(signed_in, django_assert_num_queries):
    signed_in.get("/healthz")
    with django_assert_num_queries(1):  # the user; the session comes from the cache
        signed_in.get("/healthz")


def test_pages_are_private_and_hold_only_what_is_ours(client, db):
    headers = client.get("/accounts/login/").headers

    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in f"{policy};"
    assert "unsafe" not in policy


def test_the_cache_keeps_json_and_counts():
    cache.set("parts", {"a": [1, "2"], "b": None}, 5)
    cache.set("count", 1, 5)

    assert cache.get("parts") == {"a": [1, "2"], "b": None}
    assert cache.incr("count") == 2


def test_nothing_here_unpickles(settings):
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert settings.CELERY_TASK_SERIALIZER == "json"
    assert settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"
    assert "pickle" not in str(settings.CACHES)
