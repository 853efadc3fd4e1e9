"""What becomes of a reminder, and the fact that says so on its invoice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.rows import run_values
from invoices.models import Invoice
from reminders import events
from reminders.models import Reminder
from trail.operations import Fact, record_all

State = Reminder.State

_FACTS = {
    State.SENT: events.REMINDER_SENT,
    State.DONE: events.REMINDER_HANDED_OVER,
    State.DROPPED: events.REMINDER_DROPPED,
    State.BLOCKED: events.REMINDER_BLOCKED,
}


def drop(row: Reminder, rule: str) -> None:
    """It is not sent; what still holds tomorrow is decided anew."""
    row.state, row.rule, row.digest = State.DROPPED, rule, None


def block(row: Reminder, rule: str) -> None:
    """It should be sent and cannot be."""
    row.state, row.rule, row.digest = State.BLOCKED, rule, None


def save_marks(rows: Sequence[Reminder]) -> None:
    """Save what became of many reminders, in one statement."""
    run_values(
        """UPDATE reminders_reminder r SET state = v.state, rule = v.rule, asked = v.asked,
        digest_id = v.digest::bigint, sent_at = v.sent_at::timestamptz
        FROM (VALUES %s) v (id, state, rule, asked, digest, sent_at) WHERE r.id = v.id""",
        [(row.pk, row.state, row.rule, row.asked, row.digest_id, row.sent_at) for row in rows],
    )


def say(row: Reminder, invoice: Invoice, *, now: datetime) -> None:
    """Record on the invoice what became of its reminder; nothing while it is on its way."""
    say_all([row], {invoice.pk: invoice}, now=now)


def say_all(rows: Sequence[Reminder], invoices: Mapping[int, Invoice], *, now: datetime) -> None:
    """The same for many reminders; `invoices` by their key."""
    said: dict[str, list[Fact]] = defaultdict(list)
    for row in rows:
        if fact := _FACTS.get(State(row.state)):
            said[fact].append(Fact(invoices[row.invoice_id], _payload(row), row.customer_id))
    for fact, facts in said.items():
        record_all(fact, facts, actor=None, at=now)


def _payload(row: Reminder) -> dict[str, object]:
    return {
        "reminder": row.pk,
        "step": row.step,
        "tone": row.tone,
        "channel": row.channel,
        "asked": row.asked,
        "currency": row.currency,
        "rule": row.rule,
        "message": row.digest_id,
    }
