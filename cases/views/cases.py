"""The case of one customer: everything about it on one page, and the acts that are not in the worklist."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from cases import operations, queries, showing
from cases.forms import CallForm, HardshipForm, StopForm, WriteOffForm, take_fault
from cases.models import Action, Case
from cases.views._edges import (
    BOTH,
    HAND_OVER,
    PLAN,
    VIEW,
    WORK,
    back_to,
    case_of,
    invoices_of,
    timeline_of,
)
from core.errors import DomainError
from core.permissions import allowed
from payments.operations import request_write_off
from team.requests import StaffRequest
from trail.models import Entry
from trail.queries import entries_of_customer

_EVENTS = 60
_ITEMS = 50
_STEPS = (
    "invoice.created",
    "invoice.edited",
    "invoice.submitted",
    "invoice.approved",
    "document.rendered",
    "payment.allocated",
)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """Header, next step, open items, promises, plans, timeline of everything."""
    case = case_of(request, pk)
    now = timezone.now()
    card = queries.card_of(case, now=now, items=_ITEMS)
    context = {
        "case": case,
        "card": card,
        "row": showing.row_of(case, now=now),
        "tone": showing.tone_of(case),
        "usual": showing.usual_short(case),
        "icon_of_next": showing.ICONS.get(Action(case.next_action), "clock") if case.next_action else "clock",
        "path": _path(case),
        "hand_overs": list(queries.hand_overs_of(case)),
        "acts": _acts(request, case, card),
        "days": timeline_of(case, _told(case)[:_EVENTS]),
        "other_cases": list(
            queries.visible_to(request.user)
            .filter(customer=case.customer_id)
            .exclude(pk=case.pk)
            .order_by("-id")[:5]
        ),
    }
    return render(request, "cases/detail.html", context)


def _told(case: Case) -> QuerySet[Entry]:
    """What happened with the customer, without the steps of writing documents and the office's own work."""
    office = Q(fact__startswith="work.") | Q(fact__startswith="approval.") | Q(fact__startswith="pause.")
    steps = Q(fact__in=_STEPS)
    return entries_of_customer(case.customer_id).exclude(office | steps)


def _path(case: Case) -> list[dict[str, Any]]:
    """Who holds it and who is next."""
    reached = {row.level: row for row in queries.escalations_of(case)}
    found: list[dict[str, Any]] = []
    for level, label in enumerate(showing.PATH):
        row = reached.get(level)
        found.append(
            {
                "label": label,
                "who": (row.to if row else case.collector if level == 0 else None),
                "deputy_of": row.deputy_of if row else None,
                "at": row.at if row else case.opened_at if level == 0 else None,
                "reason": row.reason if row else "",
                "here": level == case.level and case.closed_at is None,
                "passed": level < case.level,
            }
        )
    return found


def _acts(request: StaffRequest, case: Case, card: queries.Card) -> list[dict[str, str]]:
    """Named acts of this person; those that are not possible say why."""
    user, closed = request.user, "The case is closed." if case.closed_at else ""
    nothing = closed or ("" if card.items else "Nothing is open.")
    handed = next(
        (row for row in queries.hand_overs_of(case) if row.state in ("waiting", "packing", "ready")), None
    )
    acts = []
    if user.has_perm(WORK):
        acts += [
            _link("Note a call", "phone", "worklist", case, why=closed),
            _link("Note a promise", "calendar", "promise_new", case, why=nothing, key="p"),
        ]
    if user.has_perm(PLAN):
        acts.append(_link("Offer a payment plan", "arrows-split-2", "plan_new", case, why=nothing))
    if user.has_perm(WORK):
        acts += [
            _link("Propose a write-off", "eraser", "write_off", case, why=nothing),
            _link("Hardship", "alert-triangle", "hardship", case, why=closed),
            _link("Insolvent or deceased", "ban", "stop", case, why=closed),
        ]
    if user.has_perm(HAND_OVER):
        why = closed or (f"{handed.get_state_display()}: {handed.recipient}" if handed else "")
        acts.append(_link("Hand over to agency or lawyers", "building", "hand_over_new", case, why=why))
    return acts


def _link(label: str, icon: str, name: str, case: Case, *, why: str = "", key: str = "") -> dict[str, str]:
    # Calls are noted on the card, where what to know stands above the form.
    card = f"{reverse('cases:worklist')}?case={case.pk}#peek"
    return {
        "label": label,
        "icon": icon,
        "url": card if name == "worklist" else reverse(f"cases:{name}", args=[case.pk]),
        "why": why,
        "key": "" if why else key,
    }


@require_http_methods(BOTH)
@allowed(WORK)
def correct(request: StaffRequest, pk: int) -> HttpResponse:
    """Write a call note again; the first one stays."""
    call = get_object_or_404(queries.calls_visible_to(request.user), pk=pk)
    case = case_of(request, call.case_id)
    form = CallForm(
        request.POST or None,
        case=case,
        initial={
            "channel": call.channel,
            "outcome": call.outcome,
            "contact": call.contact_id,
            "note": call.note,
            "is_private": call.is_private,
            "next_action": call.next_action,
            "next_on": call.next_on,
        },
    )
    for name in ("channel", "contact"):
        del form.fields[name]

    def act(data: dict[str, Any]) -> str:
        operations.correct_call(call, **data, actor=request.user, now=timezone.now())
        return "Corrected; the first note stays beside it."

    return _asked(request, case, form, act, title="Correct a note", button="Save the correction")


@require_http_methods(BOTH)
@allowed(WORK)
def hardship(request: StaffRequest, pk: int) -> HttpResponse:
    """Mark that they cannot pay now, or can again."""
    case = case_of(request, pk)
    initial = {"on": "0" if case.hardship else "1", "note": ""}
    form = HardshipForm(request.POST or None, initial=initial)

    def act(data: dict[str, Any]) -> str:
        operations.mark_hardship(case, **data, actor=request.user, now=timezone.now())
        return "Marked. Texts to this customer are softer." if data["on"] else "The mark is gone."

    about = "Texts become softer, and whoever calls sees it first."
    return _asked(request, case, form, act, title="Hardship", button="Save", about=about)


@require_http_methods(BOTH)
@allowed(WORK)
def stop(request: StaffRequest, pk: int) -> HttpResponse:
    """Mark insolvency or death: reminders stop."""
    case = case_of(request, pk)
    form = StopForm(request.POST or None, initial={"stop": case.stop or "insolvency"})

    def act(data: dict[str, Any]) -> str:
        operations.mark_stop(case, **data, actor=request.user, now=timezone.now())
        return "Reminders stop; only the legal way is open." if data["stop"] else "The mark is gone."

    about = "Reminders to this customer stop until the mark is taken away. Claims are filed by lawyers."
    return _asked(request, case, form, act, title="Insolvent or deceased", button="Save", about=about)


@require_http_methods(BOTH)
@allowed(WORK)
def write_off(request: StaffRequest, pk: int) -> HttpResponse:
    """Propose to give up an invoice; somebody else with the limit decides."""
    case = case_of(request, pk)
    invoices = invoices_of(case)
    first = invoices.first()
    initial = {"invoice": first.pk, "amount": first.balance - first.held_amount} if first else {}
    form = WriteOffForm(request.POST or None, invoices=invoices, initial=initial)

    def act(data: dict[str, Any]) -> str:
        request_write_off(
            data["invoice"], data["amount"], reason=data["reason"], actor=request.user, now=timezone.now()
        )
        return "The write-off waits for a second person."

    about = "Somebody with the limit for it decides. Until then it is asked for as before."
    return _asked(
        request, case, form, act, title="Propose a write-off", button="Ask for approval", about=about
    )


def _asked(
    request: StaffRequest,
    case: Case,
    form: forms.Form,
    act: Any,
    *,
    title: str,
    button: str,
    about: str = "",
) -> HttpResponse:
    """A form of its own page: do it and go back, or show what is wrong."""
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, act(form.cleaned_data))
        except DomainError as fault:
            take_fault(form, fault)
        else:
            return redirect(back_to(request, case))
    context = {"case": case, "form": form, "title": title, "button": button, "about": about}
    return render(request, "cases/form.html", context, status=422 if form.errors else 200)
