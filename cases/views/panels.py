"""Fragments for the pages of other apps: what runs about a customer or an invoice."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from cases import queries
from cases.views._edges import VIEW
from core.permissions import allowed
from customers.queries import visible_to as customers_visible_to
from invoices.queries import visible_to as invoices_visible_to
from team.requests import StaffRequest


@require_GET
@allowed(VIEW)
def of_customer(request: StaffRequest, pk: int) -> HttpResponse:
    """The customer's open cases, promises that stand, and plans that run."""
    customer = get_object_or_404(customers_visible_to(request.user), pk=pk)
    context = {
        "cases": list(queries.visible_to(request.user).filter(customer=customer, closed_at__isnull=True)),
        "promises": list(
            queries.promises_visible_to(request.user).filter(
                customer=customer, state__in=queries.LIVE_PROMISE
            )
        ),
        "plans": list(
            queries.plans_visible_to(request.user).filter(customer=customer, state__in=queries.LIVE_PLAN)
        ),
    }
    return render(request, "cases/_panel.html", context)


@require_GET
@allowed(VIEW)
def of_invoice(request: StaffRequest, pk: int) -> HttpResponse:
    """The promise or plan the invoice is in, and the case it belongs to."""
    invoice = get_object_or_404(invoices_visible_to(request.user), pk=pk)
    promise, plan = queries.live_promise_of(invoice.pk), queries.live_plan_of(invoice.pk)
    context = {
        "cases": list(
            queries.visible_to(request.user).filter(
                customer=invoice.customer_id, entity=invoice.entity_id, closed_at__isnull=True
            )
        ),
        "promises": [promise] if promise else [],
        "plans": [plan] if plan else [],
    }
    return render(request, "cases/_panel.html", context)
