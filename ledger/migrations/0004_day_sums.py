"""What is owed, by company, currency and due day: kept by triggers, begun with what is there."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION ledger_due_sums_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_daysum (kind, part, entity_id, currency, day, n, amount, functional, balance)
    SELECT 'due' kind, '' part, entity_id, currency, due_on AS day,
        count(*), sum(open_amount), sum(open_functional), 0
    FROM new_rows WHERE side = 'debit' AND open_amount > 0 GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$;

CREATE FUNCTION ledger_due_sums_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_daysum (kind, part, entity_id, currency, day, n, amount, functional, balance)
    SELECT kind, part, entity_id, currency, day, sum(n), sum(amount), sum(functional), sum(balance) FROM (
        SELECT 'due' kind, '' part, entity_id, currency, due_on AS day,
            1 n, open_amount amount, open_functional functional, 0 balance
        FROM new_rows WHERE side = 'debit' AND open_amount > 0
        UNION ALL
        SELECT 'due', '', entity_id, currency, due_on, -1, -open_amount, -open_functional, 0
        FROM old_rows WHERE side = 'debit' AND open_amount > 0
    ) moved
    GROUP BY 1, 2, 3, 4, 5
    HAVING sum(n) <> 0 OR sum(amount) <> 0 OR sum(functional) <> 0 OR sum(balance) <> 0;
    RETURN NULL;
END $$;

CREATE TRIGGER what_is_due_is_summed_when_added AFTER INSERT ON ledger_openitem
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_due_sums_added();
CREATE TRIGGER what_is_due_is_summed_when_changed AFTER UPDATE ON ledger_openitem
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_due_sums_changed();

-- Making the triggers waited for the writers, so what is there is complete now and stays summed.
INSERT INTO ledger_daysum (kind, part, entity_id, currency, day, n, amount, functional, balance)
SELECT 'due' kind, '' part, entity_id, currency, due_on AS day, count(*), sum(open_amount), sum(open_functional), 0
FROM ledger_openitem WHERE side = 'debit' AND open_amount > 0 GROUP BY 1, 2, 3, 4, 5;
"""

BACKWARD = """
DROP TRIGGER what_is_due_is_summed_when_changed ON ledger_openitem;
DROP TRIGGER what_is_due_is_summed_when_added ON ledger_openitem;
DROP FUNCTION ledger_due_sums_changed();
DROP FUNCTION ledger_due_sums_added();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("entities", "0001_initial"),
        ("ledger", "0003_open_items_by_day"),
    ]

    operations = [
        migrations.CreateModel(
            name="DaySum",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        help_text="invoice, credit_note, debit_note, receipt, returned, due", max_length=12
                    ),
                ),
                ("part", models.CharField(default="", max_length=14)),
                ("currency", models.CharField(max_length=3)),
                ("day", models.DateField(help_text="Day of issue, of receipt, or when it is due")),
                ("n", models.BigIntegerField()),
                ("amount", models.DecimalField(decimal_places=4, max_digits=24)),
                ("functional", models.DecimalField(decimal_places=4, max_digits=24)),
                ("balance", models.DecimalField(decimal_places=4, default=0, max_digits=24)),
                (
                    "entity",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="entities.entity",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["kind", "day", "entity"], name="day_sum_of_kind")],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
