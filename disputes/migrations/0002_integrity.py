"""A dispute is the sum of its parts; what it holds ends with it; playbooks stay as they were published."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION disputes_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint; d disputes_dispute; total numeric; wrong integer;
BEGIN
    IF TG_TABLE_NAME = 'disputes_dispute' THEN
        wanted := NEW.id;
    ELSE
        wanted := coalesce(NEW.dispute_id, OLD.dispute_id);
    END IF;
    SELECT * INTO d FROM disputes_dispute WHERE id = wanted;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(amount), 0) INTO total FROM disputes_part WHERE dispute_id = wanted;
    IF total <> d.amount THEN
        RAISE EXCEPTION 'a_dispute_is_the_sum_of_its_parts: % has % and its parts %', wanted, d.amount, total
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT count(*) INTO wrong FROM disputes_part p LEFT JOIN invoices_hold h ON h.id = p.hold_id
     WHERE p.dispute_id = wanted AND (
        p.is_open <> (d.state NOT IN ('resolved', 'withdrawn'))
        OR (h.released_at IS NULL AND h.id IS NOT NULL AND (NOT p.is_open OR h.amount > p.amount
            OR h.kind <> 'dispute' OR h.invoice_id <> d.invoice_id)));
    IF wrong > 0 THEN
        RAISE EXCEPTION 'an_open_dispute_holds_its_parts_and_no_more: %', wanted
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER a_dispute_is_the_sum_of_its_parts
    AFTER INSERT OR UPDATE OF amount, state, invoice_id ON disputes_dispute
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION disputes_adds_up();
CREATE CONSTRAINT TRIGGER a_dispute_is_the_sum_of_its_parts
    AFTER INSERT OR DELETE OR UPDATE ON disputes_part
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION disputes_adds_up();

-- The amount in dispute is released by its dispute alone, whoever asks.
CREATE FUNCTION disputes_hold_is_theirs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM disputes_part p JOIN disputes_dispute d ON d.id = p.dispute_id
        WHERE p.hold_id = NEW.id AND p.is_open AND d.state NOT IN ('resolved', 'withdrawn')
    ) THEN
        RAISE EXCEPTION 'a_dispute_ends_its_own_hold: hold %', NEW.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER a_dispute_ends_its_own_hold
    AFTER UPDATE OF released_at ON invoices_hold
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.released_at IS NOT NULL AND NEW.kind = 'dispute')
    EXECUTE FUNCTION disputes_hold_is_theirs();

CREATE FUNCTION disputes_playbook_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'is_current' <> to_jsonb(OLD) - 'is_current' THEN
        RAISE EXCEPTION 'a_published_playbook_is_frozen: %', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER a_published_playbook_is_frozen BEFORE UPDATE OR DELETE ON disputes_playbook
    FOR EACH ROW EXECUTE FUNCTION disputes_playbook_is_frozen();
"""

BACKWARD = """
DROP TRIGGER a_published_playbook_is_frozen ON disputes_playbook;
DROP FUNCTION disputes_playbook_is_frozen();
DROP TRIGGER a_dispute_ends_its_own_hold ON invoices_hold;
DROP FUNCTION disputes_hold_is_theirs();
DROP TRIGGER a_dispute_is_the_sum_of_its_parts ON disputes_part;
DROP TRIGGER a_dispute_is_the_sum_of_its_parts ON disputes_dispute;
DROP FUNCTION disputes_adds_up();
"""


class Migration(migrations.Migration):
    dependencies = [("disputes", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
