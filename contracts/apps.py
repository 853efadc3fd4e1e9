"""What customers agreed to pay again and again: contracts, usage, bill runs, what is not billed yet."""

from django.apps import AppConfig


class ContractsConfig(AppConfig):
    """What customers agreed to pay again and again: contracts, usage, bill runs, what is not billed yet."""

    name = "contracts"
    verbose_name = "Contracts"
    default_auto_field = "django.db.models.BigAutoField"
