"""How often statements go out by themselves, and what became of each period."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from core.permissions import allowed
from customers import queries as customers
from customers.models import Customer, Segment
from statements import operations, queries
from statements.forms import ScheduleForm
from statements.models import Schedule
from statements.views.pages import SEND, VIEW, may_send
from team.requests import StaffRequest

_MOST = 200


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """Each segment's choice, customers with their own, and the periods stated last."""
    rows = list(queries.schedules_visible_to(request.user)[:_MOST])
    shared = {row.segment_id: row for row in rows if row.segment_id}
    context = {
        "segments": [(segment, shared.get(segment.pk)) for segment in Segment.objects.all()],
        "own": [row for row in rows if row.customer_id],
        "problems": queries.problems_visible_to(request.user)[:20],
        "mailings": queries.mailings_visible_to(request.user).order_by("-id")[:30],
        "may_send": may_send(request),
    }
    return render(request, "statements/schedules.html", context)


@require_GET
@allowed(VIEW)
def customer_panel(request: StaffRequest, pk: int) -> HttpResponse:
    """The card of the customer's page: how often, and the last statements."""
    customer = _customer(request, pk)
    context = {
        "customer": customer,
        "schedule": queries.effective_schedule(customer),
        "statements": queries.of_customer(customer, request.user)[:5],
        "may_send": may_send(request),
    }
    return render(request, "statements/_panel.html", context)


@require_http_methods(["GET", "POST"])
@allowed(SEND)
def of_customer(request: StaffRequest, pk: int) -> HttpResponse:
    """Choose how often one customer gets statements, or leave it to the segment."""
    customer = _customer(request, pk)
    shared = Schedule.objects.filter(segment=customer.segment_id).first() if customer.segment_id else None
    return _edit(request, customer, queries.schedule_of(customer), customer.get_absolute_url(), shared=shared)


@require_http_methods(["GET", "POST"])
@allowed(SEND)
def of_segment(request: StaffRequest, pk: int) -> HttpResponse:
    """Choose how often the customers of a segment get statements."""
    segment = get_object_or_404(Segment, pk=pk)
    row = Schedule.objects.filter(segment=segment).first()
    return _edit(request, segment, row, reverse("statements:schedules"))


def _edit(
    request: StaffRequest, whose: Customer | Segment, row: Schedule | None, back: str, **shown: Any
) -> HttpResponse:
    form = ScheduleForm(request.POST or None, row=row, of_customer=isinstance(whose, Customer))
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        if isinstance(whose, Customer) and form.follows_segment:
            operations.drop_schedule(whose, actor=request.user, now=now)
        else:
            operations.set_schedule(
                whose,
                frequency=form.frequency,
                form=form.cleaned_data["form"],
                actor=request.user,
                now=now,
            )
        messages.success(request, _("Saved. The period that runs now is the first one."))
        return redirect(back)
    status = 422 if form.is_bound else 200
    context = {"form": form, "whose": whose, "back": back, **shown}
    return render(request, "statements/schedule.html", context, status=status)


def _customer(request: StaffRequest, pk: int) -> Customer:
    return get_object_or_404(customers.visible_to(request.user).select_related("entity", "segment"), pk=pk)
