"""What was approved for a customer on a day is found without reading every approval."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("work", "0003_own_rights")]

    operations = [
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(fields=["customer_key", "decided_at"], name="approval_of_customer"),
        ),
    ]
