"""An integration: an account, its key, and requests as it sends them."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import Any

from django.test import Client
from django.utils import timezone

from team.models import User
from team.operations import create_key
from team.queries import role_codes
from team.roles import BY_CODE

_next = count(1)


class Api:
    """JSON in, JSON out, with the key of one account."""

    def __init__(self, user: User, *scopes: str) -> None:
        acts = scopes or sorted({act for code in role_codes(user) for act in BY_CODE[code].acts})
        now = timezone.now()
        self.user = user
        self.key, self.raw = create_key(
            user, name="test", scopes=acts, expires_at=now + timedelta(days=30), actor=None, now=now
        )
        self._client = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """`path` below /api/v1/; headers as keywords, If_Match for If-Match. A POST gets a key of its own."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST":
            given.setdefault("Idempotency-Key", f"test-{next(_next)}")
        given = {"Authorization": f"Bearer {self.raw}"} | {n: v for n, v in given.items() if v}
        content = body if isinstance(body, str | bytes) else json.dumps({} if body is None else body)
        return self._client.generic(
            method,
            path if path.startswith("/") else f"/api/v1/{path}",
            content if method not in ("GET", "HEAD") else "",
            content_type="application/json",
            headers=given,
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.ok(self.send("GET", path, **headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ok(self.send("POST", path, body, **headers))

    def patch(self, path: str, body: Any, version: int) -> Any:
        return self.ok(self.send("PATCH", path, body, If_Match=f'"v{version}"'))

    @staticmethod
    def ok(response: Any) -> Any:
        assert response.status_code < 300, response.content.decode()
        return response.json()


def refused(response: Any, status: int, *, field: str | None = None, rule: str | None = None) -> Any:
    """The problem in a refusal, checked for its shape; and that one of its problems has field and rule."""
    assert response.status_code == status, response.content.decode()
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:billing-ops:problem:")
    assert body["title"]
    assert body["detail"]
    assert body["request_id"]
    assert body["problems"], body
    for one in body["problems"]:
        assert set(one) == {"field", "rule", "message", "mend"}
        assert one["rule"], body
    if field is not None:
        assert field in [one["field"] for one in body["problems"]], body
    if rule is not None:
        assert rule in [one["rule"] for one in body["problems"]], body
    return body
