"""Registers the platform's own management commands."""

from django.apps import AppConfig


class BillingOpsConfig(AppConfig):
    """Settings, addresses, jobs and engines."""

    name = "billing_ops"
    verbose_name = "Platform"
    default_auto_field = "django.db.models.BigAutoField"
