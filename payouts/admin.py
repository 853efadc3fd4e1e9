"""Payment files as they are. Writing goes through the operations."""

from __future__ import annotations

from django.contrib import admin

from core.admin import ReadOnly
from payouts import models


@admin.register(models.PaymentFile)
class PaymentFileAdmin(ReadOnly):
    """Files for the bank."""

    list_display = ("message_id", "account", "total", "state", "planned_at")
    list_filter = ("state",)
    exclude = ("content",)


@admin.register(models.Transfer)
class TransferAdmin(ReadOnly):
    """Refunds in files."""

    list_display = ("end_to_end", "refund", "amount", "is_dropped")
    exclude = ("iban",)
