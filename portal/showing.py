"""A customer's page of one invoice, as the link and each refused form show it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation

from checkout.config import STRIPE, config_of
from checkout.queries import payable_online
from core import formatting
from core.money import round_money
from correspondence import links
from correspondence.models import PublicLink
from entities.queries import local_day
from invoices.documents.writer import Writer, clean
from invoices.models import Invoice
from portal.disputing import Typed, offer, shown
from portal.forms import MOST_DAYS, MOST_WORDS, QuestionForm, RateForm, new_mark
from portal.gate import language_of
from portal.history import history_of, live_promise
from portal.live import logo_name
from portal.queries import invoice_page
from portal.rating import rating_of
from portal.talks import talk_of, threads_on
from portal.words import LANGUAGES, Words

# What a form just did -> the word for it and how it looks.
_SAID = {
    "promised": ("promise_done", "ok"),
    "waits": ("promise_waits", "info"),
    "no_promise": ("promise_no", "warn"),
    "asked": ("ask_done", "ok"),
    "no_question": ("ask_no", "warn"),
    "paid": ("pay_done", "ok"),
    "paying": ("pay_waits", "info"),
    "pay_unknown": ("pay_unknown", "warn"),
    "unpaid": ("pay_not_yet", "warn"),
    "not_yet": ("pay_not_yet", "warn"),
    "no_pay": ("pay_no", "warn"),
    "answered": ("my_answered", "ok"),
    "disputed": ("d_done", "ok"),
    "again": ("d_again", "ok"),
    "no_again": ("d_no_again", "warn"),
    "gone": ("d_gone", "ok"),
    "no_dispute": ("d_no", "warn"),
    "preview": ("preview_only", "warn"),
    "rated": ("rate_done", "ok"),
}
_REFERENCE = re.compile(r"Q-[0-9A-Z]{5,10}|D-[0-9]{5,12}")


def show_invoice(
    request: HttpRequest,
    link: PublicLink,
    invoice: Invoice,
    question: QuestionForm | None = None,
    *,
    unanswered: int | None = None,
    rated: tuple[RateForm, str] | None = None,
    disputed: Typed | None = None,
) -> HttpResponse:
    """The page; with a question that was refused it is 422, and what was typed stands in its form.

    So it is with an answer that was refused in the conversation of the id `unanswered`, with a score that was
    refused by a rule (`rated`), and with a dispute that was (`disputed`).
    """
    language = language_of(request, link, invoice)
    page = invoice_page(invoice, language=language, now=timezone.now())
    closes_at = link.expires_at.astimezone(ZoneInfo(invoice.entity.time_zone))
    with translation.override(language):
        response = render(
            request,
            "portal/invoice.html",
            {
                "p": page,
                "token": links.token_of(link),
                "has_logo": bool(logo_name(invoice)),
                "d": page.document,
                "w": page.words,
                "lang": language,
                "languages": LANGUAGES,
                **_dialogue(request, link, invoice, page.words),
                **_disputes(link, invoice, page.words, disputed),
                "preview": page.words.say("preview", time=f"{closes_at:%H:%M}")
                if link.purpose == links.PREVIEW
                else "",
                "pdf_note": page.words["pdf_later"] if "pdf" in request.GET else "",
                "question": question,
                "unanswered": unanswered,
                "rating": rating_of(link, invoice, page.words, *(rated or ())),
                "typed": request.POST.get("body", ""),
            },
            status=422 if question or unanswered or rated or disputed else 200,
        )
    return _may_leave_to_pay(response, invoice)


def _may_leave_to_pay(response: HttpResponse, invoice: Invoice) -> HttpResponse:
    """Browsers follow a form to another site only where the page names it: the gateway's, and no other."""
    config = config_of(invoice.entity.code)
    if config is not None and config.gateway == STRIPE:
        response._csp_update = {"form-action": [config.pages]}  # type: ignore[attr-defined]  # noqa: SLF001 (what csp's decorator sets)
    return response


def _disputes(link: PublicLink, invoice: Invoice, words: Words, typed: Typed | None) -> dict[str, Any]:
    """What is in dispute and what can be."""
    w = Writer({**clean(invoice.snapshot.content), "language": words.language})
    rows = shown(invoice, link, words, w, now=timezone.now())
    return {"disputes": rows, **offer(invoice, words, w, typed)}


def _dialogue(request: HttpRequest, link: PublicLink, invoice: Invoice, words: Words) -> dict[str, Any]:
    """What happened, what can be done now, and what the last form did."""
    w = Writer({**clean(invoice.snapshot.content), "language": words.language})
    today = local_day(invoice.entity, timezone.now())
    standing = live_promise(invoice)
    asked = invoice.balance - invoice.held_amount
    online = payable_online(invoice, now=timezone.now())
    key, kind = _SAID.get(request.GET.get("said", ""), ("", ""))
    reference = request.GET.get("ref", "")
    token = links.token_of(link)
    return {
        "talks": [
            {
                **vars(talk_of(thread, words, w)),
                "answer_url": reverse("portal:answer", args=[token, thread.pk]),
            }
            for thread in threads_on(invoice, link.contact)[:5]
        ],
        "history": history_of(invoice, w, words),
        "said": words.say(key, reference=reference if _REFERENCE.fullmatch(reference) else "") if key else "",
        "said_kind": kind,
        "promised": words.say(
            "promise_live",
            amount=w.money(round_money(standing.amount, w.currency)),
            date=formatting.long_date(standing.promised_on, w.locale),
        )
        if standing
        else "",
        "promise_label": words.say("promise_send", amount=w.money(round_money(asked, w.currency)))
        if asked > 0 and standing is None and invoice.document_status == Invoice.Status.ISSUED
        else "",
        "pay_label": words.say("pay_now", amount=w.money(online.amount)) if online is not None else "",
        "first_day": today.isoformat(),
        "last_day": (today + timedelta(days=MOST_DAYS)).isoformat(),
        "most_words": MOST_WORDS,
        "once": new_mark(),
        "lines": [(line["position"], line["description"]) for line in w.s["lines"]],
    }
