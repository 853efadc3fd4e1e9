"""Structured logs that carry the request they belong to and never a secret."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

Event = MutableMapping[str, Any]

# What people type into messages, and what libraries print of us.
_MASKS = [
    (re.compile(r"(://[^:/@\s]*):[^@/\s]+@"), r"\1:***@"),
    (re.compile(r"\b[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "***@***"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), "IBAN***"),
    # The customer's page: what follows opens it, even one token in a thousand that has no digit.
    (re.compile(r"(/(?:i|my|confirm)/)[^/\s?\"']+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer|token|basic|api-key)(\s+|=)[\w.+/=~-]+"), r"\1\2***"),
]
# Link tokens and keys: long, opaque, with letters and digits. A UUID names a thing, it opens nothing.
_OPAQUE = re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=(?:[\w-]*?[A-Za-z]){3})[\w-]{20,}(?![\w-])")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SECRET_NAME = re.compile(
    r"(?i)(passw|secret|token|authori[sz]ation|cookie|api_?key|iban|account_number|csrf)"
)
# Keys whose values we made ourselves and must stay readable.
_PLAIN = {"request_id", "task_id", "parent_task_id", "child_task_id", "timestamp", "level", "logger"}


# What the clock starts every few seconds, whether or not there is something to do.
TICKS = frozenset({"metrics.tasks.heartbeat", "trail.tasks.relay", "correspondence.tasks.deliver_waiting"})


def correlation_id() -> str | None:
    """The id that ties a click, its jobs and its trail entries together; a job of the clock has its own."""
    context = structlog.contextvars.get_contextvars()
    return context.get("request_id") or context.get("task_id")


def mask(text: str) -> str:
    """The text without link tokens, keys, passwords, e-mail addresses and IBANs."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return _OPAQUE.sub(lambda match: match[0] if _UUID.fullmatch(match[0]) else "***", text)


def mask_event(logger: Any, method: str, event: Event) -> Event:  # noqa: ARG001 (structlog's signature)
    """Processor: mask every value of a log line."""
    for key, value in event.items():
        if key not in _PLAIN and not key.startswith("_"):
            event[key] = "***" if _SECRET_NAME.search(key) else _mask_value(value)
    return event


def _mask_value(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {k: "***" if _SECRET_NAME.search(str(k)) else _mask_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_mask_value(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask(str(value))


class HealthChecksAreQuiet(logging.Filter):
    """Drop the access lines of the orchestrator's probes that went well."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is kept."""
        message = record.msg if isinstance(record.msg, dict) else {}
        probe = str(message.get("request", "")).endswith((" /healthz", " /readyz"))
        return not (probe and record.levelno < logging.WARNING and message.get("code") == 200)


class TicksAreQuiet(logging.Filter):
    """A tick of the clock that went well is told once by each process, as a sign of life; from then on at
    DEBUG only, for it happens every few seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.told: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is kept."""
        message = record.msg if isinstance(record.msg, dict) else {}
        task = str(message.get("task", ""))
        if message.get("event") != "task_succeeded" or task not in TICKS:
            return True
        first = task not in self.told
        self.told.add(task)
        return first or logging.getLogger().isEnabledFor(logging.DEBUG)


def configure(form: str, level: str) -> dict[str, Any]:
    """Set structlog up and return Django's LOGGING: one line per event on stdout, `console` or `json`."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        # The traceback becomes text first: an exception's message may quote what must not be quoted.
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_event,
            renderer,
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "filters": {"quiet_probes": {"()": HealthChecksAreQuiet}, "quiet_ticks": {"()": TicksAreQuiet}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "line",
                "filters": ["quiet_probes", "quiet_ticks"],
            }
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            # Said already by the access line.
            "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            # Each task's start and end are logged by django-structlog, with the request's id.
            "celery.worker.strategy": {"handlers": [], "level": "WARNING", "propagate": True},
            "celery.app.trace": {"handlers": [], "level": "WARNING", "propagate": True},
            "celery.beat": {"handlers": [], "level": "WARNING", "propagate": True},
            "fontTools": {"handlers": [], "level": "ERROR", "propagate": True},
            "weasyprint": {"handlers": [], "level": "ERROR", "propagate": True},
        },
    }
