"""An answer is compared by the text of the mail its link came with; earlier answers learn it."""

from django.db import migrations

LEARN = """
SET CONSTRAINTS ALL IMMEDIATE;
UPDATE feedback_answer a SET template_id = m.template_id
FROM correspondence_message m
WHERE a.template_id IS NULL AND m.link_id = a.link_id AND m.template_id IS NOT NULL;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("feedback", "0004_answers_of_a_team"), ("correspondence", "0001_initial")]

    operations = [migrations.RunSQL(LEARN, migrations.RunSQL.noop)]
