"""Loading what a snapshot is made of, for one document or thousands, in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.db.models import Model

from core.rows import rows_of
from customers.models import Address, TaxId
from invoices.models import Deduction, Instalment, Invoice, Line, TaxGroup
from invoices.pricing import Book
from invoices.snapshots import Parts

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class _Rows:
    """Rows of all documents and customers of a run, by the key of what they belong to."""

    lines: Mapping[int, list[Line]]
    groups: Mapping[int, list[TaxGroup]]
    instalments: Mapping[int, list[Instalment]]
    addresses: Mapping[int, list[Address]]
    numbers: Mapping[int, list[TaxId]]
    deductions: Mapping[int, list[Deduction]]


def load_parts(invoices: Sequence[Invoice], *, on: date, book: Book) -> list[Parts]:
    """Parts of each invoice for issue on the day; entity and customer must be loaded on the rows."""
    ids = [invoice.pk for invoice in invoices]
    customers = sorted({invoice.customer_id for invoice in invoices})
    rows = _Rows(
        lines=_by(Line, "invoice_id", ids, order="position"),
        groups=_by(TaxGroup, "invoice_id", ids),
        instalments=_by(Instalment, "invoice_id", ids, order="number"),
        addresses=_by(Address, "customer_id", customers),
        numbers=_by(TaxId, "customer_id", customers),
        deductions=_deductions(invoices),
    )
    return [_parts(invoice, rows, on, book) for invoice in invoices]


def _deductions(invoices: Sequence[Invoice]) -> dict[int, list[Deduction]]:
    """The deposits taken off, by invoice; a credit note mirrors those of its invoice."""
    # Few documents take a deposit off: the others cost no query.
    own = [invoice.pk for invoice in invoices if invoice.prepaid and not invoice.credits_id]
    mirrored = {
        invoice.credits_id: invoice.pk for invoice in invoices if invoice.prepaid and invoice.credits_id
    }
    if not own and not mirrored:
        return {}
    found: dict[int, list[Deduction]] = {}
    rows = Deduction.objects.filter(invoice_id__in=[*own, *mirrored], released_by=None)
    for row in rows.select_related("deposit"):
        found.setdefault(mirrored.get(row.invoice_id, row.invoice_id), []).append(row)
    return found


def _by(model: type[Row], column: str, keys: Sequence[int], *, order: str = "id") -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {key: [] for key in keys}
    for row in rows_of(model, column, keys, order=order):
        found[getattr(row, column)].append(row)
    return found


def _parts(invoice: Invoice, rows: _Rows, on: date, book: Book) -> Parts:
    entity, customer = invoice.entity, invoice.customer
    day = invoice.planned_on or on
    policy = book.policy(customer, entity, day)
    # A credit note stands under the policy of the invoice it credits.
    if invoice.credits_id and invoice.policy_version_id:
        policy = invoice.policy_version
    addresses = [address for address in rows.addresses[customer.pk] if address.is_active]
    return Parts(
        invoice=invoice,
        lines=rows.lines[invoice.pk],
        groups=rows.groups[invoice.pk],
        instalments=rows.instalments[invoice.pk],
        seller_numbers=book.tax_numbers(entity, day),
        bank=book.bank_account(entity, invoice.currency),
        buyer_address=_first(addresses, "billing"),
        delivery_address=_first(addresses, "delivery"),
        buyer_numbers=[number for number in rows.numbers[customer.pk] if number.is_active],
        policy=policy,
        clauses=book.clauses(policy) if policy else None,
        deductions=rows.deductions.get(invoice.pk, ()),
    )


def _first(addresses: Sequence[Address], kind: str) -> Address | None:
    return next((address for address in addresses if address.kind == kind), None)
