"""The message texts: variants per situation and language, in versions, with a preview of the real message."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages as notices
from django.core.cache import cache
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Invalid
from core.permissions import allowed
from correspondence import operations, queries
from correspondence.forms import TextForm
from correspondence.lint import Finding, findings_of
from correspondence.manners import usual_tone
from correspondence.models import Channel, CustomerType, Template
from correspondence.naming import LANGUAGES, NAMES, TONES, variant_name
from correspondence.previews import letter_on_screen, message_frame, without_link
from correspondence.rules import SITUATIONS, variables_of
from team.requests import StaffRequest

EDIT, SEE = "correspondence.edit_template", "correspondence.view_outgoing"
APPROVE = "correspondence.approve_template"
PREVIEW_SECONDS = 600


@require_GET
@allowed(EDIT, SEE)
def list_(request: StaffRequest) -> HttpResponse:
    """Which text is in use for each situation and language, and where a newer draft waits."""
    operations.install_texts(now=timezone.now())
    newest = queries.newest_texts()
    active = queries.texts_in_use()
    others = queries.variant_counts()
    rows = [
        {
            "name": NAMES.get(situation, situation),
            "situation": situation,
            "cells": [
                {
                    "language": code,
                    "text": active.get((situation, code)),
                    "newest": newest.get((situation, code)),
                    "others": others.get((situation, code), 0),
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
    """Write a new version. POST with `preview` shows the message and saves nothing.

    Which text of the situation and language it is stands in the address: channel, type and tone.
    """
    text = _asked_for(request, situation, language)
    operations.install_texts(now=timezone.now())
    versions = list(queries.versions_of(text))
    variants = queries.variants_of(situation, language)
    newest = versions[0] if versions else None
    start = _initial(newest, variants)
    form = TextForm(request.POST or None, initial=start)
    is_fine = request.method != "POST" or form.is_valid()
    preview: dict[str, Any] = {}
    if request.method == "POST" and is_fine:
        try:
            if "preview" not in request.POST:
                return _save(request, form, text)
            preview = _preview(request, text, form.cleaned_data)
        except Invalid as refusal:
            form.refuse(refusal)
            is_fine = False
    elif is_fine and start["body"]:
        preview = _preview(request, text, start)
    context = {
        "form": form,
        "preview": preview,
        "text": text,
        "name": NAMES.get(situation, situation),
        "variant": variant_name(text),
        "variants": [{"name": variant_name(one), "url": _address(one), "text": one} for one in variants],
        "is_new": newest is None,
        "channels": Channel.choices,
        "types": CustomerType.choices,
        "tones": TONES.items(),
        "language_name": LANGUAGES[language],
        "versions": versions,
        "variables": variables_of(situation).values(),
        "findings": _findings(form, start, text),
        "may_approve": request.user.has_perm(APPROVE),
    }
    page = "_preview.html" if _is_preview_only(request) else "text.html"
    return render(request, f"correspondence/{page}", context, status=200 if is_fine else 422)


@require_POST
@allowed(EDIT)
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask a second person to approve a draft."""
    text = operations.submit_template(
        get_object_or_404(Template, pk=pk), actor=request.user, now=timezone.now()
    )
    notices.success(request, _("Version %(n)s waits for a colleague's approval.") % {"n": text.version})
    return redirect(_address(text))


@require_POST
@allowed(APPROVE)
def activate(request: StaffRequest, pk: int) -> HttpResponse:
    """Approve a version somebody else wrote, and take it into use."""
    text = operations.approve_template(
        get_object_or_404(Template, pk=pk), actor=request.user, now=timezone.now()
    )
    notices.success(request, _("Version %(n)s is in use for new messages.") % {"n": text.version})
    return redirect(_address(text))


@require_POST
@allowed(APPROVE)
def send_back(request: StaffRequest, pk: int) -> HttpResponse:
    """Give a version under review back to its author, with what to change."""
    text = operations.return_template(
        get_object_or_404(Template, pk=pk),
        reason=request.POST.get("reason", ""),
        actor=request.user,
        now=timezone.now(),
    )
    notices.success(request, _("Version %(n)s is a draft again.") % {"n": text.version})
    return redirect(_address(text))


@require_GET
@allowed(EDIT)
def preview(request: StaffRequest, key: str) -> HttpResponse:
    """The mail made from what is in the editor, for the frame beside it; kept a few minutes."""
    html = cache.get(_place(request, key))
    if html is None:
        raise Http404
    return message_frame(html)


def _save(request: StaffRequest, form: TextForm, text: Template) -> HttpResponse:
    values = form.cleaned_data
    text = operations.save_template(
        situation=text.situation,
        language=text.language,
        channel=text.channel,
        customer_type=text.customer_type,
        tone=text.tone,
        subject=values["subject"],
        body=values["body"],
        expected_version=values["seen"],
        actor=request.user,
        now=timezone.now(),
    )
    if "submit" in request.POST:
        operations.submit_template(text, actor=request.user, now=timezone.now())
        notices.success(request, _("Version %(n)s waits for a colleague's approval.") % {"n": text.version})
    else:
        notices.success(request, _("Version %(n)s is saved as a draft.") % {"n": text.version})
    return redirect(_address(text))


def _preview(request: StaffRequest, text: Template, values: Mapping[str, Any]) -> dict[str, Any]:
    text.subject, text.body = values["subject"], values["body"]
    shown = queries.sample(text, user=request.user, on=timezone.localdate())
    html = letter_on_screen(shown.html) if text.channel == Channel.LETTER else shown.html
    key = secrets.token_urlsafe(16)
    cache.set(_place(request, key), html, PREVIEW_SECONDS)
    return {"key": key, "subject": shown.subject, "text": without_link(shown.text)}


def _findings(form: TextForm, start: Mapping[str, Any], text: Template) -> list[Finding]:
    """How the text in the editor sounds; of the one it begins with where nothing was typed yet."""
    words = form.data if form.is_bound else start
    subject, body = str(words.get("subject", "")), str(words.get("body", ""))
    if not body.strip():
        return []
    tone = text.tone or usual_tone(text.situation)
    return findings_of(subject, body, language=text.language, tone=tone)


def _asked_for(request: StaffRequest, situation: str, language: str) -> Template:
    """The text the address names, without words yet; 404 when there cannot be one."""
    channel, kind = request.GET.get("channel", Channel.EMAIL), request.GET.get("type", "")
    tone = request.GET.get("tone", "0")
    is_known = situation in SITUATIONS and language in LANGUAGES
    if (
        not is_known
        or channel not in Channel.values
        or kind not in CustomerType.values
        or tone not in "012345"
    ):
        raise Http404
    return Template(
        situation=situation, language=language, channel=channel, customer_type=kind, tone=int(tone or 0)
    )


def _address(text: Template) -> str:
    """The editor's page of this text."""
    found = {"channel": text.channel, "type": text.customer_type, "tone": str(text.tone or "")}
    usual = {"channel": Channel.EMAIL.value}
    asked = {name: value for name, value in found.items() if value and usual.get(name) != value}
    page = reverse("correspondence:text", args=[text.situation, text.language])
    return f"{page}?{urlencode(asked)}" if asked else page


def _place(request: StaffRequest, key: str) -> str:
    return f"correspondence:preview:{request.user.pk}:{key}"


def _is_preview_only(request: StaffRequest) -> bool:
    return "preview" in request.POST and request.headers.get("HX-Request") == "true"


def _initial(newest: Template | None, others: Sequence[Template]) -> dict[str, Any]:
    """The words the editor begins with: the newest version's, or for a new text those of the nearest one."""
    nearest = newest or next(iter(others), None)
    if nearest is None:
        return {"subject": "", "body": "", "seen": 0}
    return {"subject": nearest.subject, "body": nearest.body, "seen": newest.version if newest else 0}
