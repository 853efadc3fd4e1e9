"""Bank statements: files read, proven and kept; their lines become receipts."""

from django.apps import AppConfig


class BankingConfig(AppConfig):
    """Bank statements: files read, proven and kept; their lines become receipts."""

    name = "banking"
    verbose_name = "Bank statements"
    default_auto_field = "django.db.models.BigAutoField"
