"""How firm a text of a situation is, and whom a situation is for. Pure."""

from __future__ import annotations

from collections.abc import Mapping

USUAL_TONE: Mapping[str, int] = {
    "reminder": 2,
    "firm_reminder": 3,
    "plan_broken": 3,
    "late_charge": 3,
    "formal_notice": 4,
    "final_demand": 5,
}
"""How firm a text of a situation is when its template says “any”: 1 warm to 5 last word. Others: 1."""

_TO_REMINDERS = ("reminders",)
PURPOSES: Mapping[str, tuple[str, ...]] = {
    "before_due": _TO_REMINDERS,
    "due_today": _TO_REMINDERS,
    "reminder": _TO_REMINDERS,
    "firm_reminder": _TO_REMINDERS,
    "formal_notice": _TO_REMINDERS,
    "final_demand": _TO_REMINDERS,
    "promise_confirmed": _TO_REMINDERS,
    "plan_offered": _TO_REMINDERS,
    "plan_accepted": _TO_REMINDERS,
    "plan_broken": _TO_REMINDERS,
    "statement": ("statements",),
}
"""Contacts of which purpose a situation is for; the others are for those who get invoices."""

PERSONAL = frozenset({"portal_link", "contact_confirm", "contact_changing", "survey", "improvement"})
"""Situations that concern one contact alone: when the mail comes back, nobody else gets it instead."""


def purposes_of(situation: str) -> tuple[str, ...]:
    """The contact purposes a message of this situation is meant for."""
    return PURPOSES.get(situation, ("billing",))


def usual_tone(situation: str) -> int:
    """How firm the situation is where a template does not say."""
    return USUAL_TONE.get(situation, 1)
