"""Home, the rows behind each figure, search; probes for the orchestrator and the health page for staff."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from core.permissions import SIGNED_IN, allowed, public
from disputes.queries import held_times, holdings_of
from entities import queries as entities
from entities.models import Entity
from invoices.queries import visible_to as invoices_visible_to
from metrics import disputing, health, queries, search, showing
from payments.queries import visible_to as payments_visible_to
from team.requests import StaffRequest

_NEEDS = 8
FIGURES = "invoices.view_invoice"
DISPUTES = "disputes.view_dispute"


@require_GET
@allowed(SIGNED_IN)
def home(request: StaffRequest) -> HttpResponse:
    """What needs this person, and how the business stands. Without anything yet: what to set up first."""
    now = timezone.now()
    needs = queries.needs_of(request.user)
    context: dict[str, Any] = {
        "now": now,
        "first_name": (str(request.user.name).split() or [str(request.user)])[0],
        "part_of_day": _part_of_day(timezone.localtime(now).hour),
        "needs": needs[:_NEEDS],
        "more_needs": max(0, len(needs) - _NEEDS),
    }
    if not request.user.has_perm(FIGURES):
        return render(request, "metrics/home_work.html", context)
    companies = list(entities.visible_to(request.user))
    if not _begun(request):
        return render(request, "metrics/home_first.html", context | _first(request))
    entity = _entity(request, companies)
    return render(request, "metrics/home.html", context | _figures(companies, entity))


def _figures(companies: list[Entity], entity: Entity | None) -> dict[str, Any]:
    asked = [entity] if entity else companies
    now = timezone.now()
    found = queries.figures(asked, now=now)
    largest = queries.largest_overdue(asked, now=now)
    return {
        "companies": companies,
        "entity": entity,
        "figures": found,
        "tiles": showing.tiles(found, entity),
        "cash": showing.cash_chart(found, entity),
        "ageing": showing.ageing(found, entity),
        "debtors": list(zip(largest, showing.shares([one.amount for one in largest]), strict=True)),
    }


def _begun(request: StaffRequest) -> bool:
    """Whether there is anything to count for this reader."""
    return (
        invoices_visible_to(request.user).order_by().exists()
        or payments_visible_to(request.user).order_by().exists()
    )


def _first(request: StaffRequest) -> dict[str, Any]:
    steps = queries.first_steps()
    following = next((step for step in steps if not step.done), None)
    return {
        "steps": [
            {"step": step, "now": step is following, "allowed": request.user.has_perm(step.right)}
            for step in steps
        ],
        "done": sum(step.done for step in steps),
        "following": following if following and request.user.has_perm(following.right) else None,
    }


def _entity(request: StaffRequest, companies: list[Entity]) -> Entity | None:
    asked = request.GET.get("entity", "")
    return next((one for one in companies if str(one.pk) == asked), None)


def _part_of_day(hour: int) -> str:
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"


@require_GET
@allowed(FIGURES)
def figure(request: StaffRequest, code: str) -> HttpResponse:
    """One key figure: what it means and the rows per company and currency it is the sum of."""
    if code not in showing.TITLES:
        raise Http404
    companies = list(entities.visible_to(request.user))
    entity = _entity(request, companies)
    found = queries.figures([entity] if entity else companies, now=timezone.now())
    total, rows = showing.rows_behind(code, found)
    context = {
        "code": code,
        "title": showing.TITLES[code],
        "definition": showing.DEFINITIONS[code],
        "figures": found,
        "entity": entity,
        "total": total,
        "rows": rows,
    }
    return render(request, "metrics/figure.html", context)


@require_GET
@allowed(DISPUTES)
def disputes(request: StaffRequest) -> HttpResponse:
    """How disputes go: the figures of the last 90 days, and the rows one of them is made of."""
    companies = list(entities.visible_to(request.user))
    entity = _entity(request, companies)
    now = timezone.now()
    found = queries.dispute_figures([entity] if entity else companies, now=now)
    chosen = found.get(request.GET.get("show", ""), found["rate"])
    context = {
        "companies": companies,
        "entity": entity,
        "now": now,
        "tiles": disputing.tiles(found, entity),
        "chosen": chosen,
        "title": disputing.TITLES[chosen.code],
        "definition": disputing.DEFINITIONS[chosen.code],
        "rows": disputing.rows_of(chosen),
    }
    return render(request, "metrics/disputes.html", context)


@require_GET
@allowed(DISPUTES)
def dispute_holders(request: StaffRequest) -> HttpResponse:
    """Who held disputes how long in the last 90 days: per level and person, and what is behind one row."""
    companies = list(entities.visible_to(request.user))
    entity = _entity(request, companies)
    now = timezone.now()
    asked, since = [entity] if entity else companies, now - queries.DISPUTE_DAYS
    found = disputing.holders(held_times(asked, since=since, now=now), entity)
    wanted = (request.GET.get("level", ""), request.GET.get("person", ""))
    chosen = next((one for one in found if one.key == wanted), None)
    rows = []
    if chosen is not None:
        held = chosen.held
        rows = holdings_of(asked, level=held.level, person=held.person, since=since, now=now)
    context = {
        "companies": companies,
        "entity": entity,
        "now": now,
        "found": found,
        "chosen": chosen,
        "rows": disputing.holding_rows(rows),
    }
    return render(request, "metrics/dispute_holders.html", context)


@require_GET
@allowed(DISPUTES)
def dispute_tiles(request: StaffRequest) -> HttpResponse:
    """The figures alone, for the home page."""
    companies = list(entities.visible_to(request.user))
    entity = _entity(request, companies)
    found = queries.dispute_figures([entity] if entity else companies, now=timezone.now())
    context = {"tiles": disputing.tiles(found, entity), "entity": entity}
    return render(request, "metrics/_disputes.html", context)


@require_GET
@allowed(SIGNED_IN)
def find(request: StaffRequest) -> HttpResponse:
    """Search over everything the reader may see: fragments for the palette, a page for browsers."""
    text = request.GET.get("q", "")[: search.LONGEST]
    groups = [
        {"label": group.label, "results": [(one, marked(one.label, text)) for one in group.results]}
        for group in search.search(request, text)
    ]
    by_script = request.headers.get("HX-Request") == "true"
    template = "metrics/_search.html" if by_script else "metrics/search.html"
    return render(request, template, {"groups": groups, "q": text})


def marked(label: str, text: str) -> SafeString:
    """The label with the first place where the searched words stand marked."""
    words = " ".join(text.split())
    at = label.lower().find(words.lower()) if words else -1
    if at < 0:
        return SafeString(escape(label))
    end = at + len(words)
    return format_html("{}<mark>{}</mark>{}", label[:at], label[at:end], label[end:])


@require_GET
@public("the orchestrator asks whether the process lives; the answer says nothing else")
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """200 while the process can answer at all. Asks nobody: a broken database must not restart the web."""
    return JsonResponse({"status": "alive"})


@require_GET
@public("the load balancer asks whether to send requests here; yes or no, without detail")
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 (a view)
    """200 when requests can be served, else 503."""
    ready = health.is_ready()
    return JsonResponse({"status": "ready" if ready else "not ready"}, status=200 if ready else 503)


@require_GET
@allowed("metrics.view_health")
def system(request: HttpRequest) -> HttpResponse:
    """The state of the installation: 200 with the findings, whatever they are."""
    findings = health.report()
    return render(
        request, "metrics/health.html", {"findings": findings, "ok": all(finding.ok for finding in findings)}
    )
