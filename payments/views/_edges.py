"""What the views share: addresses that keep the list's state, timelines, the right to decide."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html

from core import locale
from core.errors import DomainError
from payments import events
from team.models import User
from team.requests import StaffRequest
from trail.models import Entry
from trail.naming import in_words
from work.models import Approval
from work.operations import refuse_unless_may_decide

_CURSORS = ("after", "before")
_WORDS: dict[str, tuple[str, str, str]] = {
    events.PAYMENT_RECORDED: ("building-bank", "in", "recorded the receipt"),
    events.PAYMENT_IDENTIFIED: ("user-check", "in", "said who paid"),
    events.PAYMENT_ALLOCATED: ("arrows-split-2", "in", "allocated it"),
    events.PAYMENT_UNALLOCATED: ("arrow-back-up", "bad", "undid an allocation"),
    events.PAYMENT_BOUNCED: ("arrow-back-up", "bad", "recorded that the bank returned it"),
    events.CREDIT_USED: ("arrows-split-2", "in", "used the credit"),
    events.REFUND_REQUESTED: ("receipt-refund", "", "asked for a refund"),
    events.REFUND_PAID: ("receipt-refund", "in", "approved the refund"),
    events.REFUND_LEFT: ("send", "in", "said that the money left"),
    events.PAYMENT_TAKEN_BACK: ("arrow-back-up", "bad", "took it back from its customer"),
    events.PAYMENT_FEE_BOOKED: ("receipt", "", "booked the fee"),
    "repayment.asked": ("send", "", "asked the gateway to give it back to the card"),
    "repayment.done": ("receipt-refund", "in", "learned that the card got it back"),
    "repayment.failed": ("circle-x", "bad", "learned that the card did not get it"),
    events.REFUND_REJECTED: ("circle-x", "bad", "rejected the refund"),
    events.WRITE_OFF_REQUESTED: ("eraser", "", "proposed the write-off"),
    events.WRITE_OFF_BOOKED: ("eraser", "in", "approved the write-off"),
    events.WRITE_OFF_REJECTED: ("circle-x", "bad", "rejected the write-off"),
    events.WRITE_OFF_RECOVERED: ("arrow-back-up", "in", "recovered the write-off"),
}


def by_script(request: StaffRequest) -> bool:
    """Whether htmx asks: it gets the part of the page that changes."""
    return request.headers.get("HX-Request") == "true"


def address(request: StaffRequest, **changes: str) -> str:
    """The page's address with some keys changed; "" drops a key, and the place in the list is dropped."""
    query = request.GET.copy()
    for key in _CURSORS:
        query.pop(key, None)
    for key, value in changes.items():
        query.pop(key, None)
        if value:
            query[key] = value
    return f"?{query.urlencode()}"


def link(name: str, *args: object) -> str:
    """The address of a page that may not exist; "" then."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def days_of(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The trail as `components/timeline.html` shows it: by day, newest first."""
    shown = [_event(entry) for entry in entries]
    grouped = groupby(shown, key=lambda one: timezone.localtime(one["at"]).date())
    return [{"label": locale.day(on), "events": list(group)} for on, group in grouped]


def _event(entry: Entry) -> dict[str, Any]:
    data = entry.additional_data or {}
    icon, tone, words = _WORDS.get(entry.fact, ("history", "", in_words(entry.fact)))
    who = str(entry.actor) if entry.actor else "The system"
    amount = data.get("amount") if data.get("currency") else None
    said = f"{words}, {locale.money(amount, data['currency'])}" if amount else words
    return {
        "kind": "trail",
        "icon": icon,
        "tone": tone,
        "text": format_html("<b>{}</b> {}", who, said),
        "at": entry.timestamp,
        "quote": str(data.get("reason") or ""),
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
