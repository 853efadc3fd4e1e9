"""What the pages share: the case behind an address, where to go back, timelines, the right to decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from cases import events, queries
from cases.models import Call, Case, HandOver, Plan, Promise
from core import locale
from core.errors import DomainError
from invoices.models import Invoice
from team.models import User
from team.requests import StaffRequest
from trail.models import Entry
from trail.naming import in_words
from work.models import Approval
from work.operations import refuse_unless_may_decide

VIEW, WORK, PLAN, HAND_OVER = "cases.view_case", "cases.work_case", "cases.offer_plan", "cases.hand_over"
DELEGATE, DECIDE = "cases.delegate_case", "work.decide_approval"
BOTH = ["GET", "POST"]

_WORDS: dict[str, tuple[str, str, str]] = {
    events.CASE_OPENED: ("folder", "", "opened the case"),
    events.CASE_CLOSED: ("circle-check", "in", "closed the case"),
    events.CASE_DELEGATED: ("user-check", "", "gave the case to a colleague"),
    events.CASE_ESCALATED: ("arrow-up", "bad", "took the case one level up"),
    events.CASE_PLANNED: ("calendar", "", "planned the next step"),
    events.CASE_SKIPPED: ("clock", "", "skipped it for the day"),
    events.CASE_SNOOZED: ("clock", "", "put it off"),
    events.CASE_MARKED: ("alert-triangle", "note-i", "marked the customer"),
    events.PROMISE_ASKED: ("calendar", "note-i", "asked for approval of a promise"),
    events.PROMISE_MADE: ("calendar", "acc", "noted a promise"),
    events.PROMISE_REFUSED: ("circle-x", "bad", "turned a promise down"),
    events.PROMISE_WITHDRAWN: ("arrow-back-up", "", "withdrew a promise"),
    events.PROMISE_KEPT: ("circle-check", "in", "saw a promise kept"),
    events.PROMISE_PARTLY_KEPT: ("circle-x", "bad", "saw a promise kept in part"),
    events.PROMISE_BROKEN: ("circle-x", "bad", "saw a promise broken"),
    events.PLAN_ASKED: ("calendar", "note-i", "asked for approval of a plan"),
    events.PLAN_OFFERED: ("calendar", "acc", "offered a payment plan"),
    events.PLAN_REFUSED: ("circle-x", "bad", "did not approve a plan"),
    events.PLAN_WITHDRAWN: ("arrow-back-up", "", "withdrew a plan"),
    events.PLAN_ACCEPTED: ("circle-check", "in", "recorded that the plan is accepted"),
    events.PLAN_COMPLETED: ("circle-check", "in", "saw the plan paid"),
    events.PLAN_DEFAULTED: ("circle-x", "bad", "saw the plan in default"),
    events.HAND_OVER_ASKED: ("building", "note-i", "asked to hand the case over"),
    events.HAND_OVER_APPROVED: ("building", "bad", "approved the hand-over"),
    events.HAND_OVER_REFUSED: ("circle-x", "", "refused the hand-over"),
    events.HAND_OVER_PACKED: ("download", "", "made the hand-over pack"),
    events.HAND_OVER_RECALLED: ("arrow-back-up", "in", "took the case back"),
}
_OTHERS = {
    "invoice": "file-invoice",
    "payment": "building-bank",
    "message": "mail",
    "write_off": "eraser",
    "reminder": "bell",
    "inquiry": "message",
}


def case_of(request: StaffRequest, pk: int) -> Case:
    """The visible case of an address, or 404."""
    return get_object_or_404(queries.visible_to(request.user), pk=pk)


def invoices_of(case: Case) -> QuerySet[Invoice]:
    """What may be promised, planned or given up: the customer's open invoices to this company."""
    return Invoice.objects.filter(
        customer=case.customer_id, entity=case.entity_id, document_status="issued", balance__gt=0
    ).order_by("next_due_on", "pk")


def latest_case(request: StaffRequest, customer: int, entity: int) -> Case | None:
    """The case the account of a promise or plan belongs to, if this person sees it."""
    rows = queries.visible_to(request.user).filter(customer=customer, entity=entity)
    return rows.order_by("-id").first()


def back_to(request: StaffRequest, case: Case) -> str:
    """The worklist it came from, with the next account on top, or the case."""
    came_from = request.POST.get("from", "") or request.GET.get("from", "")
    if came_from.startswith("worklist"):
        tab = came_from.partition(":")[2]
        known = tab if tab in queries.WORKLIST_TABS else ""
        return reverse("cases:worklist") + (f"?tab={known}" if known else "")
    return case.get_absolute_url()


def timeline_of(case: Case, entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Trail and call notes as one line of events by day, newest first."""
    shown = [_event(entry) for entry in entries if not entry.fact.startswith("call.")]
    shown += [_said(call) for call in queries.calls_of(case)[:50]]
    shown.sort(key=lambda one: one["at"], reverse=True)
    grouped = groupby(shown, key=lambda one: timezone.localtime(one["at"]).date())
    return [{"label": locale.day(on), "events": list(group)} for on, group in grouped]


def days_of(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The trail of one record as the timeline shows it."""
    grouped = groupby(
        [_event(entry) for entry in entries], key=lambda one: timezone.localtime(one["at"]).date()
    )
    return [{"label": locale.day(on), "events": list(group)} for on, group in grouped]


def _said(call: Call) -> dict[str, Any]:
    who = f" with {call.contact.name}" if call.contact else ""
    head = "Corrected note" if call.corrects_id else ("Private note" if call.is_private else "")
    words = f"{call.get_channel_display()}{who}: {call.get_outcome_display().lower()}"
    return {
        "kind": "call",
        "icon": "phone",
        "tone": "acc",
        "text": format_html("<b>{}</b> {}", call.by or "The system", words),
        "at": call.at,
        "quote": call.note,
        "quote_head": head,
    }


def _event(entry: Entry) -> dict[str, Any]:
    data = entry.additional_data or {}
    noun = entry.fact.partition(".")[0]
    plain = (_OTHERS.get(noun, "history"), "", in_words(entry.fact))
    icon, tone, words = _WORDS.get(entry.fact, plain)
    who = str(entry.actor) if entry.actor else "The system"
    amount = data.get("amount") if data.get("currency") else None
    said = f"{words}, {locale.money(amount, data['currency'])}" if amount else words
    if noun in ("invoice", "payment"):
        said = f"{said} ({entry.object_repr})"
    return {
        "kind": "money" if noun in ("invoice", "payment") else "mail" if noun == "message" else "trail",
        "icon": icon,
        "tone": tone,
        "text": format_html("<b>{}</b> {}", who, said),
        "at": entry.timestamp,
        "quote": str(data.get("reason") or data.get("note") or ""),
    }


def act_on(
    request: StaffRequest,
    row: Promise | Plan | HandOver,
    act: Callable[..., object],
    page: Callable[..., HttpResponse],
    words: str,
    **sent: Any,
) -> HttpResponse:
    """Do one act on a record and say so on its page; a refusal comes back at the page itself."""
    try:
        act(row, actor=request.user, now=timezone.now(), **sent)
    except DomainError as fault:
        return page(request, row, fault)
    messages.success(request, words)
    return redirect(row)


def reason_of(request: StaffRequest) -> str:
    """The reason typed beside a button."""
    return request.POST.get("reason", "")


def why_not_decide(approval: Approval | None, user: User) -> str:
    """ "" when this person may answer the question, else why not."""
    if approval is None or approval.state != Approval.State.PENDING:
        return "It is decided."
    if not user.has_perm(DECIDE):
        return "Your role does not include decisions."
    try:
        refuse_unless_may_decide(approval, user, now=timezone.now())
    except DomainError as refusal:
        return f"{refusal.message} {refusal.mend or ''}".strip()
    return ""
