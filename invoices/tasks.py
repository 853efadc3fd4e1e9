"""The clock's edge of invoices: making documents, writing mails, working through long lists."""

from typing import Any

import structlog
from celery import shared_task
from django.db import OperationalError
from django.utils import timezone

from core.errors import DomainError
from invoices import bulk, operations
from invoices.models import Invoice
from trail.models import Entry

logger = structlog.get_logger(__name__)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def render_document(*, invoice_id: int, **_: Any) -> None:
    """Make the PDF of an issued document. Safe to run twice: it is stored once."""
    invoice = Invoice.objects.get(pk=invoice_id)
    try:
        operations.render_document(invoice, now=timezone.now())
    except DomainError as refusal:
        logger.warning("document_not_made", invoice=invoice_id, reason=refusal.message)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def render_issued(*, entry_id: int, **_: Any) -> None:
    """After `invoice.issued`. What is made on first open has no waiting row and is left alone."""
    invoice_id = Entry.objects.values_list("object_id", flat=True).get(pk=entry_id)
    if Invoice.objects.filter(pk=invoice_id, documents__state="pending", is_imported=False).exists():
        render_document(invoice_id=invoice_id)


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def write_message(*, entry_id: int, **_: Any) -> None:
    """After `invoice.queued_for_sending`: the mail with its PDF goes into the outbox, once."""
    entry = Entry.objects.select_related("actor").get(pk=entry_id)
    try:
        operations.write_message(entry, now=timezone.now())
    except DomainError as refusal:
        logger.warning("invoice_mail_not_written", invoice=entry.object_id, reason=refusal.message)
        operations.note_unsent(Invoice.objects.get(pk=entry.object_id), refusal.message, now=timezone.now())


@shared_task(acks_late=True, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=5)
def note_delivery(*, entry_id: int, **_: Any) -> None:
    """After a mail about an invoice was sent or failed."""
    entry = Entry.objects.select_related("content_type").get(pk=entry_id)
    if entry.content_type.model_class() is Invoice:
        operations.note_delivery(Invoice.objects.get(pk=entry.object_id))


@shared_task(acks_late=True)
def run_bulk_job(*, job_id: int, **_: Any) -> None:
    """Work through the rows of a bulk job. After a lost worker it goes on where it was."""
    bulk.run(job_id)
