"""Sales of a period are summed from the index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invoices", "0002_integrity")]

    operations = [
        migrations.AddIndex(
            "invoice",
            models.Index(
                fields=["issued_on"],
                name="invoice_sold_by_day",
                include=["entity", "document_type", "currency", "payable", "payable_functional"],
                condition=models.Q(document_status__in=["issued", "cancelled"]),
            ),
        ),
    ]
