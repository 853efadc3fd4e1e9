"""What customers say, in figures; each opens exactly the answers it is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from core.permissions import allowed
from entities import queries as entities
from feedback import queries
from feedback.models import Instrument
from feedback.showing import address_of, narrowed, surveys_address, tile, trend, trend_address
from team.requests import StaffRequest

_TITLES = {
    "template": _("By text of the mail"),
    "policy": _("By payment policy"),
    "team": _("By team"),
    "entity": _("By company"),
}


@require_GET
@allowed("feedback.view_feedback")
def dashboard(request: StaffRequest) -> HttpResponse:
    """CSAT, NPS and CES of twelve months, the trend of one, and that by text, policy, team and company."""
    today = timezone.localdate()
    asked = queries.Filters.read(request.GET)
    months = queries.last_months(today)
    year = queries.Filters(entity=asked.entity, since=months[0], until=today)
    instrument = asked.instrument or Instrument.CSAT
    one = replace(year, instrument=instrument)
    part = queries.Filters(template=asked.template, policy=asked.policy, team=asked.team, theme=asked.theme)
    shown = replace(one, template=part.template, policy=part.policy, team=part.team, theme=part.theme)
    trended = queries.months_of(request.user, shown, today)
    open_ones = queries.found(request.user, queries.Filters(entity=asked.entity, complaints="open"))
    context: dict[str, Any] = {
        "tiles": [tile(group) for group in queries.figures_of(request.user, year)],
        "open_complaints": open_ones.count(),
        "open_url": address_of(queries.Filters(entity=asked.entity, complaints="open")),
        "surveys_url": surveys_address(year),
        "instrument": instrument,
        "instruments": Instrument.choices,
        "chart": trend(trended, instrument),
        "only": narrowed(part),
        "whole_url": trend_address(one),
        "breakdowns": [
            (title, [_row(group) for group in queries.groups_of(request.user, one, by)])
            for by, title in _TITLES.items()
        ],
        "themes": [_row(group) for group in queries.themes_of(request.user, one)],
        "companies": list(entities.visible_to(request.user).filter(is_active=True).order_by("name")),
        "entity": asked.entity,
        "since": months[0],
    }
    return render(request, "feedback/dashboard.html", context)


def _row(group: queries.Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "figure": group.figure,
        "url": address_of(group.filters),
        "trend": trend_address(group.filters),
    }
