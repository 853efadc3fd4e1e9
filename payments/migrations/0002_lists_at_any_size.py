"""Lists and figures of receipts enter an index, however many there are."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [
        migrations.RemoveIndex("payment", "payment_by_day"),
        migrations.AddIndex(
            "payment",
            models.Index(
                fields=["-received_on", "-id"],
                name="payment_by_day",
                include=["state", "entity", "currency", "amount", "functional_amount"],
            ),
        ),
        migrations.AddIndex(
            "payment",
            models.Index(
                fields=["-received_on", "-id"],
                name="payment_unidentified",
                condition=models.Q(state="received", customer__isnull=True),
            ),
        ),
        migrations.AddIndex(
            "payment",
            models.Index(
                fields=["-received_on", "-id"],
                name="payment_returned",
                condition=models.Q(state="bounced"),
            ),
        ),
        migrations.AddIndex("payment", models.Index(fields=["-amount", "-id"], name="payment_by_amount")),
        migrations.AddIndex(
            "payment",
            GinIndex(fields=["reference"], name="payment_reference_trigram", opclasses=["gin_trgm_ops"]),
        ),
    ]
