"""People, roles and limits."""

from django.apps import AppConfig


class TeamConfig(AppConfig):
    """People, roles and limits."""

    name = "team"
    verbose_name = "Team"
    default_auto_field = "django.db.models.BigAutoField"
