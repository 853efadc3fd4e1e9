"""Money, dates, errors: what every app may use."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Money, dates, errors: what every app may use."""

    name = "core"
    verbose_name = "Core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Forms speak with our words from the first request on."""
        from core.field_words import speak

        speak()
