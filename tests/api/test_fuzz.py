"""T36: schemathesis sends what the schema allows and what it forbids; the server never breaks."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.client import Api
from tests.world import make_world

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.mark.slow
@pytest.mark.soak("T36")
def test_nothing_that_is_sent_breaks_the_server(
    db: None, settings: Any, size: Any, figures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100_000_000
    world = make_world()
    keys = [Api(person).raw for person in (world.controller, world.cash, world.lead, world.director)]
    # What Django's own test client does: the requests share the test's connection and its transaction.
    for moment in (request_started, request_finished):
        monkeypatch.setattr(moment, "send", lambda *_, **__: [])
    schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    operations = [one.ok() for one in schema.get_all_operations()]
    each = size(4, -(-20_000 // len(operations)))
    cases = [0]
    for number, operation in enumerate(operations):
        _fuzz(
            operation,
            keys[number % len(keys)] if not operation.path.startswith("/api/v1/p") else keys[1],
            each,
            cases,
        )
    figures("T36", cases=cases[0], server_errors=0)


def _fuzz(operation: Any, key: str, each: int, cases: list[int]) -> None:
    strategy = st.one_of(
        operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
    )

    @profile(
        max_examples=each,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(strategy)
    def send(case: Any) -> None:
        cases[0] += 1
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"fuzz-{cases[0]}"}
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=CHECKS)

    send()
