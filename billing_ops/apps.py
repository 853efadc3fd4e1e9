"""Registers the platform's own management commands."""

from django.apps import AppConfig


class BillingOpsConfig(AppConfig):
    """Settings, addresses, jobs and engines."""

    name = "billing_ops"
    verbose_name = "Platform"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make our Celery application the one that `shared_task` and `.delay()` mean in this process."""
        from billing_ops import celery

        celery.app.set_default()
