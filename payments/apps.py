"""Money received and matched."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Money received and matched."""

    name = "payments"
    verbose_name = "Payments"
    default_auto_field = "django.db.models.BigAutoField"
