"""What the pages of customers share."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse

from core.errors import DomainError, Invalid
from customers import queries
from customers.models import Customer
from team.requests import StaffRequest


def seen(request: StaffRequest, pk: int) -> Customer:
    """The customer, if the reader may see it; else 404."""
    rows = queries.visible_to(request.user).select_related(
        "entity__default_policy", "segment", "owner", "parent", "payment_policy"
    )
    return get_object_or_404(rows, pk=pk)


def back(request: StaffRequest, customer: Customer, words: str, *, anchor: str = "") -> HttpResponse:
    """To the customer's page, saying what was done."""
    messages.success(request, words)
    return redirect(reverse("customers:detail", args=[customer.pk]) + (f"#{anchor}" if anchor else ""))


def status_of(form: Any, fault: DomainError | None = None) -> int:
    """200 for a fresh form, 422 for a wrong one, 409 for a refused one."""
    if fault is not None:
        return fault.status
    return 422 if form.is_bound and form.errors else Invalid.status if form.is_bound else 200


def show_form(request: StaffRequest, customer: Customer | None, form: Any, **context: Any) -> HttpResponse:
    """The plain form page: title, lead, fields, one button. `fault` sets the status."""
    fault = context.pop("fault", None)
    template = context.pop("template", "customers/form.html")
    cancel = reverse("customers:detail", args=[customer.pk]) if customer else reverse("customers:list")
    return render(
        request,
        template,
        {"customer": customer, "form": form, "cancel": cancel, **context},
        status=status_of(form, fault),
    )


def address_or_none(name: str, *args: Any) -> str:
    """The address of a page that may not exist in this installation; "" then."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
