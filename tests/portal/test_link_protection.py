"""What the public address gives away, and to whom: nothing but the page, to the holder of the link."""

import hashlib
import logging
import statistics
import time
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from billing_ops.logs import mask
from correspondence import links
from portal.limits import CLIENT, FILES, MISSES, TOKEN, client_of, spend
from tests.portal.bills import NOW, make_bill

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def path():
    link = links.create_link(make_bill(), purpose=links.INVOICE, contact=None, actor=None, now=NOW)
    return links.path_of(link)


def seen(answer):
    kept = {key: value for key, value in answer.headers.items() if key != "X-Request-ID"}
    return answer.status_code, kept, answer.content


@pytest.mark.soak("T38")
def test_unknown_tampered_expired_and_revoked_links_answer_alike(client):
    """T37, T38: one body, one set of headers, one length."""
    bill = make_bill()

    def make(**options):
        return links.create_link(bill, purpose=links.INVOICE, contact=None, actor=None, now=NOW, **options)

    fine, expired, revoked = make(), make(days=-1), make()
    links.revoke_link(revoked, actor=None, now=NOW)
    token = links.token_of(fine)
    flipped = ("B" if token[0] == "A" else "A") + token[1:]
    tokens = [
        "A" * 43,
        flipped,
        token[:-1],
        token + "A",
        links.token_of(expired),
        links.token_of(revoked),
        "x",
    ]

    answers = [seen(client.get(f"/i/{wrong}/")) for wrong in tokens]
    answers += [
        seen(client.get(f"/i/{links.token_of(revoked)}/{file}")) for file in ("invoice.pdf", "due.ics")
    ]
    answers += [seen(client.get("/i/")), seen(client.get(f"/i/{token}/more/of/it"))]

    assert answers[0][0] == 404
    assert all(answer == answers[0] for answer in answers)
    assert client.get(f"/i/{token}/").status_code == 200


@pytest.mark.soak("T38")
def test_a_link_dies_with_its_day_and_with_its_revocation(client, clock):
    """T38."""
    bill = make_bill()
    link = links.create_link(bill, purpose=links.INVOICE, contact=None, actor=None, now=NOW, days=90)
    again = links.create_link(bill, purpose=links.INVOICE, contact=None, actor=None, now=NOW, days=365)

    clock.move_to(NOW + timedelta(days=90) - timedelta(seconds=1))
    assert client.get(links.path_of(link)).status_code == 200
    clock.move_to(NOW + timedelta(days=90))
    assert client.get(links.path_of(link)).status_code == 404
    assert client.get(links.path_of(again)).status_code == 200
    links.revoke_links_of(bill, actor=None, now=NOW + timedelta(days=90))
    assert client.get(links.path_of(again)).status_code == 404


def test_the_page_is_neither_stored_nor_indexed_nor_referred(client, path):
    """T41."""
    for answer in (client.get(path), client.get(path + "invoice.pdf"), client.get("/i/wrong/")):
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer["X-Robots-Tag"]
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert not answer.cookies
    page = " ".join(client.get(path).content.decode().split())
    assert '<meta name="robots" content="noindex, nofollow">' in page
    assert '<meta name="referrer" content="no-referrer">' in page
    assert " style=" not in page


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_link_only_reads(path, method):
    """T42."""
    for address in (path, path + "invoice.pdf", path + "due.ics", "/i/wrong/"):
        assert getattr(Client(), method)(address).status_code == 405
        assert getattr(Client(enforce_csrf_checks=True), method)(address).status_code in {403, 405}


def use(limit, who, times):
    for _ in range(times):
        assert spend(limit, who)


def hash_in(path):
    return hashlib.sha256(path.strip("/").split("/")[1].encode()).hexdigest()


@pytest.mark.soak("T40")
def test_a_client_is_slowed_down(client, path):
    """T40."""
    use(CLIENT, "127.0.0.1", CLIENT.most - 1)

    assert client.get(path).status_code == 200
    refused = client.get(path)
    assert refused.status_code == 429
    assert refused["Retry-After"]
    assert "no-store" in refused["Cache-Control"]


def test_files_have_a_limit_of_their_own(client, path):
    use(FILES, hash_in(path), FILES.most - 1)

    assert client.get(path + "due.ics").status_code == 200
    assert client.get(path + "due.ics").status_code == 429
    assert client.get(path + "invoice.pdf").status_code == 429
    assert client.get(path).status_code == 200


@pytest.mark.soak("T40")
def test_one_token_is_limited_over_all_clients(path):
    use(TOKEN, hash_in(path), TOKEN.most - 1)

    assert Client(REMOTE_ADDR="10.0.0.1").get(path).status_code == 200
    assert Client(REMOTE_ADDR="10.0.0.2").get(path).status_code == 429


@pytest.mark.soak("T40")
def test_a_forged_forwarding_header_is_no_other_client(client, path):
    """T40: nobody in front of us is trusted, so the header is anybody's word."""
    guesses = [
        client.get("/i/wrong/", headers={"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.{n}"}).status_code
        for n in range(MISSES.most + 1)
    ]

    assert guesses == [404] * MISSES.most + [429]


def test_with_one_trusted_proxy_its_word_counts_and_no_other(path, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    for n in range(MISSES.most):
        Client().get("/i/wrong/", headers={"X-Forwarded-For": f"203.0.113.{n}, 198.51.100.7"})

    def ask(address):
        return Client().get(path, headers={"X-Forwarded-For": f"203.0.113.99, {address}"}).status_code

    assert ask("198.51.100.7") == 429
    assert ask("198.51.100.8") == 200


def test_an_ipv6_household_is_one_client(rf):
    one = rf.get("/", REMOTE_ADDR="2001:db8:1:2:aaaa::1")
    two = rf.get("/", REMOTE_ADDR="2001:db8:1:2:bbbb::9")
    other = rf.get("/", REMOTE_ADDR="2001:db8:1:3::1")

    assert client_of(one) == client_of(two) != client_of(other)


def test_who_guesses_too_often_is_not_told_about_a_right_guess_either(client, path):
    """T39: after too many misses a valid token answers like any other."""
    for _ in range(MISSES.most):
        client.get("/i/wrong/")

    right, wrong = client.get(path), client.get("/i/wrong/")

    assert right.status_code == wrong.status_code == 429
    assert right.content == wrong.content


@pytest.mark.soak("T39")
def test_guessing_finds_nothing_and_takes_the_same_time(client, clock, size, figures):
    """T39: no guess opens anything; a revoked token is answered as fast as one that never was."""
    bill = make_bill()
    link = links.create_link(bill, purpose=links.INVOICE, contact=None, actor=None, now=NOW)
    dead = links.token_of(link)
    links.revoke_link(link, actor=None, now=NOW)
    guesses, hits, sizes = size(300, 10_000), 0, set()
    times = {"unknown": [], "revoked": []}
    for n in range(guesses):
        address = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
        kind = ("unknown", "revoked")[n % 2]
        token = dead if n % 2 else links._token(link, f"guess {n}")
        began = time.perf_counter()
        answer = client.get(f"/i/{token}/", REMOTE_ADDR=address)
        times[kind].append(time.perf_counter() - began)
        hits += answer.status_code == 200
        sizes.add((answer.status_code, len(answer.content)))

    unknown, revoked = (statistics.median(values) for values in times.values())
    figures(
        "T39",
        guesses=guesses,
        hits=hits,
        unknown_ms=round(unknown * 1000, 2),
        revoked_ms=round(revoked * 1000, 2),
    )
    assert hits == 0
    assert len(sizes) == 1
    if size(0, 1):  # a few guesses on a busy machine say nothing about time; their figures are printed
        assert abs(unknown - revoked) < max(unknown, revoked) * 0.5


def test_limits_allow_a_reader_to_read():
    assert CLIENT.most >= 2 * TOKEN.most


def test_no_log_line_holds_a_token(client, path, caplog):
    """T41: neither of a page that was found nor of one that was not, nor by a token without a digit."""
    caplog.set_level(logging.DEBUG)
    token = path.strip("/").split("/")[1]
    client.get(path)
    client.get(f"/i/{token}x/")

    assert token not in mask(" ".join(str(record.getMessage()) for record in caplog.records))
    letters_only = "AbcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
    for line in (
        f"GET /i/{letters_only}/",
        f"http://x.example/i/{letters_only}/invoice.pdf?lang=de",
        f"/i/{token}",
    ):
        assert letters_only not in mask(line)
        assert token not in mask(line)
