"""Answers and surveys of the companies somebody sees, and what a list of them is narrowed to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from core.dates import is_plausible
from core.numbers import row_id
from correspondence.models import PublicLink
from entities import queries as entities
from feedback.models import Answer, Channel, Instrument, Occasion, Survey
from feedback.rules import HAPPY, UNHAPPY
from team.models import User
from team.roles import BY_CODE

MOODS = ("good", "fair", "poor")


def visible_to(user: User) -> QuerySet[Answer]:
    """Answers of the companies this person sees, with customer, contact and company."""
    return Answer.objects.filter(entity__in=entities.visible_to(user)).select_related(
        "customer", "contact", "entity", "entered_by"
    )


def surveys_visible_to(user: User) -> QuerySet[Survey]:
    """Surveys of those companies, with customer, contact and the answer."""
    return Survey.objects.filter(entity__in=entities.visible_to(user)).select_related(
        "customer", "contact", "entity", "answer"
    )


def answer_by(link: PublicLink) -> Answer | None:
    """What was answered by this link."""
    return Answer.objects.filter(link=link).first()


@dataclass(frozen=True)
class Filters:
    """What a list of answers is narrowed to; "" or None leaves it open. Days are those of the reader."""

    instrument: str = ""
    occasion: str = ""
    channel: str = ""
    mood: str = ""
    complaints: str = ""
    entity: int | None = None
    customer: int | None = None
    template: int | None = None
    policy: int | None = None
    theme: int | None = None
    team: str = ""
    since: date | None = None
    until: date | None = None
    text: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """From the query of an address; what cannot be is left open."""
        ids = {
            name: row_id(query.get(name)) for name in ("entity", "customer", "template", "policy", "theme")
        }
        return cls(
            instrument=_one_of(query.get("instrument"), Instrument.values),
            occasion=_one_of(query.get("occasion"), Occasion.values),
            channel=_one_of(query.get("channel"), Channel.values),
            mood=_one_of(query.get("mood"), MOODS),
            team=_one_of(query.get("team"), BY_CODE),
            complaints=_one_of(query.get("complaints"), ("open", "all")),
            since=_day(query.get("since", "")),
            until=_day(query.get("until", "")),
            text=query.get("q", "").replace("\0", "").strip()[:100],
            **ids,
        )

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return self != Filters()


def found(user: User, filters: Filters) -> QuerySet[Answer]:
    """The answers this person sees that fit."""
    rows = visible_to(user)
    equal = {
        "instrument": filters.instrument,
        "occasion": filters.occasion,
        "channel": filters.channel,
        "entity_id": filters.entity,
        "customer_id": filters.customer,
        "template_id": filters.template,
        "policy_id": filters.policy,
        "themes": filters.theme,
        "team": filters.team,
    }
    rows = rows.filter(**{name: value for name, value in equal.items() if value})
    if filters.since:
        rows = rows.filter(given_at__gte=_midnight(filters.since))
    if filters.until:
        rows = rows.filter(given_at__lt=_midnight(filters.until + timedelta(days=1)))
    if filters.mood:
        rows = rows.filter(_in_mood(filters.mood))
    if filters.complaints:
        rows = rows.filter(is_complaint=True)
    if filters.complaints == "open":
        rows = rows.filter(complaint_answered_at__isnull=True)
    if filters.text:
        words = Q(comment__icontains=filters.text) | Q(label__icontains=filters.text)
        rows = rows.filter(words | Q(customer__name__icontains=filters.text))
    return rows


def found_surveys(user: User, filters: Filters, state: str = "") -> QuerySet[Survey]:
    """The surveys this person sees that fit; `state` is "answered", "open" or "" for both."""
    rows = surveys_visible_to(user)
    equal = {
        "instrument": filters.instrument,
        "occasion": filters.occasion,
        "entity_id": filters.entity,
        "customer_id": filters.customer,
    }
    rows = rows.filter(**{name: value for name, value in equal.items() if value})
    if filters.since:
        rows = rows.filter(asked_at__gte=_midnight(filters.since))
    if filters.until:
        rows = rows.filter(asked_at__lt=_midnight(filters.until + timedelta(days=1)))
    if state in {"answered", "open"}:
        rows = rows.filter(answer__isnull=state == "open")
    return rows


def _in_mood(mood: str) -> Q:
    good, poor = Q(), Q()
    for instrument, least in HAPPY.items():
        good |= Q(instrument=instrument, score__gte=least)
        poor |= Q(instrument=instrument, score__lte=UNHAPPY[instrument])
    return {"good": good, "poor": poor}.get(mood, ~good & ~poor)


def _one_of(given: str | None, known: Collection[str]) -> str:
    return given if given and given in known else ""


def _day(given: str) -> date | None:
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    return day if is_plausible(day) else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
