"""Disputes as pages show them: both clocks in words, the way up, the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from core import locale
from disputes import events, rules
from disputes.models import Channel, Clock, Dispute, Escalation, Holding
from entities.queries import business_time, hours_of
from team.roles import BY_CODE
from trail.models import Entry
from trail.naming import fact_name

PILLS = {
    "raised": "warn",
    "acknowledged": "warn",
    "investigating": "warn",
    "waiting_customer": "info",
    "proposed": "violet",
    "resolved": "ok",
    "withdrawn": "",
}
LEVELS = ("", "Owner", "Team lead", "Controller", "Finance director")
_ICONS: dict[str, tuple[str, str]] = {
    events.DISPUTE_RAISED: ("message-report", "in"),
    events.DISPUTE_ACKNOWLEDGED: ("check", ""),
    events.DISPUTE_INVESTIGATED: ("search", ""),
    events.DISPUTE_ASKED: ("message-question", "mail"),
    events.DISPUTE_ANSWERED: ("send", "mail"),
    events.DISPUTE_RESUMED: ("player-play", "in"),
    events.DISPUTE_GONE_ON: ("player-play", ""),
    events.DISPUTE_PROPOSED: ("clipboard-check", "acc"),
    events.DISPUTE_DECLINED: ("arrow-back-up", "bad"),
    events.DISPUTE_RESOLVED: ("circle-check", "in"),
    events.DISPUTE_WITHDRAWN: ("circle-minus", ""),
    events.DISPUTE_UNANSWERED: ("clock-pause", ""),
    events.DISPUTE_REOPENED: ("refresh", "bad"),
    events.DISPUTE_ASSIGNED: ("user-share", ""),
    events.DISPUTE_WARNED: ("bell", "note-i"),
    events.DISPUTE_BREACHED: ("alarm", "bad"),
    events.DISPUTE_ESCALATED: ("arrow-up", "bad"),
    events.DISPUTE_CONSULTED: ("gavel", "acc"),
}
_ARC = 289  # the ring's circumference


@dataclass(frozen=True)
class Time:
    """A clock in words: what it waits for, how long, and as a kind: "", ok, warn or bad."""

    label: str
    words: str
    kind: str
    due_at: datetime | None


@dataclass(frozen=True)
class Ring:
    """Our clock as an arc: what is left, of how much business time."""

    words: str
    used: str
    dash: str
    label: str
    is_late: bool


def ours(dispute: Dispute, now: datetime) -> Time:
    """What we owe the customer next. `clocks` should be prefetched."""
    if dispute.is_over or dispute.state == rules.WAITING:
        return Time("", "", "", None)
    clock = next_clock(dispute)
    if clock is None or clock.due_at is None:
        return Time("", "", "", None)
    left = clock.due_at - now
    label = clock.get_kind_display()
    if left <= timedelta(0):
        return Time(label, _("late by %(time)s") % {"time": span(-left)}, "bad", clock.due_at)
    kind = "warn" if clock.warn_at and clock.warn_at <= now else "ok"
    return Time(label, _("%(time)s left") % {"time": span(left)}, kind, clock.due_at)


def theirs(dispute: Dispute, now: datetime) -> Time:
    """Until when the customer may take."""
    due = dispute.customer_due_at
    if due is None:
        return Time("", "", "", None)
    left = due - now
    words = _("%(time)s left") % {"time": span(left)} if left > timedelta(0) else _("over")
    return Time(_("Customer"), words, "info", due)


def next_clock(dispute: Dispute) -> Clock | None:
    """The running clock of this round that ends first."""
    running = [
        clock
        for clock in dispute.clocks.all()
        if clock.round == dispute.round and clock.met_at is None and clock.due_at is not None
    ]
    return min(running, key=lambda clock: (clock.due_at or clock.started_at, clock.pk), default=None)


def ring(dispute: Dispute, now: datetime) -> Ring | None:
    """The clock that ends first, as working time used and left."""
    clock = None if dispute.is_over or dispute.state == rules.WAITING else next_clock(dispute)
    if clock is None or clock.due_at is None:
        return None
    left = business_time(hours_of(dispute.entity, dispute.hours), now, clock.due_at)
    used = max(0, clock.minutes - left)
    share = min(1.0, left / clock.minutes) if clock.minutes else 0.0
    return Ring(
        minutes_words(left) if left else _("late"),
        _("%(used)s of %(all)s") % {"used": minutes_words(used), "all": minutes_words(clock.minutes)},
        f"{share * _ARC:.1f} {_ARC}",
        clock.get_kind_display(),
        is_late=not left,
    )


def office_hours(dispute: Dispute) -> str:
    """When whoever answers is there: 09:00 – 17:00 Europe/Dublin, holidays of IE."""
    hours = hours_of(dispute.entity, dispute.hours)
    return _("%(opens)s – %(closes)s %(zone)s, holidays of %(region)s") % {
        "opens": f"{hours.opens:%H:%M}",
        "closes": f"{hours.closes:%H:%M}",
        "zone": hours.zone.key.replace("_", " "),
        "region": hours.calendar.name,
    }


def span(time: timedelta) -> str:
    """A time in the largest unit that says it."""
    minutes = int(time.total_seconds() // 60)
    if minutes < 60:
        return _("%(n)s min") % {"n": max(1, minutes)}
    hours = minutes // 60
    return _("%(n)s h") % {"n": hours} if hours < 48 else _("%(n)s days") % {"n": hours // 24}


def minutes_words(minutes: int) -> str:
    """Working time as 4 h 10."""
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"


def row_of(dispute: Dispute, now: datetime) -> dict[str, Any]:
    """A row of the list."""
    return {
        "dispute": dispute,
        "pill": PILLS[dispute.state],
        "ours": ours(dispute, now),
        "theirs": theirs(dispute, now),
    }


def path_of(
    dispute: Dispute, escalations: Iterable[Escalation], steps: Iterable[rules.Step]
) -> list[dict[str, Any]]:
    """Who holds it, who had it, who is next and when."""
    reached = {row.level: row for row in escalations if row.round == dispute.round}
    roles = {step.level: BY_CODE[step.role].name for step in steps if step.role in BY_CODE}
    found = []
    for level in range(1, rules.TOP + 1):
        row = reached.get(level)
        is_next = dispute.escalate_to == level
        found.append(
            {
                "label": roles.get(level, LEVELS[level]) if level > 1 else LEVELS[1],
                "who": row.to if row else dispute.owner if level == 1 else None,
                "deputy_of": row.deputy_of if row else None,
                "why": row.reason if row else "",
                "at": row.at
                if row
                else dispute.begun_at
                if level == 1
                else dispute.escalate_at
                if is_next
                else None,
                "is_planned": is_next,
                "here": level == dispute.level and not dispute.is_over,
                "passed": level < dispute.level or dispute.is_over,
            }
        )
    return found


def holdings_of(rows: Iterable[Holding], now: datetime) -> list[dict[str, Any]]:
    """Who was responsible, accountable, consulted and informed from when until when."""
    return [
        {"row": row, "level": LEVELS[row.level], "time": span((row.until_at or now) - row.from_at)}
        for row in rows
    ]


def parts_of(dispute: Dispute) -> list[dict[str, Any]]:
    """Every line of the invoice: billed with tax, disputed, undisputed."""
    disputed = {part.line_id: part for part in dispute.parts.all()}
    rows: list[dict[str, Any]] = []
    for line in dispute.invoice.lines.all():
        part = disputed.get(line.pk)
        gross = rules.gross_of(line.taxable, line.rate, dispute.currency)
        amount = part.amount if part else Decimal(0)
        rows.append(
            {
                "what": line.description,
                "n": line.position,
                "billed": gross,
                "amount": amount,
                "rest": gross - amount,
            }
        )
    whole = disputed.get(None)
    if whole:
        rows.append(
            {
                "what": _("The invoice as a whole"),
                "n": "",
                "billed": None,
                "amount": whole.amount,
                "rest": None,
            }
        )
    return rows


def days_of(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The trail of a dispute as the timeline shows it, newest first."""
    grouped = groupby(
        [_event(entry) for entry in entries], key=lambda one: timezone.localtime(one["at"]).date()
    )
    return [{"label": locale.day(on), "events": list(group)} for on, group in grouped]


def _event(entry: Entry) -> dict[str, Any]:
    data = entry.additional_data or {}
    icon, tone = _ICONS.get(entry.fact, ("history", ""))
    said = fact_name(entry.fact)
    if entry.fact in (events.DISPUTE_WARNED, events.DISPUTE_BREACHED):
        said = f"{said}: {data.get('clock', '')}"
    elif entry.fact == events.DISPUTE_ESCALATED:
        said = f"{said}: {LEVELS[int(data.get('level', 1))]}"
    who = str(entry.actor) if entry.actor else _("The system")
    if data.get("by_customer") or data.get("channel") == Channel.PORTAL:
        who = _("The customer")
    return {
        "kind": "trail",
        "icon": icon,
        "tone": tone,
        "text": format_html("<b>{}</b> · {}", said, who),
        "at": entry.timestamp,
        "quote": str(data.get("reason") or data.get("advice") or ""),
    }
