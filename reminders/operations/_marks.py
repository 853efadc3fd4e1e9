"""What becomes of a reminder, and the fact that says so on its invoice."""

from __future__ import annotations

from datetime import datetime

from invoices.models import Invoice
from reminders import events
from reminders.models import Reminder
from trail.operations import record

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


def say(row: Reminder, invoice: Invoice, *, now: datetime) -> None:
    """Record on the invoice what became of its reminder; nothing while it is on its way."""
    fact = _FACTS.get(State(row.state))
    if fact is None:
        return
    record(
        fact,
        invoice,
        actor=None,
        at=now,
        customer_id=row.customer_id,
        reminder=row.pk,
        step=row.step,
        tone=row.tone,
        channel=row.channel,
        asked=row.asked,
        currency=row.currency,
        rule=row.rule,
        message=row.digest_id,
    )
