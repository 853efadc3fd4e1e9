"""Approvals and tasks."""

from django.apps import AppConfig


class WorkConfig(AppConfig):
    """Approvals and tasks."""

    name = "work"
    verbose_name = "Work"
    default_auto_field = "django.db.models.BigAutoField"
