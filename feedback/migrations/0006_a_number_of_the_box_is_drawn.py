import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import feedback.models


class Migration(migrations.Migration):
    dependencies = [
        ("feedback", "0005_answers_know_their_mail"),
    ]

    operations = [
        migrations.AlterField(
            model_name="suggestion",
            name="id",
            field=models.BigIntegerField(
                default=feedback.models.any_number, editable=False, primary_key=True, serialize=False
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="suggestion",
            trigger=pgtrigger.compiler.Trigger(
                name="what_is_in_the_box_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="23a7ca8fa11a55a9bb3a87d08a8bb10d0cec0fdd",
                    operation="DELETE",
                    pgid="pgtrigger_what_is_in_the_box_stays_90e73",
                    table="feedback_suggestion",
                    when="BEFORE",
                ),
            ),
        ),
    ]
