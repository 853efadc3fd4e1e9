from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension, UnaccentExtension
from django.db import migrations


class Migration(migrations.Migration):
    """What the tables of every app may use: exclusion of overlapping ranges, similar names, search."""

    dependencies = []
    run_before = [
        ("team", "0001_initial"),
        ("trail", "0001_initial"),
        ("entities", "0001_initial"),
        ("work", "0001_initial"),
        ("policies", "0001_initial"),
        ("customers", "0001_initial"),
        ("correspondence", "0001_initial"),
        ("catalogue", "0001_initial"),
        ("ledger", "0001_initial"),
        ("invoices", "0001_initial"),
        ("payments", "0001_initial"),
    ]
    operations = [BtreeGistExtension(), TrigramExtension(), UnaccentExtension()]
