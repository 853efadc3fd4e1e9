"""Messages to customers."""

from django.apps import AppConfig


class CorrespondenceConfig(AppConfig):
    """Messages to customers."""

    name = "correspondence"
    verbose_name = "Correspondence"
    default_auto_field = "django.db.models.BigAutoField"
