"""Whom we bill."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Whom we bill."""

    name = "customers"
    verbose_name = "Customers"
    default_auto_field = "django.db.models.BigAutoField"
