"""Keeping an invoice's balance and settlement in step with the ledger."""

from collections.abc import Iterable
from decimal import Decimal

from django.db import connection

from core.money import split, unit
from invoices.models import Invoice, TaxGroup
from ledger.rules import Tax

# What is held is laid on the open items, last due first, so that what is due now stays asked for. It is never
# more than is open, and grows again when money goes back.
_LAY = """
WITH holds AS (
    SELECT invoice_id, sum(amount) AS amount FROM invoices_hold
    WHERE invoice_id = ANY(%s) AND released_at IS NULL GROUP BY invoice_id
), laid AS (
    SELECT i.id, greatest(0, least(i.open_amount, coalesce(h.amount, 0) - coalesce(sum(i.open_amount) OVER (
               PARTITION BY p.invoice_id ORDER BY i.due_on DESC, i.id DESC
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0))) AS held
    FROM invoices_instalment p JOIN ledger_openitem i ON i.id = p.open_item_id
    LEFT JOIN holds h ON h.invoice_id = p.invoice_id
    WHERE p.invoice_id = ANY(%s) AND (h.amount IS NOT NULL OR i.held_amount > 0)
)
UPDATE ledger_openitem i SET held_amount = laid.held FROM laid
WHERE i.id = laid.id AND i.held_amount <> laid.held
"""

# One statement for one invoice or ten thousand: every value follows from open items and allocations.
_SYNC = """
WITH owed AS (
    SELECT p.invoice_id, sum(i.open_amount) AS balance, sum(i.held_amount) AS held,
           min(i.due_on) FILTER (WHERE i.open_amount > 0) AS next_due_on
    FROM invoices_instalment p JOIN ledger_openitem i ON i.id = p.open_item_id
    WHERE p.invoice_id = ANY(%s) GROUP BY p.invoice_id
), settled AS (
    SELECT p.invoice_id, max(a.on) AS last_on,
           coalesce(sum(a.amount) FILTER (WHERE a.kind = 'credit'), 0) AS credited,
           coalesce(sum(a.amount) FILTER (WHERE a.kind = 'write_off'), 0) AS written_off,
           coalesce(sum(a.amount) FILTER (WHERE a.kind NOT IN ('credit', 'write_off')), 0) AS paid
    FROM invoices_instalment p JOIN ledger_allocation a ON a.debit_id = p.open_item_id
    WHERE p.invoice_id = ANY(%s) GROUP BY p.invoice_id
)
UPDATE invoices_invoice v SET
    balance = o.balance,
    held_amount = o.held,
    next_due_on = o.next_due_on,
    settled_on = CASE WHEN o.balance = 0 THEN s.last_on END,
    settlement_status = CASE
        WHEN o.balance > 0 AND o.balance = v.payable THEN 'open'
        WHEN o.balance > 0 THEN 'part_paid'
        WHEN s.credited = v.payable THEN 'credited'
        WHEN s.written_off = v.payable THEN 'written_off'
        WHEN s.credited > 0 OR s.written_off > 0 THEN 'mixed_closed'
        ELSE 'paid' END
FROM owed o LEFT JOIN settled s ON s.invoice_id = o.invoice_id
WHERE v.id = o.invoice_id
"""


def sync_settlement(invoice_ids: Iterable[int]) -> None:
    """Write balance, held amount, next due day and settlement status from the ledger and the holds. Same
    transaction and locks as what changed them; the rules are those of `states.settlement_status`."""
    ids = sorted(set(invoice_ids))
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(_LAY, [ids, ids])
            cursor.execute(_SYNC, [ids, ids])


def taxes_of(invoice: Invoice, tax: Decimal) -> list[Tax]:
    """An amount of tax shared over the components of the invoice's tax."""
    if not tax:
        return []
    sums: dict[str, Decimal] = {}
    for group in TaxGroup.objects.filter(invoice=invoice):
        sums[group.component] = sums.get(group.component, Decimal(0)) + group.tax
    parts = split(tax, list(sums.values()), unit=unit(invoice.currency))
    return [Tax(part, component) for component, part in zip(sums, parts, strict=True) if part]
