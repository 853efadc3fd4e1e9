"""Disputes above the legal limit want advice before they are written off or go to court, earlier ones too."""

from django.db import migrations

WANT = """
INSERT INTO invoices_advicewanted (invoice_id, key, label, amount, wanted_at)
SELECT d.invoice_id, 'dispute:' || d.id, 'D-' || lpad(d.id::text, greatest(5, length(d.id::text)), '0'), d.amount,
       d.raised_at
  FROM disputes_dispute d LEFT JOIN disputes_disputelimits l ON l.entity_id = d.entity_id
 WHERE d.consulted_at IS NULL AND d.state <> 'withdrawn'
   AND d.amount_functional >= coalesce(l.legal, 25000)
"""


class Migration(migrations.Migration):
    dependencies = [("disputes", "0006_team_hours"), ("invoices", "0011_advice_wanted")]

    operations = [migrations.RunSQL(WANT, migrations.RunSQL.noop)]
