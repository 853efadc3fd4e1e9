"""Warning the owner and escalating to the lead: once per wait of a customer, by however many workers."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from conversations import events
from conversations.models import Escalation, Thread
from conversations.operations._common import State, note_fact, work_key
from work.operations import open_work

Level = Escalation.Level
_FACTS = {Level.WARNED: events.INQUIRY_WARNED, Level.ESCALATED: events.INQUIRY_ESCALATED}
BATCH = 500


def watch_clocks(*, now: datetime) -> int:
    """Warn and escalate every thread whose time has come; returns how many times. Safe beside itself."""
    due = [
        *((Level.ESCALATED, pk) for pk in _late(Level.ESCALATED, answer_due_at__lte=now)),
        *((Level.WARNED, pk) for pk in _late(Level.WARNED, warn_at__lte=now, answer_due_at__gt=now)),
    ]
    return sum(_ring(pk, level, now=now) for level, pk in due)


def _late(level: str, **time: datetime) -> QuerySet[Thread, int]:
    """Threads whose clock has passed and whose bell of this level has not rung in this round."""
    rung = Escalation.objects.filter(thread=OuterRef("pk"), round=OuterRef("round"), level=level)
    found = Thread.objects.filter(~Exists(rung), state=State.OPEN, **time).order_by("answer_due_at", "pk")
    return found.values_list("pk", flat=True)[:BATCH]


@transaction.atomic
def _ring(pk: int, level: str, *, now: datetime) -> bool:
    """Ring one bell. The row is unique, so whoever inserts it rings and everybody else does not."""
    thread = (
        Thread.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("entity", "customer", "owner")
        .filter(pk=pk, state=State.OPEN)
        .first()
    )
    if thread is None or thread.answer_due_at is None or thread.warn_at is None:
        return False
    if (thread.answer_due_at if level == Level.ESCALATED else thread.warn_at) > now:
        return False  # answered and asked again since the list was read
    _, is_first = Escalation.objects.get_or_create(
        thread=thread, round=thread.round, level=level, defaults={"at": now}
    )
    if not is_first:
        return False
    note_fact(
        _FACTS[Level(level)],
        thread,
        actor=None,
        now=now,
        round=thread.round,
        due_at=thread.answer_due_at,
        owner=thread.owner_id,
    )
    _give_work(thread, level, now=now)
    return True


def _give_work(thread: Thread, level: str, *, now: datetime) -> None:
    """Something to do for the owner at the warning, for the lead at the escalation."""
    is_late = level == Level.ESCALATED
    open_work(
        kind="inquiry_late" if is_late else "inquiry_due",
        key=work_key(thread, level),
        subject=thread,
        label=f"{thread.reference} {thread.subject}",
        path=thread.get_absolute_url(),
        why="The customer waits longer than promised." if is_late else "The answer is due soon.",
        owner=None if is_late else thread.owner,
        role="lead" if is_late else "specialist",
        entity=thread.entity,
        customer_id=thread.customer_id,
        due_at=thread.answer_due_at,
        now=now,
    )
