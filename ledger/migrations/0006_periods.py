"""Closed months: the table, and the refusal of whatever would be dated into one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
-- Postings share this lock, a closing has it alone: it waits for the postings under way, and those that come
-- after it see the month closed. Exactly one order wins.
CREATE FUNCTION ledger_refuse_closed_day(entity bigint, day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    told text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('ledger.period'), entity::int);
    SELECT concat_ws('|', day, (p.month + interval '1 month' - interval '1 day')::date, p.closed_at::date,
        coalesce(nullif(u.name, ''), u.email), e.name) INTO told
    FROM ledger_period p JOIN team_user u ON u.id = p.closed_by_id JOIN entities_entity e ON e.id = p.entity_id
    WHERE p.entity_id = entity AND p.state = 'closed' AND p.month >= date_trunc('month', day)::date
    ORDER BY p.month DESC LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a_closed_period_takes_no_postings: %', day
            USING ERRCODE = 'check_violation', DETAIL = told;
    END IF;
END $$;

CREATE FUNCTION ledger_refuse_closed_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_refuse_closed_day(n.entity_id, n.day)
    FROM (SELECT entity_id, min("on") AS day FROM new_rows GROUP BY 1 ORDER BY 1) n;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_refuse_closed_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_refuse_closed_day(n.entity_id, n.day)
    FROM (SELECT entity_id, min(opened_on) AS day FROM new_rows GROUP BY 1 ORDER BY 1) n;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_refuse_closed_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger_refuse_closed_day(n.entity_id, n.day)
    FROM (
        SELECT e.entity_id, min(r."on") AS day FROM new_rows r JOIN ledger_entry e ON e.id = r.entry_id
        GROUP BY 1 ORDER BY 1
    ) n;
    RETURN NULL;
END $$;

CREATE TRIGGER a_closed_period_takes_no_postings AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_closed_entries();
CREATE TRIGGER a_closed_period_takes_no_postings AFTER INSERT ON ledger_openitem
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_closed_items();
CREATE TRIGGER a_closed_period_takes_no_postings AFTER INSERT ON ledger_allocation
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_closed_allocations();

-- A closed month is reopened by its own rules only: the last one first, by a person who did not close it.
CREATE FUNCTION ledger_period_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP IN ('DELETE', 'TRUNCATE') THEN
        RAISE EXCEPTION 'a_period_is_not_deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ledger.period'), NEW.entity_id::int);
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.entity_id, OLD.month) IS DISTINCT FROM (NEW.entity_id, NEW.month) OR (
            OLD.state <> 'open' AND NEW.state <> 'closed'
            AND OLD.closed_by_id IS DISTINCT FROM NEW.closed_by_id
        ) OR (OLD.state = 'closed' AND NEW.state = 'closed'
            AND OLD.closed_by_id IS DISTINCT FROM NEW.closed_by_id
        ) OR (OLD.state = 'closed' AND NEW.state = 'soft') THEN
            RAISE EXCEPTION 'a_period_keeps_its_facts' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.state = 'closed' AND NEW.state = 'open' AND EXISTS (
            SELECT 1 FROM ledger_period p
            WHERE p.entity_id = NEW.entity_id AND p.state = 'closed' AND p.month > NEW.month
        ) THEN
            RAISE EXCEPTION 'the_last_closed_period_is_reopened_first' USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER a_period_changes_by_its_rules BEFORE INSERT OR UPDATE OR DELETE ON ledger_period
    FOR EACH ROW EXECUTE FUNCTION ledger_period_changes();
CREATE TRIGGER a_period_is_not_truncated BEFORE TRUNCATE ON ledger_period
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_period_changes();
"""

BACKWARD = """
DROP TRIGGER a_period_is_not_truncated ON ledger_period;
DROP TRIGGER a_period_changes_by_its_rules ON ledger_period;
DROP TRIGGER a_closed_period_takes_no_postings ON ledger_allocation;
DROP TRIGGER a_closed_period_takes_no_postings ON ledger_openitem;
DROP TRIGGER a_closed_period_takes_no_postings ON ledger_entry;
DROP FUNCTION ledger_period_changes();
DROP FUNCTION ledger_refuse_closed_allocations();
DROP FUNCTION ledger_refuse_closed_items();
DROP FUNCTION ledger_refuse_closed_entries();
DROP FUNCTION ledger_refuse_closed_day(bigint, date);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("entities", "0002_office_hours"),
        ("ledger", "0005_moved"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Period",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(help_text="Its first day")),
                (
                    "state",
                    models.CharField(
                        choices=[("soft", "Nearly closed"), ("closed", "Closed"), ("open", "Reopened")],
                        max_length=6,
                    ),
                ),
                ("closed_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("reopened_at", models.DateTimeField(null=True)),
                ("reopen_reason", models.CharField(blank=True, default="", max_length=300)),
                (
                    "closed_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="entities.entity",
                    ),
                ),
                (
                    "reopened_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-month"],
                "permissions": [
                    ("close_period", "Can close a month of the book"),
                    ("reopen_period", "Can reopen a month somebody else closed"),
                ],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("entity", "month"), name="a_month_of_a_company_is_one_period"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("month__day", 1)), name="a_period_begins_with_its_month"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "open"), _negated=True),
                            models.Q(
                                ("reopened_at__isnull", False),
                                ("reopened_by__isnull", False),
                                models.Q(("reopen_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="a_reopened_period_names_who_when_and_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "open"), _negated=True),
                            models.Q(("reopened_by", models.F("closed_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nobody_reopens_what_they_closed",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
