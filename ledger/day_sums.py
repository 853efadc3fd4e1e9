"""Sums per day, so that a figure over a million documents reads a few thousand rows: folding and proof.

The rows are written by triggers of this app (items), of `invoices` and of `payments`: migrations named
`day_sums`. Who reads them sums whatever rows are there. Why so: docs/adr, "Figures come from sums per day".
"""

from django.db import connection, transaction

_KEY = "kind, part, entity_id, currency, day"
_SUMS = "sum(n) n, sum(amount) amount, sum(functional) functional, sum(balance) balance"
_NOT_NOTHING = "sum(n) <> 0 OR sum(amount) <> 0 OR sum(functional) <> 0 OR sum(balance) <> 0"

_FOLD = f"""
WITH crowded AS (
    SELECT {_KEY} FROM ledger_daysum GROUP BY {_KEY} HAVING count(*) > 1 OR NOT ({_NOT_NOTHING})
), taken AS (
    SELECT s.id FROM ledger_daysum s JOIN crowded USING ({_KEY}) FOR UPDATE OF s SKIP LOCKED
), gone AS (
    DELETE FROM ledger_daysum WHERE id IN (SELECT id FROM taken)
    RETURNING {_KEY}, n, amount, functional, balance
), joined AS (
    INSERT INTO ledger_daysum ({_KEY}, n, amount, functional, balance)
    SELECT {_KEY}, {_SUMS} FROM gone GROUP BY {_KEY} HAVING {_NOT_NOTHING}
)
SELECT count(*) FROM gone"""  # noqa: S608 (parts of this file)

# What the rows say, by the same rules as the triggers. Named by table: the apps that own them stand above.
TRUTH = """
    SELECT document_type kind,
        CASE WHEN document_status = 'cancelled' THEN 'cancelled' WHEN balance > 0 THEN 'owed'
            WHEN settlement_status = 'paid' THEN 'paid' ELSE 'settled' END part,
        entity_id, currency, issued_on AS day, 1 n, payable amount, payable_functional functional,
        CASE WHEN document_status = 'issued' THEN balance ELSE 0 END balance
    FROM invoices_invoice WHERE document_status IN ('issued', 'cancelled')
    UNION ALL
    SELECT CASE WHEN state = 'received' THEN 'receipt' ELSE 'returned' END, method, entity_id, currency,
        received_on, 1, amount, functional_amount, 0
    FROM payments_payment
    UNION ALL
    SELECT 'due', '', entity_id, currency, due_on, 1, open_amount, open_functional, 0
    FROM ledger_openitem WHERE side = 'debit' AND open_amount > 0"""

_FAULTS = f"""
SELECT {_KEY}, kept.n, said.n, kept.amount, said.amount
FROM (SELECT {_KEY}, {_SUMS} FROM ledger_daysum GROUP BY {_KEY} HAVING {_NOT_NOTHING}) kept
FULL JOIN (SELECT {_KEY}, {_SUMS} FROM ({TRUTH}) rows GROUP BY {_KEY}) said USING ({_KEY})
WHERE (kept.n, kept.amount, kept.functional, kept.balance)
    IS DISTINCT FROM (said.n, said.amount, said.functional, said.balance)
LIMIT 5"""  # noqa: S608 (parts of this file)


def fold_day_sums() -> int:
    """Join the rows of one key into one; returns how many were joined. Nothing a reader sees changes.

    Rows another folding has in hand are left to it, so two at once neither wait nor count twice.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FOLD)
        row = cursor.fetchone()
        return int(row[0]) if row else 0


def faults() -> list[str]:
    """Days whose kept sums are not those of their rows. Reads every document, receipt and open item."""
    with connection.cursor() as cursor:
        cursor.execute(_FAULTS)
        rows = cursor.fetchall()
    return [f"sums per day: {rows}"] if rows else []
