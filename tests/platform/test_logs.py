"""What is written to the logs never opens a door and never names a person (T41, T60)."""

import io
import json
import logging

import pytest
import structlog

from billing_ops import logs

TOKEN = "q3Zr8sKJ2hXn5vYbT1mWcA9d"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (f"GET /i/{TOKEN}/pdf", "GET /i/***/pdf"),
        ("mail to ann.smith@example.co.uk failed", "mail to ***@*** failed"),
        ("paid from DE89370400440532013000 today", "paid from IBAN*** today"),
        ("paid from DE89 3704 0044 0532 0130 00 today", "paid from IBAN*** today"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("connect redis://:hunter2@queue:6379/0", "connect redis://:***@queue:6379/0"),
        ("postgresql://billing:pa55@db/billing", "postgresql://billing:***@db/billing"),
        ("invoice 11111111-2222-3333-4444-555555555555", "invoice 11111111-2222-3333-4444-555555555555"),
        ("done in 0.001234567890123456789s", "done in 0.001234567890123456789s"),
        ("INV-2026-000123 issued", "INV-2026-000123 issued"),
        ("metrics.tasks.heartbeat", "metrics.tasks.heartbeat"),
    ],
)
def test_secrets_and_addresses_are_masked(said, written):
    assert logs.mask(said) == written


@pytest.fixture
def written():
    """Log lines as production writes them."""
    config = logs.configure("json", "INFO")
    formatter = config["formatters"]["line"]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
        )
    )
    logger = logging.getLogger("test.logs")
    logger.propagate = False
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield logger, lambda: json.loads(stream.getvalue())
    logger.removeHandler(handler)


def test_arguments_and_tracebacks_are_masked(written):
    logger, line = written
    try:
        int(f"Key (email)=(ann@example.com) with {TOKEN}")
    except ValueError:
        logger.exception("could not store %s", "bob@example.com")

    text = json.dumps(line())
    assert "@example.com" not in text
    assert TOKEN not in text
    assert "Traceback" in text


def test_fields_with_secret_names_are_masked(written):
    logger, line = written
    structlog.wrap_logger(
        logger,
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
    ).info("signed in", password="short", data={"api_key": "k", "name": "Ann"}, request_id=TOKEN)

    said = line()
    assert said["password"] == "***"
    assert said["data"] == {"api_key": "***", "name": "Ann"}
    assert said["request_id"] == TOKEN


def test_the_access_line_of_a_public_link_has_no_token(start_web):
    from urllib.error import HTTPError
    from urllib.request import urlopen

    web = start_web(1)
    with pytest.raises(HTTPError):
        urlopen(f"{web.url}/i/{TOKEN}", timeout=60)

    web.wait_for("request_finished")
    assert TOKEN not in web.output()


@pytest.mark.parametrize(
    ("event", "task", "level", "kept"),
    [
        ("task_succeeded", "trail.tasks.relay", "INFO", False),
        ("task_succeeded", "trail.tasks.relay", "DEBUG", True),
        ("task_failed", "trail.tasks.relay", "INFO", True),
        ("task_succeeded", "integrations.tasks.run_import", "INFO", True),
    ],
)
def test_ticks_that_went_well_are_told_once_then_at_debug_only(caplog, event, task, level, kept):
    caplog.set_level(level)
    line = logging.LogRecord("tasks", logging.INFO, "", 0, {"event": event, "task": task}, (), None)

    ticks = logs.TicksAreQuiet()
    assert ticks.filter(line)
    assert ticks.filter(line) is kept
