"""Paying an invoice on the hosted page of a payment gateway."""

from django.apps import AppConfig


class CheckoutConfig(AppConfig):
    """Paying an invoice on the hosted page of a payment gateway."""

    name = "checkout"
    verbose_name = "Online payments"
    default_auto_field = "django.db.models.BigAutoField"
