"""Collection work: cases, worklist, contacts, promises, plans, hand-over."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Collection work: cases, worklist, contacts, promises, plans, hand-over."""

    name = "cases"
    verbose_name = "Cases"
    default_auto_field = "django.db.models.BigAutoField"
