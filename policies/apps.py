"""Versioned, approved policies."""

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """Versioned, approved policies."""

    name = "policies"
    verbose_name = "Policies"
    default_auto_field = "django.db.models.BigAutoField"
