"""Imports, exports, webhooks."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Imports, exports, webhooks."""

    name = "integrations"
    verbose_name = "Integrations"
    default_auto_field = "django.db.models.BigAutoField"
