"""Feedback as it is. Writing goes through the operations."""

from __future__ import annotations

from django.contrib import admin

from core.admin import ReadOnly
from feedback import models


@admin.register(models.Survey)
class SurveyAdmin(ReadOnly):
    """Questions sent to contacts."""

    list_display = ("customer", "occasion", "instrument", "label", "asked_at")
    list_filter = ("occasion", "instrument")


@admin.register(models.Answer)
class AnswerAdmin(ReadOnly):
    """What customers answered."""

    list_display = ("customer", "occasion", "instrument", "score", "channel", "given_at")
    list_filter = ("occasion", "instrument", "is_complaint")


@admin.register(models.Suggestion)
class SuggestionAdmin(ReadOnly):
    """What colleagues propose."""

    list_display = ("id", "state", "is_anonymous", "made_on")
    list_filter = ("state",)


@admin.register(models.Cause)
class CauseAdmin(ReadOnly):
    """Why things go wrong."""

    list_display = ("code", "name", "role", "is_active")


@admin.register(models.Improvement)
class ImprovementAdmin(ReadOnly):
    """What is changed, and what it moved."""

    list_display = ("title", "state", "owner", "due_on", "figure")
    list_filter = ("state",)


@admin.register(models.OptOut)
class OptOutAdmin(ReadOnly):
    """Who wants no surveys."""

    list_display = ("contact", "at")
