"""An issued document does not change: refused here whoever asks, by ORM, API, admin or raw SQL."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION invoices_issued_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- What may happen to a document after issue; every other column is frozen, new ones too.
    free text[] := ARRAY['balance', 'held_amount', 'settlement_status', 'settled_on', 'next_due_on', 'sending',
                         'annotation', 'lock_version', 'edited_at', 'edited_by_id', 'document_status'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'an_issued_invoice_is_frozen: % cannot be deleted; credit it', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF (to_jsonb(OLD) - free) IS DISTINCT FROM (to_jsonb(NEW) - free) THEN
        RAISE EXCEPTION 'an_issued_invoice_is_frozen: % cannot be changed; credit it', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.document_status <> OLD.document_status
       AND NOT (OLD.document_status = 'issued' AND NEW.document_status = 'cancelled') THEN
        RAISE EXCEPTION 'an_issued_invoice_is_frozen: % cannot go back to %', OLD.number, NEW.document_status
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER an_issued_invoice_is_frozen BEFORE UPDATE OR DELETE ON invoices_invoice
    FOR EACH ROW WHEN (OLD.document_status IN ('issued', 'cancelled'))
    EXECUTE FUNCTION invoices_issued_is_frozen();

CREATE FUNCTION invoices_part_of_issued_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent bigint; status text;
BEGIN
    IF TG_OP = 'INSERT' THEN parent := NEW.invoice_id; ELSE parent := OLD.invoice_id; END IF;
    SELECT document_status INTO status FROM invoices_invoice WHERE id = parent;
    IF status IN ('issued', 'cancelled') THEN
        RAISE EXCEPTION 'an_issued_invoice_is_frozen: % on %', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.invoice_id <> OLD.invoice_id THEN
        RAISE EXCEPTION 'a_part_stays_with_its_invoice' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER an_issued_invoice_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON invoices_line
    FOR EACH ROW EXECUTE FUNCTION invoices_part_of_issued_is_frozen();
CREATE TRIGGER an_issued_invoice_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON invoices_taxgroup
    FOR EACH ROW EXECUTE FUNCTION invoices_part_of_issued_is_frozen();
CREATE TRIGGER an_issued_invoice_is_frozen BEFORE INSERT OR UPDATE OR DELETE ON invoices_instalment
    FOR EACH ROW EXECUTE FUNCTION invoices_part_of_issued_is_frozen();

CREATE FUNCTION invoices_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an_issued_invoice_is_frozen: % on %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER a_snapshot_is_frozen BEFORE UPDATE OR DELETE ON invoices_snapshot
    FOR EACH ROW EXECUTE FUNCTION invoices_refuse_change();
CREATE TRIGGER invoices_are_not_truncated BEFORE TRUNCATE ON invoices_invoice
    FOR EACH STATEMENT EXECUTE FUNCTION invoices_refuse_change();
CREATE TRIGGER a_ready_document_is_frozen BEFORE UPDATE OR DELETE ON invoices_document
    FOR EACH ROW WHEN (OLD.state = 'ready') EXECUTE FUNCTION invoices_refuse_change();
"""

BACKWARD = """
DROP TRIGGER a_ready_document_is_frozen ON invoices_document;
DROP TRIGGER invoices_are_not_truncated ON invoices_invoice;
DROP TRIGGER a_snapshot_is_frozen ON invoices_snapshot;
DROP TRIGGER an_issued_invoice_is_frozen ON invoices_instalment;
DROP TRIGGER an_issued_invoice_is_frozen ON invoices_taxgroup;
DROP TRIGGER an_issued_invoice_is_frozen ON invoices_line;
DROP TRIGGER an_issued_invoice_is_frozen ON invoices_invoice;
DROP FUNCTION invoices_refuse_change();
DROP FUNCTION invoices_part_of_issued_is_frozen();
DROP FUNCTION invoices_issued_is_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("invoices", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
