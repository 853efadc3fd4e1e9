"""The ladder: what is decided each day for each invoice, and what was sent."""

from django.apps import AppConfig


class RemindersConfig(AppConfig):
    """The ladder: what is decided each day for each invoice, and what was sent."""

    name = "reminders"
    verbose_name = "Reminders"
    default_auto_field = "django.db.models.BigAutoField"
