"""What waits for a person: approvals, jobs, what needs me."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from core.exporting import cell
from core.permissions import SIGNED_IN, allowed
from team.queries import KIND_NAMES
from team.requests import StaffRequest
from work import jobs as operations
from work import queries
from work.models import Job

RUNNING = (Job.State.QUEUED, Job.State.RUNNING)


@require_GET
@allowed(SIGNED_IN)
def list_(request: StaffRequest) -> HttpResponse:
    """Everything that waits for this person."""
    return render(request, "work/list.html", {"needs": queries.needs_me(request.user)} | _tabs("mine"))


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
        state=state,
        eta=_eta(row, now),
        cancel_url=reverse("work:cancel", args=[row.pk]) if not row.cancel_asked else "",
        errors_url=reverse("work:failures", args=[row.pk]) if row.failures else "",
        retry_url="",
    )


def _eta(row: Job, now: datetime) -> str:
    """How long it still takes, in words."""
    if row.state == Job.State.QUEUED:
        return "waits for a worker"
    if row.cancel_asked and row.state == Job.State.RUNNING:
        return "stopping"
    if row.state != Job.State.RUNNING or not row.started_at or not row.done:
        return ""
    left = (now - row.started_at) / row.done * (row.total - row.done)
    return (
        "less than a minute left"
        if left < timedelta(minutes=1)
        else f"about {left.seconds // 60 + 1} min left"
    )


def _tabs(current: str) -> dict[str, Any]:
    names = (
        ("mine", "My work", "work:list"),
        ("approvals", "Approvals", "work:approvals"),
        ("jobs", "Jobs", "work:jobs"),
    )
    return {
        "tabs": [
            {"label": label, "url": reverse(url), "current": code == current} for code, label, url in names
        ]
    }
