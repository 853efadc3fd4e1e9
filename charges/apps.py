"""Late interest and fixed sums: reference rates, debit documents, waivers."""

from django.apps import AppConfig


class ChargesConfig(AppConfig):
    """Late interest and fixed sums: reference rates, debit documents, waivers."""

    name = "charges"
    verbose_name = "Charges"
    default_auto_field = "django.db.models.BigAutoField"
