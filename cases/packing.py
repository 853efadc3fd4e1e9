"""The hand-over pack: everything an agency or lawyer needs in one file, with the hash of each part.

The same case at the same moment makes the same bytes: names are sorted, times in the file are fixed.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.core.files.storage import default_storage
from django.template.loader import render_to_string
from weasyprint import HTML
from weasyprint.urls import URLFetcher

from cases.models import Case, HandOver, Plan, Promise
from cases.queries import calls_of, open_items_of
from core.errors import DomainError
from correspondence.models import Message
from entities.queries import local_day
from invoices.models import Invoice
from invoices.operations import render_document
from ledger.models import OpenItem
from statements.models import Statement
from statements.operations import file_of, make_statement

_MOST_MESSAGES = 500


class _NothingOutside(URLFetcher):
    """The pages of a pack load nothing."""

    def fetch(self, url: str, *_: Any, **__: Any) -> Any:
        raise ValueError(f"refused: {url}")


def build_pack(row: HandOver, *, now: datetime) -> tuple[bytes, list[str]]:
    """The ZIP and the names of its files, the list of hashes last."""
    files = dict(_files(row, now=now))
    missing = [name for name, content in files.items() if content is None]
    parts = {name: content for name, content in files.items() if content is not None}
    facts = {"row": row, "case": row.case, "now": now, "names": sorted(parts), "missing": missing}
    parts["00-index.pdf"] = _pdf("cases/pack_index.html", facts)
    sums = "".join(f"{hashlib.sha256(parts[name]).hexdigest()}  {name}\n" for name in sorted(parts))
    parts["SHA256SUMS.txt"] = sums.encode()
    return _zipped(parts, now), sorted(parts)


def _files(row: HandOver, *, now: datetime) -> Iterator[tuple[str, bytes | None]]:
    case = row.case
    on = local_day(case.entity, now)
    items = list(open_items_of(case))
    for currency in sorted({item.currency for item in items}):
        yield f"01-statement-{currency}.pdf", _statement(case, currency, items, on=on, now=now)
    yield "02-history.pdf", _pdf("cases/pack_history.html", history_of(row))
    invoices = Invoice.objects.filter(instalments__open_item__in=[item.pk for item in items])
    for invoice in invoices.distinct().order_by("issued_on", "pk"):
        yield f"invoices/{_safe(str(invoice))}.pdf", _document(invoice, now=now)
    for message in Message.objects.filter(customer=case.customer, entity=case.entity).order_by("-id")[
        :_MOST_MESSAGES
    ]:
        yield (
            f"messages/{message.queued_at:%Y-%m-%d}-{message.pk}-{_safe(message.situation)}.txt",
            _mail(message),
        )


def _statement(case: Case, currency: str, items: Sequence[OpenItem], *, on: date, now: datetime) -> bytes:
    """The statement we keep: every movement since the oldest of what is open, to today."""
    since = min(item.opened_on for item in items if item.currency == currency)
    kept = make_statement(
        case.customer,
        case.entity,
        currency,
        form=Statement.Form.MOVEMENTS,
        on=on,
        since=since,
        actor=None,
        now=now,
    )
    with default_storage.open(file_of(kept)) as file:
        return bytes(file.read())


def history_of(row: HandOver) -> Mapping[str, Any]:
    """Calls but for private notes, promises and plans."""
    case = row.case
    return {
        "row": row,
        "case": case,
        "calls": [call for call in calls_of(case) if not call.is_private],
        "promises": Promise.objects.filter(customer=case.customer, entity=case.entity).order_by("id"),
        "plans": Plan.objects.filter(customer=case.customer, entity=case.entity)
        .prefetch_related("parts")
        .order_by("id"),
    }


def _document(invoice: Invoice, *, now: datetime) -> bytes | None:
    """The invoice as the customer got it; None where the old system had no file."""
    try:
        document = render_document(invoice, now=now)
    except DomainError:
        return None
    with default_storage.open(document.stored_name) as file:
        return bytes(file.read())


def _mail(message: Message) -> bytes:
    """A message with the proof of where it went."""
    lines = [
        f"Subject: {message.subject}",
        f"From: {message.sender}",
        f"Queued: {message.queued_at:%Y-%m-%d %H:%M:%S %Z}",
    ]
    for delivery in message.deliveries.order_by("id"):
        sent = f"{delivery.sent_at:%Y-%m-%d %H:%M:%S %Z}" if delivery.sent_at else "not sent"
        lines.append(f"To: {delivery.email} | {delivery.state} | {sent} | Message-ID {delivery.mail_id}")
    return ("\n".join(lines) + "\n\n" + message.text + "\n").encode()


def _pdf(template: str, context: Mapping[str, Any]) -> bytes:
    html = render_to_string(template, dict(context))
    content: bytes = HTML(string=html, url_fetcher=_NothingOutside()).write_pdf()
    return content


def _zipped(parts: Mapping[str, bytes], now: datetime) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, now.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, parts[name])
    return buffer.getvalue()


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:80] or "unnamed"
