"""T21 to T24: a POST with a key happens once: replayed, in parallel, after a crash, until the key ends."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import time_machine
from django.utils import timezone

from invoices.models import Invoice
from payments.models import Payment
from team.idempotency import forget_old
from team.models import IdempotentRequest
from tests.api.client import Api, refused
from tests.world import World, make_world


def _draft(world: World, amount: str = "100.00") -> dict[str, Any]:
    line = {"description": "Work package", "quantity": "1", "unit_price": amount}
    return {"customer": world.customer.pk, "lines": [line]}


def _receipt(world: World) -> dict[str, Any]:
    today = timezone.localdate().isoformat()
    return {"entity": world.entity.code, "received_on": today, "currency": "EUR", "amount": "10.00"}


def test_the_same_key_and_body_give_the_same_answer(world: World) -> None:
    api, body = Api(world.clerk), _draft(world)
    first = api.send("POST", "invoices/", body, Idempotency_Key="a")
    # The same content in another order and spacing is the same body.
    again = api.send(
        "POST", "invoices/", json.dumps(dict(reversed(body.items())), indent=2), Idempotency_Key="a"
    )
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    for name in ("ETag", "Location", "Content-Type"):
        assert first[name] == again[name]
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert Invoice.objects.count() == 1


@pytest.mark.soak("T22")
def test_another_body_or_path_is_refused(world: World) -> None:
    api = Api(world.clerk)
    api.post("invoices/", _draft(world), Idempotency_Key="a")
    rule = "a_key_names_one_request"
    other = api.send("POST", "invoices/", _draft(world, "101.00"), Idempotency_Key="a")
    assert "100" not in refused(other, 422, field="Idempotency-Key", rule=rule)["detail"]
    pk = Invoice.objects.get().pk
    refused(api.send("POST", f"invoices/{pk}/submit/", {}, Idempotency_Key="a"), 422, rule=rule)
    assert Invoice.objects.get().document_status == "draft"


@pytest.mark.soak("T22")
def test_the_key_of_another_user_is_another_key(world: World) -> None:
    first = Api(world.clerk).post("invoices/", _draft(world), Idempotency_Key="a")
    second = Api(world.lead).post("invoices/", _draft(world, "200.00"), Idempotency_Key="a")
    assert first["id"] != second["id"]
    assert (first["net_total"], second["net_total"]) == ("100.00", "200.00")


def test_a_refusal_is_not_kept(world: World) -> None:
    api, body = Api(world.clerk), _draft(world)
    customer = world.customer
    customer.status = "blocked"
    invoice = api.post("invoices/", body)
    path = f"invoices/{invoice['id']}/issue/"
    refused(api.send("POST", path, {}, Idempotency_Key="issue"), 409)
    assert not IdempotentRequest.objects.filter(key="issue").exists()
    world.approve(Invoice.objects.get(), now=timezone.now())
    issued = api.post(path, {}, Idempotency_Key="issue")
    assert issued["number"]
    # Now it is kept: the same number, not "is issued already".
    assert api.post(path, {}, Idempotency_Key="issue")["number"] == issued["number"]


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel".encode().decode("latin-1")])
def test_keys_that_cannot_be_read(world: World, key: str) -> None:
    answer = Api(world.clerk).send("POST", "invoices/", _draft(world), Idempotency_Key=key)
    refused(answer, 400, field="Idempotency-Key")


def test_a_key_ends_after_a_day(world: World) -> None:
    """T24: after 24 hours the same key is a new request; the purge removes it."""
    api = Api(world.clerk)
    first = api.post("invoices/", _draft(world), Idempotency_Key="a")
    with time_machine.travel(timezone.now() + timedelta(hours=23), tick=False):
        assert api.post("invoices/", _draft(world), Idempotency_Key="a")["id"] == first["id"]
        assert forget_old(now=timezone.now()) == 0
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        second = api.post("invoices/", _draft(world), Idempotency_Key="a")
        assert second["id"] != first["id"]
        assert api.post("invoices/", _draft(world), Idempotency_Key="a")["id"] == second["id"]
    with time_machine.travel(timezone.now() + timedelta(hours=50), tick=False):
        assert forget_old(now=timezone.now()) == 1
        assert not IdempotentRequest.objects.exists()


# --------------------------------------------------------------------------------------- real servers
def _post(server: str, api: Api, path: str, body: Any, key: str) -> tuple[int, bytes, dict[str, str]]:
    where = urlsplit(server)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    try:
        headers = {
            "Authorization": f"Bearer {api.raw}",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


@pytest.mark.soak("T21")
def test_parallel_replays_make_one_object(
    start_web: Callable[..., Any], size: Callable[[int, int], int], figures: Callable[..., None]
) -> None:
    """T21: the same key and body a hundred times at once, on real processes."""
    world = make_world()
    clerk, cash = Api(world.clerk), Api(world.cash)
    web = start_web(workers=2, API_REQUESTS_PER_MINUTE="100000")
    count, rounds = 100, size(1, 20)
    for turn in range(rounds):
        for api, path, body in (
            (clerk, "invoices/", _draft(world, f"{100 + turn}.00")),
            (cash, "payments/", _receipt(world)),
        ):
            send = _at_once(web.url, api, path, body, f"turn-{turn}")
            with ThreadPoolExecutor(20) as threads:
                answers = list(threads.map(send, range(count)))
            assert {status for status, _, _ in answers} == {201}, web.output()[-3000:]
            assert len({content for _, content, _ in answers}) == 1
            assert len({headers["Location"] for _, _, headers in answers}) == 1
            fresh = [headers for _, _, headers in answers if "Idempotent-Replayed" not in headers]
            assert len(fresh) == 1
    assert Invoice.objects.count() == rounds
    assert Payment.objects.count() == rounds
    figures("T21", requests=2 * rounds * count, objects=2 * rounds, duplicates=0)


def _at_once(*request: Any) -> Callable[[int], tuple[int, bytes, dict[str, str]]]:
    """A sender whose first twenty calls, one per thread, start at the same moment."""
    barrier = threading.Barrier(20)

    def send(number: int) -> tuple[int, bytes, dict[str, str]]:
        if number < 20:
            barrier.wait(120)
        return _post(*request)

    return send


@pytest.mark.soak("T23")
def test_a_killed_worker_leaves_no_stuck_key(
    start_web: Callable[..., Any], size: Callable[[int, int], int], figures: Callable[..., None]
) -> None:
    """T23: kill -9 in the middle of the first request; the retry completes, once."""
    world = make_world()
    api = Api(world.clerk)
    now = timezone.now()
    ready = [world.approved(f"{100 + n}.00", now=now) for n in range(size(2, 20))]
    numbers = set()
    for invoice in ready:
        web = start_web(workers=1)
        path, key = f"invoices/{invoice.pk}/issue/", f"issue-{invoice.pk}"
        with _row_held(invoice) as release:
            sender = threading.Thread(target=_ignore, args=(web.url, api, path, key))
            sender.start()
            _until_waiting()
            for pid in _children(web.pid):
                os.kill(pid, signal.SIGKILL)
            sender.join(30)
            release()
        invoice.refresh_from_db()
        assert invoice.number is None
        _until_answering(web.url)
        status, content, headers = _post(web.url, api, path, {}, key)
        assert status == 200, content
        assert "Idempotent-Replayed" not in headers
        again = _post(web.url, api, path, {}, key)
        assert again[1] == content
        assert again[2]["Idempotent-Replayed"] == "true"
        numbers.add(json.loads(content)["number"])
        web.kill()
    assert len(numbers) == len(ready)
    assert IdempotentRequest.objects.filter(status=None).count() == 0
    figures("T23", kills=len(ready), stuck_keys=0)


class _row_held:  # noqa: N801 (used as a function)
    """Another session that holds the invoice's row, so that the request waits inside its transaction."""

    def __init__(self, invoice: Invoice) -> None:
        self.invoice = invoice

    def __enter__(self) -> Callable[[], None]:
        self.connection = psycopg2.connect(os.environ["DATABASE_URL"])
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM invoices_invoice WHERE id = %s FOR UPDATE", [self.invoice.pk])
        return self.connection.rollback

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def _ignore(*args: Any) -> None:
    server, api, path, key = args
    try:
        _post(server, api, path, {}, key)
    except (OSError, http.client.HTTPException):
        return


def _until_waiting(timeout: float = 120) -> None:
    """Until a session waits for a row."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    # Each look in a transaction of its own: within one the statistics stand still.
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            if cursor.fetchall()[0][0]:
                return
            time.sleep(0.05)
    raise AssertionError("no request waits")


def _until_answering(server: str, timeout: float = 120) -> None:
    where = urlsplit(server)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise AssertionError("the server does not come back")


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
        return [int(one) for one in file.read().split()]
