"""The alarm when nobody decides any more."""

from datetime import datetime

from django.urls import reverse

from reminders import queries
from work.operations import finish_work, open_work


def raise_alarms(*, now: datetime) -> int:
    """Open work, once, for each company whose open items had no decision for 26 hours; returns how many.

    The work ends by itself when decisions are made again.
    """
    silent = queries.silent_companies(now)
    for entity, since in silent:
        open_work(
            kind="reminders_silent",
            key=f"reminders_silent:{entity.pk}",
            subject=entity,
            label=f"{entity}: no reminder was decided for {queries.SILENT_HOURS} hours",
            path=reverse("reminders:list"),
            why=f"The last round ended {since:%d %b %H:%M} UTC." if since else "No round ever ended.",
            now=now,
            entity=entity,
            role="lead",
        )
    names = {entity.pk for entity, _ in silent}
    for entity in queries.companies():
        if entity.pk not in names:
            finish_work(
                f"reminders_silent:{entity.pk}", outcome="Decisions are made again.", actor=None, now=now
            )
    return len(silent)
