"""Pages of bill runs: what would be billed, the decision, the work as it goes, and what was not billed."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contracts import forms, operations, queries
from contracts.models import BillRun, Contract, RunRow
from core.errors import DomainError
from core.exporting import cell
from core.paging import paginate
from core.permissions import allowed
from entities.queries import local_day
from team.requests import StaffRequest
from work import jobs
from work.queries import eta_of

VIEW, RUN, DECIDE = "contracts.view_contract", "contracts.run_bills", "work.decide_approval"
_LISTED = 500


@require_GET
@allowed(VIEW)
def list_(request: StaffRequest) -> HttpResponse:
    """Bill runs, the newest first."""
    page = paginate(request, queries.runs_visible_to(request.user), sorts={"made": "id"}, default="-made")
    return render(request, "contracts/runs.html", {"page": page, "runs": page.items})


@require_http_methods(["GET", "POST"])
@allowed(RUN)
def new(request: StaffRequest) -> HttpResponse:
    """Choose contracts and day, and see what would be billed."""
    first = {"as_of": timezone.now().date(), "contract": request.GET.get("contract", "")[:30]}
    companies = forms.RunForm(user=request.user).fields["entity"].queryset  # type: ignore[attr-defined]
    if request.GET.get("company", "").isdecimal():
        first["entity"] = companies.filter(pk=request.GET["company"][:18]).first()
    else:
        first["entity"] = companies.first()
    form = forms.RunForm(request.POST or None, initial=first, user=request.user)
    if request.method == "POST" and form.is_valid():
        entity = form.cleaned_data["entity"]
        asked = {"as_of": form.cleaned_data["as_of"], "scope": form.scope()}
        asked |= {"actor": request.user, "now": timezone.now()}
        try:
            if not operations.is_large(entity, form.scope()):
                return redirect(operations.plan_run(entity, **asked))
            run = operations.ask_plan(entity, **asked)
            if run.job is not None:
                jobs.hand_over(run.job)
            return redirect(run)
        except operations.RunUnderWay as refusal:
            context = {"form": form, "refusal": refusal}
            return render(request, "contracts/run_new.html", context, status=refusal.status)
        except DomainError as refusal:
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, f"{refusal.message} {refusal.mend or ''}".strip())
    return render(request, "contracts/run_new.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
@allowed(VIEW)
def detail(request: StaffRequest, pk: int) -> HttpResponse:
    """The plan with its warnings and totals, then the work as it goes, then the report."""
    run = _run(request, pk)
    if request.headers.get("HX-Request") == "true":
        if run.job is not None:
            return render(request, "contracts/_run_job.html", _work(run))
        # The planning is over: the page has something else to show.
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    shown = request.GET.get("show", "")
    rows = run.rows.select_related("customer", "invoice")
    if shown == "warned":
        rows = rows.exclude(warnings=[])
    elif shown in RunRow.State.values:
        rows = rows.filter(state=shown)
    page = paginate(request, rows, sorts={"row": "id", "net": "net"}, default="row")
    context = {
        "run": run,
        "page": page,
        "rows": [{"row": row, "stopped": operations.is_stopped(row)} for row in page.items],
        "tabs": _tabs(run, shown),
        "numbers": _numbers(page.items),
        "run_totals": list(run.totals.items()),
        "before": run.before.totals if run.before else {},
        "changed": _changed(run),
        "also": queries.also_planned(run),
        "may_decide": run.state == BillRun.State.PLANNED
        and request.user.has_perm(DECIDE)
        and run.planned_by_id != request.user.pk,
        "may_run": request.user.has_perm(RUN),
        "left": run.rows.exclude(state=RunRow.State.BILLED).count(),
        "reason_form": forms.ReasonForm(),
    }
    return render(request, "contracts/run.html", context | _work(run))


def _run(request: StaffRequest, pk: int) -> BillRun:
    return get_object_or_404(queries.runs_visible_to(request.user), pk=pk)


def _work(run: BillRun) -> dict[str, Any]:
    """The progress of the run's job; over once the run itself says so."""
    job = run.job
    if job is None:
        return {}
    return {"run": run, "job": job, "eta": eta_of(job, timezone.now()), "over": job.state in jobs.OVER}


def _tabs(run: BillRun, shown: str) -> list[dict[str, Any]]:
    names = [("", _("All")), ("warned", _("With warnings"))]
    if run.job is not None:
        names += [("failed", _("Not billed")), ("billed", _("Billed"))]
    return [
        {"label": label, "url": f"?show={key}", "count": None, "current": key == shown}
        for key, label in names
    ]


def _numbers(rows: Any) -> dict[int, str]:
    """{contract: number} of the contracts on the page."""
    keys = {key for row in rows for key, _start in row.parts}
    return dict(Contract.objects.filter(pk__in=keys).values_list("pk", "number"))


def _changed(run: BillRun) -> dict[str, Any]:
    """Contracts that are new since the run before, and those that are in it no more."""
    new, gone = run.changes.get("new", []), run.changes.get("gone", [])
    known = Contract.objects.select_related("customer").in_bulk([*new, *gone])
    return {
        **run.changes,
        "new": [known[key] for key in new if key in known],
        "gone": [known[key] for key in gone if key in known],
    }


@require_POST
@allowed(DECIDE)
def approve(request: StaffRequest, pk: int) -> HttpResponse:
    """Say yes: a worker begins at once."""
    run = operations.approve_run(_run(request, pk), actor=request.user, now=timezone.now())
    return _begun(run)


@require_POST
@allowed(DECIDE)
def reject(request: StaffRequest, pk: int) -> HttpResponse:
    """Say no; what is due stays due."""
    reason = request.POST.get("reason", "")[:300]
    run = operations.reject_run(_run(request, pk), actor=request.user, now=timezone.now(), reason=reason)
    return redirect(run)


@require_POST
@allowed(RUN)
def discard(request: StaffRequest, pk: int) -> HttpResponse:
    """Throw the plan away."""
    run = operations.discard_run(_run(request, pk), actor=request.user, now=timezone.now())
    messages.success(request, _("The plan is thrown away; nothing was billed."))
    return redirect(run)


@require_POST
@allowed(RUN)
def retry(request: StaffRequest, pk: int) -> HttpResponse:
    """Try what was not billed once more."""
    return _begun(operations.retry_run(_run(request, pk), actor=request.user, now=timezone.now()))


@require_POST
@allowed(RUN)
def stop(request: StaffRequest, pk: int) -> HttpResponse:
    """Bill no more of it, whether it is planned, waits or runs; what is billed stays billed."""
    run = operations.stop_run(_run(request, pk), actor=request.user, now=timezone.now())
    told = {
        BillRun.State.PLANNING: _("The planning stops; nothing was billed."),
        BillRun.State.DISCARDED: _("The plan is thrown away; nothing was billed."),
        BillRun.State.CANCELLED: _("It is stopped. What is billed stays billed."),
    }
    after_rows = _("It stops after the rows in its hands. What is billed stays billed.")
    messages.success(request, told.get(BillRun.State(run.state), after_rows))
    return redirect(run)


@require_GET
@allowed(VIEW)
def failures(request: StaffRequest, pk: int) -> HttpResponse:
    """What was not billed and why, as CSV."""
    run = _run(request, pk)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("customer", "period", "net", "currency", "field", "message", "mend"))
    for row in run.rows.filter(state=RunRow.State.FAILED).select_related("customer"):
        told = [str(row.fault.get(name, "")) for name in ("field", "message", "mend")]
        values = [row.customer.number, row.period_start.isoformat(), str(row.net), row.currency, *told]
        writer.writerow([cell(value) for value in values])
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="bill-run-{pk}-not-billed.csv"'
    return response


def _begun(run: BillRun) -> HttpResponse:
    """Hand the job to a worker once it is written, and show it."""
    if run.job is not None:
        jobs.hand_over(run.job)
    return redirect(run)


@require_GET
@allowed(VIEW)
def unbilled(request: StaffRequest) -> HttpResponse:
    """What is owed and due and not on any invoice, with amounts."""
    now = timezone.now()
    rows = queries.unbilled_rows(request.user, now=now)
    credit = [row for row in rows if row.is_to_credit]
    shown = request.GET.get("show", "")
    if shown == "credit":
        rows = credit
    elif shown == "usage":
        rows = [row for row in rows if row.rest.item.kind == "usage"]
    context = {
        "rows": [{"row": row, "today": local_day(row.contract.entity, now)} for row in rows[:_LISTED]],
        "more": max(0, len(rows) - _LISTED),
        "totals": queries.totals_of(rows),
        "tabs": [
            {"label": label, "url": f"?show={key}", "count": None, "current": key == shown}
            for key, label in (("", _("All")), ("usage", _("Usage")), ("credit", _("To be credited")))
        ],
        "is_filtered": bool(shown),
    }
    return render(request, "contracts/unbilled.html", context)
