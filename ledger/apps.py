"""The double-entry receivables book."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The double-entry receivables book."""

    name = "ledger"
    verbose_name = "Ledger"
    default_auto_field = "django.db.models.BigAutoField"
