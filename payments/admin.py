"""Reading receipts as they are. Writing goes through the operations."""

from __future__ import annotations

from django.contrib import admin

from core.admin import ReadOnly
from payments import models


@admin.register(models.Payment)
class PaymentAdmin(ReadOnly):
    """Receipts."""

    list_display = ("number", "received_on", "amount", "currency", "state", "method")
    list_filter = ("state", "method", "entity")
    search_fields = ("reference",)
    show_full_result_count = False


@admin.register(models.Refund)
class RefundAdmin(ReadOnly):
    """Refunds asked for and paid."""

    list_display = ("id", "customer", "amount", "currency", "state")
    list_filter = ("state",)


@admin.register(models.WriteOff)
class WriteOffAdmin(ReadOnly):
    """Write-offs asked for and booked."""

    list_display = ("id", "invoice", "amount", "state")
    list_filter = ("state",)
