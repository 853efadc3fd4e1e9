"""The message texts: one per situation and language, in versions, with a preview of the real mail."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages as notices
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Invalid
from core.permissions import allowed
from correspondence import operations, queries
from correspondence.forms import TextForm
from correspondence.models import Template
from correspondence.previews import message_frame, without_link
from correspondence.rendering import Rendered
from correspondence.rules import SITUATIONS, variables_of
from team.requests import StaffRequest

EDIT, SEE = "correspondence.edit_template", "correspondence.view_outgoing"
PREVIEW_SECONDS = 600
LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "hi": "हिन्दी"}
NAMES = {
    "invoice": gettext_lazy("Invoice"),
    "credit_note": gettext_lazy("Credit note"),
    "payment_received": gettext_lazy("Payment received"),
}


@require_GET
@allowed(EDIT, SEE)
def list_(request: StaffRequest) -> HttpResponse:
    """Which text is in use for each situation and language, and where a newer draft waits."""
    operations.install_texts(now=timezone.now())
    newest = queries.newest_texts()
    active = queries.texts_in_use()
    rows = [
        {
            "name": NAMES.get(situation, situation),
            "situation": situation,
            "cells": [
                {
                    "language": code,
                    "text": active.get((situation, code)),
                    "newest": newest.get((situation, code)),
                }
                for code in LANGUAGES
            ],
        }
        for situation in SITUATIONS
    ]
    return render(request, "correspondence/texts.html", {"rows": rows, "languages": LANGUAGES})


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def edit(request: StaffRequest, situation: str, language: str) -> HttpResponse:
    """Write a new version. POST with `preview` shows the mail and saves nothing."""
    _known(situation, language)
    operations.install_texts(now=timezone.now())
    versions = list(queries.versions_of(situation, language))
    newest = versions[0] if versions else None
    form = TextForm(request.POST or None, initial=_initial(newest))
    is_fine = request.method != "POST" or form.is_valid()
    preview: dict[str, Any] = {}
    if request.method == "POST" and is_fine:
        try:
            if "preview" not in request.POST:
                return _save(request, form, situation, language)
            preview = _preview(request, situation, language, form.cleaned_data)
        except Invalid as refusal:
            form.refuse(refusal)
            is_fine = False
    elif is_fine and newest:
        preview = _preview(request, situation, language, _initial(newest))
    context = {
        "form": form,
        "preview": preview,
        "situation": situation,
        "name": NAMES.get(situation, situation),
        "language": language,
        "language_name": LANGUAGES[language],
        "versions": versions,
        "variables": variables_of(situation).values(),
    }
    page = "_preview.html" if _is_preview_only(request) else "text.html"
    return render(request, f"correspondence/{page}", context, status=200 if is_fine else 422)


@require_POST
@allowed(EDIT)
def activate(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a version into use."""
    text = operations.activate_template(
        get_object_or_404(Template, pk=pk), actor=request.user, now=timezone.now()
    )
    notices.success(request, _("Version %(n)s is in use for new messages.") % {"n": text.version})
    return redirect("correspondence:text", text.situation, text.language)


@require_GET
@allowed(EDIT)
def preview(request: StaffRequest, key: str) -> HttpResponse:
    """The mail made from what is in the editor, for the frame beside it; kept a few minutes."""
    html = cache.get(_place(request, key))
    if html is None:
        raise Http404
    return message_frame(html)


def _save(request: StaffRequest, form: TextForm, situation: str, language: str) -> HttpResponse:
    values = form.cleaned_data
    text = operations.save_template(
        situation=situation,
        language=language,
        subject=values["subject"],
        body=values["body"],
        expected_version=values["seen"],
        actor=request.user,
        now=timezone.now(),
    )
    if "activate" in request.POST:
        operations.activate_template(text, actor=request.user, now=timezone.now())
        notices.success(request, _("Version %(n)s is saved and in use.") % {"n": text.version})
    else:
        notices.success(request, _("Version %(n)s is saved as a draft.") % {"n": text.version})
    return redirect("correspondence:text", situation, language)


def _preview(request: StaffRequest, situation: str, language: str, values: dict[str, Any]) -> dict[str, Any]:
    shown: Rendered = queries.sample(
        situation, language, subject=values["subject"], body=values["body"], user=request.user
    )
    key = secrets.token_urlsafe(16)
    cache.set(_place(request, key), shown.html, PREVIEW_SECONDS)
    return {"key": key, "subject": shown.subject, "text": without_link(shown.text)}


def _place(request: StaffRequest, key: str) -> str:
    return f"correspondence:preview:{request.user.pk}:{key}"


def _is_preview_only(request: StaffRequest) -> bool:
    return "preview" in request.POST and request.headers.get("HX-Request") == "true"


def _initial(newest: Template | None) -> dict[str, Any]:
    if newest is None:
        return {"subject": "", "body": "", "seen": 0}
    return {"subject": newest.subject, "body": newest.body, "seen": newest.version}


def _known(situation: str, language: str) -> None:
    if situation not in SITUATIONS or language not in LANGUAGES:
        raise Http404
