"""T09: the connection is cut after the commit, before the answer; asked again, there is still one invoice."""

import http.client
import json
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import close_old_connections, connection
from django.utils import timezone

from core.errors import Refused
from invoices import operations
from invoices.models import Invoice
from ledger.queries import faults
from team.models import IdempotentRequest
from tests.api.client import Api
from tests.crash.proxy import Relay, tcp, unix
from tests.world import make_world

pytestmark = pytest.mark.django_db(transaction=True)
COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"


def body(world, number: int) -> dict[str, object]:
    line = {"description": f"Work package {number}", "quantity": "1", "unit_price": f"{100 + number}.00"}
    return {"customer": world.customer.pk, "entity": world.entity.code, "lines": [line]}


def post(address: str, api: Api, path: str, sent: dict[str, object], key: str) -> Any:
    """The answer, or None when the connection broke before one came."""
    parts = urlsplit(address)
    client = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    headers = {
        "Authorization": f"Bearer {api.raw}",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    try:
        client.request("POST", f"/api/v1/{path}", json.dumps(sent), headers)
        answer = client.getresponse()
        answer.content = answer.read()  # type: ignore[attr-defined]
    except (http.client.HTTPException, OSError):
        return None
    finally:
        client.close()
    return answer


def to_database() -> socket.socket:
    """A connection to the test's Postgres, by socket file or port."""
    with connection.cursor():
        info = connection.connection.info
        host, port = info.host, info.port
    if host.startswith("/"):
        raw = socket.socket(socket.AF_UNIX)
        raw.connect(f"{host}/.s.PGSQL.{port}")
        return raw
    return socket.create_connection((host, port))


@pytest.mark.soak("T09")
def test_the_client_that_lost_the_answer_gets_it_by_asking_again(start_web, size, figures):
    world = make_world()
    api = Api(world.clerk)
    web = start_web(workers=1, API_REQUESTS_PER_MINUTE="100000")
    server = urlsplit(web.url)
    rounds = size(5, 200)

    def connect() -> socket.socket:
        return socket.create_connection((str(server.hostname), server.port or 0))

    with Relay(tcp(), connect, lambda sent, answer: sent.startswith(b"POST")) as relay:
        address = "http://{}:{}".format(*relay.listener.getsockname())
        for number in range(rounds):
            relay.arm()
            assert post(address, api, "invoices/", body(world, number), f"cut-{number}") is None
            again = post(address, api, "invoices/", body(world, number), f"cut-{number}")
            assert again is not None
            assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
            made = json.loads(again.content)
            third = post(web.url, api, "invoices/", body(world, number), f"cut-{number}")
            assert third is not None
            assert third.content == again.content
            assert Invoice.objects.latest("pk").pk == made["id"]
    assert relay.cuts == rounds
    assert Invoice.objects.count() == rounds
    assert IdempotentRequest.objects.filter(status=201).count() == rounds
    figures("T09 client", cut=rounds, invoices=Invoice.objects.count(), duplicates=0)


@pytest.mark.soak("T09")
def test_the_server_that_lost_the_answer_to_its_commit_does_not_do_it_twice(start_web, size, figures):
    world = make_world()
    api = Api(world.clerk)
    approved = [world.approved(f"{200 + n}.00", now=timezone.now()) for n in range(size(4, 100))]
    seen = threading.Event()

    def commit_was_done(sent: bytes, answer: bytes) -> bool:
        """A commit of the act (not of a look at the key) was answered: CommandComplete, tag COMMIT."""
        return seen.is_set() and sent.endswith(COMMIT) and b"COMMIT\x00" in answer

    class Watching(Relay):
        def _pump(self, source, target, turn, asks):
            super()._pump(_Watched(source, seen) if asks else source, target, turn, asks)

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with connection.cursor():
            port = connection.connection.info.port
        listener = unix(f"{folder}/.s.PGSQL.{port}")
        with Watching(listener, to_database, commit_was_done) as relay:
            name = connection.settings_dict["NAME"]
            web = start_web(
                workers=1,
                DATABASE_URL=f"postgresql://postgres@/{name}?host={folder}&port={port}",
                API_REQUESTS_PER_MINUTE="100000",
            )
            for number, invoice in enumerate(approved):
                seen.clear()
                relay.arm()
                first = post(web.url, api, f"invoices/{invoice.pk}/issue/", {}, f"issue-{number}")
                assert first is None or first.status >= 500, first.content
                assert relay.cuts == number + 1
                close_old_connections()
                assert Invoice.objects.get(pk=invoice.pk).number  # it was committed
                again = post(web.url, api, f"invoices/{invoice.pk}/issue/", {}, f"issue-{number}")
                assert again is not None
                assert (again.status, again.headers["Idempotent-Replayed"]) == (200, "true")
                assert json.loads(again.content)["number"] == Invoice.objects.get(pk=invoice.pk).number
    sequences = sorted(Invoice.objects.exclude(number=None).values_list("sequence", flat=True))
    assert sequences == list(range(1, len(approved) + 1))
    assert faults() == []
    figures("T09 database", cut=relay.cuts, issued=len(sequences), duplicates=0)


class _Watched:
    """The web server's end of a database connection; notes when it writes an issued invoice."""

    def __init__(self, inner: socket.socket, seen: threading.Event) -> None:
        self.inner, self.seen = inner, seen

    def recv(self, size: int) -> bytes:
        data = self.inner.recv(size)
        if b"UPDATE invoices_invoice i SET document_status = 'issued'" in data:
            self.seen.set()
        return data

    def shutdown(self, how: int) -> None:
        self.inner.shutdown(how)


def test_the_callers_own_id_bills_one_thing_once_without_any_key():
    """An import that lost its answer and has no key to send again is told what it made."""
    world = make_world()
    now = timezone.now()
    first = operations.write_draft(
        world.draft("10.00"), actor=world.clerk, now=now, external_id="order-7/2026-11"
    )

    with pytest.raises(Refused) as refusal:
        operations.write_draft(
            world.draft("10.00"), actor=world.clerk, now=now, external_id="order-7/2026-11"
        )

    assert refusal.value.rule == "one_thing_is_billed_once"
    assert str(first.pk) in str(refusal.value.mend)
    assert Invoice.objects.count() == 1
