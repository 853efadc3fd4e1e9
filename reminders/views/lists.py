"""What was decided today, what comes, what was sent and how it worked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from charges.models import Charge
from charges.offers import Offer, preview_step
from charges.queries import charges_of
from core import locale
from core.paging import paginate
from core.permissions import allowed
from customers.queries import active_contacts
from customers.queries import visible_to as visible_customers
from entities.queries import local_day
from entities.queries import visible_to as visible_entities
from invoices.models import Invoice
from invoices.queries import visible_to as visible_invoices
from reminders import queries
from reminders.charging import kinds_of, step_charge
from reminders.composing import recipients_of
from reminders.deciding import MESSAGES
from reminders.forecasting import Coming
from reminders.forms import ListForm
from reminders.models import Decision
from reminders.words import RULES, STOPS, in_words, step_name
from team.requests import StaffRequest

VIEW = "reminders.view_reminder"
FORECAST_DAYS = 30
YIELD_OVER = 90
_SORTS = {"invoice": "invoice_id", "asked": "asked"}


def tabs(current: str) -> list[dict[str, Any]]:
    """The pages of reminders."""
    pages = {
        "list": "Today",
        "forecast": "Next 30 days",
        "sent": "Sent, and what followed",
        "pauses": "Pauses",
        "ladders": "Ladders apart",
    }
    return [
        {"label": label, "url": reverse(f"reminders:{name}"), "count": None, "current": name == current}
        for name, label in pages.items()
    ]


def today_of(request: StaffRequest) -> date:
    """Today at the first company of this person; in UTC when there is none."""
    first = visible_entities(request.user).order_by("pk").first()
    return local_day(first, timezone.now()) if first else timezone.now().date()


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """The decisions of a day, by rule and one by one."""
    today = today_of(request)
    filters = ListForm(request.GET).filters(today)
    counts = queries.counts_of(request.user, filters.day)
    page = paginate(request, queries.listing(request.user, filters), sorts=_SORTS, default="-asked")
    mine = set(visible_entities(request.user).values_list("pk", flat=True))
    silent = [row for row in queries.silent_companies(timezone.now()) if row[0].pk in mine]
    context = {
        "tabs": tabs("list"),
        "filters": filters,
        "today": today,
        "before": filters.day - timedelta(days=1),
        "after": filters.day + timedelta(days=1) if filters.day < today else None,
        "page": page,
        "groups": _groups(counts),
        "states": queries.states_of(request.user, filters.day),
        "decided": sum(counts.values()),
        "held": sum(n for rule, n in counts.items() if rule in STOPS),
        "chips": _chips(request, filters),
        "silent": silent,
        "words": RULES,
    }
    return render(request, "reminders/list.html", context)


def _groups(counts: dict[str, int]) -> list[dict[str, Any]]:
    """The rules that decided something, those that hold back first, with how many."""
    order = {rule: place for place, rule in enumerate(RULES)}
    return [
        {"rule": rule, "words": in_words(rule), "count": counts[rule], "stops": rule in STOPS}
        for rule in sorted(counts, key=lambda rule: order.get(rule, 99))
        if counts[rule] and rule in RULES
    ]


def _chips(request: StaffRequest, filters: queries.Filters) -> list[dict[str, str]]:
    named = []
    if filters.rule:
        named.append(("rule", "Rule", in_words(filters.rule)))
    if filters.outcome:
        named.append(("outcome", "Decided", str(Decision.Outcome(filters.outcome).label)))
    if filters.customer:
        found = visible_customers(request.user).filter(pk=filters.customer).first()
        named.append(("customer", "Customer", str(found or filters.customer)))
    if filters.entity:
        company = visible_entities(request.user).filter(pk=filters.entity).first()
        named.append(("entity", "Company", str(company or filters.entity)))
    return [{"label": label, "value": value, "url": without(request, key)} for key, label, value in named]


def without(request: StaffRequest, *keys: str) -> str:
    """The address without these keys and without the place in the list."""
    query = request.GET.copy()
    for key in (*keys, "after", "before"):
        query.pop(key, None)
    return f"?{query.urlencode()}"


@require_GET
@allowed(VIEW)
def forecast(request: StaffRequest) -> HttpResponse:
    """What will be sent in the next 30 days if nobody pays or asks for more, by the rule of every day."""
    filters = ListForm(request.GET).filters(today_of(request))
    coming: list[Coming] = []
    is_all = True
    for entity in visible_entities(request.user).filter(is_active=True).order_by("pk"):
        if filters.entity and entity.pk != filters.entity:
            continue
        first = local_day(entity, timezone.now())
        chosen = [filters.customer] if filters.customer else None
        found, whole = queries.upcoming(
            entity, first, first + timedelta(days=FORECAST_DAYS), customers=chosen
        )
        coming += found
        is_all = is_all and whole
    coming.sort(key=lambda one: (one.on, one.row.customer, one.row.due))
    days = [(on, list(rows)) for on, rows in groupby(coming, key=lambda one: one.on)]
    context = {
        "tabs": tabs("forecast"),
        "days": [{"on": on, "rows": _named(rows), "count": len(rows)} for on, rows in days[:FORECAST_DAYS]],
        "total": len(coming),
        "is_all": is_all,
        "most": queries.MOST_FORECAST,
        "chips": _chips(request, filters),
    }
    return render(request, "reminders/forecast.html", context)


_MOST_NAMED = 25


def _named(coming: Sequence[Coming]) -> list[dict[str, Any]]:
    """The first rows of a day with their invoice and customer."""
    shown = coming[:_MOST_NAMED]
    invoices = Invoice.objects.select_related("customer").in_bulk([one.row.invoice for one in shown])
    return [{"invoice": invoices[one.row.invoice], **_step(one)} for one in shown]


def _step(one: Coming) -> dict[str, Any]:
    step, said = one.decision.step, one.decision.said
    if step is None or said is None:
        raise ValueError("only a step that is sent is forecast")
    return {
        "on": one.on,
        "step": step_name(step.day),
        "tone": said.tone,
        "channel": step.channel,
        "situation": said.situation.replace("_", " "),
        "asked": one.asked,
        "currency": one.row.currency,
        "recipients": step.recipients,
    }


@require_GET
@allowed(VIEW)
def sent(request: StaffRequest) -> HttpResponse:
    """What was sent in the last 90 days, per step with what followed, and one by one."""
    today = today_of(request)
    first = today - timedelta(days=YIELD_OVER)
    rows = queries.visible_to(request.user).filter(on__gte=first).select_related("invoice", "customer")
    if state := request.GET.get("state", ""):
        rows = rows.filter(state=state)
    context = {
        "tabs": tabs("sent"),
        "yields": [
            {"name": step_name(row.step), "row": row}
            for row in queries.yields(request.user, first, today, today=today)
        ],
        "first": first,
        "days": queries.YIELD_DAYS,
        "page": paginate(request, rows, sorts={"on": "on"}, default="-on"),
        "words": RULES,
        "state": state,
        "state_url": without(request, "state"),
    }
    return render(request, "reminders/sent.html", context)


def _charges(invoice: Invoice, coming: Coming) -> list[dict[str, Any]]:
    """What the coming step would charge on its day, kind by kind, or why not."""
    step = coming.decision.step
    if step is None or step.channel not in MESSAGES:
        return []
    kinds = kinds_of(step)
    known = step_charge(invoice, step.day, step.fee, [coming.row.item])
    found = preview_step(invoice, kinds, on=coming.on, step=known) if kinds else []
    return [
        {
            "name": Charge.Kind(kind).label,
            "amount": one.amount if isinstance(one, Offer) else None,
            "why": one.legal_basis if isinstance(one, Offer) else one.message,
        }
        for kind, one in zip(kinds, found, strict=True)
    ]


def _taken(invoice: Invoice) -> list[dict[str, Any]]:
    """The steps taken or meant, each with what it charged."""
    made: dict[int | None, list[Charge]] = defaultdict(list)
    for charge in charges_of(invoice):
        made[charge.step].append(charge)
    rows = invoice.reminders.order_by("-on", "-pk")[:30]
    return [{"row": row, "charges": made.get(row.step, [])} for row in rows]


@require_GET
@allowed(VIEW)
def why(request: StaffRequest, pk: int) -> HttpResponse:
    """Why an invoice was reminded, or not: every decision, what stops it, and the next step."""
    invoice = get_object_or_404(
        visible_invoices(request.user).select_related("entity", "customer__entity", "policy_version"), pk=pk
    )
    day = local_day(invoice.entity, timezone.now())
    coming = queries.next_of(invoice, day) if invoice.balance > 0 else None
    step = _step(coming) if coming else None
    decided = queries.decisions_visible_to(request.user).filter(invoice=invoice)[:60]
    context = {
        "invoice": invoice,
        "day": day,
        "step": step,
        "people": recipients_of(active_contacts(invoice.customer), step["recipients"]) if step else [],
        "decisions": [{"row": row, "words": in_words(row.rule)} for row in decided],
        "charges": _charges(invoice, coming) if coming else [],
        "reminders": _taken(invoice),
        "pauses": queries.pauses_of(invoice, day),
        "today": next((row for row in decided if row.first_on <= day <= row.last_on), None),
        "locale": locale,
    }
    by_script = request.headers.get("HX-Request") == "true"
    return render(request, "reminders/_why.html" if by_script else "reminders/why.html", context)
