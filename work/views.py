"""What waits for a person: approvals, jobs, what needs me."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.alike import by_reason
from core.exporting import cell
from core.paging import paginate
from core.permissions import SIGNED_IN, allowed
from team import absences
from team.models import User
from team.queries import KIND_NAMES
from team.requests import StaffRequest
from work import acting, inbox, queries
from work import jobs as operations
from work.models import Job, WorkItem

_SORTS = {"due": "due_at", "value": "value", "finished": "finished_at"}

RUNNING = (Job.State.QUEUED, Job.State.RUNNING)


@require_GET
@allowed(SIGNED_IN)
def list_(request: StaffRequest) -> HttpResponse:
    """The inbox: work that is late or due first, then decisions, documents sent back and failed jobs."""
    now = timezone.now()
    tab = request.GET.get("tab", "mine")
    tab = tab if tab in inbox.TABS else "mine"
    rows = inbox.listing(request.user, tab, now=now)
    done = tab == "done"
    page = paginate(request, rows, sorts=_SORTS, default="-finished" if done else "due")
    for item in page:
        item.group = "Finished" if done else inbox.group_of(item, now)
        item.buttons = _buttons(item, request.user)
    context = {
        "page": page,
        "tab": tab,
        "needs": queries.needs_me(request.user) if tab == "mine" and not page.before else [],
        "colleagues": inbox.colleagues(request.user) if page.items else [],
        "undo": _undo(request),
        "stands_in": absences.stands_in_for(request.user, now=now),
    }
    return render(request, "work/list.html", context | _tabs(tab))


@require_POST
@allowed(SIGNED_IN)
def act(request: StaffRequest, pk: int, act: str) -> HttpResponse:
    """Do something with an item in place; what can be taken back is offered for undo."""
    item = get_object_or_404(inbox.visible_to(request.user), pk=pk)
    acting.act(item, act, request.POST.dict(), actor=request.user, now=timezone.now())
    messages.success(request, f"{item.label}: {acting.DONE[act]}")
    tab = request.POST.get("tab", "")
    query = {"tab": tab} if tab in inbox.TABS and tab != "mine" else {}
    if act in acting.UNDO:
        query |= {"undo": acting.UNDO[act], "item": str(pk)}
    return redirect(f"{reverse('work:list')}?{urlencode(query)}" if query else "work:list")


def _undo(request: StaffRequest) -> Any:
    """The act the last one can be taken back with."""
    name, pk = request.GET.get("undo", ""), request.GET.get("item", "")
    if name not in acting.UNDO.values() or not pk.isdecimal() or len(pk) > 18:
        return None
    item = inbox.visible_to(request.user).filter(pk=pk).first()
    return SimpleNamespace(pk=item.pk, act=name, label=item.label) if item else None


def _buttons(item: WorkItem, user: User) -> list[tuple[str, str]]:
    """What can be done with one click, by the item's state."""
    if item.is_over:
        return [("reopen", "Open again")] if item.finished_by_id == user.pk else []
    if item.owner_id is None:
        return [("take", "Take it")]
    buttons = [("start", "Start")] if item.state != item.State.IN_PROGRESS else []
    if item.snoozed_until and item.snoozed_until > timezone.now():
        buttons = [("wake", "Back now")]
    return [*buttons, ("finish", "Done")]


@require_GET
@allowed(SIGNED_IN)
def needs(request: StaffRequest) -> HttpResponse:
    """The same as a part of another page."""
    return render(request, "work/_needs.html", {"needs": queries.needs_me(request.user)})


@require_GET
@allowed("work.decide_approval")
def approvals(request: StaffRequest) -> HttpResponse:
    """Open questions this person may answer, the oldest first, with what differs from the usual."""
    waiting = queries.waiting_for(request.user)
    chosen = next(
        (a for a in waiting if str(a.pk) == request.GET.get("show")), waiting[0] if waiting else None
    )
    for row in waiting:
        row.kind_name = KIND_NAMES.get(row.kind, row.kind)  # type: ignore[attr-defined]
    context = {
        "waiting": waiting,
        "asked": queries.asked_by(request.user)[:20],
        "chosen": chosen,
        "now": timezone.now(),
    }
    return render(request, "work/approvals.html", context | _tabs("approvals"))


@require_GET
@allowed(SIGNED_IN)
def jobs(request: StaffRequest) -> HttpResponse:
    """Own long jobs, the newest first."""
    return render(request, "work/jobs.html", {"jobs": queries.jobs_of(request.user)[:100]} | _tabs("jobs"))


@require_GET
@allowed(SIGNED_IN)
def job(request: StaffRequest, pk: int) -> HttpResponse:
    """A long job: how far it is, what did not work and why. Scripts get the part that changes."""
    row = get_object_or_404(queries.jobs_of(request.user), pk=pk)
    context = {"row": row, "job": _shown(row, timezone.now()), "waits": row.state == Job.State.QUEUED}
    by_script = request.headers.get("HX-Request") == "true"
    return render(request, "work/_job.html" if by_script else "work/job.html", context)


@require_POST
@allowed(SIGNED_IN)
def cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """Stop after the rows in hand; what is done stays done."""
    row = get_object_or_404(queries.jobs_of(request.user), pk=pk)
    operations.cancel(row, actor=request.user, now=timezone.now())
    messages.success(request, "It stops after the rows in its hands. What is done stays done.")
    return redirect("work:job", pk)


@require_GET
@allowed(SIGNED_IN)
def failures(request: StaffRequest, pk: int) -> HttpResponse:
    """What did not work, as CSV."""
    row = get_object_or_404(queries.jobs_of(request.user), pk=pk)
    out = io.StringIO()
    writer = csv.writer(out)
    names = ("row", "field", "message", "mend")
    writer.writerow(names)
    for failure in row.failures:
        writer.writerow([cell(str(failure.get(name, ""))) for name in names])
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="job-{pk}-failures.csv"'
    return response


def _shown(row: Job, now: datetime) -> Any:
    """The job as the progress component wants it."""
    state = "running" if row.state in RUNNING else "cancelled" if row.state == Job.State.CANCELLED else "done"
    return SimpleNamespace(
        url=reverse("work:job", args=[row.pk]),
        done=row.done,
        total=row.total,
        failed=row.failed,
        reasons=by_reason(row.failures),
        state=state,
        eta=queries.eta_of(row, now),
        cancel_url=reverse("work:cancel", args=[row.pk]) if not row.cancel_asked else "",
        errors_url=reverse("work:failures", args=[row.pk]) if row.failures else "",
        retry_url=_retry_url(row),
    )


def _retry_url(row: Job) -> str:
    """Where the rows that failed are tried again: the app whose job it is offers it, or nobody does."""
    if row.state in RUNNING or not row.result.get(operations.FAILED_IDS):
        return ""
    try:
        return reverse(f"{row.kind}:retry", args=[row.pk])
    except NoReverseMatch:
        return ""


def _tabs(current: str) -> dict[str, Any]:
    names = (
        ("mine", "My work", reverse("work:list")),
        ("team", "Team", reverse("work:list") + "?tab=team"),
        ("snoozed", "Snoozed", reverse("work:list") + "?tab=snoozed"),
        ("done", "Done", reverse("work:list") + "?tab=done"),
        ("approvals", "Approvals", reverse("work:approvals")),
        ("jobs", "Jobs", reverse("work:jobs")),
    )
    return {"tabs": [{"label": label, "url": url, "current": code == current} for code, label, url in names]}
