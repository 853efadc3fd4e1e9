"""Disputes on the customer's page: what they see of each, and what they may dispute."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest

from conversations.files import FILE_BYTES, File, refusal_of
from conversations.models import Post
from conversations.rules import split_quoted
from core import formatting
from core.locale import UnreadableNumber, parse_number
from core.money import round_money
from correspondence.models import PublicLink
from disputes import queries, rules
from disputes.models import Clock, Dispute
from disputes.operations import Claim
from entities.queries import local_day
from invoices.documents.writer import Writer
from invoices.models import Invoice
from portal.forms import MOST_WORDS, WordsField
from portal.words import Words

MOST_LINES = 100
"""So many lines of an invoice can be ticked; above that an amount of the whole says it."""
MOST_BYTES = rules.MOST_FILES * FILE_BYTES + 1024 * 1024
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f/\\:\u202a-\u202e\u2066-\u2069]")

# The rule of a refusal -> the words for it; anything else is "it cannot be disputed any more".
FAULTS: Mapping[str, str] = {
    "no_more_is_disputed_than_was_billed": "d_no_amount",
    "no_more_is_held_than_is_open": "d_no_amount",
    "a_dispute_is_about_a_line_of_its_invoice": "d_no_amount",
    "a_dispute_has_parts": "d_no_amount",
    "one_open_dispute_per_line": "d_no_twice",
    "a_dispute_is_told_in_words": "d_no_words",
    "a_dispute_has_a_reason": "d_no_reason",
    "a_dispute_has_few_files": "d_no_files",
}


@dataclass(frozen=True)
class Shown:
    """A dispute as its customer sees it."""

    pk: int
    reference: str
    reason: str
    state: str
    pill: str
    facts: Sequence[str]
    posts: Sequence[tuple[str, str, str]] = ()
    may_answer: bool = False
    may_withdraw: bool = False
    may_reopen: bool = False
    until: str = ""


@dataclass
class Typed:
    """A form that was refused: what was typed, and why."""

    fault: str
    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Sequence[str] = ()


class DisputeForm(forms.Form):
    """Why, in words, and what makes this sending one. Lines and amounts are read by `claims_of`."""

    reason = forms.ChoiceField(choices=[(code, code) for code in rules.REASONS])
    detail = WordsField(max_length=MOST_WORDS)
    once = forms.RegexField(r"^[0-9a-f]{32}$")


class UnsolvedForm(forms.Form):
    """What is still wrong."""

    body = WordsField(max_length=2_000)


def claims_of(request: HttpRequest, w: Writer) -> list[Claim] | None:
    """The lines ticked and amounts typed; None where one cannot be read."""
    try:
        ticked = [int(one) for one in request.POST.getlist("lines")[:MOST_LINES]]
        found = [Claim(position, _amount(request, f"amount_{position}", w)) for position in ticked]
        whole = _amount(request, "whole", w)
    except (ValueError, UnreadableNumber):
        return None
    return [*found, Claim(None, whole)] if whole is not None else found


def _amount(request: HttpRequest, name: str, w: Writer) -> Decimal | None:
    text = request.POST.get(name, "").strip()[:30]
    return parse_number(text, locale=w.locale) if text else None


def files_of(request: HttpRequest) -> list[File] | None:
    """The files sent, each looked into; None where there are too many or one is not taken."""
    sent = request.FILES.getlist("files")
    if len(sent) > rules.MOST_FILES:
        return None
    found = []
    for one in sent:
        name = _INVISIBLE.sub("_", str(one.name or "file"))[-160:].lstrip(".") or "file"
        data = one.read(FILE_BYTES + 1)
        if refusal_of(name, str(one.content_type or ""), data):
            return None
        found.append(File(name, str(one.content_type or "")[:80], data))
    return found


def is_too_large(request: HttpRequest) -> bool:
    """Whether more is sent than five files can be; said before any of it is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return not str(length).isdigit() or int(length) > MOST_BYTES


def shown(invoice: Invoice, link: PublicLink, words: Words, w: Writer, *, now: datetime) -> list[Shown]:
    """The invoice's disputes, the latest first; the conversation for whoever holds its contact's link."""
    return [_shown(row, link, words, w, now) for row in queries.of_invoice(invoice)[:10]]


def _shown(dispute: Dispute, link: PublicLink, words: Words, w: Writer, now: datetime) -> Shown:
    is_theirs = dispute.contact_id == link.contact_id
    may_reopen = dispute.is_over and rules.may_reopen(
        closed_at=dispute.closed_at, was_reopened=dispute.was_reopened, now=now
    )
    until = dispute.closed_at + rules.REOPEN_WITHIN if dispute.closed_at and may_reopen else None
    return Shown(
        pk=dispute.pk,
        reference=dispute.reference,
        reason=words[f"d_r_{dispute.reason}"],
        state=words[f"d_{dispute.state}"],
        pill={"resolved": "ok", "withdrawn": "", "waiting_customer": "warn"}.get(dispute.state, "info"),
        facts=_facts(dispute, words, w),
        posts=_posts(dispute, words, w) if is_theirs else (),
        may_answer=is_theirs and not dispute.is_over and dispute.thread_id is not None,
        may_withdraw=is_theirs and not dispute.is_over and dispute.state != rules.PROPOSED,
        may_reopen=may_reopen,
        until=words.say("d_unsolved_about", date=_day(dispute, until, w)) if until else "",
    )


def _facts(dispute: Dispute, words: Words, w: Writer) -> list[str]:
    amount = w.money(round_money(dispute.amount, dispute.currency))
    found = [words.say("d_amount_of", amount=amount)]
    clock = _answer_clock(dispute)
    if dispute.customer_due_at is not None:
        found.append(words.say("d_you_by", date=_day(dispute, dispute.customer_due_at, w)))
    elif clock is not None:
        found.append(words.say("d_answer_by", date=_day(dispute, clock, w)))
    if dispute.credited:
        credited = w.money(round_money(dispute.credited, dispute.currency))
        found.append(words.say("d_credited", amount=credited))
    if dispute.recap and dispute.state == rules.RESOLVED:
        found.append(dispute.recap)
    return found


def _answer_clock(dispute: Dispute) -> datetime | None:
    if dispute.is_over:
        return None
    due = [
        clock.due_at
        for clock in dispute.clocks.all()
        if clock.round == dispute.round
        and clock.kind != Clock.Kind.ACKNOWLEDGE
        and clock.met_at is None
        and clock.due_at is not None
    ]
    return min(due, default=None)


def _posts(dispute: Dispute, words: Words, w: Writer) -> list[tuple[str, str, str]]:
    if dispute.thread is None:
        return []
    ours = dispute.entity.name
    rows = Post.objects.filter(thread=dispute.thread, is_automatic=False).order_by("at", "pk")[:100]
    return [
        (
            ours if post.direction == Post.Direction.OUT else words["my_you"],
            formatting.medium_date(post.at.date(), w.locale),
            split_quoted(post.body)[0],
        )
        for post in rows
    ]


def _day(dispute: Dispute, at: datetime, w: Writer) -> str:
    return formatting.long_date(local_day(dispute.entity, at), w.locale)


def offer(invoice: Invoice, words: Words, w: Writer, typed: Typed | None) -> dict[str, Any]:
    """What can be disputed now; nothing where nothing is open and free."""
    free = invoice.balance - invoice.held_amount
    if invoice.document_status != Invoice.Status.ISSUED or free <= 0 or invoice.credits_id:
        return {"dispute": None}
    lines = []
    for line in list(invoice.lines.all()[:MOST_LINES]):
        gross = rules.gross_of(line.taxable, line.rate, invoice.currency)
        if gross > 0:
            lines.append(
                {
                    "n": line.position,
                    "what": line.description,
                    "gross": w.money(gross),
                    "ticked": typed is not None and str(line.position) in typed.lines,
                    "amount": typed.values.get(f"amount_{line.position}", "") if typed else "",
                }
            )
    return {
        "dispute": {
            "lines": lines,
            "reasons": [(code, words[f"d_r_{code}"]) for code in rules.REASONS],
            "rest": words.say("d_rest", amount=w.money(round_money(free, invoice.currency)))
            if invoice.held_amount
            else "",
            "fault": words[typed.fault] if typed else "",
            "typed": typed.values if typed else {},
        }
    }
