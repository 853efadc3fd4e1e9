"""The causes disputes, answers and findings share, the first themes, and that an improvement has a source.

Source of the causes: the default root cause of each reason a customer disputes an invoice for.
"""

from django.db import migrations

CAUSES = (
    ("contract-data", "Contract data wrong", "specialist", True),
    ("logistics", "Quantity or delivery", "lead", True),
    ("delivery", "Quality of the service", "lead", True),
    ("billing", "Billing error", "specialist", True),
    ("tax", "Tax or exemption wrong", "controller", True),
    ("order-number", "Order number missing or wrong", "specialist", True),
    ("master-data", "Company or address wrong", "specialist", True),
    ("terms", "Terms not as agreed", "lead", True),
    ("discount", "Discount missing", "specialist", True),
    ("calculation", "Calculation", "controller", True),
    ("cash-application", "Payment not applied", "cash_applier", True),
    ("attachment", "Attachment missing", "specialist", True),
    ("cancelled-service", "Cancelled service billed", "specialist", True),
    ("fraud", "Fraud", "controller", True),
    ("customer", "On the customer's side", "lead", False),
    ("other", "Something else", "lead", True),
)
THEMES = (
    ("clear-invoices", "Clear invoices"),
    ("order-number", "Order numbers"),
    ("prices", "Prices and discounts"),
    ("on-time", "On time"),
    ("reminders", "Tone of reminders"),
    ("reachable", "Reaching somebody"),
    ("paying", "Ways to pay"),
    ("corrections", "Corrections"),
    ("portal", "The customer's page"),
    ("friendly", "Friendly people"),
)
FORWARD = """
CREATE FUNCTION feedback_improvement_has_a_source() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM feedback_source WHERE improvement_id = NEW.id) THEN
        RAISE EXCEPTION 'an_improvement_has_a_source: %', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER an_improvement_has_a_source AFTER INSERT ON feedback_improvement
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION feedback_improvement_has_a_source();
"""
BACKWARD = """
DROP TRIGGER an_improvement_has_a_source ON feedback_improvement;
DROP FUNCTION feedback_improvement_has_a_source();
"""


def seed(apps, schema_editor):
    Cause, Theme = (apps.get_model("feedback", name) for name in ("Cause", "Theme"))
    for code, name, role, is_ours in CAUSES:
        Cause.objects.get_or_create(code=code, defaults={"name": name, "role": role, "is_ours": is_ours})
    for code, name in THEMES:
        Theme.objects.get_or_create(code=code, defaults={"name": name})


class Migration(migrations.Migration):
    dependencies = [("feedback", "0002_box_and_improvements")]

    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
