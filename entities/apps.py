"""The companies that bill."""

from django.apps import AppConfig


class EntitiesConfig(AppConfig):
    """The companies that bill."""

    name = "entities"
    verbose_name = "Selling companies"
    default_auto_field = "django.db.models.BigAutoField"
