"""What customers write to us and what we answer, and the notes of colleagues about it."""

from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """What customers write to us and what we answer, and the notes of colleagues about it."""

    name = "conversations"
    verbose_name = "Conversations"
    default_auto_field = "django.db.models.BigAutoField"
