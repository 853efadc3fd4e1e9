"""The append-only record of every act, and the outbox."""

from django.apps import AppConfig


class TrailConfig(AppConfig):
    """The append-only record of every act, and the outbox."""

    name = "trail"
    verbose_name = "Trail"
    default_auto_field = "django.db.models.BigAutoField"
