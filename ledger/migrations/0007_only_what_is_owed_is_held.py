"""Nothing is held of a credit: a hold keeps us from asking, and a credit asks for nothing."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_periods")]

    operations = [
        migrations.AddConstraint(
            model_name="openitem",
            constraint=models.CheckConstraint(
                condition=Q(side="debit") | Q(held_amount=0), name="only_what_is_owed_to_us_is_held"
            ),
        ),
    ]
