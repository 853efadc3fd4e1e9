"""Loading what a snapshot is made of, for one document or thousands, in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

from django.db.models import Model

from core.rows import rows_of
from customers.models import Address, TaxId
from invoices.models import Deduction, Instalment, Invoice, Line, TaxGroup
from invoices.pricing import Book
from invoices.snapshots import Parts

Row = TypeVar("Row", bound=Model)


class Rows(NamedTuple):
    """The rows of one document; those of a new one may not be written yet."""

    invoice: Invoice
    lines: Sequence[Line]
    groups: Sequence[TaxGroup]
    instalments: Sequence[Instalment]
    deductions: Sequence[Deduction] = ()


def load_parts(invoices: Sequence[Invoice], *, on: date, book: Book) -> list[Parts]:
    """Parts of each invoice for issue on the day; entity and customer must be loaded on the rows."""
    ids = [invoice.pk for invoice in invoices]
    lines = _by(Line, "invoice_id", ids, order="position")
    groups = _by(TaxGroup, "invoice_id", ids)
    instalments = _by(Instalment, "invoice_id", ids, order="number")
    deductions = _deductions(invoices)
    rows = [
        Rows(one, lines[one.pk], groups[one.pk], instalments[one.pk], deductions.get(one.pk, ()))
        for one in invoices
    ]
    return parts_of(rows, on=on, book=book)


def parts_of(documents: Sequence[Rows], *, on: date, book: Book) -> list[Parts]:
    """The same of documents whose rows are at hand."""
    customers = sorted({rows.invoice.customer_id for rows in documents})
    addresses = _by(Address, "customer_id", customers)
    numbers = _by(TaxId, "customer_id", customers)
    return [_parts(rows, addresses, numbers, on, book) for rows in documents]


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


def _parts(
    rows: Rows,
    addresses: Mapping[int, list[Address]],
    numbers: Mapping[int, list[TaxId]],
    on: date,
    book: Book,
) -> Parts:
    invoice = rows.invoice
    entity, customer = invoice.entity, invoice.customer
    day = invoice.planned_on or on
    policy = book.policy(customer, entity, day)
    # A credit note stands under the policy of the invoice it credits.
    if invoice.credits_id and invoice.policy_version_id:
        policy = invoice.policy_version
    active = [address for address in addresses[customer.pk] if address.is_active]
    return Parts(
        invoice=invoice,
        lines=rows.lines,
        groups=rows.groups,
        instalments=rows.instalments,
        seller_numbers=book.tax_numbers(entity, day),
        bank=book.bank_account(entity, invoice.currency),
        buyer_address=_first(active, "billing"),
        delivery_address=_first(active, "delivery"),
        buyer_numbers=[number for number in numbers[customer.pk] if number.is_active],
        policy=policy,
        clauses=book.clauses(policy) if policy else None,
        deductions=rows.deductions,
    )


def _first(addresses: Sequence[Address], kind: str) -> Address | None:
    return next((address for address in addresses if address.kind == kind), None)
