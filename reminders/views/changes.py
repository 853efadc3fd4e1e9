"""Pauses placed and ended by hand, and ladders agreed apart."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.dates import in_words as day_in_words
from core.errors import DomainError, Invalid
from core.paging import paginate
from core.permissions import allowed
from customers.models import Customer, Segment
from customers.queries import visible_to as visible_customers
from entities.queries import holiday_names, local_day, region_calendar
from invoices.models import Invoice
from invoices.queries import visible_to as visible_invoices
from policies.clauses import DEFAULT_LADDER, Clauses, to_json
from policies.rules import charges_in_words, from_json
from reminders import operations, queries, reading
from reminders.deciding import MESSAGES, plan_of
from reminders.forms import (
    ExampleForm,
    LadderForm,
    PauseForm,
    Steps,
    rows_of,
    steps_of,
    take_fault,
)
from reminders.models import Pause
from reminders.views.lists import VIEW, tabs, today_of
from reminders.words import step_name
from team.requests import StaffRequest

BOTH = ["GET", "POST"]


@require_GET
@allowed(VIEW)
def pauses(request: StaffRequest) -> HttpResponse:
    """The pauses that run, or all."""
    today, every = today_of(request), request.GET.get("all") == "1"
    rows = queries.pauses_visible_to(request.user)
    context = {
        "tabs": tabs("pauses"),
        "today": today,
        "every": every,
        "page": paginate(
            request,
            rows if every else rows.filter(queries.running_on(today)),
            sorts={"placed": "placed_at"},
            default="-placed",
        ),
    }
    return render(request, "reminders/pauses.html", context)


@require_http_methods(BOTH)
@allowed("reminders.pause_reminder")
def pause_customer(request: StaffRequest, pk: int) -> HttpResponse:
    """Pause everything of a customer."""
    customer = get_object_or_404(visible_customers(request.user).select_related("entity"), pk=pk)
    return _pause(request, customer, None)


@require_http_methods(BOTH)
@allowed("reminders.pause_reminder")
def pause_invoice(request: StaffRequest, pk: int) -> HttpResponse:
    """Pause one invoice, or from there everything of its customer."""
    invoice = get_object_or_404(visible_invoices(request.user).select_related("customer__entity"), pk=pk)
    return _pause(request, invoice.customer, invoice)


def _pause(request: StaffRequest, customer: Customer, invoice: Invoice | None) -> HttpResponse:
    form = PauseForm(request.POST or None)
    back = invoice.get_absolute_url() if invoice else customer.get_absolute_url()
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        only = [invoice] if invoice and not data["whole"] else []
        try:
            operations.pause(
                customer,
                kind=data["kind"],
                reason=data["reason"],
                until=data["until"],
                invoices=only,
                key=f"by_hand:{uuid.uuid4().hex}",
                actor=request.user,
                now=timezone.now(),
            )
        except DomainError as fault:
            take_fault(form, fault)
        else:
            messages.success(request, "Reminders are paused.")
            return redirect(back)
    context = {"customer": customer, "invoice": invoice, "form": form, "back": back}
    return render(request, "reminders/pause.html", context, status=422 if form.errors else 200)


@require_POST
@allowed("reminders.pause_reminder")
def resume(request: StaffRequest, pk: int) -> HttpResponse:
    """End a pause; the next decision knows it no more. What a promise or a plan pauses ends with it."""
    row = get_object_or_404(queries.pauses_visible_to(request.user), pk=pk)
    if row.kind in (Pause.Kind.PROMISE, Pause.Kind.PLAN):
        messages.error(request, "This pause ends with the promise or plan it belongs to.")
    elif operations.resume(row.key, actor=request.user, now=timezone.now()):
        messages.success(request, "Reminders go on.")
    return redirect("reminders:pauses")


# ------------------------------------------------------------------------------------------- ladders
@require_GET
@allowed(VIEW)
def ladders(request: StaffRequest) -> HttpResponse:
    """Ladders agreed apart, the newest first, and the segments that can have one."""
    context = {
        "tabs": tabs("ladders"),
        "rows": queries.ladders_visible_to(request.user)[:200],
        "segments": Segment.objects.order_by("name"),
        "today": today_of(request),
    }
    return render(request, "reminders/ladders.html", context)


@require_http_methods(BOTH)
@allowed("reminders.edit_ladder")
def ladder_of_customer(request: StaffRequest, pk: int) -> HttpResponse:
    """Write the ladder of one customer."""
    customer = get_object_or_404(visible_customers(request.user).select_related("entity"), pk=pk)
    return _edit(request, customer, customer.country, local_day(customer.entity, timezone.now()))


@require_http_methods(BOTH)
@allowed("reminders.edit_ladder")
def ladder_of_segment(request: StaffRequest, pk: int) -> HttpResponse:
    """Write the ladder of one segment."""
    return _edit(request, get_object_or_404(Segment, pk=pk), "", today_of(request))


def _edit(request: StaffRequest, whose: Customer | Segment, country: str, today: date) -> HttpResponse:
    data = request.POST or None
    form = LadderForm(data, initial={"valid_from": today})
    steps = Steps(data, initial=rows_of(_present(whose, today)), prefix="step")
    if request.method == "POST" and form.is_valid() and steps.is_valid():
        values = form.cleaned_data
        try:
            operations.set_ladder(
                whose, steps=steps_of(steps), actor=request.user, now=timezone.now(), **values
            )
        except DomainError as fault:
            take_fault(form, fault)
        else:
            messages.success(request, "The ladder is agreed.")
            return redirect("reminders:ladders")
    region = country or "DE"
    context = {
        "whose": whose,
        "form": form,
        "steps": steps,
        "shown": timeline_of(steps_of(steps) if data else _present(whose, today), today, region),
        "due": today,
        "region": region,
    }
    return render(request, "reminders/ladder.html", context, status=422 if data else 200)


def _present(whose: Customer | Segment, today: date) -> list[dict[str, Any]]:
    """What the editor begins with: the ladder agreed last, else the usual one."""
    newest = whose.ladders.order_by("-valid_from").first()
    if newest is not None and newest.valid_from <= today + timedelta(days=366):
        return list(newest.steps)
    usual: list[dict[str, Any]] = to_json(Clauses(ladder=DEFAULT_LADDER))["ladder"]
    return usual


@require_POST
@allowed("reminders.edit_ladder", "policies.write_policy")
def timeline(request: StaffRequest) -> HttpResponse:
    """The days the steps of the form would fall on for an example invoice; nothing is saved."""
    form = ExampleForm(request.POST)
    form.is_valid()
    due = form.cleaned_data.get("due") or today_of(request)
    region = form.cleaned_data.get("region") or "DE"
    steps = Steps(request.POST, prefix="step")
    steps.is_valid()
    currency = form.cleaned_data.get("currency") or ""
    context = {"shown": timeline_of(steps_of(steps), due, region, currency), "due": due, "region": region}
    return render(request, "reminders/_timeline.html", context)


def timeline_of(steps: list[dict[str, Any]], due: date, region: str, currency: str = "") -> dict[str, Any]:
    """Each step with its day, and why it is not the plain one; or what is wrong with the ladder."""
    try:
        ladder = from_json({"ladder": steps}).ladder
        plan = plan_of(due, ladder, region_calendar(region))
    except Invalid as fault:
        return {"faults": [f"{one['message']} {one['mend']}".strip() for one in fault.problems]}
    gap = reading.limits().gap
    rows: list[dict[str, Any]] = []
    for on, step in plan:
        plain = due + timedelta(days=step.day)
        moved = ""
        if on != plain:
            holiday = holiday_names(region).get(plain)
            moved = f"{day_in_words(plain)} is {holiday or 'a weekend'}"
        before = rows[-1]["on"] if rows else None
        close = before is not None and (on - before).days < gap
        rows.append(
            {
                "on": on,
                "step": step,
                "name": step_name(step.day),
                "moved": moved,
                "close": close,
                "charges": charges_in_words(step, currency),
                "is_charged": step.day > 0 and step.channel in MESSAGES,
            }
        )
    return {"rows": rows, "faults": []}


@require_POST
@allowed("reminders.edit_ladder")
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """Today is the last day of the ladder."""
    row = get_object_or_404(queries.ladders_visible_to(request.user), pk=pk)
    operations.end_ladder(
        row, on=max(today_of(request), row.valid_from), actor=request.user, now=timezone.now()
    )
    messages.success(request, "From tomorrow the policy's ladder holds again.")
    return redirect("reminders:ladders")
