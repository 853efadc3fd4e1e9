"""What was received and returned, by company, currency and day: kept by triggers, begun with what is there."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION payments_day_sums_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_daysum (kind, part, entity_id, currency, day, n, amount, functional, balance)
    SELECT CASE WHEN state = 'received' THEN 'receipt' ELSE 'returned' END kind, method part,
            entity_id, currency, received_on AS day,
            count(*), sum(amount), sum(functional_amount), 0
    FROM new_rows GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;

CREATE FUNCTION payments_day_sums_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_daysum (kind, part, entity_id, currency, day, n, amount, functional, balance)
    SELECT kind, part, entity_id, currency, day, sum(n), sum(amount), sum(functional), sum(balance) FROM (
        SELECT CASE WHEN state = 'received' THEN 'receipt' ELSE 'returned' END kind, method part,
            entity_id, currency, received_on AS day,
            1 n, amount, functional_amount functional, 0 balance
        FROM new_rows
        UNION ALL
        SELECT CASE WHEN state = 'received' THEN 'receipt' ELSE 'returned' END kind, method part,
            entity_id, currency, received_on AS day,
            -1, -amount, -functional_amount, 0
        FROM old_rows
    ) moved
    GROUP BY 1, 2, 3, 4, 5
    HAVING sum(n) <> 0 OR sum(amount) <> 0 OR sum(functional) <> 0 OR sum(balance) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER what_was_received_is_summed_when_added AFTER INSERT ON payments_payment
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION payments_day_sums_added();
CREATE TRIGGER what_was_received_is_summed_when_changed AFTER UPDATE ON payments_payment
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION payments_day_sums_changed();

-- Making the triggers waited for the writers, so what is there is complete now and stays summed.
INSERT INTO ledger_daysum (kind, part, entity_id, currency, day, n, amount, functional, balance)
SELECT CASE WHEN state = 'received' THEN 'receipt' ELSE 'returned' END kind, method part,
            entity_id, currency, received_on AS day,
            count(*), sum(amount), sum(functional_amount), 0
FROM payments_payment GROUP BY 1, 2, 3, 4, 5;
"""

BACKWARD = """
DROP TRIGGER what_was_received_is_summed_when_changed ON payments_payment;
DROP TRIGGER what_was_received_is_summed_when_added ON payments_payment;
DROP FUNCTION payments_day_sums_changed();
DROP FUNCTION payments_day_sums_added();
DELETE FROM ledger_daysum WHERE kind IN ('receipt', 'returned');
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_lists_at_any_size"), ("ledger", "0004_day_sums")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
