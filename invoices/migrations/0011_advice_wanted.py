import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("invoices", "0010_holds_add_up")]

    operations = [
        migrations.CreateModel(
            name="AdviceWanted",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40, unique=True)),
                ("label", models.CharField(help_text="What it is about, as people call it", max_length=40)),
                ("amount", models.DecimalField(decimal_places=4, max_digits=19)),
                ("wanted_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="advice_wanted",
                        to="invoices.invoice",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="advice_is_wanted_on_an_amount"
                    )
                ],
            },
        ),
    ]
