"""What issuing reads: the documents, locked, and what their snapshots are made of, once for all of them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TypeVar

from django.db.models import Model

from core.rows import rows_of, rows_where
from customers.queries import with_settings
from entities.models import Entity
from entities.queries import local_day
from invoices.models import Invoice
from invoices.parts import load_parts
from invoices.pricing import Book
from invoices.snapshots import Parts
from policies.models import Policy, PolicyVersion

Row = TypeVar("Row", bound=Model)


# A credit note's invoice too, and first: its rest must not change while the credit is measured against it.
# It is older than its notes, so the order of the keys is the order of the locks.
_LOCK = """
id = ANY(ARRAY(
    SELECT unnest(ARRAY[id, credits_id]) FROM invoices_invoice WHERE id = ANY(%s)
)) ORDER BY id FOR UPDATE
"""


def lock_invoices(ids: Iterable[int], *, alone: bool = False) -> list[Invoice]:
    """The documents in pk order, locked, with company, customer and the invoice they credit.

    `alone` leaves these to be loaded by who asks for them.
    """
    wanted = sorted(set(ids))
    rows = {row.pk: row for row in rows_where(Invoice, _LOCK, [wanted])}
    if not alone:
        _attach(rows)
    return [rows[pk] for pk in wanted if pk in rows]


def load(invoices: Sequence[Invoice], book: Book, now: datetime) -> list[Parts]:
    """The parts of each document on its company's day."""
    loaded: dict[int, Parts] = {}
    by_day: dict[date, list[Invoice]] = {}
    for invoice in invoices:
        by_day.setdefault(local_day(invoice.entity, now), []).append(invoice)
    for on, rows in by_day.items():
        book.load_requirements(rows, on)
        loaded |= {parts.invoice.pk: parts for parts in load_parts(rows, on=on, book=book)}
    return [loaded[invoice.pk] for invoice in invoices]


def _attach(rows: dict[int, Invoice]) -> None:
    """One object per company, customer, segment and policy: what is loaded for one document serves all."""
    entities = _by_key(Entity, {row.entity_id for row in rows.values()})
    customers = with_settings({row.customer_id for row in rows.values()})
    for policy in rows_of(Policy, "default_for_id", [entity.pk for entity in entities.values()]):
        policy.default_for = entities[policy.default_for_id]
    # A credit note stands under the policy of its invoice; every other document under that of its day.
    pinned = _by_key(PolicyVersion, {row.policy_version_id for row in rows.values() if row.credits_id})
    for row in rows.values():
        row.entity, row.customer = entities[row.entity_id], customers[row.customer_id]
        if row.credits_id:
            row.credits, row.policy_version = rows[row.credits_id], pinned.get(row.policy_version_id)


def _by_key(model: type[Row], keys: Iterable[int | None]) -> dict[int | None, Row]:
    wanted = {key for key in keys if key is not None}
    return {row.pk: row for row in rows_of(model, "id", wanted)} if wanted else {}
