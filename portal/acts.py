"""What a customer does on their invoice's page: promises a day, asks a question. Each is safe to send twice.

No cookie speaks for the customer: whoever can send the form knows the secret in its address, so no other site
can send it for them, and there is nothing for a CSRF token to add.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from cases.models import Promise
from cases.operations import make_promise
from checkout.operations import begin_checkout
from conversations.models import Channel
from conversations.operations import receive_message
from core.errors import DomainError
from core.permissions import public
from correspondence import links
from correspondence.models import PublicLink
from entities.queries import local_day
from invoices.models import Invoice
from portal.answering import take_answer
from portal.forms import MOST_DAYS, PromiseForm, QuestionForm
from portal.gate import by_link, language_of, nothing_here
from portal.history import live_promise
from portal.limits import ACTS
from portal.showing import show_invoice
from portal.talks import threads_on
from portal.words import Words

logger = structlog.get_logger(__name__)


@public("the token in the address is the key")
@csrf_exempt
@by_link(ACTS)
def promise(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponseBase:
    """Promise all that is asked for now by a day. The same promise again is the one that stands."""
    if link.purpose == links.PREVIEW:
        return _back(request, link, invoice, "preview")
    form, now = PromiseForm(request.POST), timezone.now()
    today = local_day(invoice.entity, now)
    if not form.is_valid() or not today <= form.cleaned_data["day"] <= today + timedelta(days=MOST_DAYS):
        return _back(request, link, invoice, "no_promise")
    standing = live_promise(invoice)
    if standing is None:
        try:
            standing = make_promise(
                invoice.customer,
                amount=invoice.balance - invoice.held_amount,
                currency=invoice.currency,
                promised_on=form.cleaned_data["day"],
                invoices=[invoice],
                channel="portal",
                contact=link.contact,
                now=now,
            )
        except DomainError as refusal:
            logger.info("promise_refused", invoice=invoice.pk, rule=refusal.rule)
            return _back(request, link, invoice, "no_promise")
    waits = standing.state == Promise.State.WAITING
    return _back(request, link, invoice, "waits" if waits else "promised")


# What begin_checkout left -> what the page then says; an open page is gone to instead.
_PAYING = {"paid": "paid", "processing": "paying", "unknown": "pay_unknown"}


@public("the token in the address is the key")
@csrf_exempt
@by_link(ACTS)
def pay(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponseBase:
    """To the gateway's page, over exactly what is open and not under review now. No card data come here."""
    if link.purpose == links.PREVIEW:
        return _back(request, link, invoice, "preview")
    language = language_of(request, link, invoice)
    try:
        begun = begin_checkout(invoice, link=link, language=language, now=timezone.now())
    except DomainError as refusal:
        logger.info("payment_refused", invoice=invoice.pk, rule=refusal.rule)
        return _back(request, link, invoice, "no_pay")
    if begun.state == "open":
        return HttpResponseRedirect(begun.page_url)
    return _back(request, link, invoice, _PAYING.get(begun.state, "no_pay"))


@public("the token in the address is the key")
@csrf_exempt
@by_link(ACTS)
def ask(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponseBase:
    """Ask something about the invoice or one of its lines; it lands on the invoice's thread."""
    if link.purpose == links.PREVIEW:
        return _back(request, link, invoice, "preview")
    form = QuestionForm(request.POST)
    if not form.is_valid():
        return show_invoice(request, link, invoice, form)
    given = form.cleaned_data
    try:
        post = receive_message(
            customer=invoice.customer,
            body=_about_line(invoice, given["line"]) + given["body"],
            subject=str(invoice.number),
            about=invoice,
            contact=link.contact,
            sender=link.contact.email if link.contact else "",
            channel=Channel.PORTAL,
            external_id=f"portal:{link.pk}:{given['once']}",
            now=timezone.now(),
        )
    except DomainError as refusal:
        logger.info("question_refused", invoice=invoice.pk, rule=refusal.rule)
        return show_invoice(request, link, invoice, form)
    return _back(request, link, invoice, "asked", ref=post.thread.reference)


@public("the token in the address is the key")
@csrf_exempt
@by_link(ACTS)
def answer(request: HttpRequest, link: PublicLink, invoice: Invoice, pk: int) -> HttpResponseBase:
    """Write on in a conversation about the invoice, or say that it is not solved."""
    if link.purpose == links.PREVIEW:
        return _back(request, link, invoice, "preview")
    thread = threads_on(invoice, link.contact).filter(pk=pk).first()
    if thread is None:
        return nothing_here(request)
    if not take_answer(request, link, thread, Words(language_of(request, link, invoice))):
        return show_invoice(request, link, invoice, unanswered=thread.pk)
    return _back(request, link, invoice, "answered")


def _about_line(invoice: Invoice, position: int | None) -> str:
    """The line the question is about, as the document names it; "" for the whole or an unknown one."""
    lines: list[dict[str, Any]] = invoice.snapshot.content["lines"]
    found = next((line for line in lines if line["position"] == position), None)
    return f"[{found['position']}: {found['description'][:120]}]\n" if found else ""


def _back(
    request: HttpRequest, link: PublicLink, invoice: Invoice, said: str, *, ref: str = ""
) -> HttpResponseBase:
    page = reverse("portal:invoice", args=[links.token_of(link)])
    more = f"&ref={ref}" if ref else ""
    return redirect(f"{page}?lang={language_of(request, link, invoice)}&said={said}{more}")
