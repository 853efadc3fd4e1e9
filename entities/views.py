"""Pages about the selling companies."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import faults
from core.errors import DomainError, Stale
from core.permissions import NotAllowed, allowed, public
from entities import operations, queries, rules
from entities.forms import (
    AccessForm,
    BankForm,
    EntityForm,
    HoursForm,
    LogoForm,
    RateForm,
    RegistrationForm,
    SeriesForm,
)
from entities.models import Access, BankChange, Entity, Series, TaxRegistration, TeamHours
from team.models import User
from team.requests import StaffRequest
from team.roles import BY_CODE
from trail.queries import entries_of

_BOTH = ["GET", "POST"]
READ, WRITE = "entities.view_entity", "entities.manage_entities"
# The newest ones; older rates are found through the documents that used them.
_RATES_SHOWN = 200


def tabs(request: StaffRequest, current: str) -> list[dict[str, Any]]:
    """The parts of the companies' settings."""
    parts = [
        ("list", "Companies", READ),
        ("rates", "Exchange rates", READ),
        ("access", "Who sees what", WRITE),
    ]
    return [
        {"label": label, "url": reverse(f"entities:{name}"), "current": name == current}
        for name, label, right in parts
        if request.user.has_perm(right)
    ]


@require_GET
@allowed(READ)
def list_(request: StaffRequest) -> HttpResponse:
    """The companies the reader sees."""
    now = timezone.now()
    rows = [
        {
            "entity": one,
            "day": queries.local_day(one, now),
            "numbers": queries.tax_numbers(one, queries.local_day(one, now)),
        }
        for one in queries.visible_to(request.user)
    ]
    waiting = queries.waiting_bank_changes().filter(entity__in=queries.visible_to(request.user))
    return render(
        request, "entities/list.html", {"rows": rows, "waiting": waiting, "tabs": tabs(request, "list")}
    )


@require_http_methods(_BOTH)
@allowed(WRITE)
def add(request: StaffRequest) -> HttpResponse:
    """A new company."""
    form = EntityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "lock_version"}
        try:
            entity = operations.add_entity(actor=request.user, now=timezone.now(), **values)
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, f"{entity} is set up. Give it a tax number and a bank account next.")
            return redirect("entities:detail", entity.pk)
    return render(request, "entities/edit.html", {"form": form}, status=_status(request))


@require_http_methods(_BOTH)
@allowed(WRITE)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Legal data and settings."""
    entity = _entity(request, pk)
    values = {
        name: getattr(entity, name)
        for name in EntityForm.base_fields
        if name not in ("code", "address_lines")
    }
    values["address_lines"] = "\n".join(entity.address_lines)
    form = EntityForm(request.POST or None, initial=values, entity=entity)
    status, stale = _status(request), None
    if request.method == "POST" and form.is_valid():
        changes = dict(form.cleaned_data)
        expected = changes.pop("lock_version")
        try:
            operations.edit_entity(
                entity, expected_version=expected, actor=request.user, now=timezone.now(), **changes
            )
        except Stale as fault:
            stale, status = fault, 409
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(
                request, "Saved. New documents carry it; issued ones keep what they were issued with."
            )
            return redirect("entities:detail", pk)
    context = {"form": form, "entity": entity, "stale": stale}
    return render(request, "entities/edit.html", context, status=status)


@require_GET
@allowed(READ)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One company: legal data, tax numbers, series, bank accounts, what happened."""
    return _detail(request, _entity(request, pk))


def _detail(request: StaffRequest, entity: Entity, status: int = 200, **forms: Any) -> HttpResponse:
    """The page, with the form that was wrong in place of the empty one."""
    today = queries.local_day(entity, timezone.now())
    year = rules.fiscal_year(today, entity.fiscal_year_start_month)
    shows_bank = request.user.has_perm(WRITE)
    context = {
        "entity": entity,
        "today": today,
        "year": year,
        "may_edit": shows_bank,
        "registrations": entity.tax_registrations.all(),
        "valid_now": {row.pk for row in queries.tax_numbers(entity, today)},
        "series": [(row, _longest(row)) for row in queries.series_of(entity)],
        "document_names": queries.DOCUMENT_NAMES,
        "accounts": queries.bank_accounts(entity),
        "waiting": queries.waiting_bank_changes(entity),
        "decided": entity.bank_changes.exclude(state=BankChange.State.PENDING).select_related(
            "requested_by", "decided_by"
        )[:5],
        "entries": entries_of(entity)[:15],
        "registration_form": RegistrationForm(initial={"country": entity.country, "valid_from": today}),
        "bank_form": BankForm(initial={"currency": entity.functional_currency, "holder": entity.legal_name}),
        "team_hours": [(row, BY_CODE[row.team].name) for row in entity.team_hours.filter(is_current=True)],
        "hours_form": HoursForm(
            initial={"time_zone": entity.time_zone, "opens": entity.opens, "closes": entity.closes}
        ),
        "series_form": SeriesForm(
            initial={"fiscal_year": year, "pattern": queries.default_pattern(entity.country, "invoice")}
        ),
        "logo_form": LogoForm(),
    } | forms
    return render(request, "entities/detail.html", context, status=status)


@require_POST
@allowed(WRITE)
def add_registration(request: StaffRequest, pk: int) -> HttpResponse:
    """A tax number."""
    entity = _entity(request, pk)
    form = RegistrationForm(request.POST)
    if form.is_valid():
        values = {**form.cleaned_data, "country": form.cleaned_data["country"].upper()}
        try:
            operations.add_registration(entity, actor=request.user, now=timezone.now(), **values)
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, "The tax number is entered. Its format and check digits are right.")
            return redirect("entities:detail", pk)
    return _detail(request, entity, 422, registration_form=form)


@require_POST
@allowed(WRITE)
def end_registration(request: StaffRequest, pk: int, row: int) -> HttpResponse:
    """Today is the last day of a tax number."""
    entity = _entity(request, pk)
    found = get_object_or_404(TaxRegistration, pk=row, entity=entity)
    today = queries.local_day(entity, timezone.now())
    operations.end_registration(
        found, valid_to=max(today, found.valid_from), actor=request.user, now=timezone.now()
    )
    messages.success(request, f"{found} ends today.")
    return redirect("entities:detail", pk)


@require_POST
@allowed(WRITE)
def set_hours(request: StaffRequest, pk: int) -> HttpResponse:
    """Office hours of a team."""
    entity = _entity(request, pk)
    form = HoursForm(request.POST)
    if form.is_valid():
        try:
            operations.set_team_hours(entity, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, "Saved. New clocks run in these hours; running ones keep theirs.")
            return redirect("entities:detail", pk)
    return _detail(request, entity, 422, hours_form=form)


@require_POST
@allowed(WRITE)
def end_hours(request: StaffRequest, pk: int, row: int) -> HttpResponse:
    """A team keeps the company's hours again."""
    entity = _entity(request, pk)
    found = get_object_or_404(TeamHours, pk=row, entity=entity)
    operations.end_team_hours(found, actor=request.user, now=timezone.now())
    messages.success(request, "The team keeps the company's hours again.")
    return redirect("entities:detail", pk)


@require_POST
@allowed(WRITE)
def add_series(request: StaffRequest, pk: int) -> HttpResponse:
    """A number series, or another pattern for one that has given no number yet."""
    entity = _entity(request, pk)
    form = SeriesForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        which = {"document_type": data["document_type"], "fiscal_year": data["fiscal_year"], "code": "main"}
        numbers: dict[str, Any] = {name: data[name] for name in ("pattern", "first_number", "highest")}
        present = Series.objects.filter(entity=entity, **which).first()
        now = timezone.now()
        try:
            if present is not None:
                operations.change_series(present, **numbers, actor=request.user, now=now)
            else:
                operations.open_series(entity, **which, **numbers, actor=request.user, now=now)
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, "The series is set up; its longest number is allowed.")
            return redirect("entities:detail", pk)
    return _detail(request, entity, 422, series_form=form)


@require_POST
@allowed(WRITE)
def request_bank(request: StaffRequest, pk: int) -> HttpResponse:
    """Propose a bank account."""
    entity = _entity(request, pk)
    form = BankForm(request.POST)
    if form.is_valid():
        data = dict(form.cleaned_data)
        currency, reason = data.pop("currency"), data.pop("reason")
        try:
            operations.request_bank_change(
                entity,
                currency=currency,
                proposed=data,
                reason=reason,
                actor=request.user,
                now=timezone.now(),
            )
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(
                request, "Proposed. A second person checks it with the bank and puts it in force."
            )
            return redirect("entities:detail", pk)
    return _detail(request, entity, 422, bank_form=form)


@require_POST
@allowed(WRITE)
def decide_bank(request: StaffRequest, pk: int, change: int) -> HttpResponse:
    """Put proposed bank details in force, or reject them."""
    entity = _entity(request, pk)
    found = get_object_or_404(BankChange, pk=change, entity=entity)
    now = timezone.now()
    if request.POST.get("decision") == "reject":
        operations.reject_bank_change(
            found, reason=request.POST.get("reason", ""), actor=request.user, now=now
        )
        messages.success(request, "Rejected. Nothing changed.")
    else:
        checked = request.POST.get("checked_with", "")
        account = operations.apply_bank_change(found, checked_with=checked, actor=request.user, now=now)
        messages.success(request, f"{account} is in force. Invoices issued from now on show it.")
    return redirect("entities:detail", pk)


@require_POST
@allowed(WRITE)
def set_logo(request: StaffRequest, pk: int) -> HttpResponse:
    """A new logo, or none."""
    entity = _entity(request, pk)
    form = LogoForm(request.POST, request.FILES)
    if form.is_valid():
        upload = form.cleaned_data["logo"]
        try:
            operations.set_logo(
                entity, upload.read() if upload else b"", actor=request.user, now=timezone.now()
            )
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, "The logo is stored, cleaned of everything but its pixels.")
            return redirect("entities:detail", pk)
    return _detail(request, entity, 422, logo_form=form)


@require_GET
@public("the logo is printed on every document customers get")
def logo(request: HttpRequest, pk: int) -> HttpResponseBase:  # noqa: ARG001 (the view's signature)
    """The company's logo."""
    entity = get_object_or_404(Entity, pk=pk)
    if not entity.logo:
        raise Http404
    response = FileResponse(entity.logo.open("rb"), content_type="image/png")
    response["Cache-Control"] = "public, max-age=3600"
    return response


@require_http_methods(_BOTH)
@allowed(READ)
def rates(request: StaffRequest) -> HttpResponse:
    """Exchange rates: what was entered, and a new one."""
    may_edit = request.user.has_perm(WRITE)
    if request.method == "POST" and not may_edit:
        raise NotAllowed(WRITE)
    form = RateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.enter_rate(actor=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, "The rate is entered.")
            return redirect("entities:rates")
    context = {
        "form": form,
        "may_edit": may_edit,
        "rates": queries.exchange_rates()[:_RATES_SHOWN],
        "tabs": tabs(request, "rates"),
    }
    return render(request, "entities/rates.html", context, status=_status(request))


@require_http_methods(_BOTH)
@allowed(WRITE)
def access(request: StaffRequest) -> HttpResponse:
    """Who is restricted to which companies."""
    form = AccessForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        operations.set_access(
            form.cleaned_data["user"],
            entities=list(form.cleaned_data["entities"]),
            actor=request.user,
            now=timezone.now(),
        )
        messages.success(request, "Saved. It holds from the next click of that person on.")
        return redirect("entities:access")
    seen: dict[User, list[Entity]] = {}
    for row in Access.objects.select_related("user", "entity").order_by("user__name", "entity__name"):
        seen.setdefault(row.user, []).append(row.entity)
    context = {"form": form, "seen": seen.items(), "tabs": tabs(request, "access")}
    return render(request, "entities/access.html", context, status=_status(request))


def _entity(request: StaffRequest, pk: int) -> Entity:
    return get_object_or_404(queries.visible_to(request.user), pk=pk)


def _longest(row: Series) -> str:
    """The next number a series gives, as people will read it."""
    if row.is_legacy:
        return ""
    try:
        return rules.format_number(row.pattern, row.fiscal_year, row.next_number)
    except DomainError:
        return ""


def _status(request: StaffRequest) -> int:
    return 422 if request.method == "POST" else 200
