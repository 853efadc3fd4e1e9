"""Pages of contracts: the list, one contract with its schedule, the editor, and its changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts import forms, operations, queries
from contracts.billing import unbilled
from contracts.inputs import ItemInput
from contracts.loading import load_book
from contracts.models import Contract, ContractChange
from core.errors import DomainError
from core.paging import paginate
from core.permissions import allowed
from entities.queries import local_day
from invoices.queries import visible_to as invoices_visible_to
from team.idempotency import act_once, answered_before
from team.requests import StaffRequest
from work.queries import approvals_of

VIEW, EDIT = "contracts.view_contract", "contracts.edit_contract"
DECIDE = "work.decide_approval"
TABS = {
    "": gettext_lazy("All"),
    "active": gettext_lazy("Active"),
    "draft": gettext_lazy("Drafts"),
    "waiting": gettext_lazy("Waiting for approval"),
    "ended": gettext_lazy("Ended"),
}
_SCHEDULE = 24
_USAGE = 20


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """Every contract, the newest first."""
    state = request.GET.get("state", "")
    state = state if state in TABS else ""
    words = request.GET.get("q", "").strip()[:60]
    today = timezone.now().date()
    rows = queries.listing(request.user, state=state, text=words, today=today)
    page = paginate(
        request,
        rows.prefetch_related("suspensions"),
        sorts={"made": "id", "starts": "starts_on"},
        default="-made",
    )
    tabs = [
        {"label": label, "url": f"?state={key}", "count": None, "current": key == state}
        for key, label in TABS.items()
    ]
    shown = [{"contract": one, "state": queries.state_of(one, today)} for one in page.items]
    context = {
        "page": page,
        "contracts": shown,
        "tabs": tabs,
        "q": words,
        "state": state,
        "is_filtered": bool(words or state),
    }
    return render(request, "contracts/list.html", context)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One contract: what was agreed, its periods with their invoices, what waits, and what can be done."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)
    book = load_book(contract)
    today = local_day(contract.entity, timezone.now())
    rows = queries.schedule(book, today)
    open_ = unbilled(book.facts, book.billed, today) if contract.state == Contract.State.ACTIVE else []
    over = contract.ends_on is not None and contract.ends_on < today
    rests = sum(rest.amount for rest in open_)
    is_active = contract.state == Contract.State.ACTIVE
    may_edit = request.user.has_perm(EDIT)
    context = {
        "contract": contract,
        "state": queries.state_of(contract, today),
        "value": operations.yearly_value(contract),
        "items": contract.items.select_related("item").prefetch_related("tiers"),
        "steps": contract.steps.all(),
        "suspensions": contract.suspensions.all(),
        "resting": any(one.ends_on is None for one in contract.suspensions.all()),
        "schedule": rows[:_SCHEDULE],
        "more": max(0, len(rows) - _SCHEDULE),
        "missing": sum(row.state == "missing" for row in rows),
        "rests": [{"rest": rest, "name": book.items[rest.item.key].description} for rest in open_],
        "rest_total": rests,
        "to_credit": is_active and over and rests < 0,
        "usage": contract.usage.select_related("item")[:_USAGE],
        "approvals": approvals_of(contract)[:5],
        "may_edit": may_edit,
        "may_decide": contract.state == Contract.State.WAITING and request.user.has_perm(DECIDE),
        "may_change": is_active and may_edit,
        "today": today,
        "reason_form": forms.ReasonForm(),
        "changes": contract.changes.select_related("asked_by")[:5],
        "waiting": (waiting := contract.changes.filter(state=ContractChange.State.WAITING).first()),
        "may_decide_change": waiting is not None
        and request.user.has_perm(DECIDE)
        and waiting.asked_by_id != request.user.pk,
    }
    return render(request, "contracts/detail.html", context)


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def new(request: StaffRequest) -> HttpResponse:
    """Write a contract."""
    return _editor(request, None)


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a draft."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)
    if contract.state != Contract.State.DRAFT:
        messages.error(request, _("Only a draft is edited. Change its plan, suspend it or end it."))
        return redirect(contract)
    return _editor(request, contract)


def _editor(request: StaffRequest, contract: Contract | None) -> HttpResponse:
    first: dict[str, Any] = {"customer": request.GET.get("customer", "")[:20]}
    rows: list[dict[str, Any]] = []
    if contract is not None:
        first, rows = forms.first_values(contract)
    form = forms.ContractForm(request.POST or None, initial=first, user=request.user)
    items = forms.ItemFormSet(request.POST or None, initial=rows, prefix="items")
    if request.method == "POST" and form.is_valid() and items.is_valid():
        found = tuple(one for one in (row.as_input() for row in items.forms) if one is not None)
        given = form.as_input(found)
        now = timezone.now()
        try:
            if contract is None:
                made = operations.write_contract(given, actor=request.user, now=now)
            else:
                made = operations.edit_contract(
                    contract,
                    given,
                    actor=request.user,
                    now=now,
                    expected_version=_version(request.POST.get("version", "")),
                )
            messages.success(request, _("Saved."))
            return redirect(made)
        except DomainError as refusal:
            _refuse(form, refusal)
    broken = request.method == "POST"
    context = {
        "form": form,
        "items": items,
        "contract": contract,
        "version": contract.lock_version if contract else "",
    }
    return render(request, "contracts/edit.html", context, status=422 if broken else 200)


def _version(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


@require_POST
@allowed(EDIT)
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask a second person."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)
    operations.submit_contract(contract, actor=request.user, now=timezone.now())
    messages.success(request, _("It waits for a second person."))
    return redirect(contract)


@require_POST
@allowed(DECIDE)
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Say yes."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)
    operations.approve_contract(contract, actor=request.user, now=timezone.now())
    messages.success(request, _("It is active."))
    return redirect(contract)


@require_POST
@allowed(DECIDE)
def reject(request: StaffRequest, pk: int) -> HttpResponse:
    """Say no, with the reason."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)
    reason = request.POST.get("reason", "")[:300]
    operations.reject_contract(contract, actor=request.user, now=timezone.now(), reason=reason)
    messages.success(request, _("It is a draft again."))
    return redirect(contract)


@require_POST
@allowed(EDIT)
def cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Give up a contract that never was active."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)
    operations.cancel_contract(contract, actor=request.user, now=timezone.now())
    return redirect(contract)


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def change_plan(request: StaffRequest, pk: int, item: int) -> HttpResponse:
    """Replace an item from a day on."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)
    row = get_object_or_404(contract.items.all(), pk=item)
    first = {
        name: value for name, value in forms.item_values(row).items() if name not in ("code", "free_until")
    }
    form = forms.PlanForm(request.POST or None, initial=first)

    def act(given: dict[str, Any]) -> None:
        new = form.as_input()
        new = new or ItemInput("")
        asked = operations.ask_plan_change(row, new, on=given["on"], actor=request.user, now=timezone.now())
        _told(request, asked)

    lead = _("The next invoice takes off what is unused of it and asks for the new one.")
    return _form(request, contract, form, act, title=_("Change “%(name)s”") % {"name": row}, lead=lead)


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def suspend(request: StaffRequest, pk: int) -> HttpResponse:
    """Let the contract rest."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)

    def act(given: dict[str, Any]) -> None:
        _asked(request, contract, "suspend", given)

    lead = _("Nothing is charged for these days; what was billed of them is taken off.")
    form = forms.SuspendForm(request.POST or None)
    return _form(request, contract, form, act, title=_("Suspend"), lead=lead)


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def resume(request: StaffRequest, pk: int) -> HttpResponse:
    """End an open pause."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)

    def act(given: dict[str, Any]) -> None:
        _asked(request, contract, "resume", given)

    return _form(request, contract, forms.ResumeForm(request.POST or None), act, title=_("Resume"), lead="")


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree on the last day."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)

    def act(given: dict[str, Any]) -> None:
        _asked(request, contract, "end", given)

    lead = _("A day in the past is possible: what was billed beyond it is given back.")
    return _form(request, contract, forms.EndForm(request.POST or None), act, title=_("End"), lead=lead)


def _asked(request: StaffRequest, contract: Contract, kind: str, given: dict[str, Any]) -> None:
    _told(request, operations.ask_change(contract, kind, given, actor=request.user, now=timezone.now()))


def _told(request: StaffRequest, change: ContractChange) -> None:
    if change.state == ContractChange.State.APPLIED:
        messages.success(request, _("Saved. The next invoice says what follows from it."))
    else:
        messages.success(request, _("It waits for a second person; until then nothing changes."))


@require_POST
@allowed(DECIDE)
def approve_change(request: StaffRequest, pk: int) -> HttpResponse:
    """Say yes to a change."""
    change = _waiting_change(request, pk)
    operations.approve_change(change, actor=request.user, now=timezone.now())
    messages.success(request, _("It holds now. The next invoice says what follows from it."))
    return redirect(change.contract)


@require_POST
@allowed(DECIDE)
def reject_change(request: StaffRequest, pk: int) -> HttpResponse:
    """Say no to a change, with the reason."""
    change = _waiting_change(request, pk)
    reason = request.POST.get("reason", "")[:300]
    operations.reject_change(change, actor=request.user, now=timezone.now(), reason=reason)
    messages.success(request, _("Rejected; the contract stays as it is."))
    return redirect(change.contract)


def _waiting_change(request: StaffRequest, pk: int) -> ContractChange:
    """The change of this contract that waits, or the last one: the refusal says that it is decided."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)
    rows = contract.changes.select_related("contract").order_by("-id")
    found = rows.filter(state=ContractChange.State.WAITING).first() or rows.first()
    if found is None:
        raise operations.ContractRefused(f"No change of {contract} waits.", rule="a_question_is_open")
    return found


@require_GET
@allowed(VIEW)
def recurring(request: StaffRequest) -> HttpResponse:
    """Invoices that come again and again without a contract being negotiated."""
    today = timezone.now().date()
    rows = queries.visible_to(request.user).filter(repeats__isnull=False).select_related("repeats")
    page = paginate(
        request,
        rows.prefetch_related("suspensions", "items"),
        sorts={"made": "id", "starts": "starts_on"},
        default="-made",
    )
    shown = [{"contract": one, "state": queries.state_of(one, today)} for one in page.items]
    return render(request, "contracts/recurring.html", {"page": page, "contracts": shown})


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def repeat(request: StaffRequest, pk: int) -> HttpResponse:
    """Let an invoice come again and again."""
    invoice = get_object_or_404(invoices_visible_to(request.user).select_related("entity", "customer"), pk=pk)
    first = {"starts_on": local_day(invoice.entity, timezone.now()), "every_months": 1}
    form = forms.RepeatForm(request.POST or None, initial=first)
    if request.method == "POST" and (answered_before(request) or form.is_valid()):

        def act() -> HttpResponse:
            made = operations.repeat_invoice(
                invoice, **form.cleaned_data, actor=request.user, now=timezone.now()
            )
            messages.success(request, _("Written as a draft. Look it over and submit it."))
            return redirect(made)

        try:
            return act_once(request, act)
        except DomainError as refusal:
            _refuse(form, refusal)
    context = {"invoice": invoice, "form": form}
    return render(request, "contracts/repeat.html", context, status=422 if form.errors else 200)


@require_POST
@allowed("invoices.credit_invoice")
def credit(request: StaffRequest, pk: int) -> HttpResponse:
    """Credit what an ended contract was billed too much; a second person decides on the notes."""
    contract = get_object_or_404(queries.visible_to(request.user), pk=pk)
    notes = operations.credit_rest(contract, actor=request.user, now=timezone.now())
    messages.success(request, _("Written: %(n)s. A second person decides.") % {"n": len(notes)})
    return redirect(notes[0] if len(notes) == 1 else contract)


def _form(
    request: StaffRequest,
    contract: Contract,
    form: django_forms.Form,
    act: Callable[[dict[str, Any]], None],
    *,
    title: str,
    lead: str,
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            act(form.cleaned_data)
            return redirect(contract)
        except DomainError as refusal:
            _refuse(form, refusal)
    context = {"contract": contract, "form": form, "title": title, "lead": lead}
    return render(request, "contracts/form.html", context, status=422 if form.errors else 200)


def _refuse(form: django_forms.Form, refusal: DomainError) -> None:
    field = refusal.field if refusal.field in form.fields else None
    form.add_error(field, f"{refusal.message} {refusal.mend or ''}".strip())
