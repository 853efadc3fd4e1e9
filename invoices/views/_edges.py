"""What the views share: the rows a reader sees, answers for scripts and for browsers alike."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import NoReverseMatch, reverse

from core.errors import DomainError
from invoices.models import Invoice
from invoices.queries import visible_to
from team.requests import StaffRequest


def find(request: StaffRequest, pk: int) -> Invoice:
    """The document, when this reader may see its company; else 404."""
    rows = visible_to(request.user).select_related(
        "entity", "customer__segment", "customer__entity", "policy_version"
    )
    invoice = get_object_or_404(rows, pk=pk)
    if invoice.customer.entity_id == invoice.entity_id:
        invoice.customer.entity = invoice.entity  # one object: what it has looked up is looked up once
    return invoice


def by_script(request: StaffRequest) -> bool:
    """Whether htmx asks: it gets the part of the page that changes."""
    return request.headers.get("HX-Request") == "true"


def go(request: StaffRequest, invoice: Invoice, said: str = "") -> HttpResponse:
    """To the document's page, with a message; for htmx the address is handed to the browser."""
    if said:
        messages.success(request, said)
    if by_script(request):
        return HttpResponse(status=204, headers={"HX-Redirect": invoice.get_absolute_url()})
    return redirect(invoice)


def take_fault(form: Any, fault: DomainError) -> None:
    """Show a refusal at the field it names."""
    for one in fault.problems:
        field = one["field"] if one["field"] in form.fields else None
        form.add_error(field, f"{one['message']} {one['mend']}".strip())


def link(name: str, *args: object, query: str = "") -> str:
    """The address of a page that may not exist yet; "" then."""
    try:
        return reverse(name, args=args) + (f"?{query}" if query else "")
    except NoReverseMatch:
        return ""
