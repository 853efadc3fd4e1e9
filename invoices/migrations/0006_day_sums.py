"""What was invoiced, by company, currency and day of issue: kept by triggers, begun with what is there."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION invoices_sum_part(status text, balance numeric, settlement text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN status = 'cancelled' THEN 'cancelled' WHEN balance > 0 THEN 'owed'
        WHEN settlement = 'paid' THEN 'paid' ELSE 'settled' END
$$;

CREATE FUNCTION invoices_day_sums_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_daysum (kind, part, entity_id, currency, day, n, amount, functional, balance)
    SELECT document_type kind, invoices_sum_part(document_status, balance, settlement_status) part,
            entity_id, currency, issued_on AS day,
        count(*), sum(payable), sum(payable_functional), sum(CASE WHEN document_status = 'issued' THEN balance ELSE 0 END)
    FROM new_rows WHERE document_status IN ('issued', 'cancelled') GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;

CREATE FUNCTION invoices_day_sums_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_daysum (kind, part, entity_id, currency, day, n, amount, functional, balance)
    SELECT kind, part, entity_id, currency, day, sum(n), sum(amount), sum(functional), sum(balance) FROM (
        SELECT document_type kind, invoices_sum_part(document_status, balance, settlement_status) part,
            entity_id, currency, issued_on AS day,
            1 n, payable amount, payable_functional functional, CASE WHEN document_status = 'issued' THEN balance ELSE 0 END balance
        FROM new_rows WHERE document_status IN ('issued', 'cancelled')
        UNION ALL
        SELECT document_type kind, invoices_sum_part(document_status, balance, settlement_status) part,
            entity_id, currency, issued_on AS day,
            -1, -payable, -payable_functional, -(CASE WHEN document_status = 'issued' THEN balance ELSE 0 END)
        FROM old_rows WHERE document_status IN ('issued', 'cancelled')
    ) moved
    GROUP BY 1, 2, 3, 4, 5
    HAVING sum(n) <> 0 OR sum(amount) <> 0 OR sum(functional) <> 0 OR sum(balance) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER what_was_invoiced_is_summed_when_added AFTER INSERT ON invoices_invoice
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION invoices_day_sums_added();
CREATE TRIGGER what_was_invoiced_is_summed_when_changed AFTER UPDATE ON invoices_invoice
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION invoices_day_sums_changed();

-- Making the triggers waited for the writers, so what is there is complete now and stays summed.
INSERT INTO ledger_daysum (kind, part, entity_id, currency, day, n, amount, functional, balance)
SELECT document_type kind, invoices_sum_part(document_status, balance, settlement_status) part,
            entity_id, currency, issued_on AS day,
        count(*), sum(payable), sum(payable_functional), sum(CASE WHEN document_status = 'issued' THEN balance ELSE 0 END)
FROM invoices_invoice WHERE document_status IN ('issued', 'cancelled') GROUP BY 1, 2, 3, 4, 5;
"""

BACKWARD = """
DROP TRIGGER what_was_invoiced_is_summed_when_changed ON invoices_invoice;
DROP TRIGGER what_was_invoiced_is_summed_when_added ON invoices_invoice;
DROP FUNCTION invoices_day_sums_changed();
DROP FUNCTION invoices_day_sums_added();
DROP FUNCTION invoices_sum_part(text, numeric, text);
DELETE FROM ledger_daysum WHERE kind IN ('invoice', 'credit_note', 'debit_note');
"""


class Migration(migrations.Migration):
    dependencies = [("invoices", "0005_a_line_is_goods_or_service"), ("ledger", "0004_day_sums")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
