"""What is held of an invoice is what its holds say, and never more than is open."""

from django.db import migrations, models
from django.db.models import F, Q

# Rows from before this rule: money that went back left less held than the holds say. With the constraints
# immediate no event of a trigger waits when the table is altered.
LAY = """
SET CONSTRAINTS ALL IMMEDIATE;
WITH holds AS (
    SELECT invoice_id, sum(amount) AS amount FROM invoices_hold WHERE released_at IS NULL GROUP BY invoice_id
), laid AS (
    SELECT i.id, greatest(0, least(i.open_amount, coalesce(h.amount, 0) - coalesce(sum(i.open_amount) OVER (
               PARTITION BY p.invoice_id ORDER BY i.due_on DESC, i.id DESC
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0))) AS held
    FROM invoices_instalment p JOIN ledger_openitem i ON i.id = p.open_item_id
    LEFT JOIN holds h ON h.invoice_id = p.invoice_id
    WHERE h.amount IS NOT NULL OR i.held_amount > 0
)
UPDATE ledger_openitem i SET held_amount = laid.held FROM laid
WHERE i.id = laid.id AND i.held_amount <> laid.held;
UPDATE invoices_invoice v SET held_amount = o.held FROM (
    SELECT p.invoice_id, sum(i.held_amount) AS held
    FROM invoices_instalment p JOIN ledger_openitem i ON i.id = p.open_item_id GROUP BY p.invoice_id
) o WHERE v.id = o.invoice_id AND v.held_amount <> o.held;
SET CONSTRAINTS ALL DEFERRED;
"""

FORWARD = """
CREATE FUNCTION invoices_hold_keeps_its_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.released_at IS NOT NULL
       OR (to_jsonb(OLD) - '{released_at,released_by_id}'::text[])
          IS DISTINCT FROM (to_jsonb(NEW) - '{released_at,released_by_id}'::text[]) THEN
        RAISE EXCEPTION 'a_hold_is_released_once_and_else_unchanged: %', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER a_hold_is_released_once_and_else_unchanged BEFORE UPDATE OR DELETE ON invoices_hold
    FOR EACH ROW EXECUTE FUNCTION invoices_hold_keeps_its_facts();

-- Asked at once, before the new hold is laid on the open items.
CREATE FUNCTION invoices_hold_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free numeric;
BEGIN
    SELECT balance - held_amount INTO free FROM invoices_invoice WHERE id = NEW.invoice_id;
    IF NEW.amount > free THEN
        RAISE EXCEPTION 'a_new_hold_is_on_what_is_open: % of %', NEW.amount, free
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER a_new_hold_is_on_what_is_open AFTER INSERT ON invoices_hold
    FOR EACH ROW WHEN (NEW.released_at IS NULL) EXECUTE FUNCTION invoices_hold_is_open();

CREATE FUNCTION invoices_holds_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint; open numeric; laid numeric; said numeric; kept numeric;
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'invoices_hold' THEN wanted := NEW.invoice_id;
        WHEN 'invoices_invoice' THEN wanted := NEW.id;
        ELSE SELECT invoice_id INTO wanted FROM invoices_instalment WHERE open_item_id = NEW.id;
    END CASE;
    SELECT coalesce(sum(i.open_amount), 0), coalesce(sum(i.held_amount), 0) INTO open, laid
    FROM invoices_instalment p JOIN ledger_openitem i ON i.id = p.open_item_id WHERE p.invoice_id = wanted;
    SELECT coalesce(sum(amount), 0) INTO said FROM invoices_hold
    WHERE invoice_id = wanted AND released_at IS NULL;
    SELECT held_amount INTO kept FROM invoices_invoice WHERE id = wanted;
    IF kept IS NULL OR kept <> laid OR laid <> least(said, open) THEN
        RAISE EXCEPTION 'what_is_held_is_what_the_holds_say: invoice % has %, its items %, its holds %',
            wanted, kept, laid, said USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- None of them runs for a row without a hold; an item that opens again may have one.
CREATE CONSTRAINT TRIGGER what_is_held_is_what_the_holds_say AFTER INSERT OR UPDATE OF released_at ON invoices_hold
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION invoices_holds_add_up();
CREATE CONSTRAINT TRIGGER what_is_held_is_what_the_holds_say AFTER UPDATE OF held_amount ON invoices_invoice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.held_amount <> OLD.held_amount)
    EXECUTE FUNCTION invoices_holds_add_up();
CREATE CONSTRAINT TRIGGER a_new_invoice_holds_nothing AFTER INSERT ON invoices_invoice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.held_amount <> 0)
    EXECUTE FUNCTION invoices_holds_add_up();
CREATE CONSTRAINT TRIGGER what_is_held_is_what_the_holds_say AFTER UPDATE OF open_amount, held_amount ON ledger_openitem
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.side = 'debit' AND (NEW.held_amount <> 0 OR OLD.held_amount <> 0 OR NEW.open_amount > OLD.open_amount))
    EXECUTE FUNCTION invoices_holds_add_up();
CREATE CONSTRAINT TRIGGER a_new_item_holds_nothing AFTER INSERT ON ledger_openitem
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.held_amount <> 0)
    EXECUTE FUNCTION invoices_holds_add_up();
"""

BACKWARD = """
DROP TRIGGER a_new_item_holds_nothing ON ledger_openitem;
DROP TRIGGER what_is_held_is_what_the_holds_say ON ledger_openitem;
DROP TRIGGER a_new_invoice_holds_nothing ON invoices_invoice;
DROP TRIGGER what_is_held_is_what_the_holds_say ON invoices_invoice;
DROP TRIGGER what_is_held_is_what_the_holds_say ON invoices_hold;
DROP FUNCTION invoices_holds_add_up();
DROP TRIGGER a_new_hold_is_on_what_is_open ON invoices_hold;
DROP FUNCTION invoices_hold_is_open();
DROP TRIGGER a_hold_is_released_once_and_else_unchanged ON invoices_hold;
DROP FUNCTION invoices_hold_keeps_its_facts();
"""


class Migration(migrations.Migration):
    dependencies = [("invoices", "0009_later_due_dates"), ("ledger", "0007_only_what_is_owed_is_held")]

    operations = [
        migrations.RunSQL(LAY, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=Q(held_amount__gte=0) & Q(held_amount__lte=F("balance")),
                name="no_more_of_an_invoice_is_held_than_is_open",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
