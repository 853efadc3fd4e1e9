"""Items, prices and taxes."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Items, prices and taxes."""

    name = "catalogue"
    verbose_name = "Catalogue"
    default_auto_field = "django.db.models.BigAutoField"
