"""Drafts, issuing, credits, documents."""

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    """Drafts, issuing, credits, documents."""

    name = "invoices"
    verbose_name = "Invoices"
    default_auto_field = "django.db.models.BigAutoField"
