"""What became of a message, told to its reminders; and what stops one that still waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from correspondence.models import Delivery
from correspondence.queries import messages_about
from entities.queries import local_day
from ledger.models import OpenItem
from reminders import queries
from reminders.models import Digest, Reminder
from reminders.operations._marks import block, drop, say
from reminders.words import in_words

State = Reminder.State
_ARRIVED = {Delivery.State.SENT, Delivery.State.DELIVERED, Delivery.State.OPENED, Delivery.State.POSTED}
_WAITS = {Delivery.State.QUEUED, Delivery.State.SENDING, Delivery.State.TO_POST}


def reason_to_stop(digest: Digest, now: datetime) -> str:
    """Why the message must not leave now; "" when all it asks for is still asked for.

    Call it in the transaction of the hand-over's claim: the open items stay locked, so a payment that is
    being booked is waited for.
    """
    if digest.stopped_at is not None:
        return "It was stopped before."
    items = digest.reminders.values("item")
    list(OpenItem.objects.filter(pk__in=items).order_by("pk").select_for_update(no_key=True))
    if not queries.may_leave(digest, now):
        return in_words("late")
    return next((in_words(rule) for rule in queries.stops_of(digest).values() if rule), "")


@transaction.atomic
def note_delivery(digest: Digest, *, now: datetime, by_hand: bool = False) -> str:
    """Set the reminders of the message to what became of it: sent when one recipient has it.

    Where nobody has it and nothing waits any more the message is stopped: what it asked for is asked anew
    the same day if a part of it was settled, and later if it could not be handed over. `by_hand`: a colleague
    cancelled it, and the step counts as taken. Returns the state of its reminders; safe to run twice.
    """
    digest = Digest.objects.select_for_update(of=("self",)).select_related("entity").get(pk=digest.pk)
    rows = list(digest.reminders.select_for_update(of=("self",)).select_related("invoice").order_by("pk"))
    deliveries = [one for message in messages_about(digest) for one in message.deliveries.all()]
    if not rows or digest.stopped_at is not None:
        return ""
    states = {Delivery.State(one.state) for one in deliveries}
    if states & _ARRIVED:
        _sent(rows, deliveries, now)
    elif states & _WAITS:
        _waits(rows)
    else:
        _stop(digest, rows, states, by_hand=by_hand, now=now)
    return str(rows[0].state)


def _sent(rows: Sequence[Reminder], deliveries: Sequence[Delivery], now: datetime) -> None:
    times = [at for one in deliveries if (at := one.posted_at or one.sent_at) is not None]
    for row in rows:
        if row.state == State.SENT:
            continue
        is_news = row.sent_at is None
        row.state, row.rule, row.sent_at = State.SENT, "", row.sent_at or min(times, default=now)
        row.save(update_fields=["state", "rule", "sent_at"])
        if is_news:
            say(row, row.invoice, now=now)


def _waits(rows: Sequence[Reminder]) -> None:
    """It came back and goes to the next contact."""
    for row in rows:
        if row.state == State.SENT:
            row.state = State.WRITTEN
            row.save(update_fields=["state"])


def _stop(
    digest: Digest, rows: Sequence[Reminder], states: set[Delivery.State], *, by_hand: bool, now: datetime
) -> None:
    digest.stopped_at = now
    digest.save(update_fields=["stopped_at"])
    stops = queries.stops_of(digest, local_day(digest.entity, now))
    goes_on = queries.may_leave(digest, now)
    for row in rows:
        if Delivery.State.BOUNCED in states:
            block(row, "came_back")
        elif Delivery.State.FAILED in states:
            drop(row, "not_handed_over")
        elif by_hand:
            drop(row, "by_hand")
        elif (rule := stops[row.item_id]) and rule != "changed":
            drop(row, rule)
        elif goes_on:
            # Something else in the message was settled: this is asked for again, by itself.
            row.state, row.digest = State.MEANT, None
        else:
            drop(row, "late")
        row.save(update_fields=["state", "rule", "digest"])
        say(row, row.invoice, now=now)
