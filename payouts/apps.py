"""Approved refunds on their way out: payment files for the bank."""

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """Approved refunds on their way out: payment files for the bank."""

    name = "payouts"
    verbose_name = "Payouts"
    default_auto_field = "django.db.models.BigAutoField"
