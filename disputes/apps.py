"""Contested amounts: who holds them, until when, and how they end."""

from django.apps import AppConfig


class DisputesConfig(AppConfig):
    """Contested amounts: who holds them, until when, and how they end."""

    name = "disputes"
    verbose_name = "Disputes"
    default_auto_field = "django.db.models.BigAutoField"
