"""Month ends as they are. Writing goes through the operations."""

from __future__ import annotations

from django.contrib import admin

from closing import models
from core.admin import ReadOnly
from ledger.models import Period


@admin.register(Period)
class PeriodAdmin(ReadOnly):
    """Months somebody closed."""

    list_display = ("entity", "month", "state", "closed_by", "closed_at", "reopened_by")
    list_filter = ("state",)


@admin.register(models.Revaluation)
class RevaluationAdmin(ReadOnly):
    """Foreign items at the closing rate."""

    list_display = ("entity", "month", "currency", "run", "rate", "items", "gain")


@admin.register(models.JournalExport)
class JournalExportAdmin(ReadOnly):
    """Journals taken out."""

    list_display = ("entity", "month", "entries", "lines", "sha256", "made_at")
