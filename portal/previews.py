"""The customer's page of a draft, for the person who writes it: what the customer would see today."""

from __future__ import annotations

from dataclasses import replace

from csp.constants import NONE, SELF
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone, translation
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from core.permissions import allowed
from entities.queries import local_day
from invoices.models import Snapshot
from invoices.parts import load_parts
from invoices.pricing import Book
from invoices.queries import visible_to
from invoices.snapshots import snapshot_of
from portal.queries import invoice_page
from portal.words import LANGUAGES, known_language
from team.requests import StaffRequest

# It stands in a frame of the editor; nothing in it goes anywhere.
_IN_A_FRAME = {
    "default-src": [NONE],
    "style-src": [SELF],
    "font-src": [SELF],
    "img-src": [SELF, "data:"],
    "script-src": [SELF],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
}


@require_GET
@allowed("invoices.view_invoice")
@xframe_options_sameorigin
def draft(request: StaffRequest, pk: int) -> HttpResponse:
    """The page as it would open, without a link: how to pay and the number come with the issue."""
    invoice = get_object_or_404(visible_to(request.user).select_related("entity", "customer"), pk=pk)
    if not invoice.is_issued:
        on = invoice.planned_on or local_day(invoice.entity, timezone.now())
        content = snapshot_of(load_parts([invoice], on=on, book=Book())[0], issued_on=on, number="")
        invoice.snapshot = Snapshot(invoice=invoice, content=content)
    language = known_language(str(invoice.language)) or "en"
    page = invoice_page(invoice, language=language, now=timezone.now())
    if not invoice.issued_on:
        # Nothing is booked of a draft yet: it asks for all of it.
        page = replace(page, settled=[], due=page.document.due, amount_label=page.words["to_pay"])
    context = {
        "p": page,
        "token": "preview",
        "d": page.document,
        "w": page.words,
        "lang": language,
        "languages": LANGUAGES,
        "preview": "",
        "pdf_note": "",
    }
    with translation.override(language):
        response = render(request, "portal/invoice.html", context)
    response._csp_config = _IN_A_FRAME  # type: ignore[attr-defined]  # noqa: SLF001 (what csp's decorator sets)
    response.headers["Cache-Control"] = "no-store"
    return response
