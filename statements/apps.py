"""Statements of account, kept as they were sent."""

from django.apps import AppConfig


class StatementsConfig(AppConfig):
    """Statements of account, kept as they were sent."""

    name = "statements"
    verbose_name = "Statements"
    default_auto_field = "django.db.models.BigAutoField"
