"""The list as a file: exactly the rows of the filter, row by row, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.exporting import cell
from core.money import plain
from core.permissions import allowed
from invoices import operations, queries, showing
from invoices.models import Invoice
from invoices.views.lists import filters_of
from team.requests import StaffRequest

COLUMNS = (
    "number",
    "type",
    "state",
    "customer_number",
    "customer",
    "company",
    "issued_on",
    "due_on",
    "currency",
    "net",
    "tax",
    "total",
    "balance",
    "on_hold",
    "po_number",
    "sending",
)


@require_GET
@allowed("invoices.export_invoices")
def export(request: StaffRequest) -> HttpResponseBase:
    """CSV of the filtered list."""
    filters, _form = filters_of(request.GET, request.user)
    return answer(request, queries.listing(request.user, filters), request.GET.urlencode())


def answer(request: StaffRequest, rows: QuerySet[Invoice], query: str) -> HttpResponseBase:
    """The rows as a download. That somebody took them is on the trail before the first one leaves."""
    now = timezone.now()
    count = rows.order_by().count()
    operations.note_export(actor=request.user, now=now, rows=count, query=query)
    response = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="invoices-{now:%Y-%m-%d}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """The line itself."""
        return text


def _lines(rows: QuerySet[Invoice]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    today = timezone.localdate()
    yield "\ufeff" + str(writer.writerow(COLUMNS))
    for invoice in rows.order_by("-issued_on", "-pk").iterator(chunk_size=2000):
        yield str(writer.writerow([safe(value) for value in _row(invoice, today)]))


def _row(invoice: Invoice, today: Any) -> list[str]:
    sign = -1 if invoice.document_type == Invoice.Type.CREDIT_NOTE else 1
    money = [invoice.net_total, invoice.tax_total, invoice.payable]
    return [
        str(invoice),
        invoice.get_document_type_display(),
        showing.state_of(invoice, today).word,
        invoice.customer.number,
        invoice.customer.name,
        invoice.entity.name,
        invoice.issued_on.isoformat() if invoice.issued_on else "",
        invoice.due_on.isoformat() if invoice.due_on else "",
        invoice.currency,
        *(plain(sign * value, invoice.currency) for value in money),
        plain(invoice.balance if invoice.is_issued else 0 * invoice.balance, invoice.currency),
        plain(invoice.held_amount, invoice.currency),
        invoice.po_number,
        invoice.get_sending_display() if invoice.is_issued else "",
    ]


def safe(value: str) -> str:
    """A cell no spreadsheet takes for a formula (CWE-1236); negative numbers stay numbers."""
    return value if value[:1] == "-" and _is_number(value) else cell(value)


def _is_number(value: str) -> bool:
    return value[1:].replace(".", "", 1).isdigit()
