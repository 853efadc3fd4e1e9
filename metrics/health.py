"""How the installation is: what the health page and the probes ask.

Each part answers with a verdict and a figure; a part that cannot be asked is itself the finding.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from time import time

import redis
from django.conf import settings
from django.core.cache import cache as store
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Min
from django.utils import timezone

BEAT_KEY = "health:beat"
WORKER_KEY = "health:worker"
# Signs of life are kept long enough to say how old the last one is.
_KEEP_SECONDS = 7 * 24 * 3600
_FIT_SECONDS = 60
_fit_until = [0.0]
QUEUE_IS_LONG = 1000
OUTBOX_IS_OLD = timedelta(minutes=2)


@dataclass(frozen=True)
class Finding:
    """One line of the health page. `value` is in `unit` (empty for text), None when it could not be had."""

    name: str
    label: str
    ok: bool
    value: float | str | None
    unit: str
    note: str = ""


def report() -> list[Finding]:
    """All findings, in the order of the page. Never raises: what is down is reported as down."""
    parts: list[tuple[str, str, Callable[[], Finding]]] = [
        ("version", "Version", _version),
        ("database", "Database", _database),
        ("migrations", "Pending migrations", _migrations),
        ("valkey", "Queue and cache", _valkey),
        ("beat", "Clock: last tick", _beat),
        ("worker", "Worker: last job of the clock", _worker),
        ("delay", "Worker: wait before that job", _delay),
        ("queue", "Jobs waiting", _queue),
        ("outbox", "Oldest unannounced fact", _outbox),
        ("reminders", "Companies without a decision about reminders", _reminders),
    ]
    return [_ask(*part) for part in parts]


def is_ready() -> bool:
    """Whether requests can be served: database and queue answer, and the tables are those of this version."""
    try:
        return _database().ok and _valkey().ok and _tables_fit()
    except (DatabaseError, redis.RedisError):
        return False


def _tables_fit() -> bool:
    # Reading all migrations costs a tenth of a second, and anybody may ask: a good answer holds for a while.
    now = time()
    if now >= _fit_until[0] and pending_migrations() == 0:
        _fit_until[0] = now + _FIT_SECONDS
    return now < _fit_until[0]


def pending_migrations() -> int:
    """How many migrations of this version the database has not had yet."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def note_beat() -> None:
    """The clock has sent its tick."""
    store.set(BEAT_KEY, time(), _KEEP_SECONDS)


def note_worker() -> None:
    """A worker has run the tick's job; its wait is what passed since the tick."""
    now = time()
    sent = store.get(BEAT_KEY)
    store.set(WORKER_KEY, {"at": now, "waited": max(0.0, now - sent) if sent else None}, _KEEP_SECONDS)


def _ask(name: str, label: str, part: Callable[[], Finding]) -> Finding:
    try:
        return part()
    except (DatabaseError, redis.RedisError) as error:
        return Finding(name, label, ok=False, value=None, unit="", note=type(error).__name__)


def _version() -> Finding:
    return Finding("version", "Version", ok=True, value=settings.VERSION, unit="")


def _database() -> Finding:
    began = time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding("database", "Database", ok=True, value=round((time() - began) * 1000, 1), unit="ms")


def _migrations() -> Finding:
    pending = pending_migrations()
    return Finding("migrations", "Pending migrations", ok=pending == 0, value=pending, unit="")


def _valkey() -> Finding:
    began = time()
    _broker().ping()
    return Finding("valkey", "Queue and cache", ok=True, value=round((time() - began) * 1000, 1), unit="ms")


def _beat() -> Finding:
    return _age("beat", "Clock: last tick", store.get(BEAT_KEY))


def _worker() -> Finding:
    return _age("worker", "Worker: last job of the clock", (store.get(WORKER_KEY) or {}).get("at"))


def _age(name: str, label: str, at: float | None) -> Finding:
    if at is None:
        return Finding(name, label, ok=False, value=None, unit="s", note="no sign of life yet")
    age = round(max(0.0, time() - at), 1)
    return Finding(name, label, ok=age <= 3 * settings.HEARTBEAT_SECONDS, value=age, unit="s")


def _delay() -> Finding:
    waited = (store.get(WORKER_KEY) or {}).get("waited")
    label = "Worker: wait before that job"
    if waited is None:
        return Finding("delay", label, ok=False, value=None, unit="s", note="no sign of life yet")
    return Finding(
        "delay", label, ok=waited <= 2 * settings.HEARTBEAT_SECONDS, value=round(waited, 2), unit="s"
    )


def _queue() -> Finding:
    # A plain list per queue is how kombu keeps jobs; those being worked on are not in it.
    waiting = int(_broker().llen(settings.CELERY_TASK_DEFAULT_QUEUE))
    return Finding("queue", "Jobs waiting", ok=waiting < QUEUE_IS_LONG, value=waiting, unit="jobs")


def _outbox() -> Finding:
    from trail.models import Announcement

    found = Announcement.objects.filter(handed_over_at__isnull=True).aggregate(
        n=Count("pk"), oldest=Min("queued_at")
    )
    age = timezone.now() - found["oldest"] if found["oldest"] else timedelta()
    return Finding(
        "outbox",
        "Oldest unannounced fact",
        ok=age <= OUTBOX_IS_OLD,
        value=round(age.total_seconds(), 1),
        unit="s",
        note=f"{found['n']} waiting" if found["n"] else "",
    )


def _reminders() -> Finding:
    from reminders.queries import SILENT_HOURS, silent_companies

    silent = silent_companies(timezone.now())
    names = ", ".join(str(entity) for entity, _ in silent[:3])
    return Finding(
        "reminders",
        "Companies without a decision about reminders",
        ok=not silent,
        value=len(silent),
        unit="companies",
        note=f"none for {SILENT_HOURS} hours: {names}" if silent else "",
    )


@cache
def _broker() -> redis.Redis:
    """A client of the job queue's own database, with a short patience: a probe must not hang."""
    url = settings.REDIS_URL
    if not url.startswith("unix://"):
        url = settings.CELERY_BROKER_URL
        return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    return redis.Redis.from_url(url, db=settings.REDIS_DB, socket_timeout=2)
