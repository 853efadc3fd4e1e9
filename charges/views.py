"""Pages of late charges: the list, one charge with its working, what could be charged, and the rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from charges import offers, operations, queries
from charges.forms import ChargeForm, RateForm, ReviewForm, WaiveForm
from charges.models import Charge, ReferenceRate
from charges.rules import SOURCES
from core.errors import DomainError
from core.paging import paginate
from core.permissions import allowed
from entities.queries import local_day
from invoices import showing
from invoices.models import Invoice
from invoices.queries import visible_to as visible_invoices
from team.requests import StaffRequest

VIEW, CHARGE = "charges.view_charges", "charges.charge_late"
WAIVE, RATES = "charges.waive_charge", "charges.manage_rates"
VIEWS = {
    "": gettext_lazy("All"),
    "open": gettext_lazy("Open"),
    "waiting": gettext_lazy("Waiting for approval"),
    "waiver": gettext_lazy("Waiver waits"),
    "settled": gettext_lazy("Settled"),
}


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """Every late charge, newest first."""
    state = request.GET.get("state", "")
    state = state if state in VIEWS else ""
    words = request.GET.get("q", "").strip()[:60]
    rows = queries.listing(request.user, state=state, text=words)
    page = paginate(request, rows, sorts={"made": "id"}, default="-made")
    tabs = [
        {"label": label, "url": f"?state={key}", "count": None, "current": key == state}
        for key, label in VIEWS.items()
    ]
    context = {
        "page": page,
        "charges": [_shown(charge) for charge in page.items],
        "tabs": tabs,
        "q": words,
        "state": state,
        "is_filtered": bool(words or state),
        "missing": _missing(),
    }
    return render(request, "charges/list.html", context)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One charge: the working row by row, its document, its mail and its waivers."""
    return _detail(request, get_object_or_404(queries.visible_to(request.user), pk=pk))


def _detail(
    request: StaffRequest, charge: Charge, *, waive: WaiveForm | None = None, status: int = 200
) -> HttpResponse:
    found = list(charge.parts.select_related("instalment"))
    parts = [{"part": part, "rows": [_row(row) for row in part.working]} for part in found]
    context = _shown(charge) | {
        "parts": parts,
        "many": len({part.instalment_id for part in found}) > 1,
        "waivers": queries.waivers_of(charge),
        "waive_form": waive or WaiveForm(),
        "may_waive": request.user.has_perm(WAIVE)
        and charge.document.document_status == Invoice.Status.ISSUED
        and charge.document.balance > 0,
    }
    return render(request, "charges/detail.html", context, status=status)


@require_http_methods(["GET", "POST"])
@allowed(CHARGE)
def charge(request: StaffRequest, pk: int) -> HttpResponse:
    """What could be charged for an invoice today, and charging it."""
    invoice = get_object_or_404(
        visible_invoices(request.user).select_related("entity", "customer", "policy_version"), pk=pk
    )
    now = timezone.now()
    today = local_day(invoice.entity, now)
    form = ChargeForm(request.POST or None, initial={"on": today})
    if request.method == "POST" and form.is_valid():
        try:
            made = operations.charge_late(
                invoice,
                kind=form.cleaned_data["kind"],
                on=form.cleaned_data["on"],
                actor=request.user,
                now=now,
            )
            messages.success(request, _("Charged by %(name)s.") % {"name": made.document})
            return redirect(made)
        except DomainError as refusal:
            form.add_error(None, f"{refusal.message} {refusal.mend or ''}".strip())
    context = {
        "invoice": invoice,
        "form": form,
        "today": today,
        "offers": offers.preview(invoice, now=now),
        "made": queries.charges_of(invoice),
    }
    return render(request, "charges/charge.html", context, status=422 if form.errors else 200)


@require_GET
@allowed(VIEW)
def of_invoice(request: StaffRequest, pk: int) -> HttpResponse:
    """The card beside an invoice: what could be charged for it today, and what was."""
    invoice = get_object_or_404(
        visible_invoices(request.user).select_related("entity", "customer", "policy_version"), pk=pk
    )
    found = offers.preview(invoice, now=timezone.now())
    context = {
        "invoice": invoice,
        "offers": [offer for offer in found if isinstance(offer, offers.Offer)],
        "made": queries.charges_of(invoice),
        "may_charge": request.user.has_perm(CHARGE),
    }
    return render(request, "charges/_late_charges.html", context)


@require_POST
@allowed(WAIVE)
def waive(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask for a charge to be waived; a second person decides on the credit note."""
    found = get_object_or_404(queries.visible_to(request.user), pk=pk)
    form = WaiveForm(request.POST)
    if form.is_valid():
        try:
            note = operations.waive_charge(found, **form.cleaned_data, actor=request.user, now=timezone.now())
            messages.success(request, _("The waiver waits for a second person."))
            return redirect(note)
        except DomainError as refusal:
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, f"{refusal.message} {refusal.mend or ''}".strip())
    return _detail(request, found, waive=form, status=422)


@require_POST
@allowed(CHARGE)
def send(request: StaffRequest, pk: int) -> HttpResponse:
    """Write the mail of a charge that could not be sent before."""
    found = get_object_or_404(queries.visible_to(request.user), pk=pk)
    if operations.send_charge(found, now=timezone.now()) is None:
        found.refresh_from_db(fields=["unsent_reason"])
        if found.unsent_reason:
            messages.error(request, found.unsent_reason)
    return redirect(found)


@require_http_methods(["GET", "POST"])
@allowed(VIEW)
def rates(request: StaffRequest) -> HttpResponse:
    """The published rates with source and review; whoever manages them enters new ones here."""
    may_edit = request.user.has_perm(RATES)
    form = RateForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if not may_edit:
            return HttpResponse(status=403)
        status = 422
        if form.is_valid():
            try:
                operations.enter_rate(**form.cleaned_data, actor=request.user, now=timezone.now())
                return redirect("charges:rates")
            except DomainError as refusal:
                field = refusal.field if refusal.field in form.fields else None
                form.add_error(field, f"{refusal.message} {refusal.mend or ''}".strip())
    rows = [{"rate": rate, "form": ReviewForm(prefix_of=rate.pk)} for rate in ReferenceRate.objects.all()]
    context = {"rates": rows, "form": form, "may_edit": may_edit, "missing": _missing()}
    return render(request, "charges/rates.html", context, status=status)


@require_POST
@allowed(RATES)
def review(request: StaffRequest, pk: int) -> HttpResponse:
    """Note that a legal adviser reviewed a rate."""
    rate = get_object_or_404(ReferenceRate, pk=pk)
    form = ReviewForm(request.POST, prefix_of=pk)
    if not form.is_valid():
        messages.error(request, _("Say who reviewed it and on which day."))
        return redirect("charges:rates")
    operations.note_review(rate, **form.cleaned_data, actor=request.user, now=timezone.now())
    return redirect("charges:rates")


def _shown(charge: Charge) -> dict[str, Any]:
    today = local_day(charge.entity, timezone.now())
    return {
        "charge": charge,
        "state": showing.state_of(charge.document, today),
        # A step that charges lies after the due day.
        "step": ngettext("%(n)s day after", "%(n)s days after", charge.step) % {"n": charge.step}
        if charge.step
        else "",
    }


def _row(row: dict[str, str]) -> dict[str, Any]:
    return {
        "start": date.fromisoformat(row["start"]),
        "end": date.fromisoformat(row["end"]),
        "days": int(row["days"]),
        "principal": Decimal(row["principal"]),
        "percent": Decimal(row["percent"]),
        "amount": Decimal(row["amount"]),
    }


def _missing() -> list[dict[str, Any]]:
    today = timezone.now().date()
    return [{"source": SOURCES[code], "day": day} for code, day in queries.missing_half_years(today)]
