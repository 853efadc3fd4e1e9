"""Pages about people: accounts, roles, limits, keys, the own profile."""

from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import faults
from core.errors import DomainError
from core.permissions import SIGNED_IN, NotAllowed, allowed
from team import operations, queries
from team.forms import KeyForm, LimitForm, NewPersonForm, PersonForm, ReasonForm, RolesForm
from team.models import APIKey, ApprovalLimit, User
from team.requests import StaffRequest
from team.roles import BY_CODE, ROLES
from trail.queries import entries_of, entries_of_all

_BOTH = ["GET", "POST"]


def tabs(request: StaffRequest, current: str) -> list[dict[str, Any]]:
    """The parts of the team's settings this reader may open."""
    parts = [
        ("list", "People", "team.manage_people"),
        ("roles", "Roles", ""),
        ("limits", "Approval limits", ""),
        ("keys", "API keys", "team.manage_keys"),
    ]
    return [
        {"label": label, "url": reverse(f"team:{name}"), "current": name == current}
        for name, label, right in parts
        if not right or request.user.has_perm(right)
    ]


@require_GET
@allowed("team.manage_people")
def list_(request: StaffRequest) -> HttpResponse:
    """Everybody with an account."""
    text, state = request.GET.get("q", "").strip(), request.GET.get("state", "active")
    people = list(queries.people(text=text, state=state))
    for person in people:
        person.role_list = [BY_CODE[g.name] for g in person.groups.all() if g.name in BY_CODE]  # type: ignore[attr-defined]
        person.factor_missing = not person.factors and any(r.moves_money for r in person.role_list)  # type: ignore[attr-defined]
    states = [("active", "People"), ("machine", "Machine accounts"), ("inactive", "Deactivated"), ("", "All")]
    context = {
        "people": people,
        "q": text,
        "tabs": tabs(request, "list"),
        "states": [
            {"label": label, "url": f"?state={code}", "current": code == state} for code, label in states
        ],
        "mfa_off": settings.DEMO,
    }
    return render(request, "team/list.html", context)


@require_http_methods(_BOTH)
@allowed("team.manage_people")
def add(request: StaffRequest) -> HttpResponse:
    """A new account."""
    form = NewPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = operations.add_person(**form.cleaned_data, actor=request.user, now=timezone.now())
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(
                request, f"{user} has an account. Tell them to set a password at “Forgot password”."
            )
            return redirect("team:detail", user.pk)
    return render(request, "team/add.html", {"form": form, "roles": ROLES}, status=_status(request))


@require_http_methods(_BOTH)
@allowed("team.manage_people")
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One person: data, roles, second factor, keys, what happened."""
    user = get_object_or_404(queries.people(), pk=pk)
    fields = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    form = PersonForm(request.POST or None, initial=fields)
    if request.method == "POST" and form.is_valid():
        operations.edit_person(user, actor=request.user, now=timezone.now(), **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("team:detail", pk)
    context = {
        "person": user,
        "form": form,
        "roles_form": RolesForm(initial={"roles": sorted(queries.role_codes(user))}),
        "reason_form": ReasonForm(),
        "roles": queries.roles_of(user),
        "table": ROLES,
        "held": queries.role_codes(user),
        "factor_needed": queries.needs_second_factor(user),
        "has_factor": queries.has_second_factor(user),
        "mfa_off": settings.DEMO,
        "keys": user.api_keys.order_by("-created_at"),
        "entries": (entries_of(user) | entries_of_all(APIKey, user.api_keys.values("pk")))[:20],
        "is_self": user.pk == request.user.pk,
        "limits": [(name, *queries.limit_of(user, kind)) for kind, name in queries.KIND_NAMES.items()],
        "now": timezone.now(),
    }
    return render(request, "team/detail.html", context, status=_status(request))


@require_POST
@allowed("team.manage_people")
def set_roles(request: StaffRequest, pk: int) -> HttpResponse:
    """Give the person exactly the ticked roles."""
    user = get_object_or_404(User, pk=pk)
    form = RolesForm(request.POST)
    if form.is_valid():
        operations.set_roles(user, roles=form.cleaned_data["roles"], actor=request.user, now=timezone.now())
        messages.success(request, f"The roles of {user} are saved and hold from now on.")
    return redirect("team:detail", pk)


@require_POST
@allowed("team.manage_people")
def deactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """End an account at once."""
    user = operations.deactivate_person(
        get_object_or_404(User, pk=pk), actor=request.user, now=timezone.now()
    )
    messages.success(request, f"{user} is signed out everywhere and can no longer sign in.")
    return redirect("team:detail", pk)


@require_POST
@allowed("team.manage_people")
def reactivate(request: StaffRequest, pk: int) -> HttpResponse:
    """Bring an account back."""
    user = operations.reactivate_person(
        get_object_or_404(User, pk=pk), actor=request.user, now=timezone.now()
    )
    messages.success(request, f"{user} can sign in again.")
    return redirect("team:detail", pk)


@require_POST
@allowed("team.manage_people")
def reset_second_factor(request: StaffRequest, pk: int) -> HttpResponse:
    """Remove the second factor of somebody who lost theirs."""
    user = get_object_or_404(User, pk=pk)
    operations.reset_second_factor(
        user, reason=request.POST.get("reason", ""), actor=request.user, now=timezone.now()
    )
    messages.success(request, f"{user} sets up a new second factor at the next sign-in.")
    return redirect("team:detail", pk)


@require_GET
@allowed(SIGNED_IN)
def roles(request: StaffRequest) -> HttpResponse:
    """Who may do what: the table the program itself works by."""
    groups: dict[str, list[tuple[str, str, Any]]] = {}
    for act, name, cells in queries.matrix():
        groups.setdefault(act.partition(".")[0], []).append((act, name, list(zip(ROLES, cells, strict=True))))
    context = {"roles": ROLES, "groups": groups, "tabs": tabs(request, "roles")}
    return render(request, "team/roles.html", context)


@require_http_methods(_BOTH)
@allowed(SIGNED_IN)
def limits(request: StaffRequest) -> HttpResponse:
    """Who approves what up to which amount. Changed by those who manage people."""
    may_edit = request.user.has_perm("team.manage_people")
    if request.method == "POST" and not may_edit:
        raise NotAllowed("team.manage_people")
    form = LimitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.set_limit(**form.cleaned_data, actor=request.user, now=timezone.now())
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(
                request, "The limit is saved. Approvals that wait are asked again by the new one."
            )
            return redirect("team:limits")
    ranked = [role for role in ROLES if role.rank]
    rows = ApprovalLimit.objects.order_by("currency", "kind", "rank")
    table: dict[tuple[str, str], dict[str, ApprovalLimit]] = {}
    for row in rows:
        table.setdefault((row.currency, row.kind), {})[row.role] = row
    context = {
        "form": form,
        "may_edit": may_edit,
        "roles": ranked,
        "rows": [
            (queries.KIND_NAMES.get(kind, kind), currency, [found.get(role.code) for role in ranked])
            for (currency, kind), found in table.items()
        ],
        "tabs": tabs(request, "limits"),
    }
    return render(request, "team/limits.html", context, status=_status(request))


@require_POST
@allowed("team.manage_people")
def remove_limit(request: StaffRequest, pk: int) -> HttpResponse:
    """The role no longer approves the kind."""
    operations.remove_limit(get_object_or_404(ApprovalLimit, pk=pk), actor=request.user, now=timezone.now())
    messages.success(request, "The limit is removed.")
    return redirect("team:limits")


@require_GET
@allowed("team.manage_keys")
def keys(request: StaffRequest) -> HttpResponse:
    """Every API key and whether it still works."""
    now = timezone.now()
    accounts = User.objects.filter(is_active=True).order_by("-is_machine", "name")
    context = {
        "keys": [(key, _key_state(key, now)) for key in queries.api_keys()],
        "accounts": accounts,
        "tabs": tabs(request, "keys"),
    }
    return render(request, "team/keys.html", context)


@require_http_methods(_BOTH)
@allowed("team.manage_keys")
def add_key(request: StaffRequest) -> HttpResponse:
    """Create a key. Its text is on this answer and nowhere else, so the answer is not a redirect."""
    number = request.GET.get("account", "")
    # Digits of other scripts, and numbers no row can have, are accounts that are not there.
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Http404
    account = get_object_or_404(User, pk=int(number), is_active=True)
    form = KeyForm(request.POST or None, account=account)
    if request.method == "POST" and form.is_valid():
        last = form.cleaned_data["expires_on"]
        ends = timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))
        try:
            key, raw = operations.create_key(
                account,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=ends,
                actor=request.user,
                now=timezone.now(),
            )
        except DomainError as fault:
            fault_field = {"expires_at": "expires_on"}
            for one in fault.problems:
                one["field"] = fault_field.get(one["field"], one["field"])
            faults.show(form, fault)
        else:
            return render(request, "team/key_created.html", {"key": key, "raw": raw})
    return render(request, "team/key_form.html", {"form": form, "account": account}, status=_status(request))


@require_POST
@allowed("team.manage_keys")
def revoke_key(request: StaffRequest, pk: int) -> HttpResponse:
    """End a key at once."""
    key = operations.revoke_key(get_object_or_404(APIKey, pk=pk), actor=request.user, now=timezone.now())
    messages.success(request, f"{key.name} no longer works.")
    return redirect("team:keys")


@require_http_methods(_BOTH)
@allowed(SIGNED_IN)
def profile(request: StaffRequest) -> HttpResponse:
    """Own name, language, clock, and the ways to sign in."""
    user = request.user
    fields = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    form = PersonForm(request.POST or None, initial=fields)
    if request.method == "POST" and form.is_valid():
        operations.edit_person(user, actor=user, now=timezone.now(), **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("team:profile")
    context = {
        "form": form,
        "roles": queries.roles_of(user),
        "has_factor": queries.has_second_factor(user),
        "factor_needed": queries.needs_second_factor(user),
        "mfa_off": settings.DEMO,
        "limits": [(name, *queries.limit_of(user, kind)) for kind, name in queries.KIND_NAMES.items()],
    }
    return render(request, "team/profile.html", context, status=_status(request))


@require_GET
@allowed(SIGNED_IN)
def second_factor(request: StaffRequest) -> HttpResponse:
    """Why a second factor is needed, and the two ways to set one up."""
    moving = [role for role in queries.roles_of(request.user) if role.moves_money]
    context = {"roles": moving, "has_factor": queries.has_second_factor(request.user)}
    return render(request, "team/second_factor.html", context)


def _key_state(key: APIKey, now: datetime) -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at <= now or not key.user.is_active:
        return "expired"
    return "soon" if key.expires_at <= now + timedelta(days=14) else "live"


def _status(request: StaffRequest) -> int:
    """A POST that ends on its own form was wrong."""
    return 422 if request.method == "POST" else 200
