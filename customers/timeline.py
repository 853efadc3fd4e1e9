"""The trail of a customer in words: one sentence per act, by day, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core import locale
from customers import events, rules
from trail.models import Entry
from trail.naming import in_words

FEW = 30
_WORDS: dict[str, tuple[str, str, str]] = {
    # fact: icon, tone, what happened
    events.CUSTOMER_CREATED: ("user-plus", "acc", "added the customer"),
    events.CUSTOMER_EDITED: ("pencil", "", "changed master data"),
    events.CUSTOMER_BLOCKED: ("ban", "bad", "blocked new invoices"),
    events.CUSTOMER_UNBLOCKED: ("lock-open", "in", "allowed invoices again"),
    events.CONTACT_CREATED: ("user-plus", "", "added the contact"),
    events.CONTACT_EDITED: ("user", "", "changed the contact"),
    events.CONTACT_DEACTIVATED: ("user-minus", "", "deactivated the contact"),
    events.CONTACT_BOUNCED: ("mail", "bad", "learned that mail came back from"),
    events.ADDRESS_SET: ("map-pin", "", "set the address"),
    events.TAX_ID_SET: ("receipt-tax", "", "set the tax number"),
    events.TAX_ID_VERIFIED: ("certificate", "in", "verified the tax number"),
    events.TAX_ID_ENDED: ("receipt-tax", "", "ended the tax number"),
    events.REQUIREMENT_CREATED: ("clipboard-list", "note-i", "added the requirement"),
    events.REQUIREMENT_EDITED: ("clipboard-list", "note-i", "changed the requirement"),
    events.REQUIREMENT_ENDED: ("clipboard-list", "", "ended the requirement"),
    events.REQUIREMENT_ACKNOWLEDGED: ("eye", "", "has seen the requirement"),
    events.CHANGE_REQUESTED: ("arrows-exchange", "note-i", "asked for a change of"),
    events.CHANGE_CALLED_BACK: ("phone", "acc", "called back about"),
    events.CHANGE_APPLIED: ("user-check", "in", "approved the change of"),
    events.CHANGE_REJECTED: ("circle-x", "bad", "rejected the change of"),
}
_OTHERS = {"invoice": "file-invoice", "payment": "building-bank", "message": "mail", "approval": "user-check"}
_SUBJECTS = {"bank": "bank details", "terms": "payment terms", "credit_limit": "the credit limit"}
_HIDDEN = frozenset({"lock_version", "revision", "status", "is_active"})
_NAMES = {"iban": "IBAN", "bic": "BIC", "VAT": "VAT id", "GSTIN": "GSTIN", "EIN": "EIN", "email": "E-mail"}


@dataclass(frozen=True)
class Event:
    """One line of the timeline, as `components/timeline.html` shows it."""

    kind: str
    icon: str
    tone: str
    text: SafeString
    at: datetime
    quote: SafeString | str = ""
    quote_head: str = ""


def days(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """[{label, events}], one per day in the reader's time zone."""
    shown = [event_of(entry) for entry in entries]
    return [
        {"label": locale.day(on), "events": list(found)}
        for on, found in groupby(shown, key=lambda event: timezone.localtime(event.at).date())
    ]


def event_of(entry: Entry) -> Event:
    """One act in words. Facts of other apps are named by themselves and their object."""
    actor = str(entry.actor) if entry.actor else _("The system")
    noun = entry.fact.partition(".")[0]
    if entry.fact in _WORDS:
        icon, tone, words = _WORDS[entry.fact]
        said = format_html("<b>{}</b> {} {}", actor, _(words), _object(entry))
        differs, reason = _difference(entry), _reason(entry)
        # The quote is what differs, headed by the reason; where nothing differs, the reason itself.
        return Event("data", icon, tone, said, entry.timestamp, differs or reason, reason if differs else "")
    what = in_words(entry.fact) if entry.fact else _("changed")
    said = format_html("<b>{}</b> · {} · {}", entry.object_repr, what, actor)
    return Event("other", _OTHERS.get(noun, "point"), "", said, entry.timestamp)


def _object(entry: Entry) -> str:
    data = entry.additional_data or {}
    if entry.fact.startswith("change."):
        return _(_SUBJECTS.get(str(data.get("about")), ""))
    if entry.fact.startswith("requirement."):
        kind = rules.REQUIREMENT_KINDS.get(str(data.get("kind")))
        return f"“{kind.label}”" if kind else ""
    if entry.fact.startswith(("contact.", "tax_id.")):
        return str(entry.object_repr)
    return ""


def _reason(entry: Entry) -> str:
    data = entry.additional_data or {}
    if entry.fact == events.CHANGE_CALLED_BACK:
        return _("%(person)s confirmed on %(number)s") % data
    return str(data.get("reason") or data.get("register") or "")


def _difference(entry: Entry) -> SafeString | str:
    changes = entry.changes_dict or {}
    rows = [
        (_NAMES.get(name) or name.replace("_", " ").capitalize(), _before(old), _plain(new))
        for name, (old, new) in changes.items()
        if name not in _HIDDEN and _plain(old) != _plain(new)
    ]
    return format_html_join("", "<div>{}: {}<b>{}</b></div>", rows)


def _before(value: Any) -> str:
    """What it was, where there was something."""
    text = _plain(value)
    return "" if text == "—" else f"{text} → "


def _plain(value: Any) -> str:
    """The empty values of the trail as a dash; lists without their brackets."""
    text = str(value)
    if text in ("", "None", "[]", "{}"):
        return "—"
    return text.strip("[]").replace("'", "") if text.startswith("[") else text
