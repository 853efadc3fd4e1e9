"""A POST with an Idempotency-Key happens once, however often and from however many places it is sent.

One transaction holds the row of the key, the operation and the stored answer. So a crash, a kill or a cut
connection leaves either all of it or nothing: a key is never stuck. The unique row is what makes racers wait:
the second INSERT blocks until the first transaction ends, and then finds its answer, or the way free.

A refusal (4xx) is not stored: it changed nothing, and the transaction ends with it, key included. Sent again,
the request is decided again on the state of that moment. Keys end after 24 hours; after that the same key
is a new request.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from psycopg2 import errorcodes

from core.errors import Invalid
from core.rest.problems import BadRequest, Busy
from team.models import IdempotentRequest, User
from team.requests import StaffRequest

LIFE = timedelta(hours=24)
_LONGEST = 255
_ONE_REQUEST = "a_key_names_one_request"
_MARK = re.compile(r"[0-9a-f]{32}")
# Headers that describe the answer. Others, like the request id, belong to the single request.
_KEPT = ("Content-Type", "ETag", "Location", "HX-Redirect")


def key_of(header: str | None, *, needed: bool) -> str | None:
    """The key a client sent, checked; None when there is none and none is needed."""
    if not header:
        if needed:
            raise BadRequest(
                "This request makes a document or moves money, so it carries an Idempotency-Key.",
                field="Idempotency-Key",
                rule="idempotency_key_is_given",
                mend="Send a header Idempotency-Key made from what is billed (order, contract and period), "
                "and the same one when you try again.",
            )
        return None
    if len(header) > _LONGEST or not (header.isascii() and header.isprintable()):
        raise BadRequest(
            f"An Idempotency-Key has 1 to {_LONGEST} printable ASCII characters.",
            field="Idempotency-Key",
            rule="idempotency_key_is_readable",
        )
    return header


def answer_once(
    key: str, *, user: User, path: str, body: Any, now: datetime, act: Callable[[], HttpResponse]
) -> HttpResponse:
    """The answer of `act`, which is called once per key of this user; later calls get the stored answer.

    `path` is method and path, `body` the parsed body: with another one the key is refused. `act` answers
    with 2xx or raises.
    """
    digest = _digest(body)
    with transaction.atomic():
        row_id = _claim(user, key, path, digest, now)
        if row_id is None:
            return _stored(IdempotentRequest.objects.get(user=user, key=key), path, digest)
        response = act()
        IdempotentRequest.objects.filter(pk=row_id).update(
            status=response.status_code,
            # As text: a JSON column would lose the order of the fields, and the bytes with it.
            answer=response.content.decode(),
            headers={name: response.headers[name] for name in _KEPT if name in response.headers},
        )
    return response


def act_once(request: StaffRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """The redirect of `act` for a form that carries `{% once %}`: the same form sent again gets the same one.

    A form without it (a script that fills none in) acts each time. Refusals of `act` are raised and keep
    nothing, so the form can be mended and sent. Another body under the same mark is refused as `Invalid`.
    """
    mark = request.POST.get("once", "")
    if not _MARK.fullmatch(mark):
        return act()
    body = {name: values for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"}
    path = f"{request.method} {request.path}"
    try:
        return answer_once(
            f"form:{mark}", user=request.user, path=path, body=body, now=timezone.now(), act=act
        )
    except Invalid as fault:
        if fault.rule != _ONE_REQUEST:
            raise
        raise Invalid(
            "This form was sent before, with other values; nothing was done now.",
            field="once",
            rule="a_form_is_sent_once",
            mend="Open the page anew and see what was done.",
        ) from fault


def answered_before(request: StaffRequest) -> bool:
    """Whether `act_once` has an answer for this form: then what it says is not judged on today's state."""
    mark = request.POST.get("once", "")
    return bool(
        _MARK.fullmatch(mark)
        and IdempotentRequest.objects.filter(
            user=request.user, key=f"form:{mark}", created_at__gte=timezone.now() - LIFE
        ).exists()
    )


def forget_old(*, now: datetime) -> int:
    """Delete keys that ended; returns how many."""
    deleted, _ = IdempotentRequest.objects.filter(created_at__lt=now - LIFE).delete()
    return deleted


def _claim(user: User, key: str, path: str, digest: str, now: datetime) -> int | None:
    """The id of the row when this request is the first with its key (or the first after 24 hours), else None.

    Waits while another transaction works under the same key; `Busy` when that takes too long.
    """
    table = connection.ops.quote_name(IdempotentRequest._meta.db_table)
    statement = f"""
        INSERT INTO {table} AS old (user_id, key, method_and_path, body_hash, headers, created_at)
        VALUES (%s, %s, %s, %s, '{{}}', %s)
        ON CONFLICT (user_id, key) DO UPDATE
           SET method_and_path = excluded.method_and_path, body_hash = excluded.body_hash,
               status = NULL, answer = NULL, headers = '{{}}', created_at = excluded.created_at
         WHERE old.created_at < %s
        RETURNING id
    """  # noqa: S608 (the table's own name)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, [user.pk, key, path[:300], digest, now, now - LIFE])
            row = cursor.fetchone()
    except OperationalError as fault:
        if getattr(fault.__cause__, "pgcode", "") != errorcodes.LOCK_NOT_AVAILABLE:
            raise
        raise Busy(
            "The first request with this key is still at work.",
            field="Idempotency-Key",
            rule="one_request_per_key_at_a_time",
            mend="Send the same request again in a moment.",
        ) from fault
    return int(row[0]) if row else None


def _stored(row: IdempotentRequest, path: str, digest: str) -> HttpResponse:
    if row.method_and_path != path[:300] or row.body_hash != digest:
        raise Invalid(
            "This Idempotency-Key was used for another request.",
            field="Idempotency-Key",
            rule=_ONE_REQUEST,
            mend="Use a new key for a new request.",
        )
    return HttpResponse(
        str(row.answer), status=int(row.status or 500), headers={**row.headers, "Idempotent-Replayed": "true"}
    )


def _digest(body: Any) -> str:
    """The same for two bodies that say the same, in whatever order and spacing."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
