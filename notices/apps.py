"""Who is told of what: the protocol, notices that must be read, watched records."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Who is told of what: the protocol, notices that must be read, watched records."""

    name = "notices"
    verbose_name = "Notices"
    default_auto_field = "django.db.models.BigAutoField"
