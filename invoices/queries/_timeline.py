"""Everything that happened to one document, as one list: acts, mail, money, holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import locale
from correspondence.models import Delivery, Message
from correspondence.queries import messages_about
from invoices.models import Invoice
from invoices.queries._record import Settled, settlements_of
from trail.models import Entry
from trail.naming import in_words
from trail.queries import entries_of

_MOST_ENTRIES = 200
_MOST_MESSAGES = 50


@dataclass(frozen=True)
class Event:
    """One thing that happened: `kind` is trail, mail, money or hold; `who` did what `words` say."""

    kind: str
    icon: str
    tone: str
    who: str
    words: str
    at: datetime
    quote: str = ""
    quote_head: str = ""


def timeline(invoice: Invoice, settlements: Sequence[Settled] | None = None) -> list[Event]:
    """The newest first. `settlements` where the caller has them already."""
    money = settlements_of(invoice) if settlements is None else settlements
    entries = (
        entries_of(invoice).exclude(fact__startswith="message.").exclude(fact__in=_NOT_SHOWN)[:_MOST_ENTRIES]
    )
    events = [
        *(_act(entry) for entry in entries),
        *(_mail(message) for message in messages_about(invoice)[:_MOST_MESSAGES]),
        *(_money(row, invoice.currency) for row in money),
    ]
    return sorted(events, key=lambda event: event.at, reverse=True)


Words = Callable[[Mapping[str, Any]], str]


def _said(text: str) -> Words:
    return lambda _data: text


def _amount(data: Mapping[str, Any]) -> str:
    amount, currency = data.get("amount"), data.get("currency")
    return f"{locale.money(amount, currency)}" if amount and currency else str(amount or "")


def _written(data: Mapping[str, Any]) -> str:
    """How the draft came to be."""
    for key, words in (
        ("copied_from", "copied it from {}"),
        ("made_from", "made it of {}"),
        ("final_of", "began the final invoice of {}"),
        ("gathered", "gathered {} into it"),
    ):
        if data.get(key):
            return words.format(data[key])
    return "wrote the draft"


# Fact -> (kind, icon, tone, words). A fact that is not here is shown under its own name.
_ACTS: Mapping[str, tuple[str, str, str, Words]] = {
    "invoice.created": ("trail", "file-plus", "", _written),
    "invoice.deposits_chosen": (
        "trail",
        "receipt",
        "",
        lambda d: f"took off {d['deposits']}" if d.get("deposits") else "took no deposit off any more",
    ),
    "invoice.gathered": ("trail", "git-merge", "", lambda d: f"gathered it into {d.get('into', '')}"),
    "invoice.edited": ("trail", "pencil", "", _said("changed the draft")),
    "invoice.discarded": ("trail", "trash", "bad", _said("discarded the draft")),
    "invoice.submitted": ("trail", "send", "", _said("submitted it for approval")),
    "invoice.approved": ("trail", "user-check", "in", _said("approved it")),
    "invoice.rejected": ("trail", "arrow-back-up", "bad", _said("sent it back")),
    "invoice.reopened": ("trail", "arrow-back-up", "", _said("took it back to draft")),
    "invoice.issued": ("trail", "lock", "acc", lambda d: f"issued it as {d.get('number', '')}"),
    "invoice.credited": (
        "money",
        "receipt-refund",
        "in",
        lambda d: f"credited {_amount(d)} by {d.get('credit_note', '')}",
    ),
    "invoice.cancelled": ("trail", "circle-x", "bad", lambda d: f"cancelled it by {d.get('by', '')}"),
    "invoice.queued_for_sending": ("mail", "send", "mail", _said("asked for it to be sent")),
    "invoice.not_sent": ("mail", "alert-triangle", "bad", _said("could not write the mail")),
    "invoice.annotated": ("hold", "note", "note-i", _said("noted beside it")),
    "invoice.held": (
        "hold",
        "clock-pause",
        "note-i",
        lambda d: f"put {d.get('amount', '')} on hold" + (f" until {d['until']}" if d.get("until") else ""),
    ),
    "invoice.released": ("hold", "player-play", "in", lambda d: f"released {d.get('amount', '')} from hold"),
    "due_date.requested": (
        "hold",
        "calendar",
        "note-i",
        lambda d: f"asked for {d.get('to', '')} as the due date instead of {d.get('before', '')}",
    ),
    "due_date.moved": (
        "hold",
        "calendar",
        "in",
        lambda d: f"moved the due date from {d.get('before', '')} to {d.get('to', '')}",
    ),
    "due_date.rejected": ("hold", "calendar", "bad", _said("refused the later due date")),
    "document.rendered": ("trail", "file-type-pdf", "", _said("stored the PDF with its hash")),
    "document.failed": ("trail", "alert-triangle", "bad", _said("could not make the PDF")),
    "approval.requested": ("trail", "user", "", lambda d: f"needs a {_role(d)} or above"),
    "approval.automatic": (
        "trail",
        "user-check",
        "in",
        _said("approved it: within the limit that needs no person"),
    ),
    "approval.given": ("trail", "user-check", "in", _said("confirmed what was unusual")),
    "approval.rejected": ("trail", "arrow-back-up", "bad", _said("said no")),
    "approval.voided": ("trail", "circle-x", "", _said("voided the approval")),
    "link.created": ("mail", "link", "", _said("made a customer link")),
    "link.opened": ("mail", "eye", "in", _said("opened the page for the first time")),
    "link.revoked": ("mail", "unlink", "", _said("closed a customer link")),
}
# Facts nobody in particular does.
_ABOUT = {"approval.requested": "The approval", "link.opened": "The customer"}
_NOT_SHOWN = {"approval.given", "approval.rejected"}


def _role(data: Mapping[str, Any]) -> str:
    return str(data.get("needs", "")).replace("_", " ")


def _act(entry: Entry) -> Event:
    data: Mapping[str, Any] = entry.additional_data or {}
    kind, icon, tone, words = _ACTS.get(entry.fact, ("trail", "history", "", _said(in_words(entry.fact))))
    who = _ABOUT.get(entry.fact) or (str(entry.actor) if entry.actor else "The system")
    said = words(data)
    if entry.actor is None and entry.fact not in _ACTS:
        # "Message sent", not "The system message sent".
        who, said = said[:1].upper() + said[1:], ""
    return Event(kind, icon, tone, who, said, entry.timestamp, *_quote(entry, data))


def _quote(entry: Entry, data: Mapping[str, Any]) -> tuple[str, str]:
    """(text, head) of what was said or changed with the act."""
    if entry.changes:
        lines = [
            f"{_label(name)}: {_plain(old)} → {_plain(new)}" for name, (old, new) in entry.changes.items()
        ]
        return "; ".join(lines), ""
    return str(data.get("reason") or data.get("error") or ""), ""


def _label(name: str) -> str:
    return {"payable": "Total", "customer_id": "Customer", "planned_on": "Issue day", "po_number": "PO"}.get(
        name, name.replace("_", " ").capitalize()
    )


def _plain(value: str) -> str:
    if value in ("None", ""):
        return "—"
    head, point, tail = value.partition(".")
    return f"{head}.{tail.rstrip('0').ljust(2, '0')}" if point and tail.isdigit() else value


_OUTCOMES = {
    Delivery.State.QUEUED: "waits to be sent",
    Delivery.State.SENDING: "is being handed over",
    Delivery.State.SENT: "was sent",
    Delivery.State.DELIVERED: "was delivered",
    Delivery.State.OPENED: "was opened",
    Delivery.State.BOUNCED: "came back",
    Delivery.State.TO_POST: "waits to be posted",
    Delivery.State.POSTED: "was posted",
    Delivery.State.FAILED: "was not delivered",
    Delivery.State.CANCELLED: "was withdrawn",
}


def _mail(message: Message) -> Event:
    deliveries = list(message.deliveries.all())
    failed = any(d.state in {Delivery.State.FAILED, Delivery.State.BOUNCED} for d in deliveries)
    told = ", ".join(f"{d.email or 'the letter'} {_OUTCOMES[Delivery.State(d.state)]}" for d in deliveries)
    errors = "; ".join(d.error for d in deliveries if d.error)
    return Event(
        kind="mail",
        icon="mail",
        tone="bad" if failed else "mail",
        who="Mail",
        words=f"to {told}" if told else "without a recipient",
        at=message.queued_at,
        quote=errors or message.subject,
        quote_head="The mail server said" if errors else "Subject",
    )


def _money(row: Settled, currency: str) -> Event:
    amount = locale.money(abs(row.amount), currency)
    if row.is_reversal:
        return Event("money", "arrow-back-up", "bad", row.words, f"taken back: {amount}", row.at)
    return Event("money", "building-bank", "in", row.words, f"settled {amount} ({row.kind.lower()})", row.at)
