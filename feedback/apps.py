"""What customers and colleagues say, and what changes because of it."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """What customers and colleagues say, and what changes because of it."""

    name = "feedback"
    verbose_name = "Feedback"
    default_auto_field = "django.db.models.BigAutoField"
