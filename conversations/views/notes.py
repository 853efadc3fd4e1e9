"""Internal notes on any record, and the people who may be named in them."""

from __future__ import annotations

from django.contrib import messages
from django.db import models
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations import operations, queries
from conversations.forms import NoteForm
from conversations.showing import bubbles, clock_of
from core.errors import DomainError
from core.permissions import allowed
from team.requests import StaffRequest

WRITE = "conversations.write_note"
_FEW = 5


@require_GET
@allowed("conversations.read_inquiries", *queries.READ_NOTES)
def about(request: StaffRequest, kind: str, pk: int) -> HttpResponse:
    """What was said and noted about a record: the card its page loads, or a page of its own.

    Whoever may read notes has read those that name them once the card is there.
    """
    record, user, now = _about(request, kind, pk), request.user, timezone.now()
    may_read, may_note = user.has_perm("conversations.read_inquiries"), queries.may_read_notes(user)
    if may_note:
        operations.read_mentions(record, actor=user, now=now)
    threads = queries.threads_about(record)[:_FEW] if may_read else ()
    may_write = user.has_perm(WRITE)
    context = {
        "about": record,
        "kind": kind,
        "threads": [(thread, clock_of(thread, now)) for thread in threads],
        "notes": bubbles((), queries.notes_about(record)) if may_note else (),
        "may_read": may_read,
        "may_write": may_write,
        "people": queries.colleagues(queries.entity_of(record)) if may_write else (),
        "me": user,
    }
    by_script = request.headers.get("HX-Request") == "true"
    return render(request, f"conversations/{'_conversation' if by_script else 'about'}.html", context)


@require_POST
@allowed(WRITE)
def write(request: StaffRequest, kind: str, pk: int) -> HttpResponse:
    """Note something on a record; back to its page."""
    about = _about(request, kind, pk)
    people = queries.colleagues(queries.entity_of(about))
    form = NoteForm(request.POST, people=people)
    if form.is_valid():
        values = form.cleaned_data
        try:
            operations.write_note(
                about,
                body=values["body"],
                mentions=list(values["mentions"]),
                actor=request.user,
                now=timezone.now(),
            )
        except DomainError as refusal:
            if refusal.field != "body":
                raise
            form.add_error("body", f"{refusal.message} {refusal.mend or ''}".strip())
        else:
            messages.success(request, _("Noted. Only colleagues see it."))
            return redirect(_page_of(about))
    context = {"form": form, "about": about, "back": _page_of(about), "title": _("Internal note")}
    return render(request, "conversations/note.html", context, status=422)


@require_http_methods(["GET", "POST"])
@allowed(WRITE)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change one's own note; how it stood is kept and shown below."""
    note = get_object_or_404(queries.notes_visible_to(request.user), pk=pk)
    about = note.about
    if about is None:
        raise Http404
    people = queries.colleagues(note.entity)
    form = NoteForm(request.POST or None, people=people, initial={"body": note.body})
    if request.method == "POST" and form.is_valid():
        try:
            operations.edit_note(
                note,
                body=form.cleaned_data["body"],
                mentions=list(form.cleaned_data["mentions"]),
                actor=request.user,
                now=timezone.now(),
            )
            return redirect(_page_of(about))
        except DomainError as refusal:
            if refusal.field != "body":
                raise
            form.add_error("body", f"{refusal.message} {refusal.mend or ''}".strip())
    context = {
        "form": form,
        "about": about,
        "back": _page_of(about),
        "title": _("Change a note"),
        "versions": note.versions.all(),
    }
    return render(request, "conversations/note.html", context, status=422 if form.errors else 200)


def _about(request: StaffRequest, kind: str, pk: int) -> models.Model:
    """The record, if this person may see it; else 404."""
    rows = queries.noted(kind, request.user)
    if rows is None:
        raise Http404
    return get_object_or_404(rows, pk=pk)


def _page_of(about: models.Model) -> str:
    return f"{about.get_absolute_url()}#conversation"  # type: ignore[attr-defined]
