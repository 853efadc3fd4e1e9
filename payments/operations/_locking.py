"""The order of locks of every act on receipts: the receipt, the invoices, then their open items."""

from collections.abc import Sequence

from django.db import connection

from core.rows import rows_where
from payments.models import Payment


def lock(payment: Payment) -> Payment:
    """The row, locked and fresh; its company, which never changes, is the one loaded before."""
    [fresh] = rows_where(Payment, "id = %s FOR UPDATE", [payment.pk])
    fresh.entity = payment.entity
    return fresh


_LOCK_INVOICES = """
SELECT id FROM invoices_invoice WHERE id = ANY(ARRAY(
    SELECT invoice_id FROM invoices_instalment WHERE open_item_id = ANY(%s)
)) ORDER BY id FOR UPDATE
"""


def lock_invoices_of(item_ids: Sequence[int]) -> list[int]:
    """Lock the invoices behind open items, in pk order and before their items; returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_INVOICES, [list(item_ids)])
        return [pk for (pk,) in cursor.fetchall()]
