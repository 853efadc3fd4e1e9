"""What a customer sees by link."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """What a customer sees by link."""

    name = "portal"
    verbose_name = "Customer pages"
    default_auto_field = "django.db.models.BigAutoField"
