"""The list as a file: exactly the rows of the filter, row by row, safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.exporting import table_file
from core.money import plain
from core.permissions import allowed
from invoices import operations, queries, showing
from invoices.models import Invoice
from invoices.views.lists import filters_of
from team.exports import count_export
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
def export(request: StaffRequest, kind: str) -> HttpResponseBase:
    """CSV or XLSX of the filtered list."""
    filters, _form = filters_of(request.GET, request.user)
    return answer(request, queries.listing(request.user, filters), request.GET.urlencode(), kind)


def answer(request: StaffRequest, rows: QuerySet[Invoice], query: str, kind: str = "csv") -> HttpResponseBase:
    """The rows as a download. That somebody took them is on the trail before the first one leaves."""
    count_export(request.user)
    now = timezone.now()
    count = rows.order_by().count()
    operations.note_export(actor=request.user, now=now, rows=count, query=query)
    return table_file(f"invoices-{now:%Y-%m-%d}", kind, COLUMNS, _rows(rows))


def _rows(rows: QuerySet[Invoice]) -> Iterator[list[object]]:
    today = timezone.localdate()
    for invoice in rows.order_by("-issued_on", "-pk").iterator(chunk_size=2000):
        yield _row(invoice, today)


def _row(invoice: Invoice, today: date) -> list[object]:
    sign = -1 if invoice.document_type == Invoice.Type.CREDIT_NOTE else 1
    balance = invoice.balance if invoice.is_issued else 0 * invoice.balance
    money = [
        *(sign * value for value in (invoice.net_total, invoice.tax_total, invoice.payable)),
        balance,
        invoice.held_amount,
    ]
    return [
        str(invoice),
        invoice.get_document_type_display(),
        showing.state_of(invoice, today).word,
        invoice.customer.number,
        invoice.customer.name,
        invoice.entity.name,
        invoice.issued_on,
        invoice.due_on,
        invoice.currency,
        *(Decimal(plain(value, invoice.currency)) for value in money),
        invoice.po_number,
        invoice.get_sending_display() if invoice.is_issued else "",
    ]
