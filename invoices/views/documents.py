"""The files of a document: the stored PDF, and what a draft would look like."""

from __future__ import annotations

import base64
import hashlib
import re

from csp.constants import NONE, SELF
from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from core.errors import DomainError
from core.permissions import allowed
from correspondence.operations import preview_message
from correspondence.previews import message_frame
from entities.queries import local_day
from invoices import operations
from invoices.documents.render import render_invoice_html, render_invoice_pdf
from invoices.models import Invoice
from invoices.parts import load_parts
from invoices.pricing import Book
from invoices.snapshots import Snapshot, snapshot_of
from invoices.views._edges import find
from team.requests import StaffRequest

VIEW = "invoices.view_invoice"
# A document loads its own style sheet and fonts and nothing else; scripts and forms do not work in it.
_PAPER_ONLY = {
    "default-src": [NONE],
    "style-src": [SELF],
    "font-src": [SELF],
    "img-src": ["data:"],
    "frame-ancestors": [SELF],
    "base-uri": [NONE],
    "form-action": [NONE],
}


@require_GET
@allowed(VIEW)
def pdf(request: StaffRequest, pk: int) -> HttpResponseBase:
    """The stored PDF of an issued document, made on first open; a draft's with its watermark."""
    invoice = find(request, pk)
    if not invoice.is_issued:
        content = render_invoice_pdf(
            _draft(invoice), watermark="DRAFT", base_url=settings.BASE_URL, logo=_logo(invoice)
        )
        return _private(HttpResponse(content, content_type="application/pdf"), f"{invoice}.pdf")
    document = operations.render_document(invoice, now=timezone.now())
    answer = FileResponse(default_storage.open(document.stored_name), content_type="application/pdf")
    return _private(answer, f"{str(invoice.number).replace('/', '-')}.pdf")


@require_GET
@allowed(VIEW)
@xframe_options_sameorigin
def paper(request: StaffRequest, pk: int) -> HttpResponse:
    """The document as a page, for the preview beside the editor: the markup the PDF is made of."""
    invoice = find(request, pk)
    issued = invoice.is_issued
    html = render_invoice_html(
        invoice.snapshot.content if issued else _draft(invoice),
        watermark=None if issued else "DRAFT",
        base_url=settings.BASE_URL,
        logo=_logo(invoice),
    )
    sheets = "".join(
        f'<link rel="stylesheet" href="{static(name)}"/>'
        for name in ("css/document.css", "css/paper-screen.css")
    )
    response = HttpResponse(html.replace("</head>", f'<meta charset="utf-8"/>{sheets}</head>', 1))
    response._csp_config = _PAPER_ONLY | {"style-src": [SELF, *_hashes(html)]}  # type: ignore[attr-defined]  # noqa: SLF001 (what csp's decorator sets)
    response.headers["Cache-Control"] = "no-store"
    return response


@require_GET
@allowed(VIEW)
def mail(request: StaffRequest, pk: int) -> HttpResponse:
    """The mail as it would be sent now, byte by byte but for the customer's own link."""
    invoice = find(request, pk)
    snapshot = dict(invoice.snapshot.content) if invoice.is_issued else _draft(invoice)
    snapshot["number"] = snapshot["number"] or "INV-…"
    try:
        rendered = preview_message(
            situation=operations.SITUATIONS[Invoice.Type(invoice.document_type)],
            entity=invoice.entity,
            language=invoice.language,
            variables=operations.variables_of(snapshot, invoice.customer.name),
            now=timezone.now(),
        )
    except DomainError as refusal:
        return HttpResponse(
            f"{refusal.message} {refusal.mend or ''}", content_type="text/plain; charset=utf-8"
        )
    return message_frame(rendered.html)


def _hashes(html: str) -> list[str]:
    """What lets the document's own style (the company's colour) through the policy, and no other."""
    styles = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles)
    return [f"'sha256-{digest}'" for digest in digests]


def _draft(invoice: Invoice) -> Snapshot:
    """What the draft would say if it were issued today."""
    on = invoice.planned_on or local_day(invoice.entity, timezone.now())
    return snapshot_of(load_parts([invoice], on=on, book=Book())[0], issued_on=on, number="")


def _logo(invoice: Invoice) -> bytes:
    return operations.logo_of(str(invoice.entity.logo or ""))


def _private(answer: HttpResponseBase, name: str) -> HttpResponseBase:
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
