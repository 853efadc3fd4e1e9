"""Figures, dashboards, system health."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """Figures, dashboards, system health."""

    name = "metrics"
    verbose_name = "Metrics"
    default_auto_field = "django.db.models.BigAutoField"
