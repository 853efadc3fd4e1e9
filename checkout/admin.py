"""Online payments as they are. Writing goes through the operations."""

from __future__ import annotations

from django.contrib import admin

from checkout import models
from core.admin import ReadOnly


@admin.register(models.Checkout)
class CheckoutAdmin(ReadOnly):
    """Hosted payment pages."""

    list_display = ("id", "invoice", "amount", "currency", "state", "begun_at")
    list_filter = ("state", "gateway", "entity")
    exclude = ("page_url", "handle")
    show_full_result_count = False


@admin.register(models.Event)
class EventAdmin(ReadOnly):
    """What the gateway told."""

    list_display = ("event_id", "kind", "received_at", "handled_at", "outcome")
    list_filter = ("kind",)
    show_full_result_count = False


@admin.register(models.Dispute)
class DisputeAdmin(ReadOnly):
    """What cardholders' banks take back."""

    list_display = ("gateway_id", "amount", "state", "opened_at", "taken_at")


@admin.register(models.Repayment)
class RepaymentAdmin(ReadOnly):
    """What was given back to cards."""

    list_display = ("refund", "state", "begun_at", "settled_at")
    list_filter = ("state",)
    exclude = ("handle",)
