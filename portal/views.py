"""The pages a customer opens from a mail: no sign-in, the token in the address is the key."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_safe

from core.errors import DomainError
from core.permissions import public
from correspondence import links
from correspondence.models import PublicLink
from invoices.documents.calendar_file import calendar_file
from invoices.models import Invoice
from invoices.operations import logo_of, render_document
from portal.limits import CLIENT, FILES, LOGO, MISSES, TOKEN, Limit, client_of, is_spent, spend
from portal.live import calendar_snapshot, logo_name
from portal.queries import invoice_page
from portal.words import LANGUAGES, Words, first_accepted, known_language

logger = structlog.get_logger(__name__)

PURPOSES = (links.INVOICE, links.PREVIEW)
WAIT_SECONDS = 60

Answer = TypeVar("Answer", bound=HttpResponseBase)
Page = Callable[[HttpRequest, PublicLink, Invoice], HttpResponseBase]
View = Callable[..., HttpResponseBase]


def _by_link(limit: Limit, *, is_visit: bool = False) -> Callable[[Page], View]:
    """Let in who holds a link that is open now. Whatever else was sent gets one and the same answer."""

    def decorate(page: Page) -> View:
        @require_safe
        @wraps(page)
        def view(request: HttpRequest, token: str) -> HttpResponseBase:
            who = client_of(request)
            if not spend(CLIENT, who) or is_spent(MISSES, who):
                return _busy(request)
            link = _link(request, token, is_visit=is_visit)
            invoice = _invoice(link) if link else None
            if link is None or invoice is None:
                spend(MISSES, who)
                return _nothing(request)
            if not spend(limit, link.token_hash):
                return _busy(request)
            return _sealed(page(request, link, invoice))

        return view

    return decorate


@public("the token in the address is the key")
@_by_link(TOKEN, is_visit=True)
def invoice(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponse:
    """The invoice as it stands now: amount, state, lines, how to pay."""
    language = _language(request, link, invoice)
    page = invoice_page(invoice, language=language, now=timezone.now())
    closes_at = link.expires_at.astimezone(ZoneInfo(invoice.entity.time_zone))
    with translation.override(language):
        return render(
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
                "preview": page.words.say("preview", time=f"{closes_at:%H:%M}")
                if link.purpose == links.PREVIEW
                else "",
                "pdf_note": page.words["pdf_later"] if "pdf" in request.GET else "",
            },
        )


@public("the token in the address is the key")
@_by_link(FILES)
def pdf(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponseBase:
    """The document as it was issued, made now if nobody asked for it before."""
    try:
        document = render_document(invoice, now=timezone.now())
    except DomainError as refusal:
        logger.warning("document_not_shown", invoice=invoice.pk, reason=refusal.message)
        page = reverse("portal:invoice", args=[links.token_of(link)])
        return redirect(f"{page}?lang={_language(request, link, invoice)}&pdf=later")
    return FileResponse(
        default_storage.open(document.stored_name),
        as_attachment=True,
        filename=f"{_file_name(invoice)}.pdf",
        content_type="application/pdf",
    )


@public("the token in the address is the key")
@_by_link(FILES)
def calendar(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponse:
    """The days on which something is to be paid. Without the page's address: calendars are shared."""
    snapshot = calendar_snapshot(invoice, language=_language(request, link, invoice), now=timezone.now())
    response = HttpResponse(calendar_file(snapshot), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(invoice)}.ics"'
    return response


@public("the token in the address is the key")
@_by_link(LOGO)
def logo(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponse:  # noqa: ARG001
    """The company's logo as it was when the invoice was issued."""
    content = logo_of(logo_name(invoice))
    kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    return HttpResponse(content, content_type=kind) if content else HttpResponse(status=404)


@public("what is left of a damaged link; says nothing")
@require_safe
def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:  # noqa: ARG001
    """Any other address under the customers' pages: answered like a link that opens nothing."""
    who = client_of(request)
    if not spend(CLIENT, who) or is_spent(MISSES, who):
        return _busy(request)
    spend(MISSES, who)
    return _nothing(request)


def _link(request: HttpRequest, token: str, *, is_visit: bool) -> PublicLink | None:
    """The open link of this token. A look by a program (HEAD, prefetch) is not the customer's visit."""
    is_look = request.method == "HEAD" or "prefetch" in request.headers.get("Sec-Purpose", "")
    enter = links.open_link if is_visit and not is_look else links.find_link
    now = timezone.now()
    return next((link for purpose in PURPOSES if (link := enter(token, purpose=purpose, now=now))), None)


def _invoice(link: PublicLink) -> Invoice | None:
    if link.about_type.model_class() is not Invoice:
        return None
    issued = [Invoice.Status.ISSUED, Invoice.Status.CANCELLED]
    rows = Invoice.objects.select_related("entity", "customer", "snapshot")
    return rows.filter(pk=link.about_id, document_status__in=issued, snapshot__isnull=False).first()


def _language(request: HttpRequest, link: PublicLink, invoice: Invoice) -> str:
    """What the reader chose, else the contact's language, else the document's."""
    wishes = (
        request.GET.get("lang", ""),
        link.contact.language if link.contact else "",
        str(invoice.snapshot.content.get("language") or ""),
    )
    return next((known for wish in wishes if (known := known_language(wish))), "en")


def _file_name(invoice: Invoice) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in str(invoice.number))


def _nothing(request: HttpRequest) -> HttpResponse:
    return _note(request, "gone", status=404)


def _busy(request: HttpRequest) -> HttpResponse:
    response = _note(request, "busy", status=429)
    response.headers["Retry-After"] = str(WAIT_SECONDS)
    return response


def _note(request: HttpRequest, key: str, *, status: int) -> HttpResponse:
    words = Words(first_accepted(request.headers.get("Accept-Language", "")))
    context = {"w": words, "lang": words.language, "title": words[f"{key}_title"], "text": words[key]}
    return _sealed(render(request, "portal/note.html", context, status=status))


def _sealed(response: Answer) -> Answer:
    """Headers that keep the address and the page to this reader: not stored, not indexed, not referred."""
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return response
