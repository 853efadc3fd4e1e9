"""Background jobs: the Celery application and its clock.

The id of the web request travels in the task's headers (django-structlog) and from there into the log lines
and trail entries of the job. Messages are JSON; a task is acknowledged when done, so it may run twice.
"""

import os
import signal
import warnings
from importlib.util import find_spec
from typing import Any

import structlog
from celery import Celery, Task
from celery.signals import beat_init, before_task_publish, setup_logging, worker_process_init
from django_structlog.celery.signals import bind_extra_task_metadata
from django_structlog.celery.steps import DjangoStructLogInitStep

from billing_ops import embedded

# Celery warns of root because of pickle; only JSON is accepted here.
warnings.filterwarnings("ignore", message=".*superuser privileges.*")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing_ops.settings")

# The process that read this file: of a pool's child, its worker.
_WORKER = os.getpid()

app = Celery("billing_ops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


def _schedule() -> dict[str, dict[str, Any]]:
    """A few ticks; rows in the database say what is due. A tick nobody picked up in time is dropped."""
    from django.conf import settings

    ticks = {
        "metrics.tasks.heartbeat": settings.HEARTBEAT_SECONDS,
        "metrics.tasks.measure_improvements": 3600,
        "trail.tasks.relay": settings.RELAY_SECONDS,
        "correspondence.tasks.deliver_waiting": settings.RELAY_SECONDS,
        "ledger.tasks.fold_sums": 60,
        "work.tasks.take_up_lost_jobs": 30,
        "team.tasks.forget_old_requests": 3600,
        "cases.tasks.go_round": 300,
        "disputes.tasks.watch": settings.DISPUTE_SECONDS,
        "checkout.tasks.settle_unknown": 60,
        "charges.tasks.send_waiting": 60,
        "contracts.tasks.plan_due": 3600,
        "conversations.tasks.watch_clocks": 60,
        "conversations.tasks.read_maildir": 20,
        "notices.tasks.tell_watchers": 20,
        "notices.tasks.sweep": 60,
        "reminders.tasks.go_round": settings.REMINDER_SECONDS,
        "reminders.tasks.send_due": min(60, settings.REMINDER_SECONDS),
        "reminders.tasks.watch": 3600,
        "statements.tasks.go_round": 300,
    }
    return {
        name: {"task": name, "schedule": seconds, "options": {"expires": seconds * 4}}
        for name, seconds in ticks.items()
        if find_spec(name.rpartition(".")[0])
    }


app.conf.beat_schedule = _schedule()


@setup_logging.connect
def _our_logging(**_: Any) -> None:
    """Celery leaves logging alone when somebody answers this signal; Django has set it up already."""


@bind_extra_task_metadata.connect
def _name_the_task(task: "Task[..., Any]", **_: Any) -> None:
    """Every line of a job says which job it is."""
    structlog.contextvars.bind_contextvars(task=task.name)


@worker_process_init.connect
def _begin_as_child(**_: Any) -> None:
    """A child never outlives its worker (its task is given again), and reads fonts and styles beforehand."""
    from invoices.documents.render import warm

    embedded.follow_parent(_WORKER, signal.SIGKILL)
    warm()


@beat_init.connect
def _note_ticks(**_: Any) -> None:
    """In the beat process: every published heartbeat is also beat's own sign of life."""
    from metrics import health

    def note(sender: str | None = None, **_: Any) -> None:
        if sender == "metrics.tasks.heartbeat":
            health.note_beat()

    before_task_publish.connect(note, weak=False)
