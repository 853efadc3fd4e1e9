"""A deposit taken off an issued invoice stays, but for its release; together they are what was prepaid."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION invoices_deduction_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    status text;
BEGIN
    SELECT document_status INTO status FROM invoices_invoice
        WHERE id = CASE WHEN TG_OP = 'INSERT' THEN NEW.invoice_id ELSE OLD.invoice_id END;
    IF status IN ('issued', 'cancelled') AND NOT (
        TG_OP = 'UPDATE' AND OLD.released_by_id IS NULL
        AND (to_jsonb(OLD) - 'released_by_id') = (to_jsonb(NEW) - 'released_by_id')
    ) THEN
        RAISE EXCEPTION 'an_issued_invoice_is_frozen: % on %', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER an_issued_invoice_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON invoices_deduction
    FOR EACH ROW EXECUTE FUNCTION invoices_deduction_is_frozen();

CREATE FUNCTION invoices_deposits_are_what_was_prepaid() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    net numeric; tax numeric;
BEGIN
    SELECT coalesce(sum(d.net), 0), coalesce(sum(d.tax), 0) INTO net, tax
        FROM invoices_deduction d WHERE d.invoice_id = coalesce(NEW.credits_id, NEW.id);
    IF net + tax <> NEW.prepaid OR tax <> NEW.prepaid_tax THEN
        RAISE EXCEPTION 'deposits_are_what_was_prepaid: % takes off %, its deposits come to %',
            NEW.number, NEW.prepaid, net + tax USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER deposits_are_what_was_prepaid AFTER UPDATE ON invoices_invoice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.document_status = 'issued' AND OLD.document_status <> 'issued' AND NEW.prepaid <> 0)
    EXECUTE FUNCTION invoices_deposits_are_what_was_prepaid();
"""

BACKWARD = """
DROP TRIGGER deposits_are_what_was_prepaid ON invoices_invoice;
DROP FUNCTION invoices_deposits_are_what_was_prepaid();
DROP TRIGGER an_issued_invoice_is_frozen ON invoices_deduction;
DROP FUNCTION invoices_deduction_is_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("invoices", "0007_deposits_and_proforma")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
