"""A contact's own page behind their link: what is open, statements, agreements, and files of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation

from core.errors import DomainError
from core.permissions import public
from correspondence import links
from correspondence.models import PublicLink
from customers.models import Contact
from customers.recipients import obstacle
from feedback.models import OptOut
from invoices.documents.calendar_file import calendar_of
from invoices.models import Invoice
from portal.forms import MOST_WORDS, PersonForm, new_mark
from portal.gate import by_contact, language_for, nothing_here
from portal.limits import FILES, TOKEN
from portal.live import calendar_snapshot
from portal.models import EmailChange
from portal.overview import Page, colleagues_of, open_invoices, statements_of
from portal.words import LANGUAGES
from statements import operations as statements

logger = structlog.get_logger(__name__)

# What a form just did -> the word for it and how it looks.
_SAID = {
    "accepted": ("my_accepted", "ok"),
    "no_plan": ("my_no_plan", "warn"),
    "answered": ("my_answered", "ok"),
    "saved": ("my_saved", "ok"),
    "no_save": ("my_no_save", "warn"),
    "mail_asked": ("my_mail_asked", "info"),
    "mail_dropped": ("my_mail_dropped", "ok"),
    "confirmed": ("my_confirmed", "ok"),
    "no_statement": ("my_no_statement", "warn"),
}
_INVOICE_DAYS = 30
_CALENDAR = 500


@public("the token in the address is the key")
@by_contact(TOKEN, is_visit=True)
def overview(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponse:
    """Everything between the contact's company and us."""
    return show_overview(request, link, contact)


def show_overview(
    request: HttpRequest,
    link: PublicLink,
    contact: Contact,
    person: PersonForm | None = None,
    *,
    unanswered: int | None = None,
    is_email_refused: bool = False,
) -> HttpResponse:
    """The page; with a refused form it is 422, and what was typed stands in it.

    Refused are the contact's `person`, the answer in the conversation of the id `unanswered`, or the address.
    """
    language = language_for(request, contact)
    page, token = Page(contact, language=language, now=timezone.now()), links.token_of(link)
    waiting = EmailChange.objects.filter(contact=contact, state="waiting").first()
    is_refused = bool(person or unanswered or is_email_refused)
    key, kind = _SAID.get("no_save" if person else request.GET.get("said", ""), ("", ""))
    shown = person or PersonForm({name: getattr(contact, name) for name in PersonForm.base_fields})
    context: dict[str, Any] = {
        "token": token,
        "contact": contact,
        "customer": contact.customer,
        "seller": contact.customer.entity,
        "w": page.words,
        "lang": language,
        "languages": LANGUAGES,
        "accounts": page.accounts(),
        "promises": page.promises(),
        "plans": page.plans(),
        "statements": page.statements(),
        "talks": [
            {**vars(talk), "answer_url": reverse("portal:my_answer", args=[token, talk.pk])}
            for talk in page.talks()
        ],
        "improved": page.improved(),
        "colleagues": [(one, _gets(one, page)) for one in colleagues_of(contact)[:50]],
        "gets_words": page.words.say("my_gets", what=_gets(contact, page)),
        "waits": page.words.say("my_email_waits", email=waiting.email) if waiting else "",
        "said": page.words[key] if key else "",
        "said_kind": kind,
        "person": shown,
        "person_faults": shown.errors if person else {},
        "once": new_mark(),
        "most_words": MOST_WORDS,
        "unanswered": unanswered,
        "typed": request.POST.get("body", ""),
        "is_email_refused": is_email_refused,
        "no_surveys": OptOut.objects.filter(contact=contact).exists(),
        "email": request.POST.get("email", "") if is_email_refused else contact.email,
    }
    with translation.override(language):
        return render(request, "portal/overview.html", context, status=422 if is_refused else 200)


def _gets(contact: Contact, page: Page) -> str:
    """What we send to a contact, in words."""
    if obstacle(contact):
        return str(page.words["my_gets_nothing"])
    kinds = [page.words[f"my_gets_{purpose}"] for purpose in contact.purposes]
    return ", ".join(kinds) or str(page.words["my_gets_nothing"])


@public("the token in the address is the key")
@by_contact(TOKEN)
def invoice(request: HttpRequest, link: PublicLink, contact: Contact, pk: int) -> HttpResponseBase:
    """To the page of one of the customer's invoices, by a link of this contact; made once and used again."""
    del link
    found = Invoice.objects.filter(
        pk=pk,
        customer=contact.customer,
        document_status__in=[Invoice.Status.ISSUED, Invoice.Status.CANCELLED],
    ).first()
    if found is None:
        return nothing_here(request)
    now = timezone.now()
    known = links.links_of(found).filter(
        purpose=links.INVOICE,
        contact=contact,
        revoked_at=None,
        expires_at__gt=now + timedelta(days=1),
    )
    to = known.first() or links.create_link(
        found, purpose=links.INVOICE, contact=contact, actor=None, now=now, days=_INVOICE_DAYS
    )
    return redirect(f"{links.path_of(to)}?lang={language_for(request, contact)}")


@public("the token in the address is the key")
@by_contact(FILES)
def calendar(request: HttpRequest, link: PublicLink, contact: Contact) -> HttpResponse:
    """The due days of all open invoices. Without the page's address: calendars are shared."""
    del link
    language, now = language_for(request, contact), timezone.now()
    rows = open_invoices(contact.customer)[:_CALENDAR]
    content = calendar_of(calendar_snapshot(one, language=language, now=now) for one in rows)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="due.ics"'
    return response


@public("the token in the address is the key")
@by_contact(FILES)
def statement_pdf(request: HttpRequest, link: PublicLink, contact: Contact, pk: int) -> HttpResponseBase:
    """The file of one of the customer's statements, as it was sent."""
    del link
    found = statements_of(contact.customer).defer(None).filter(pk=pk).first()
    if found is None:
        return nothing_here(request)
    try:
        name = statements.file_of(found)
    except DomainError as refusal:
        logger.warning("statement_not_shown", statement=found.pk, reason=refusal.message)
        return nothing_here(request)
    return FileResponse(
        default_storage.open(name),
        as_attachment=True,
        filename=found.file_name,
        content_type="application/pdf",
    )


def back(
    request: HttpRequest, link: PublicLink, contact: Contact, said: str, anchor: str = ""
) -> HttpResponseBase:
    """To the page again, saying what became of the form."""
    page = reverse("portal:overview", args=[links.token_of(link)])
    return redirect(f"{page}?lang={language_for(request, contact)}&said={said}{anchor}")
