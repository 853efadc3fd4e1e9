"""Bulk acts: first what would happen, then the job."""

from __future__ import annotations

import json

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from core.errors import Invalid
from core.permissions import NotAllowed, allowed
from invoices import bulk, queries
from invoices.models import Invoice
from invoices.views.exports import answer
from invoices.views.lists import chosen
from team.requests import StaffRequest
from work.jobs import hand_over
from work.models import Job
from work.queries import jobs_of

VIEW = "invoices.view_invoice"


@require_POST
@allowed(VIEW)
def dry_run(request: StaffRequest) -> HttpResponseBase:
    """What the act would do with the chosen rows. Nothing is written."""
    act = request.POST.get("act", "")
    rows = chosen(request, request.user)
    if act == "export":
        if not request.user.has_perm("invoices.export_invoices"):
            raise NotAllowed("invoices.export_invoices")
        query = request.POST.get("query", "") if request.POST.get("all") == "1" else "picked"
        return answer(request, rows.select_related("customer", "entity"), query)
    _check_right(request, act)
    plan = bulk.plan(act, rows, now=timezone.now())
    first = Invoice.objects.filter(pk__in=plan.taken[:10]).select_related("customer").order_by("pk")
    context = {
        "plan": plan,
        "act": bulk.ACTS[act],
        "first": first,
        "more": max(0, len(plan.taken) - 10),
        "ids": json.dumps(list(plan.taken)),
        "back": request.POST.get("query", ""),
    }
    return render(request, "invoices/bulk.html", context)


@require_POST
@allowed(VIEW)
def start(request: StaffRequest) -> HttpResponse:
    """Run the planned act as a job. What changed meanwhile is left out, with its reason."""
    act = request.POST.get("act", "")
    _check_right(request, act)
    now = timezone.now()
    rows = queries.visible_to(request.user).filter(pk__in=_ids(request.POST.get("ids", "")))
    job = bulk.ask(bulk.plan(act, rows, now=now), actor=request.user, now=now)
    return _begun(job)


@require_POST
@allowed(VIEW)
def retry(request: StaffRequest, pk: int) -> HttpResponse:
    """Try the rows that failed once more, as a job of its own."""
    job = get_object_or_404(jobs_of(request.user), pk=pk, kind=bulk.KIND)
    _check_right(request, job.arguments.get("act", ""))
    rows = queries.visible_to(request.user)
    return _begun(bulk.retry(job, rows, actor=request.user, now=timezone.now()))


def _begun(job: Job) -> HttpResponse:
    """Hand the job to a worker once it is written, and show it."""
    return redirect("work:job", hand_over(job).pk)


def _check_right(request: StaffRequest, act: str) -> None:
    known = bulk.ACTS.get(act)
    if known is not None and not request.user.has_perm(known.right):
        raise NotAllowed(known.right)


def _ids(text: str) -> list[int]:
    try:
        ids = json.loads(text)
    except ValueError:
        ids = None
    if not isinstance(ids, list) or not all(isinstance(pk, int) for pk in ids) or len(ids) > bulk.MOST:
        raise Invalid(
            "The list of invoices cannot be read.", field="ids", rule="ids_are_numbers", mend="Choose again."
        )
    return ids
