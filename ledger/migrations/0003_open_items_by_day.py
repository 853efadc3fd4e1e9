"""What is open is read in the order of its days, and summed, from the index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_integrity")]

    operations = [
        migrations.AddIndex(
            "openitem",
            models.Index(
                fields=["due_on", "id"],
                name="open_debit_by_due_day",
                include=["entity", "currency", "customer", "open_amount", "open_functional"],
                condition=models.Q(side="debit", open_amount__gt=0),
            ),
        ),
        migrations.AddIndex(
            "openitem",
            models.Index(
                fields=["opened_on", "id"],
                name="open_credit_by_day",
                include=["entity", "kind"],
                condition=models.Q(side="credit", open_amount__gt=0),
            ),
        ),
    ]
