"""One thread: what both sides said, what colleagues noted, and everything that can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from conversations import operations, queries
from conversations.forms import CloseForm, CustomerForm, MergeForm, NoteForm, OwnerForm, ReplyForm
from conversations.models import Attachment, Thread
from conversations.showing import PILLS, bubbles, clock_of
from core import faults
from core.errors import DomainError
from core.permissions import allowed
from correspondence.previews import without_link
from customers import queries as customers
from team.idempotency import act_once
from team.requests import StaffRequest

READ, ANSWER = "conversations.read_inquiries", "conversations.answer_inquiry"


@require_GET
@allowed(READ)
def thread(request: StaffRequest, pk: int) -> HttpResponse:
    """The page of one thread."""
    return _page(request, _found(request, pk))


@require_GET
@allowed(READ)
def as_customer(request: StaffRequest, pk: int) -> HttpResponse:
    """The thread as its customer sees it: the posts of both sides, the recap they got, and nothing else."""
    row = _found(request, pk)
    recap = queries.told_recap(row)
    context = {"thread": row, "said": bubbles(queries.posts_of(row), of=row), "recap": recap}
    return render(request, "conversations/as_customer.html", context)


@require_POST
@allowed(ANSWER)
def reply(request: StaffRequest, pk: int) -> HttpResponse:
    """Send the answer, or show the mail it would be (`preview`)."""
    row = _found(request, pk)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return _page(request, row, reply_form=form, status=422)
    body, now = form.cleaned_data["body"], timezone.now()
    if "preview" in request.POST:
        try:
            mail = operations.preview_reply(row, body=body, now=now)
        except DomainError as refusal:
            faults.show(form, refusal)
            return _page(request, row, reply_form=form, status=refusal.status)
        return _page(
            request, row, reply_form=form, preview={"subject": mail.subject, "text": without_link(mail.text)}
        )

    def send() -> HttpResponse:
        operations.reply(row, body=body, ask=form.cleaned_data["ask"], actor=request.user, now=now)
        messages.success(request, _("The answer is queued and goes out in a moment."))
        return redirect(row)

    try:
        return act_once(request, send)
    except DomainError as refusal:
        # What was typed stays in the form. Other refusals mean that the thread takes no answer at all.
        if refusal.status != 422:
            raise
        faults.show(form, refusal)
        return _page(request, row, reply_form=form, status=422)


@require_POST
@allowed(ANSWER)
def assign(request: StaffRequest, pk: int) -> HttpResponse:
    """Give it to a person, to oneself (`me`), or back to everybody."""
    row = _found(request, pk)
    if "me" in request.POST:
        operations.assign_thread(row, owner=request.user, actor=request.user, now=timezone.now())
        return redirect(row)
    form = OwnerForm(request.POST, thread=row)

    def act(values: dict[str, Any]) -> None:
        operations.assign_thread(row, owner=values["owner"], actor=request.user, now=timezone.now())

    return _act(request, row, form, "owner_form", act)


@require_POST
@allowed(ANSWER)
def identify(request: StaffRequest, pk: int) -> HttpResponse:
    """Say which customer an unknown sender is."""
    row = _found(request, pk)
    form = CustomerForm(request.POST, customers=customers.visible_to(request.user))

    def act(values: dict[str, Any]) -> None:
        operations.identify_sender(
            row,
            customer=values["customer"],
            keep_contact=values["keep_contact"],
            actor=request.user,
            now=timezone.now(),
        )

    return _act(request, row, form, "customer_form", act)


@require_POST
@allowed(ANSWER)
def merge(request: StaffRequest, pk: int) -> HttpResponse:
    """Make it part of another inquiry of the same customer."""
    row = _found(request, pk)
    form = MergeForm(request.POST)
    if not form.is_valid():
        return _page(request, row, merge_form=form, status=422)
    reference = form.cleaned_data["into"].strip().upper()
    into = queries.visible_to(request.user).filter(reference=reference).first()
    if into is None:
        form.add_error("into", _("There is no inquiry %(name)s.") % {"name": reference})
        return _page(request, row, merge_form=form, status=422)
    return redirect(operations.merge_threads(row, into=into, actor=request.user, now=timezone.now()))


@require_POST
@allowed(ANSWER)
def close(request: StaffRequest, pk: int) -> HttpResponse:
    """Close with the recap."""
    row = _found(request, pk)

    def act(values: dict[str, Any]) -> None:
        recap = operations.close_thread(row, **values, actor=request.user, now=timezone.now())
        messages.success(
            request, _("Closed; the customer gets the recap.") if recap.message_id else _("Closed.")
        )

    return _act(request, row, CloseForm(request.POST), "close_form", act)


@require_POST
@allowed(ANSWER)
def reopen(request: StaffRequest, pk: int) -> HttpResponse:
    """Take a closed thread up again."""
    row = _found(request, pk)
    operations.reopen_thread(row, actor=request.user, now=timezone.now())
    return redirect(row)


@require_GET
@allowed(READ)
def file(request: StaffRequest, pk: int) -> HttpResponseBase:
    """A file a customer sent, as a download: never shown by the browser, whatever it says it is."""
    found = get_object_or_404(
        Attachment.objects.filter(post__thread__in=queries.visible_to(request.user)), pk=pk
    )
    return FileResponse(
        default_storage.open(found.stored_name),
        as_attachment=True,
        filename=found.filename,
        content_type="application/octet-stream",
    )


def _found(request: StaffRequest, pk: int) -> Thread:
    return get_object_or_404(queries.visible_to(request.user), pk=pk)


def _act(
    request: StaffRequest, row: Thread, form: forms.Form, name: str, act: Callable[[dict[str, Any]], None]
) -> HttpResponse:
    """One form of the page: its faults beside it, else the act and the page anew."""
    if form.is_valid():
        try:
            act(form.cleaned_data)
            return redirect(row)
        except DomainError as refusal:
            row = _found(request, row.pk)
            if row.state == Thread.State.CLOSED:
                raise  # somebody closed it meanwhile: there is no form any more
            faults.show(form, refusal)
            return _page(request, row, status=refusal.status, **{name: form})
    return _page(request, row, status=422, **{name: form})


def _page(request: StaffRequest, row: Thread, *, status: int = 200, **more: Any) -> HttpResponse:
    now, user = timezone.now(), request.user
    may_note = queries.may_read_notes(user)
    if may_note and request.method == "GET":
        operations.read_mentions(row, actor=user, now=now)
    notes = queries.notes_about(row) if may_note else ()
    context = {
        "thread": row,
        "pill": PILLS[row.state],
        "clock": clock_of(row, now),
        "said": bubbles(queries.posts_of(row), notes, of=row),
        "escalations": row.escalations.order_by("at"),
        "recap": row.recaps.first(),
        "merged": row.merged.all(),
        "may_answer": user.has_perm(ANSWER),
        "may_note": user.has_perm("conversations.write_note"),
        "reply_form": ReplyForm(),
        "note_form": NoteForm(people=[]),
        "people": queries.colleagues(row.entity) if may_note else [],
        "owner_form": OwnerForm(thread=row),
        "merge_form": MergeForm(),
        "close_form": CloseForm(initial={"send": True}),
        "customer_form": CustomerForm(customers=customers.visible_to(user), initial={"keep_contact": True}),
        "others": queries.threads_about(row.customer).exclude(pk=row.pk)[:5] if row.customer else (),
    }
    return render(request, "conversations/thread.html", context | more, status=status)
