"""The pages a customer opens from a mail: no sign-in, the token in the address is the key."""

from __future__ import annotations

import structlog
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.errors import DomainError
from core.permissions import public
from correspondence import links
from correspondence.models import PublicLink
from invoices.documents.calendar_file import calendar_file
from invoices.models import Invoice
from invoices.operations import logo_of, render_document
from portal.gate import busy, by_link, language_of, nothing_here
from portal.limits import CLIENT, FILES, LOGO, MISSES, TOKEN, client_of, is_spent, spend
from portal.live import calendar_snapshot, logo_name
from portal.showing import show_invoice

logger = structlog.get_logger(__name__)


@public("the token in the address is the key")
@by_link(TOKEN, is_visit=True)
def invoice(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponse:
    """The invoice as it stands now: amount, state, lines, how to pay."""
    return show_invoice(request, link, invoice)


@public("the token in the address is the key")
@by_link(FILES)
def pdf(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponseBase:
    """The document as it was issued, made now if nobody asked for it before."""
    try:
        document = render_document(invoice, now=timezone.now())
    except DomainError as refusal:
        logger.warning("document_not_shown", invoice=invoice.pk, reason=refusal.message)
        page = reverse("portal:invoice", args=[links.token_of(link)])
        return redirect(f"{page}?lang={language_of(request, link, invoice)}&pdf=later")
    return FileResponse(
        default_storage.open(document.stored_name),
        as_attachment=True,
        filename=f"{_file_name(invoice)}.pdf",
        content_type="application/pdf",
    )


@public("the token in the address is the key")
@by_link(FILES)
def calendar(request: HttpRequest, link: PublicLink, invoice: Invoice) -> HttpResponse:
    """The days on which something is to be paid. Without the page's address: calendars are shared."""
    snapshot = calendar_snapshot(invoice, language=language_of(request, link, invoice), now=timezone.now())
    response = HttpResponse(calendar_file(snapshot), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(invoice)}.ics"'
    return response


@public("the token in the address is the key")
@by_link(LOGO)
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
        return busy(request)
    spend(MISSES, who)
    return nothing_here(request)


def _file_name(invoice: Invoice) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in str(invoice.number))
