"""Pages of remittance advices: bringing one, and what of it has arrived."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from banking import operations, queries
from banking.forms import RemittanceForm
from core.errors import DomainError
from core.paging import paginate
from core.permissions import allowed
from payments.forms import take_fault
from team.requests import StaffRequest

VIEW, IMPORT = "banking.view_bank_statement", "banking.import_bank_statement"


@require_http_methods(["GET", "POST"])
@allowed(VIEW)
def remittances(request: StaffRequest) -> HttpResponse:
    """Every advice, the latest first; who may import brings one here."""
    may = request.user.has_perm(IMPORT)
    form = RemittanceForm(request.POST or None, request.FILES or None, user=request.user) if may else None
    if request.method == "POST" and form is not None and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            done = operations.import_remittance(
                form.cleaned_data["entity"],
                file.name,
                file.read(),
                columns=form.columns(),
                decimal=form.cleaned_data["decimal"],
                actor=request.user,
                now=timezone.now(),
            )
        except DomainError as refusal:
            take_fault(form, refusal)
        else:
            if done.is_new:
                messages.success(request, _("Kept. The payment finds its invoices by it when it arrives."))
            else:
                messages.info(request, _("This file is here already. Nothing was changed."))
            return redirect(done.remittance)
    page = paginate(
        request,
        queries.remittances_visible_to(request.user),
        sorts={"brought": "brought_at"},
        default="-brought",
    )
    refused = request.method == "POST"
    return render(
        request, "banking/remittances.html", {"page": page, "form": form}, status=422 if refused else 200
    )


@require_GET
@allowed(VIEW)
def remittance(request: StaffRequest, pk: int) -> HttpResponse:
    """One advice with its lines, and which bank line each arrived with."""
    found = get_object_or_404(queries.remittances_visible_to(request.user), pk=pk)
    lines = found.lines.select_related("item__customer", "paid_by")
    return render(request, "banking/remittance.html", {"remittance": found, "lines": lines})
