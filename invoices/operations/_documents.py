"""The file a customer gets: rendered once from the snapshot, stored privately with its hash."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from core.errors import DomainError, Refused
from invoices.documents.child import render_with_limits
from invoices.events import DOCUMENT_FAILED, DOCUMENT_RENDERED
from invoices.models import Document, Invoice, Snapshot
from trail.operations import record

PDF = "pdf"


def render_document(invoice: Invoice, *, now: datetime) -> Document:
    """The stored PDF of an issued document; made on the first call, found on every later one.

    The page is laid out before any row is locked, because it takes a tenth of a second. Two workers at once
    make the same bytes; the first one's file stays. Raises `Refused` for a document that is not issued.
    """
    ready = invoice.documents.filter(kind=PDF, state=Document.State.READY).first()
    if ready is not None and default_storage.exists(ready.stored_name):
        return ready
    snapshot = Snapshot.objects.filter(pk=invoice.pk).first()
    if snapshot is None:
        raise Refused(
            f"{invoice} is not issued, so there is no document yet.",
            rule="a_document_is_made_of_the_snapshot",
            mend="Issue it, or look at the draft in the preview.",
        )
    try:
        content = render_with_limits(
            snapshot.content,
            base_url=settings.BASE_URL,
            logo=logo_of(str(snapshot.content["seller"]["logo"])),
        )
    except DomainError as fault:
        _note_failure(invoice, fault.message, now=now)
        raise
    return _keep(invoice, content, now=now)


def logo_of(stored_name: str) -> bytes:
    """The stored picture; none when the company has none, or its file is gone."""
    if not stored_name or not default_storage.exists(stored_name):
        return b""
    with default_storage.open(stored_name) as file:
        return bytes(file.read())


@transaction.atomic
def _keep(invoice: Invoice, content: bytes, *, now: datetime) -> Document:
    document = _locked(invoice)
    digest = hashlib.sha256(content).hexdigest()
    if document.state == Document.State.READY:
        return _put_back(document, content, digest)
    name = f"documents/{digest[:2]}/{digest}.pdf"
    if not default_storage.exists(name):
        name = default_storage.save(name, ContentFile(content))
    document.state, document.stored_name, document.sha256 = Document.State.READY, name, digest
    document.size, document.rendered_at, document.error = len(content), now, ""
    document.save()
    record(
        DOCUMENT_RENDERED,
        invoice,
        actor=None,
        at=now,
        customer_id=invoice.customer_id,
        sha256=digest,
        size=len(content),
    )
    return document


def _put_back(document: Document, content: bytes, digest: str) -> Document:
    """The row is frozen; a lost file may only come back as it was."""
    if default_storage.exists(document.stored_name):
        return document
    if document.sha256 != digest:
        raise Refused(
            f"The file of {document.invoice} is lost, and made again it would not be the same.",
            rule="a_document_is_rendered_once",
            mend="Bring the file back from the backup.",
        )
    default_storage.save(document.stored_name, ContentFile(content))
    return document


@transaction.atomic
def _note_failure(invoice: Invoice, error: str, *, now: datetime) -> None:
    document = _locked(invoice)
    if document.state == Document.State.READY:
        return
    document.state, document.error = Document.State.FAILED, error[:300]
    document.save(update_fields=["state", "error"])
    record(DOCUMENT_FAILED, invoice, actor=None, at=now, customer_id=invoice.customer_id, error=error[:300])


def _locked(invoice: Invoice) -> Document:
    Document.objects.get_or_create(invoice=invoice, kind=PDF)
    return Document.objects.select_for_update().get(invoice=invoice, kind=PDF)
