"""A plan is the sum of its parts and of its invoices, and what was offered stays: held by the database."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION cases_plan_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    subject bigint; plan record; parts record; owed numeric;
BEGIN
    IF TG_TABLE_NAME = 'cases_plan' THEN subject := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN subject := OLD.plan_id;
    ELSE subject := NEW.plan_id;
    END IF;
    SELECT * INTO plan FROM cases_plan WHERE id = subject;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT coalesce(sum(principal), 0) AS principal, coalesce(sum(interest), 0) AS interest
      INTO parts FROM cases_planpart WHERE plan_id = subject;
    SELECT coalesce(sum(open_amount), 0) INTO owed FROM cases_plannedinvoice WHERE plan_id = subject;
    IF parts.principal <> plan.principal OR parts.interest <> plan.interest OR owed <> plan.principal THEN
        RAISE EXCEPTION 'a_plan_adds_up: plan % is % + %, its parts % + %, its invoices %',
            subject, plan.principal, plan.interest, parts.principal, parts.interest, owed
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER a_plan_adds_up AFTER INSERT OR UPDATE OF principal, interest ON cases_plan
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_plan_adds_up();
CREATE CONSTRAINT TRIGGER a_plan_adds_up AFTER INSERT OR UPDATE OR DELETE ON cases_planpart
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_plan_adds_up();
CREATE CONSTRAINT TRIGGER a_plan_adds_up AFTER INSERT OR DELETE OR UPDATE OF open_amount
    ON cases_plannedinvoice
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_plan_adds_up();

CREATE FUNCTION cases_call_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a_call_is_corrected_not_edited: %', OLD.id USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER a_call_is_corrected_not_edited BEFORE UPDATE OR DELETE ON cases_call
    FOR EACH ROW EXECUTE FUNCTION cases_call_is_kept();
"""

BACKWARD = """
DROP TRIGGER a_call_is_corrected_not_edited ON cases_call;
DROP FUNCTION cases_call_is_kept();
DROP TRIGGER a_plan_adds_up ON cases_plannedinvoice;
DROP TRIGGER a_plan_adds_up ON cases_planpart;
DROP TRIGGER a_plan_adds_up ON cases_plan;
DROP FUNCTION cases_plan_adds_up();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
