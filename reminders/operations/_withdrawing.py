"""Letters that wait for the post are withdrawn when what they ask for is no longer asked for."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.contrib.contenttypes.models import ContentType

from correspondence.models import Delivery
from correspondence.operations import cancel_queued
from entities.models import Entity
from entities.queries import local_day
from reminders.models import Digest, Reminder
from reminders.queries import stops_among
from reminders.words import in_words


def withdraw_letters(entity: Entity, *, now: datetime) -> int:
    """Stop the printed letters of the company one of whose items was paid, credited or stopped since.

    Whoever marks one posted is told that it no longer waits. Returns how many; safe to run twice.
    """
    printed = Delivery.objects.filter(
        state=Delivery.State.TO_POST,
        message__entity=entity,
        message__about_type=ContentType.objects.get_for_model(Digest),
    )
    behind: dict[int, list[Reminder]] = defaultdict(list)
    for row in Reminder.objects.filter(digest__in=printed.values("message__about_id")).order_by("pk"):
        behind[row.digest_id or 0].append(row)
    if not behind:
        return 0
    asked = [row for rows in behind.values() for row in rows]
    stops = stops_among(entity, asked, local_day(entity, now))
    withdrawn = 0
    for digest in Digest.objects.filter(pk__in=behind).order_by("pk"):
        rule = next((rule for row in behind[digest.pk] if (rule := stops[row.item_id])), "")
        if rule:
            withdrawn += cancel_queued(digest, reason=in_words(rule), now=now)
    return withdrawn
