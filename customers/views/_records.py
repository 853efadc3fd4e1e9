"""The list, the record page, and writing master data."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, Stale
from core.ignored import tell_ignored
from core.paging import paginate
from core.permissions import allowed
from customers import operations, queries
from customers.forms import CustomerForm, NewCustomerForm, ReasonForm, take_fault
from customers.models import Customer, Segment
from customers.views import _record_page
from customers.views._parts import back, seen, show_form, status_of
from entities import queries as entity_queries
from team.idempotency import act_once, answered_before
from team.requests import StaffRequest

BOTH = ["GET", "POST"]
SORTS: dict[str, Any] = {"name": Lower("name"), "number": "number", "since": "since"}


# --------------------------------------------------------------------------------------------------- list
@require_GET
@allowed("customers.view_customer")
def list_(request: StaffRequest) -> HttpResponse:
    """Customers by saved view, filters and text."""
    filters = _filters(request)
    _tell_ignored(request, filters)
    page = paginate(request, queries.listing(request.user, filters), sorts=SORTS, default="name")
    counts = queries.status_counts(request.user)
    context = {
        "page": page,
        "q": filters.text,
        "tabs": _tabs(request, counts),
        "chips": _chips(request, filters),
        "choices": _choices(request),
        "filters": filters,
        "nobody_yet": not counts,
    }
    return render(request, "customers/list.html", context)


def _filters(request: StaffRequest) -> queries.Filters:
    get = request.GET
    view = get.get("view", "active")
    return queries.Filters(
        text=get.get("q", "").strip(),
        status=view if view in Customer.Status.values else "",
        entity=_number(get.get("entity")),
        segment=_number(get.get("segment")),
        owner=request.user.pk if get.get("owner") == "me" else _number(get.get("owner")),
        country=get.get("country", "").upper()[:2],
    )


def _tell_ignored(request: StaffRequest, filters: queries.Filters) -> None:
    read = {"entity": filters.entity, "segment": filters.segment, "owner": filters.owner}
    unread = [name for name, value in read.items() if value is None]
    if request.GET.get("view", "active") not in {*Customer.Status.values, "all"}:
        unread.append("view")
    tell_ignored(request, known={"q", "view", "country", *read}, unread=unread)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _address(request: StaffRequest, **changes: str) -> str:
    """The list's address with some keys changed; "" drops a key, and the place in the list is dropped."""
    query = request.GET.copy()
    for key in ("after", "before"):
        query.pop(key, None)
    for key, value in changes.items():
        query.pop(key, None)
        if value:
            query[key] = value
    return f"?{query.urlencode()}"


def _tabs(request: StaffRequest, counts: dict[str, int]) -> list[dict[str, Any]]:
    current = request.GET.get("view", "active")
    views = [
        ("active", _("Active"), counts.get("active", 0)),
        ("blocked", _("Blocked"), counts.get("blocked", 0)),
        ("all", _("All"), sum(counts.values())),
    ]
    return [
        {"label": label, "url": _address(request, view=code), "count": n, "current": code == current}
        for code, label, n in views
    ]


def _chips(request: StaffRequest, filters: queries.Filters) -> list[dict[str, str]]:
    """The filters that are on, each with the list without it."""
    names = {
        "entity": (_("Company"), entity_queries.visible_to(request.user), filters.entity),
        "segment": (_("Segment"), Segment.objects.all(), filters.segment),
    }
    chips = [
        {"label": label, "value": str(found), "url": _address(request, **{key: ""})}
        for key, (label, rows, pk) in names.items()
        if pk and (found := rows.filter(pk=pk).first())
    ]
    if request.GET.get("owner") == "me":
        chips.append({"label": _("Owner"), "value": _("me"), "url": _address(request, owner="")})
    if filters.country:
        chips.append({"label": _("Country"), "value": filters.country, "url": _address(request, country="")})
    return chips


def _choices(request: StaffRequest) -> list[dict[str, Any]]:
    """Filters that can be switched on: a label and links."""
    groups = (
        ("entity", _("Company"), entity_queries.visible_to(request.user)),
        ("segment", _("Segment"), Segment.objects.all()),
    )
    return [
        {"label": label, "links": [(str(row), _address(request, **{key: str(row.pk)})) for row in rows[:30]]}
        for key, label, rows in groups
        if not request.GET.get(key) and rows
    ]


# ------------------------------------------------------------------------------------------------- record
@require_GET
@allowed("customers.view_customer")
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One customer: who, what holds, what they require, what changed."""
    customer = seen(request, pk)
    return render(request, "customers/detail.html", _record_page.context(request, customer))


@require_GET
@allowed("customers.view_customer")
def settings(request: StaffRequest, pk: int) -> HttpResponse:
    """Every effective setting and requirement, and the level each comes from."""
    customer = seen(request, pk)
    entity = _record_page.entity_asked(request, customer)
    contacts = queries.active_contacts(customer)
    return render(
        request, "customers/settings.html", _record_page.settings(request, customer, entity, contacts)
    )


# -------------------------------------------------------------------------------------------- master data
@require_http_methods(BOTH)
@allowed("customers.edit_customer")
def create(request: StaffRequest) -> HttpResponse:
    """A new customer with address, tax number and contact."""
    given = request.POST if request.method == "POST" else None
    form = NewCustomerForm(given, user=request.user, initial=_first_values(request))
    fault = None
    alike: list[Customer] = []
    if request.method == "POST":
        good, parts = form.is_valid(), form.parts()
        # Sent twice, the second finds the customer of the first, and is that one.
        again = answered_before(request)
        alike = [] if again else queries.similar_names(parts["party"]["name"])
        asks = bool(alike) and request.POST.get("different") != "yes"
        try:
            if good and not asks:
                return act_once(request, partial(_added, request, parts))
            # Everything is said in one round: what the forms cannot see is tried as well, and taken back.
            operations.try_customer(**parts, actor=request.user, now=timezone.now())
        except DomainError as refusal:
            fault = refusal
            _take(form, refusal)
    status = 409 if alike and not form.errors else status_of(form, None if form.errors else fault)
    if fault is not None and fault.status == 409 and good:
        status = 409
    return render(
        request,
        "customers/create.html",
        {"form": form, "alike": alike, "cancel": reverse("customers:list")},
        status=status,
    )


def _added(request: StaffRequest, parts: dict[str, Any]) -> HttpResponse:
    customer = operations.set_up_customer(**parts, actor=request.user, now=timezone.now())
    return back(request, customer, _("%(name)s was added.") % {"name": customer})


_FIELDS = {
    "address.lines": "street",
    "address.postal_code": "postal_code",
    "address.city": "city",
    "address.state_code": "state_code",
    "address.country": "country",
    "tax_id.number": "tax_number",
    "tax_id.scheme": "tax_scheme",
    "contact.name": "contact_name",
    "contact.email": "contact_email",
    "contact.phone": "contact_phone",
}


def _take(form: NewCustomerForm, fault: DomainError) -> None:
    """Each problem at its field, by the form's names; what the form itself found wrong keeps its words."""
    wrong = set(form.errors)
    for one in fault.problems:
        one["field"] = _FIELDS.get(one["field"], one["field"].rpartition(".")[2])
    fault.problems = tuple(one for one in fault.problems if one["field"] not in wrong)
    take_fault(form, fault)


def _first_values(request: StaffRequest) -> dict[str, Any]:
    entity = entity_queries.visible_to(request.user).filter(is_active=True).first()
    return {"entity": entity, "country": entity.country if entity else "", "owner": request.user.pk}


@require_GET
@allowed("customers.edit_customer")
def similar(request: StaffRequest) -> HttpResponse:
    """Fragment: customers with a name like the one being typed."""
    found = queries.similar_names(request.GET.get("name", ""), _number(request.GET.get("but")))
    return render(request, "customers/_similar.html", {"alike": found})


@require_http_methods(BOTH)
@allowed("customers.edit_customer")
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change master data; a stale form shows both versions."""
    customer = seen(request, pk)
    form = CustomerForm(request.POST or None, user=request.user, initial=_values(customer))
    fault = None
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        version = values.pop("lock_version")
        try:
            operations.edit_customer(
                customer, actor=request.user, now=timezone.now(), expected_version=version, **values
            )
        except Stale as stale:
            return _both_versions(request, customer, form, stale)
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            return back(request, customer, _("Saved."))
    return show_form(
        request, customer, form, fault=fault, template="customers/edit.html", title=_("Edit customer")
    )


def _values(customer: Customer) -> dict[str, Any]:
    names = [name for name in CustomerForm.base_fields if name != "parent_number"]
    values = {name: getattr(customer, name) for name in names}
    return values | {"parent_number": customer.parent.number if customer.parent else ""}


def _both_versions(
    request: StaffRequest, customer: Customer, form: CustomerForm, stale: Stale
) -> HttpResponse:
    """409: what the other person saved beside what this one typed."""
    customer.refresh_from_db()
    typed = form.cleaned_data
    rows = [
        (form.fields[name].label if name in form.fields else name.capitalize(), theirs, typed.get(name))
        for name, theirs in stale.current.items()
        if (theirs or "") != (typed.get(name) or "")
    ]
    kept = [
        (name, value)
        for name, value in request.POST.items()
        if name not in ("lock_version", "csrfmiddlewaretoken")
    ]
    context = {"customer": customer, "rows": rows, "stale": stale, "kept": kept}
    return render(request, "customers/stale.html", context, status=409)


@require_http_methods(BOTH)
@allowed("customers.edit_customer")
def block(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop new invoices to the customer."""
    words = {
        "title": _("Block new invoices"),
        "lead": _("What is open stays owed. Drafts stay drafts and cannot be issued."),
        "verb": _("Block"),
        "done": _("Blocked for new invoices."),
    }
    return _change_state(request, pk, operations.block_customer, words)


@require_http_methods(BOTH)
@allowed("customers.edit_customer")
def unblock(request: StaffRequest, pk: int) -> HttpResponse:
    """Allow invoices again."""
    words = {
        "title": _("Allow invoices again"),
        "lead": _("Say why the reason for the block is gone."),
        "verb": _("Allow"),
        "done": _("Invoices are possible again."),
    }
    return _change_state(request, pk, operations.unblock_customer, words)


def _change_state(request: StaffRequest, pk: int, operation: Any, words: dict[str, str]) -> HttpResponse:
    customer = seen(request, pk)
    form = ReasonForm(request.POST or None)
    fault = None
    if request.method == "POST" and form.is_valid():
        try:
            operation(customer, reason=form.cleaned_data["reason"], actor=request.user, now=timezone.now())
        except DomainError as refusal:
            fault = refusal
            take_fault(form, refusal)
        else:
            return back(request, customer, words["done"])
    return show_form(request, customer, form, fault=fault, **words)


@require_POST
@allowed("customers.edit_customer")
def take_ownership(request: StaffRequest, pk: int) -> HttpResponse:
    """The reader looks after the customer from now on."""
    customer = seen(request, pk)
    operations.edit_customer(customer, actor=request.user, now=timezone.now(), owner=request.user)
    return redirect("customers:detail", pk)
