"""How feedback is shown: the colour of a score, what a list is narrowed to, and a record's timeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core import charts, locale
from core.charts import NARROW, Bar, Chart, Series
from correspondence.models import Template
from entities.models import Entity
from feedback import events
from feedback.models import Improvement, Theme
from feedback.queries import Filters, Group, figure_named
from feedback.rules import CES, CSAT, NPS
from policies.models import Policy
from team.roles import BY_CODE
from trail.models import Entry
from trail.naming import in_words

PILLS = {"good": "ok", "fair": "warn", "poor": "bad"}
"""Mood of a score -> the colour of its pill."""

_UNITS = {CSAT: "%", NPS: "points", CES: "of 7"}
_WORDS: dict[str, tuple[str, str, str]] = {
    events.ANSWER_GIVEN: ("star", "in", "kept the answer"),
    events.ANSWER_EDITED: ("pencil", "", "changed the answer"),
    events.COMPLAINT_MADE: ("flag", "bad", "marked it as a complaint"),
    events.COMPLAINT_ANSWERED: ("circle-check", "in", "answered the complaint"),
    events.ANSWER_SORTED: ("tags", "", "said what it is about"),
    events.IMPROVEMENT_PROPOSED: ("plus", "", "planned it"),
    events.IMPROVEMENT_EDITED: ("pencil", "", "changed it"),
    events.IMPROVEMENT_STARTED: ("player-play", "in", "began it"),
    events.IMPROVEMENT_MEASURED: ("chart-line", "in", "measured its figure"),
    events.IMPROVEMENT_CLOSED: ("circle-check", "in", "did it"),
    events.IMPROVEMENT_DROPPED: ("circle-x", "bad", "dropped it"),
    events.IMPROVEMENT_PUBLISHED: ("send", "in", "told a customer"),
}


def days_of(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """By day, newest first, as `components/timeline.html` shows it."""
    grouped = groupby(map(_event, entries), key=lambda one: timezone.localtime(one["at"]).date())
    return [{"label": locale.day(on), "events": list(group)} for on, group in grouped]


def _event(entry: Entry) -> dict[str, Any]:
    icon, tone, words = _WORDS.get(entry.fact, ("history", "", in_words(entry.fact)))
    payload = entry.additional_data or {}
    return {
        "kind": "trail",
        "icon": icon,
        "tone": tone,
        "text": format_html("<b>{}</b> {}", _who(entry), words),
        "at": entry.timestamp,
        "quote": str(payload.get("how") or payload.get("reason") or ""),
    }


def _who(entry: Entry) -> str:
    if entry.actor:
        return str(entry.actor)
    by_customer = entry.fact in {events.ANSWER_GIVEN, events.ANSWER_EDITED, events.COMPLAINT_MADE}
    return "The customer" if by_customer else "The system"


def figure_words(row: Improvement) -> dict[str, Any]:
    """What an improvement is aimed at, and what it moved: in words, and whether that is good."""
    known = figure_named(row.figure)
    if known is None:
        return {"name": "", "before": "", "after": "", "effect": "", "tone": ""}
    effect = row.effect
    is_good = effect is not None and effect != 0 and (effect < 0) == known.less_is_better
    return {
        "name": known.name,
        "before": _value(row.before, known.unit),
        "after": _value(row.after, known.unit),
        "effect": f"{'+' if effect and effect > 0 else ''}{_value(effect, known.unit)}"
        if effect is not None
        else "",
        "tone": "" if not effect else "ok" if is_good else "bad",
        "word": "" if effect is None else "no change" if not effect else "better" if is_good else "worse",
    }


def _value(value: Decimal | None, unit: str) -> str:
    if value is None:
        return ""
    places = 0 if value == value.to_integral_value() else 1
    text = locale.editable(value, decimals=places)
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}".strip()


def tile(group: Group) -> dict[str, Any]:
    """A key figure as a link to its answers."""
    found = group.figure
    return {
        "title": group.name,
        "value": "n/a" if found.value is None else _value(found.value, _UNITS[found.instrument]),
        "is_too_few": found.is_too_few,
        "n": found.n,
        "asked": found.asked,
        "answered": found.answered,
        "rate": found.response_rate,
        "code": found.instrument,
        "url": address_of(group.filters),
    }


def address_of(filters: Filters) -> str:
    """The list of exactly the answers a filter holds."""
    return f"{reverse('feedback:answers')}?{urlencode(_query(filters))}"


def trend_address(filters: Filters) -> str:
    """The dashboard with the months of what a filter holds."""
    query = {n: v for n, v in _query(filters).items() if n not in ("since", "until")}
    return f"{reverse('feedback:dashboard')}?{urlencode(query)}#trend"


def surveys_address(filters: Filters) -> str:
    """The list of the surveys a filter holds."""
    return f"{reverse('feedback:surveys')}?{urlencode(_query(filters))}"


def _query(filters: Filters) -> dict[str, str]:
    named = {"q" if name == "text" else name: value for name, value in vars(filters).items() if value}
    return {
        name: value.isoformat() if isinstance(value, date) else str(value) for name, value in named.items()
    }


def trend(groups: Sequence[Group], instrument: str) -> dict[str, Any]:
    """The months as bars of how many answered what: good, fair, poor would hide the figure, so the figure."""

    def write(value: Decimal) -> str:
        return _value(value, _UNITS[instrument])

    bars = [
        Bar(
            label=f"{group.name}, {group.figure.n} answers{', too few' if group.figure.is_too_few else ''}",
            values={"few" if group.figure.is_too_few else "value": group.figure.value or Decimal(0)},
            href=address_of(group.filters),
            short=group.name[:3],
        )
        for group in groups
    ]
    series = [
        Series("value", "f1", instrument.upper()),
        Series("few", "f2", f"{instrument.upper()}, too few answers"),
    ]
    chart = Chart("By month", bars, series, write, charts.short)
    narrow = replace(chart, bars=[replace(bar, short=bar.short[:1]) for bar in bars])
    return {
        "wide": charts.bars(chart),
        "narrow": charts.bars(narrow, width=NARROW, height=240),
        "rows": [
            {
                "name": group.name,
                "figure": group.figure,
                "value": "" if group.figure.value is None else write(group.figure.value),
                "url": address_of(group.filters),
            }
            for group in groups
        ],
    }


def narrowed(filters: Filters) -> list[str]:
    """What a list shows only, in words; empty for all of it."""
    said = []
    if filters.entity:
        said.append(str(Entity.objects.filter(pk=filters.entity).first() or ""))
    if filters.template:
        said.append(str(Template.objects.filter(pk=filters.template).first() or ""))
    if filters.policy:
        said.append(str(Policy.objects.filter(pk=filters.policy).first() or ""))
    if filters.team:
        said.append(BY_CODE[filters.team].name)
    if filters.theme:
        said.append(str(Theme.objects.filter(pk=filters.theme).first() or ""))
    if filters.since:
        said.append(f"from {locale.day(filters.since)}")
    if filters.until:
        said.append(f"until {locale.day(filters.until)}")
    return [one for one in said if one]
