"""A hold of a dispute is that of one of its parts: none stands alone, where nobody could end it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION disputes_hold_has_a_part() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM invoices_hold WHERE id = NEW.id AND released_at IS NULL)
       AND NOT EXISTS (SELECT 1 FROM disputes_part WHERE hold_id = NEW.id AND is_open) THEN
        RAISE EXCEPTION 'a_hold_of_a_dispute_is_that_of_a_part: hold %', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER a_hold_of_a_dispute_is_that_of_a_part AFTER INSERT ON invoices_hold
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind = 'dispute')
    EXECUTE FUNCTION disputes_hold_has_a_part();
"""

BACKWARD = """
DROP TRIGGER a_hold_of_a_dispute_is_that_of_a_part ON invoices_hold;
DROP FUNCTION disputes_hold_has_a_part();
"""


class Migration(migrations.Migration):
    dependencies = [("disputes", "0004_short_payments"), ("invoices", "0010_holds_add_up")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
