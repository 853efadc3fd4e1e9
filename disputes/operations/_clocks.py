"""Starting, stopping and resuming the clocks of one dispute."""

from __future__ import annotations

from datetime import datetime

from disputes import rules
from disputes.models import Clock, Dispute, Pause
from entities.models import TeamHours
from entities.queries import business_deadline, hours_of, team_hours
from team.queries import role_codes


def start_clocks(dispute: Dispute, *, now: datetime) -> None:
    """The clocks of a new round, in the office hours of the team that answers it now."""
    dispute.hours = _hours_for(dispute)
    dispute.save(update_fields=["hours"])
    hours = hours_of(dispute.entity, dispute.hours)
    minutes = rules.clocks_of(dispute.track, is_reopened=dispute.round > 1)
    Clock.objects.bulk_create(
        Clock(
            dispute=dispute,
            round=dispute.round,
            kind=kind,
            minutes=length,
            started_at=now,
            due_at=business_deadline(hours, now, length),
            warn_at=business_deadline(hours, now, rules.warn_after(length)),
        )
        for kind, length in minutes.items()
    )


def pause_clocks(dispute: Dispute, *, now: datetime) -> None:
    """Stand still while we wait for the customer. What was missed before stays missed."""
    Pause.objects.create(dispute=dispute, round=dispute.round, from_at=now)
    running = Clock.objects.filter(dispute=dispute, round=dispute.round, met_at__isnull=True)
    running.filter(breached_at__isnull=True).update(due_at=None, warn_at=None)


def resume_clocks(dispute: Dispute, *, now: datetime) -> None:
    """Run on, by as much later as we waited in office hours."""
    Pause.objects.filter(dispute=dispute, until_at__isnull=True).update(until_at=now)
    pauses = [
        (row.from_at, row.until_at)
        for row in Pause.objects.filter(dispute=dispute, round=dispute.round, until_at__isnull=False)
        if row.until_at
    ]
    hours = hours_of(dispute.entity, dispute.hours)
    for clock in Clock.objects.filter(dispute=dispute, round=dispute.round, met_at=None, breached_at=None):
        clock.due_at = business_deadline(hours, clock.started_at, clock.minutes, pauses=pauses)
        warn = rules.warn_after(clock.minutes)
        clock.warn_at = business_deadline(hours, clock.started_at, warn, pauses=pauses)
        clock.save(update_fields=["due_at", "warn_at"])


def customer_deadline(dispute: Dispute, now: datetime) -> datetime:
    """Until when the customer may take: ten working days of the team that waits."""
    hours = hours_of(dispute.entity, dispute.hours)
    return business_deadline(hours, now, hours.minutes * rules.WAIT_DAYS)


def _hours_for(dispute: Dispute) -> TeamHours | None:
    """Of the owner's team. Whoever has several roles answers in the one asked first for the reason."""
    theirs = role_codes(dispute.owner)
    asked = (*rules.roles_for(dispute.reason), *sorted(theirs))
    team = next((role for role in asked if role in theirs), "")
    return team_hours(dispute.entity, team)
