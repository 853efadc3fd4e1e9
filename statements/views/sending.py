"""Sending: one statement, or those of many customers after a look at who gets one."""

from __future__ import annotations

from celery import current_app
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from core.permissions import allowed
from entities import queries as entities
from statements import bulk, operations, queries
from statements.forms import BulkForm, take_fault
from statements.views.pages import SEND, shown
from team.requests import StaffRequest


@require_POST
@allowed(SEND)
def send(request: StaffRequest, pk: int) -> HttpResponse:
    """Send one statement to those chosen for statements, the first time or again."""
    statement = shown(request, pk)
    try:
        sent = operations.send_statement(
            statement, actor=request.user, now=timezone.now(), again="again" in request.POST
        )
    except DomainError as refusal:
        messages.error(request, f"{refusal.message} {refusal.mend or ''}".strip())
    else:
        words = ngettext(
            "The statement goes to %(n)s contact.", "The statement goes to %(n)s contacts.", len(sent)
        )
        messages.success(request, words % {"n": len(sent)})
    return redirect(statement)


@require_http_methods(["GET", "POST"])
@allowed(SEND)
def send_many(request: StaffRequest) -> HttpResponse:
    """Who would get a statement, who not and why; POST sends to the ticked ones as a job."""
    companies = list(entities.visible_to(request.user))
    given = request.POST or request.GET
    form = BulkForm(given or None, companies=companies, today=timezone.now().date())
    plan = None
    if form.is_bound and form.is_valid():
        now = timezone.now()
        try:
            plan = bulk.plan(form.customers(request.user), form.chosen_companies, form.wanted, now=now)
            if request.method == "POST":
                job = bulk.ask(plan, request.POST.getlist("pick"), actor=request.user, now=now)
                transaction.on_commit(lambda: current_app.send_task(bulk.TASK, kwargs={"job_id": job.pk}))
                return redirect("work:job", job.pk)
        except DomainError as refusal:
            take_fault(form, refusal)
    status = 422 if form.errors else 200
    return render(request, "statements/send_many.html", {"form": form, "plan": plan}, status=status)


@require_POST
@allowed(SEND)
def retry(request: StaffRequest, pk: int) -> HttpResponse:
    """Try a period again that reached nobody or could not be made."""
    mailing = get_object_or_404(queries.mailings_visible_to(request.user), pk=pk)
    mailing = operations.retry_mailing(mailing, actor=request.user, now=timezone.now())
    if mailing.reason:
        messages.error(request, mailing.reason)
    else:
        messages.success(request, _("The statement of this period was sent."))
    return redirect("statements:schedules")
