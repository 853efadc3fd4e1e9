"""What a customer says about how it went. As on all their pages the secret in the address is the key."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from core.permissions import public
from correspondence import links
from correspondence.models import PublicLink
from customers.models import Contact
from feedback.models import Survey
from feedback.operations import stop_surveys
from invoices.models import Invoice
from portal.forms import RateForm
from portal.gate import by_contact, by_link, language_for, language_of, nothing_here
from portal.limits import ACTS, TOKEN
from portal.rating import rating_of, save_rating
from portal.showing import show_invoice
from portal.words import LANGUAGES, Words

_KEY = "the token in the address is the key"


@public(_KEY)
@csrf_exempt
@by_link(ACTS)
def rate(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponseBase:
    """A score for the invoice, with words and the line it is about. Sent again it is changed, for a day."""
    page = (
        f"{reverse('portal:invoice', args=[links.token_of(link)])}?lang={language_of(request, link, invoice)}"
    )
    if link.purpose == links.PREVIEW:
        return redirect(f"{page}&said=preview")
    form = RateForm(request.POST)
    lines = {one["position"]: one["description"] for one in invoice.snapshot.content["lines"]}
    if fault := save_rating(link, invoice, form, lines):
        return show_invoice(request, link, invoice, rated=(form, fault))
    return redirect(f"{page}&said=rated#rate")


@public(_KEY)
@by_contact(TOKEN, is_visit=True, purpose=links.SURVEY)
def survey(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponse:
    """One question. Looking answers nothing: programs open links in mails, too."""
    return _show(request, link, contact)


@public(_KEY)
@csrf_exempt
@by_contact(ACTS, purpose=links.SURVEY)
def survey_answer(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponseBase:
    """The answer, once per link and to be changed for a day."""
    asked = _survey(link, contact)
    if asked is None:
        return nothing_here(request)
    form = RateForm(request.POST)
    if fault := save_rating(link, asked, form):
        return _show(request, link, contact, (form, fault))
    return _back(request, link, contact)


@public(_KEY)
@csrf_exempt
@by_contact(ACTS, purpose=links.SURVEY)
def survey_stop(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponseBase:
    """The contact is asked no more."""
    stop_surveys(contact, actor=None, now=timezone.now())
    return _back(request, link, contact)


def _survey(link: PublicLink, contact: Contact) -> Survey | None:
    rows = Survey.objects.select_related("customer", "entity")
    return rows.filter(link=link, contact=contact, customer=contact.customer_id).first()


def _show(
    request: HttpRequest, link: PublicLink, contact: Contact, refused: tuple[RateForm, str] | None = None
) -> HttpResponse:
    asked = _survey(link, contact)
    if asked is None:
        return nothing_here(request)
    words = Words(language_for(request, contact))
    form, fault = refused or (None, "")
    context = {
        "w": words,
        "lang": words.language,
        "languages": LANGUAGES,
        "rating": rating_of(link, asked, words, form, fault),
        "company": asked.entity,
        "token": links.token_of(link),
    }
    with translation.override(words.language):
        return render(request, "portal/survey.html", context, status=422 if refused else 200)


def _back(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponseBase:
    page = reverse("portal:survey", args=[links.token_of(link)])
    return redirect(f"{page}?lang={language_for(request, contact)}")
