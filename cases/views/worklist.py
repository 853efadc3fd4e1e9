"""The worklist with the card beside it, and what is done in place."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cases import operations, queries, showing
from cases.forms import (
    CallForm,
    DelegateForm,
    NextForm,
    SkipForm,
    SnoozeForm,
    WorklistForm,
    next_working_day,
    take_fault,
)
from cases.models import Action, Case
from cases.queries import Filters, Sight
from cases.views._edges import VIEW, WORK, back_to, case_of
from core import locale
from core.errors import DomainError
from core.paging import paginate
from core.permissions import allowed
from team.requests import StaffRequest

SIZE = 25
_HIDDEN = ("after", "before", "case")


@require_GET
@allowed(VIEW)
def worklist(request: StaffRequest) -> HttpResponse:
    """One page of the list; the card of the account the address names, else of the first."""
    return _page(request)


def _page(
    request: StaffRequest, *, chosen: Case | None = None, given: dict[str, forms.Form] | None = None
) -> HttpResponse:
    now = timezone.now()
    filters = WorklistForm(request.GET).filters()
    sight = queries.sight_of(request.user, now=now)
    rows = queries.worklist(sight, filters)
    page = paginate(request, rows, sorts=queries.WORKLIST_SORTS, default="-risk", size=SIZE)
    case = chosen or _asked(request) or (page.items[0] if page.items else None)
    total, code = queries.at_risk(rows), sight.currency
    context = {
        "page": page,
        "rows": [(page.start + at, showing.row_of(one, now=now)) for at, one in enumerate(page.items)],
        "q": filters.q,
        "filters": filters,
        "tabs": _tabs(request, filters, sight),
        "chips": _chips(request, filters, sight),
        "choices": _choices(request, sight),
        "at_risk": locale.money(total, code) if total else "",
        "rank_currency": code,
        "chosen": case,
        **(_card(request, case, given or {}, came_from=f"worklist:{filters.tab}") if case else {}),
    }
    return render(request, "cases/worklist.html", context, status=422 if given else 200)


@require_GET
@allowed(VIEW)
def peek(request: StaffRequest, pk: int) -> HttpResponse:
    """The card alone, for the panel beside the list."""
    case = case_of(request, pk)
    came_from = f"worklist:{WorklistForm(request.GET).filters().tab}"
    return render(request, "cases/_peek.html", _card(request, case, {}, came_from=came_from))


def _asked(request: StaffRequest) -> Case | None:
    asked = request.GET.get("case", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 18):
        return None
    return queries.visible_to(request.user).filter(pk=int(asked)).first()


def _card(
    request: StaffRequest, case: Case, given: dict[str, forms.Form], *, came_from: str
) -> dict[str, Any]:
    now = timezone.now()
    card = queries.card_of(case, now=now)
    shown: dict[str, Any] = {
        "case": case,
        "card": card,
        "row": showing.row_of(case, now=now),
        "tone": showing.tone_of(case),
        "usual": showing.usual_short(case),
        "icon_of_next": showing.ICONS.get(Action(case.next_action), "clock") if case.next_action else "clock",
        "came_from": came_from,
        "opened": next(iter(given), ""),
    }
    if request.user.has_perm(WORK) and case.closed_at is None:
        shown |= {f"{name}_form": form for name, form in act_forms(case, card, given).items()}
    return shown


def act_forms(case: Case, card: queries.Card, given: dict[str, forms.Form]) -> dict[str, forms.Form]:
    """The five forms of the card, filled with what is likely."""
    now = timezone.now()
    soon = next_working_day(case, now)
    contact = card.contact
    fresh: dict[str, forms.Form] = {
        "call": CallForm(
            case=case,
            prefix="call",
            initial={"contact": contact.pk if contact else None, "next_action": "call", "next_on": soon},
        ),
        "edit": NextForm(
            prefix="edit",
            initial={"next_action": case.next_action, "next_on": case.next_on, "note": case.next_note},
        ),
        "skip": SkipForm(prefix="skip"),
        "snooze": SnoozeForm(prefix="snooze", initial={"until": next_working_day(case, now, 5)}),
        "delegate": DelegateForm(case=case, prefix="delegate"),
    }
    return fresh | given


# ----------------------------------------------------------------------------------------------- the acts
@require_POST
@allowed(WORK)
def call(request: StaffRequest, pk: int) -> HttpResponse:
    """Write down a call."""
    case = case_of(request, pk)
    form = CallForm(request.POST, case=case, prefix="call")

    def act(data: dict[str, Any]) -> str:
        operations.note_call(case, **data, actor=request.user, now=timezone.now())
        return f"Noted. Next for {case.customer}: {locale.day(data['next_on'])}."

    return _act(request, case, "call", form, act)


@require_POST
@allowed(WORK)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Another next step."""
    case = case_of(request, pk)
    form = NextForm(request.POST, prefix="edit")

    def act(data: dict[str, Any]) -> str:
        operations.set_next_action(
            case,
            action=data["next_action"],
            on=data["next_on"],
            note=data["note"],
            actor=request.user,
            now=timezone.now(),
        )
        return f"Next for {case.customer}: {locale.day(data['next_on'])}."

    return _act(request, case, "edit", form, act)


@require_POST
@allowed(WORK)
def skip(request: StaffRequest, pk: int) -> HttpResponse:
    """Not today."""
    case = case_of(request, pk)
    form = SkipForm(request.POST, prefix="skip")

    def act(data: dict[str, Any]) -> str:
        row = operations.skip(case, reason=data["reason"], actor=request.user, now=timezone.now())
        return f"{case.customer} comes back on {locale.day(row.snoozed_until)}." if row.snoozed_until else ""

    return _act(request, case, "skip", form, act)


@require_POST
@allowed(WORK)
def snooze(request: StaffRequest, pk: int) -> HttpResponse:
    """Out of sight until a day."""
    case = case_of(request, pk)
    form = SnoozeForm(request.POST, prefix="snooze")

    def act(data: dict[str, Any]) -> str:
        operations.snooze(case, **data, actor=request.user, now=timezone.now())
        return f"{case.customer} comes back on {locale.day(data['until'])}."

    return _act(request, case, "snooze", form, act)


@require_POST
@allowed(WORK)
def delegate(request: StaffRequest, pk: int) -> HttpResponse:
    """To a colleague."""
    case = case_of(request, pk)
    form = DelegateForm(request.POST, case=case, prefix="delegate")

    def act(data: dict[str, Any]) -> str:
        to = form.people[data["to"]]
        operations.delegate(case, to=to, reason=data["reason"], actor=request.user, now=timezone.now())
        return f"{case.customer} is with {to} now."

    return _act(request, case, "delegate", form, act)


def _act(request: StaffRequest, case: Case, name: str, form: forms.Form, act: Any) -> HttpResponse:
    """Do it and go on with the next account, or show the form again with what is wrong."""
    if form.is_valid():
        try:
            messages.success(request, act(form.cleaned_data))
        except DomainError as fault:
            take_fault(form, fault)
        else:
            return redirect(back_to(request, case))
    return _page(request, chosen=case, given={name: form})


# ------------------------------------------------------------------------------------- what is around it
def _address(request: StaffRequest, **changes: str) -> str:
    query = request.GET.copy()
    for key in _HIDDEN:
        query.pop(key, None)
    for key, value in changes.items():
        query.pop(key, None)
        if value:
            query[key] = value
    return f"{reverse('cases:worklist')}?{query.urlencode()}".rstrip("?")


def _tabs(request: StaffRequest, filters: Filters, sight: Sight) -> list[dict[str, Any]]:
    counts = queries.tab_counts(sight)
    return [
        {
            "label": label,
            "url": _address(request, tab=tab),
            "count": counts[tab],
            "current": tab == filters.tab,
        }
        for tab, label in queries.WORKLIST_TABS.items()
    ]


def _chips(request: StaffRequest, filters: Filters, sight: Sight) -> list[dict[str, str]]:
    chips = []
    if filters.stage:
        label = str(Case.Stage(filters.stage).label)
        chips.append({"label": "Stage", "value": label, "url": _address(request, stage="")})
    if filters.entity:
        company = next((one for one in sight.companies if one.pk == filters.entity), None)
        chips.append({"label": "Company", "value": str(company or "?"), "url": _address(request, entity="")})
    return chips


def _choices(request: StaffRequest, sight: Sight) -> list[dict[str, Any]]:
    companies = sight.companies
    stages = [stage for stage in Case.Stage if stage != Case.Stage.CLOSED]
    found = [
        {
            "label": "Stage",
            "links": [(stage.label, _address(request, stage=stage.value)) for stage in stages],
        }
    ]
    if len(companies) > 1:
        links = [(str(one), _address(request, entity=str(one.pk))) for one in companies]
        found.append({"label": "Company", "links": links})
    return found
