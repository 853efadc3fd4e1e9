from django.db import migrations, models

# Of several plans of a scope the newest is kept; what is done already ends by itself before this is tried again.
DISCARD = """
WITH gone AS (
    UPDATE contracts_billrun older SET state = 'discarded', ended_at = now(), job_id = NULL
    WHERE state IN ('planning', 'planned') AND EXISTS (
        SELECT FROM contracts_billrun other
        WHERE other.entity_id = older.entity_id AND other.scope = older.scope AND other.id <> older.id
            AND (other.state IN ('approved', 'running')
                OR other.state IN ('planning', 'planned') AND other.id > older.id)
    ) RETURNING older.id
)
UPDATE work_approval SET state = 'void', reason = 'A newer run of the same contracts was planned.'
WHERE state = 'pending' AND subject_id IN (SELECT id FROM gone) AND subject_type_id = (
    SELECT id FROM django_content_type WHERE app_label = 'contracts' AND model = 'billrun'
)
"""


class Migration(migrations.Migration):
    # The update's own transaction: a table whose triggers still wait is not altered.
    atomic = False
    dependencies = [
        ("contracts", "0002_changes_by_two_and_recurring_invoices"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("work", "0004_approvals_of_customer"),
    ]

    operations = [
        migrations.RunSQL(DISCARD, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="billrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["planning", "planned", "approved", "running"])),
                fields=("entity", "scope"),
                name="one_run_of_a_scope_is_under_way",
            ),
        ),
    ]
