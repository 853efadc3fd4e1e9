"""Pages of notices of change: write, look at the mail and at whom it reaches, have it approved, follow it."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import faults
from core.errors import DomainError
from core.paging import paginate
from core.permissions import allowed
from notices import operations, queries
from notices.audience import audience, reached
from notices.forms import ChangeForm, ReasonForm
from notices.models import ChangeNotice
from team.models import User
from team.requests import StaffRequest
from work.models import Approval
from work.operations import refuse_unless_may_decide
from work.queries import approvals_of

EDIT, SEND = "notices.edit_change_notice", "notices.send_change_notice"
PILLS = {"draft": "draft", "waiting": "warn", "approved": "info", "sent": "ok", "dropped": ""}
_SHOWN = 200


@require_GET
@allowed(EDIT, SEND)
def list_(request: StaffRequest) -> HttpResponse:
    """All notices of change of one's companies, the newest first."""
    page = paginate(request, queries.visible_to(request.user), sorts={"made": "created_at"}, default="-made")
    for row in page:
        row.pill = PILLS[row.state]
    context = {"page": page, "may_edit": request.user.has_perm(EDIT)}
    return render(request, "notices/changes.html", context)


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def new(request: StaffRequest) -> HttpResponse:
    """Choose the change and say it in plain words; the mail and its readers are shown next."""
    form = ChangeForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            notice = operations.write_change(**form.cleaned_data, actor=request.user, now=timezone.now())
        except DomainError as fault:
            faults.show(form, fault)
        else:
            return redirect(notice)
    return _form(request, form, None)


@require_http_methods(["GET", "POST"])
@allowed(EDIT)
def edit(request: StaffRequest, pk: int) -> HttpResponse:
    """Change a draft."""
    notice = get_object_or_404(queries.visible_to(request.user), pk=pk)
    form = ChangeForm(request.POST or None, user=request.user, notice=notice)
    if request.method == "POST" and form.is_valid():
        try:
            operations.edit_change(notice, form.cleaned_data, actor=request.user, now=timezone.now())
        except DomainError as fault:
            faults.show(form, fault)
        else:
            messages.success(request, _("Saved."))
            return redirect(notice)
    return _form(request, form, notice)


def _form(request: StaffRequest, form: ChangeForm, notice: ChangeNotice | None) -> HttpResponse:
    context = {"form": form, "notice": notice}
    return render(request, "notices/change_form.html", context, status=422 if form.errors else 200)


@require_GET
@allowed(EDIT, SEND)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """One notice: the mail, whom it reaches and whom not, the question to a second person, how far it is."""
    user, now = request.user, timezone.now()
    notice = get_object_or_404(queries.visible_to(user), pk=pk)
    under_way = notice.state in {ChangeNotice.State.APPROVED, ChangeNotice.State.SENT}
    context: dict[str, Any] = {
        "notice": notice,
        "pill": PILLS[notice.state],
        "may_edit": user.has_perm(EDIT),
        "under_way": under_way,
        "reason_form": ReasonForm(),
    }
    if under_way:
        lost = queries.not_reached(notice)
        progress = queries.progress_of(notice)
        context |= {"progress": progress, "lost": lost[:_SHOWN], "lost_count": progress.unreached}
        first = notice.recipients.filter(message__isnull=False).select_related("message").first()
        context["mail"] = first.message if first else None
    else:
        context |= _outlook(notice, now)
    if notice.state == ChangeNotice.State.WAITING:
        question = approvals_of(notice).filter(state="pending").first()
        why_not = _why_not(question, user, now) if question else _("Nobody asks any more.")
        context |= {"may_decide": not why_not, "why_not": why_not}
    return render(request, "notices/change.html", context)


def _why_not(question: Approval, user: User, now: datetime) -> str:
    if not user.has_perm(SEND):
        return _("Your role does not decide this.")
    try:
        refuse_unless_may_decide(question, user, now=now)
    except DomainError as refusal:
        return refusal.message
    return ""


def _outlook(notice: ChangeNotice, now: datetime) -> dict[str, Any]:
    """Before it is sent: how many it is for, whom it does not reach, and the mail the first reader gets."""
    reach = list(reached(audience(notice).select_related("entity", "segment")))
    lost = [one for one in reach if one.why_not]
    found: dict[str, Any] = {
        "total": len(reach),
        "reaches": len(reach) - len(lost),
        "lost": [{"customer": one.customer, "reason": one.why_not} for one in lost[:_SHOWN]],
        "lost_count": len(lost),
        "earliest": queries.earliest_for(notice, now),
    }
    first = next((one.customer for one in reach if not one.why_not), None)
    if first is not None:
        try:
            found["mail"] = operations.preview_change(notice, first, now=now)
            found["mail_to"] = first
        except DomainError as refusal:
            found["no_mail"] = f"{refusal.message} {refusal.mend or ''}".strip()
    return found


@require_POST
@allowed(EDIT)
def submit(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask a second person."""
    notice = operations.submit_change(_found(request, pk), actor=request.user, now=timezone.now())
    messages.success(request, _("A second person is asked. It goes out once they agree."))
    return redirect(notice)


@require_POST
@allowed(SEND)
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Agree; the mails go out."""
    notice = operations.approve_change(_found(request, pk), actor=request.user, now=timezone.now())
    messages.success(request, _("Approved. The mails are written now; this page shows how far they are."))
    return redirect(notice)


@require_POST
@allowed(SEND)
def reject(request: StaffRequest, pk: int) -> HttpResponse:
    """Back to its author with the reason."""
    reason = request.POST.get("reason", "")
    notice = operations.reject_change(
        _found(request, pk), reason=reason, actor=request.user, now=timezone.now()
    )
    return redirect(notice)


@require_POST
@allowed(EDIT)
def drop(request: StaffRequest, pk: int) -> HttpResponse:
    """A draft nobody needs, and why."""
    reason = request.POST.get("reason", "")
    notice = operations.drop_change(
        _found(request, pk), reason=reason, actor=request.user, now=timezone.now()
    )
    return redirect(notice)


def _found(request: StaffRequest, pk: int) -> ChangeNotice:
    return get_object_or_404(queries.visible_to(request.user), pk=pk)
