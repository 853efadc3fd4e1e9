"""How it went, as a customer is asked on the page of an invoice or behind the link of a survey."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.urls import reverse
from django.utils import timezone

from core import formatting
from core.errors import DomainError
from correspondence import links
from correspondence.models import PublicLink
from feedback.models import Answer, OptOut, Survey
from feedback.operations import give_answer
from feedback.queries import answer_by
from feedback.rules import CSAT, EDITABLE, SCALES, may_change
from invoices.models import Invoice
from portal.forms import RateForm
from portal.words import Words

logger = structlog.get_logger(__name__)

_FAULTS = {
    "a_complaint_says_what_is_wrong": "rate_no_words",
    "an_answer_may_be_changed_for_24_hours": "rate_late",
    "who_wants_no_surveys_is_left_alone": "survey_stopped",
}


def rating_of(
    link: PublicLink,
    about: Survey | Invoice,
    words: Words,
    form: RateForm | None = None,
    fault: str = "",
) -> dict[str, Any] | None:
    """What the form shows: the scale, what was answered, and until when it may be changed.

    None where nobody is to be asked. With a refused `form` it shows what was typed, and the `fault`.
    """
    if isinstance(about, Invoice) and about.document_type != Invoice.Type.INVOICE:
        return None
    if link.contact_id and OptOut.objects.filter(contact=link.contact_id).exists():
        return None
    given, now = answer_by(link), timezone.now()
    instrument, route, title = CSAT, "portal:rate", words["rate_title"]
    if isinstance(about, Survey):
        instrument, route = about.instrument, "portal:survey_answer"
        title = words.say(f"rate_{instrument}", label=about.label)
    low, high = SCALES[instrument]
    return {
        "url": reverse(route, args=[links.token_of(link)]),
        "title": title,
        "scale": [(n, words.say("rate_score", n=n, most=high)) for n in range(low, high + 1)],
        "low": words[f"rate_low_{instrument}"],
        "high": words[f"rate_high_{instrument}"],
        "given": given,
        "is_open": given is None or may_change(given.given_at, now),
        "said": _said(given, about, words, high),
        "comment": _typed(form, "comment", given.comment if given else ""),
        "line": _typed(form, "line", str(given.line or "") if given else ""),
        "is_complaint": "complaint" in form.data if form else bool(given and given.is_complaint),
        "fault": words[_FAULTS.get(fault, "rate_no")] if form else "",
    }


def save_rating(
    link: PublicLink, about: Survey | Invoice, form: RateForm, lines: dict[int, str] | None = None
) -> str:
    """Keep what the form says; the rule that refuses it, "" when it is kept."""
    if not form.is_valid():
        return "a_form_is_filled_in"
    given = form.cleaned_data
    line = given["line"] if lines and given["line"] in lines else None
    try:
        give_answer(
            link,
            about,
            score=given["score"],
            comment=given["comment"],
            is_complaint=given["complaint"],
            line=line,
            line_text=(lines or {}).get(line or 0, ""),
            now=timezone.now(),
        )
    except DomainError as refusal:
        logger.info("answer_refused", link=link.pk, rule=refusal.rule)
        return refusal.rule or "an_answer_is_taken"
    return ""


def _said(given: Answer | None, about: Survey | Invoice, words: Words, most: int) -> str:
    if given is None:
        return ""
    if not may_change(given.given_at, timezone.now()):
        return words.say("rate_closed", n=given.score, most=most)
    until = (given.given_at + EDITABLE).astimezone(ZoneInfo(about.entity.time_zone))
    locale = formatting.reader_locale(words.language, about.entity.country)
    time = f"{formatting.medium_date(until.date(), locale)} {until:%H:%M}"
    return words.say("rate_given", n=given.score, most=most, time=time)


def _typed(form: RateForm | None, name: str, kept: str) -> str:
    return str(form.data.get(name, "")) if form else kept
