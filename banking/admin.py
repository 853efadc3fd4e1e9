"""Bank statements as they are. Writing goes through the operations."""

from __future__ import annotations

from django.contrib import admin

from banking import models
from core.admin import ReadOnly


@admin.register(models.Statement)
class StatementAdmin(ReadOnly):
    """What each file said of an account."""

    list_display = ("account", "since", "until", "moved", "currency", "proof")
    list_filter = ("proof",)


@admin.register(models.Remittance)
class RemittanceAdmin(ReadOnly):
    """What payers said a payment is for."""

    list_display = ("name", "entity", "brought_at")
    exclude = ("content",)


@admin.register(models.Line)
class LineAdmin(ReadOnly):
    """Movements and what they became."""

    list_display = ("booked_on", "amount", "currency", "party_name", "state")
    list_filter = ("state",)
    show_full_result_count = False
