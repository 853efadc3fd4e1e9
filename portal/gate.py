"""Who is let into a customer's page: the token is the key; anything else gets one and the same answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from correspondence import links
from correspondence.models import PublicLink
from customers.models import Contact
from invoices.models import Invoice
from portal.limits import ACTS, CLIENT, MISSES, Limit, client_of, is_spent, spend
from portal.words import Words, first_accepted, known_language

PURPOSES = (links.INVOICE, links.PREVIEW)
WAIT_SECONDS = 60

Answer = TypeVar("Answer", bound=HttpResponseBase)
Page = Callable[..., HttpResponseBase]
View = Callable[..., HttpResponseBase]


def by_link(limit: Limit, *, is_visit: bool = False) -> Callable[[Page], View]:
    """Let in who holds a link that is open now. With the limit ACTS the view takes posts, else only reads."""

    def decorate(page: Page) -> View:
        @(require_POST if limit is ACTS else require_safe)
        @wraps(page)
        def view(request: HttpRequest, token: str, **more: object) -> HttpResponseBase:
            who = client_of(request)
            if not spend(CLIENT, who) or is_spent(MISSES, who):
                return busy(request)
            link = _link(request, token, is_visit=is_visit)
            invoice = _invoice(link) if link else None
            if link is None or invoice is None:
                spend(MISSES, who)
                return nothing_here(request)
            if not spend(limit, link.token_hash):
                return busy(request)
            return sealed(page(request, link, invoice, **more))

        return view

    return decorate


def by_contact(limit: Limit, *, is_visit: bool = False, purpose: str = links.OVERVIEW) -> Callable[..., View]:
    """Let in whom a link to their own page was sent; the view gets link and contact, with the customer."""

    def decorate(page: Callable[..., HttpResponseBase]) -> View:
        @(require_POST if limit is ACTS else require_safe)
        @wraps(page)
        def view(request: HttpRequest, token: str, **more: object) -> HttpResponseBase:
            who = client_of(request)
            if not spend(CLIENT, who) or is_spent(MISSES, who):
                return busy(request)
            link = _link(request, token, is_visit=is_visit, purposes=(purpose,))
            contact = _contact(link) if link else None
            if link is None or contact is None:
                spend(MISSES, who)
                return nothing_here(request)
            if not spend(limit, link.token_hash):
                return busy(request)
            return sealed(page(request, link, contact, **more))

        return view

    return decorate


def _contact(link: PublicLink) -> Contact | None:
    """Whose page it is; None for one who was deactivated, or moved to another customer."""
    rows = Contact.objects.select_related("customer__entity", "customer__segment").filter(is_active=True)
    contact = rows.filter(pk=link.contact_id or 0).first()
    if contact is None or (link.purpose == links.OVERVIEW and link.about_id != contact.customer_id):
        return None
    return contact


def _link(
    request: HttpRequest, token: str, *, is_visit: bool, purposes: Sequence[str] = PURPOSES
) -> PublicLink | None:
    """The open link of this token. A look by a program (HEAD, prefetch) is not the customer's visit."""
    is_look = request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", "")
    enter = links.open_link if is_visit and not is_look else links.find_link
    now = timezone.now()
    return next((link for purpose in purposes if (link := enter(token, purpose=purpose, now=now))), None)


def _invoice(link: PublicLink) -> Invoice | None:
    if link.about_type.model_class() is not Invoice:
        return None
    issued = [Invoice.Status.ISSUED, Invoice.Status.CANCELLED]
    rows = Invoice.objects.select_related("entity", "customer", "snapshot")
    return rows.filter(pk=link.about_id, document_status__in=issued, snapshot__isnull=False).first()


def language_of(request: HttpRequest, link: PublicLink, invoice: Invoice) -> str:
    """What the reader chose, else the contact's language, else the document's."""
    return _first_known(
        request.GET.get("lang", ""),
        link.contact.language if link.contact else "",
        str(invoice.snapshot.content.get("language") or ""),
    )


def language_for(request: HttpRequest, contact: Contact) -> str:
    """What the reader chose, else the contact's language, else the customer's."""
    customer = contact.customer
    levels = (customer, customer.segment, customer.entity)
    usual = (level.language for level in levels if level is not None)
    return _first_known(request.GET.get("lang", ""), contact.language, *usual)


def _first_known(*wishes: str) -> str:
    return next((known for wish in wishes if (known := known_language(wish))), "en")


def nothing_here(request: HttpRequest) -> HttpResponse:
    """The one answer to every address that opens nothing."""
    return _note(request, "gone", status=404)


def busy(request: HttpRequest) -> HttpResponse:
    """Too many requests; it says nothing of the address."""
    response = _note(request, "busy", status=429)
    response.headers["Retry-After"] = str(WAIT_SECONDS)
    return response


def _note(request: HttpRequest, key: str, *, status: int) -> HttpResponse:
    words = Words(first_accepted(request.headers.get("Accept-Language", "")))
    context = {"w": words, "lang": words.language, "title": words[f"{key}_title"], "text": words[key]}
    return sealed(render(request, "portal/note.html", context, status=status))


def sealed(response: Answer) -> Answer:
    """Headers that keep the address and the page to this reader: not stored, not indexed, not referred."""
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
