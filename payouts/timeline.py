"""A file's trail as `components/timeline.html` shows it, and why a reader cannot decide about it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.html import format_html

from core import locale
from core.errors import DomainError
from payouts import events
from team.models import User
from trail.models import Entry
from trail.naming import in_words
from work.models import Approval
from work.operations import refuse_unless_may_decide

_WORDS: dict[str, tuple[str, str, str]] = {
    events.FILE_PLANNED: ("clipboard-list", "", "planned the file"),
    events.FILE_MADE: ("user-check", "in", "approved it; the file was made"),
    events.FILE_REJECTED: ("circle-x", "bad", "rejected it"),
    events.FILE_TAKEN: ("download", "", "took the file"),
    events.FILE_EXECUTED: ("building-bank", "in", "said that the bank paid it"),
    events.FILE_REFUSED: ("circle-x", "bad", "said that the bank refused it"),
}


def days_of(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """By day, newest first."""
    shown = [_event(entry) for entry in entries]
    grouped = groupby(shown, key=lambda one: timezone.localtime(one["at"]).date())
    return [{"label": locale.day(on), "events": list(group)} for on, group in grouped]


def _event(entry: Entry) -> dict[str, Any]:
    icon, tone, words = _WORDS.get(entry.fact, ("history", "", in_words(entry.fact)))
    who = str(entry.actor) if entry.actor else "The system"
    return {
        "kind": "trail",
        "icon": icon,
        "tone": tone,
        "text": format_html("<b>{}</b> {}", who, words),
        "at": entry.timestamp,
        "quote": str((entry.additional_data or {}).get("reason") or ""),
    }


def why_not_decide(approval: Approval | None, user: User) -> str:
    """ "" when this person may answer the question, else why not."""
    if approval is None or approval.state != Approval.State.PENDING:
        return "It is decided."
    if not user.has_perm("work.decide_approval"):
        return "Your role does not include decisions."
    try:
        refuse_unless_may_decide(approval, user, now=timezone.now())
    except DomainError as refusal:
        return f"{refusal.message} {refusal.mend or ''}".strip()
    return ""
