"""Month end of a selling company: checklist, closing, revaluation, journal and tax report."""

from django.apps import AppConfig


class ClosingConfig(AppConfig):
    """Month end of a selling company: checklist, closing, revaluation, journal and tax report."""

    name = "closing"
    verbose_name = "Month end"
    default_auto_field = "django.db.models.BigAutoField"
