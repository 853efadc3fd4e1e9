"""One id ties a request, the jobs it starts and what they write together."""

import re

import structlog

from billing_ops import logs
from metrics import tasks


def test_a_job_runs_under_the_id_of_the_request_that_asked_for_it(worker):
    with structlog.contextvars.bound_contextvars(request_id="11111111-2222-3333-4444-555555555555"):
        tasks.heartbeat.delay()

    worker.wait_for(r"task_succeeded.*request_id=11111111-2222-3333-4444-555555555555")


def test_a_job_of_the_clock_has_an_id_of_its_own(worker):
    sent = tasks.heartbeat.delay()

    worker.wait_for(rf"task_succeeded.*task_id={sent.id}")


def test_the_id_is_that_of_the_request_first():
    with structlog.contextvars.bound_contextvars(task_id="job"):
        assert logs.correlation_id() == "job"
        with structlog.contextvars.bound_contextvars(request_id="click"):
            assert logs.correlation_id() == "click"
    assert logs.correlation_id() is None


def test_an_answer_names_its_request(client, db):
    answer = client.get("/healthz")

    assert re.fullmatch(r"[0-9a-f-]{36}", answer["X-Request-ID"])
