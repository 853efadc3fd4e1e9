"""Loading what a snapshot is made of, for one document or thousands, in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Model, prefetch_related_objects

from customers.models import Address, Customer, TaxId
from invoices.models import Invoice
from invoices.pricing import Book
from invoices.snapshots import Parts

RELATED = (
    "lines",
    "tax_groups",
    "instalments",
    "customer__addresses",
    "customer__tax_ids",
)


def load_parts(invoices: Sequence[Invoice], *, on: date, book: Book) -> list[Parts]:
    """Parts of each invoice for issue on the day; entity and customer must be loaded on the rows."""
    prefetch_related_objects(list(invoices), *RELATED)
    return [_parts(invoice, on, book) for invoice in invoices]


def _parts(invoice: Invoice, on: date, book: Book) -> Parts:
    entity, customer = invoice.entity, invoice.customer
    day = invoice.planned_on or on
    policy = book.policy(customer, entity, day)
    # A credit note stands under the policy of the invoice it credits.
    if invoice.credits_id and invoice.policy_version_id:
        policy = invoice.policy_version
    return Parts(
        invoice=invoice,
        lines=_loaded(invoice, "lines"),
        groups=_loaded(invoice, "tax_groups"),
        instalments=_loaded(invoice, "instalments"),
        seller_numbers=book.tax_numbers(entity, day),
        bank=book.bank_account(entity, invoice.currency),
        buyer_address=_address(customer, "billing"),
        delivery_address=_address(customer, "delivery"),
        buyer_numbers=_numbers(customer),
        policy=policy,
        clauses=book.clauses(policy) if policy else None,
    )


def _loaded(row: Model, name: str) -> list[Any]:
    """Prefetched rows as they lie: `.all()` would copy a query for each of thousands of documents."""
    cache: dict[str, Iterable[Any]] = vars(row)["_prefetched_objects_cache"]
    return list(cache[name])


def _address(customer: Customer, kind: str) -> Address | None:
    return next((a for a in _loaded(customer, "addresses") if a.kind == kind and a.is_active), None)


def _numbers(customer: Customer) -> list[TaxId]:
    return [number for number in _loaded(customer, "tax_ids") if number.is_active]
