"""Requirements of customers, segments, companies and everybody; segments."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.permissions import allowed
from customers import operations, queries, rules
from customers.forms import EndForm, RequirementForm, SegmentForm, take_fault
from customers.models import BillingRequirement, Customer, Segment
from customers.views import _record_page
from customers.views._parts import back, seen
from entities import queries as entity_queries
from team.requests import StaffRequest

BOTH = ["GET", "POST"]


@require_GET
@allowed("customers.view_customer")
def shared(request: StaffRequest) -> HttpResponse:
    """Segments, and the requirements that are not of one customer."""
    rows = BillingRequirement.objects.filter(customer=None).select_related("segment", "entity", "customer")
    context = {
        "segments": [_record_page.shown_segment(one) for one in queries.segments()],
        "requirements": [_record_page.shown_requirement(one) for one in rows],
        "levels": _levels(request),
    }
    return render(request, "customers/shared.html", context)


def _levels(request: StaffRequest) -> list[tuple[str, str]]:
    """Where a shared requirement can hang: (level key, words)."""
    return [
        ("everywhere", _("Everybody")),
        *((f"entity-{one.pk}", str(one)) for one in entity_queries.visible_to(request.user)),
        *((f"segment-{one.pk}", str(one)) for one in Segment.objects.all()),
    ]


@require_http_methods(BOTH)
@allowed("customers.edit_requirement")
def add(request: StaffRequest, pk: int) -> HttpResponse:
    """A requirement of a customer: first choose the kind, then fill it in."""
    customer = seen(request, pk)
    return _add(request, {"customer": customer}, customer, customer.name)


@require_http_methods(BOTH)
@allowed("customers.edit_requirement")
def add_shared(request: StaffRequest, level: str) -> HttpResponse:
    """A requirement of a segment, a company, or of everybody."""
    name = dict(_levels(request)).get(level)
    if name is None:
        return redirect("customers:shared")
    kind, _dash, pk = level.partition("-")
    target: dict[str, Any] = {}
    if kind == "segment":
        target = {"segment": get_object_or_404(Segment, pk=pk)}
    elif kind == "entity":
        target = {"entity": get_object_or_404(entity_queries.visible_to(request.user), pk=pk)}
    return _add(request, target, None, name)


def _add(
    request: StaffRequest, target: dict[str, Any], customer: Customer | None, whose: str
) -> HttpResponse:
    kind = request.GET.get("kind", "")
    if kind not in rules.REQUIREMENT_KINDS:
        context = {
            "kinds": rules.REQUIREMENT_KINDS.values(),
            "customer": customer,
            "whose": whose,
            "cancel": _home(customer),
        }
        return render(request, "customers/requirement_kinds.html", context)
    entity = customer.entity if customer else entity_queries.visible_to(request.user).first()
    today = entity_queries.local_day(entity, timezone.now()) if entity else timezone.localdate()
    form = RequirementForm(
        request.POST or None, kind=kind, initial={"valid_from": today, "severity": "block"}
    )
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            operations.add_requirement(
                kind=kind, actor=request.user, now=timezone.now(), **target, **form.values()
            )
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal, prefix="p_")
        else:
            return _done(request, customer, _("Requirement added."))
    return _show(request, form, customer, fault, whose=whose, verb=_("Add requirement"))


@require_http_methods(BOTH)
@allowed("customers.edit_requirement")
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a requirement; billers are asked to look again."""
    requirement = _requirement(request, pk)
    form = RequirementForm(
        request.POST or None, kind=requirement.kind, initial=RequirementForm.initial_of(requirement)
    )
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            operations.edit_requirement(
                requirement,
                actor=request.user,
                now=timezone.now(),
                expected_revision=form.cleaned_data["revision"],
                **form.values(),
            )
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal, prefix="p_")
        else:
            return _done(request, requirement.customer, _("Saved. Billers will be asked to look at it."))
    whose = str(requirement.customer or requirement.segment or requirement.entity or _("Everybody"))
    return _show(
        request, form, requirement.customer, fault, whose=whose, verb=_("Save"), requirement=requirement
    )


@require_http_methods(BOTH)
@allowed("customers.edit_requirement")
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """Set the last day of a requirement."""
    requirement = _requirement(request, pk)
    form = EndForm(request.POST or None, initial={"on": timezone.localdate()})
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            operations.end_requirement(
                requirement, actor=request.user, now=timezone.now(), **form.cleaned_data
            )
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            return _done(request, requirement.customer, _("The requirement ends."))
    kind = rules.REQUIREMENT_KINDS[requirement.kind]
    context = {
        "form": form,
        "customer": requirement.customer,
        "title": _("End “%(kind)s”") % {"kind": kind.label},
        "lead": _("Documents issued until then were checked against it and keep their result."),
        "verb": _("End it"),
        "cancel": _home(requirement.customer),
    }
    status = fault.status if fault else 422 if form.is_bound else 200
    return render(request, "customers/form.html", context, status=status)


@require_POST
@allowed("customers.edit_requirement", "invoices.edit_invoice")
def acknowledge(request: StaffRequest, pk: int, requirement_pk: int) -> HttpResponse:
    """The reader has seen the requirement in the revision they were shown."""
    customer = seen(request, pk)
    requirement = _requirement(request, requirement_pk)
    revision = request.POST.get("revision", "")
    operations.acknowledge_requirement(
        requirement,
        customer=customer,
        revision=int(revision) if revision.isdigit() and len(revision) < 9 else 0,
        actor=request.user,
        now=timezone.now(),
    )
    if not request.htmx:
        return back(request, customer, _("Noted."), anchor="requirements")
    context = _record_page.settings(request, customer, customer.entity, queries.active_contacts(customer))
    return render(request, "customers/_requirements.html", context)


@require_http_methods(BOTH)
@allowed("customers.edit_requirement")
def segment(request: StaffRequest, pk: int | None = None) -> HttpResponse:
    """A segment and the settings it hands down: new without `pk`."""
    found = get_object_or_404(Segment, pk=pk) if pk else None
    values = {name: getattr(found, name) for name in SegmentForm.base_fields} if found else None
    form = SegmentForm(request.POST or None, initial=values)
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            if found:
                operations.edit_segment(found, actor=request.user, now=timezone.now(), **form.cleaned_data)
            else:
                operations.add_segment(actor=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            messages.success(request, _("Segment saved."))
            return redirect("customers:shared")
    context = {
        "form": form,
        "title": _("Edit segment") if found else _("New segment"),
        "lead": _("A customer's own settings come first, then those of its segment, then the company's."),
        "verb": _("Save segment"),
        "cancel": reverse("customers:shared"),
    }
    status = fault.status if fault else 422 if form.is_bound else 200
    return render(request, "customers/form.html", context, status=status)


def _requirement(request: StaffRequest, pk: int) -> BillingRequirement:
    """A requirement of a customer the reader may see, or a shared one."""
    rows = BillingRequirement.objects.select_related("customer__entity", "segment", "entity")
    found = get_object_or_404(rows, pk=pk)
    if found.customer_id:
        get_object_or_404(queries.visible_to(request.user), pk=found.customer_id)
    if found.entity_id:
        get_object_or_404(entity_queries.visible_to(request.user), pk=found.entity_id)
    return found


def _home(customer: Customer | None) -> str:
    if customer is None:
        return reverse("customers:shared")
    return reverse("customers:detail", args=[customer.pk]) + "#requirements"


def _done(request: StaffRequest, customer: Customer | None, words: str) -> HttpResponse:
    if customer is not None:
        return back(request, customer, words, anchor="requirements")
    messages.success(request, words)
    return redirect("customers:shared")


def _show(
    request: StaffRequest,
    form: RequirementForm,
    customer: Customer | None,
    fault: DomainError | None,
    **words: Any,
) -> HttpResponse:
    status = fault.status if fault else 422 if form.is_bound else 200
    context = {"form": form, "customer": customer, "cancel": _home(customer), **words}
    return render(request, "customers/requirement.html", context, status=status)
