"""One act on many documents: what it would do, and doing it as a job that can be watched and cancelled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.errors import DomainError, Invalid, Refused
from customers.models import Contact
from entities.queries import local_day
from invoices import operations
from invoices.models import Invoice
from team.models import User
from work import jobs
from work import operations as approvals
from work.models import Job

MOST = 10_000
_CHUNK = 50
KIND = "invoices"
# By name: only the clock's edge and the screens' edge hand it over.
TASK = "invoices.tasks.run_bulk_job"


@dataclass(frozen=True)
class Act:
    """An act of the bulk bar: its words, its right, and which documents it takes."""

    label: str
    done: str
    right: str
    icon: str


ACTS: Mapping[str, Act] = {
    "submit": Act("Submit", "submitted", "invoices.edit_invoice", "checks"),
    "issue": Act("Issue", "issued", "invoices.issue_invoice", "lock"),
    "send": Act("Send", "sent", "correspondence.send_message", "send"),
    "copy": Act("Copy", "copied to new drafts", "invoices.edit_invoice", "copy"),
    "gather": Act("Gather", "gathered by customer", "invoices.edit_invoice", "git-merge"),
}


@dataclass(frozen=True)
class Skipped:
    """Documents the act leaves out, for one reason."""

    reason: str
    invoices: Sequence[Invoice]


@dataclass(frozen=True)
class Plan:
    """What an act would do: the ids it takes, and what it skips and why."""

    act: str
    taken: Sequence[int]
    skipped: Sequence[Skipped]

    @property
    def skipped_count(self) -> int:
        return sum(len(group.invoices) for group in self.skipped)


def plan(act: str, rows: QuerySet[Invoice], *, now: datetime) -> Plan:
    """The dry run: nothing is written. Refuses an unknown act, nothing chosen, and more than MOST rows."""
    if act not in ACTS:
        raise Invalid(
            "Choose what to do.", field="act", rule="a_bulk_act_is_known", mend="Use the bar's buttons."
        )
    invoices = list(rows.select_related("entity", "customer").order_by("pk")[: MOST + 1])
    if not invoices:
        raise Invalid(
            "No invoice is chosen.", field="pick", rule="something_is_chosen", mend="Tick at least one row."
        )
    if len(invoices) > MOST:
        raise Invalid(
            f"More than {MOST:,} invoices match.",
            rule="a_bulk_act_has_an_end",
            mend="Narrow the filter first.",
        )
    reachable = _reachable({invoice.customer_id for invoice in invoices}) if act == "send" else set()
    reasons: dict[str, list[Invoice]] = {}
    taken = []
    for invoice in invoices:
        why = _WHY_NOT[act](invoice, local_day(invoice.entity, now), reachable)
        if why:
            reasons.setdefault(why, []).append(invoice)
        else:
            taken.append(invoice.pk)
    if act == "gather":
        taken = _with_others(invoices, taken, reasons)
    groups = sorted(reasons.items(), key=lambda pair: -len(pair[1]))
    return Plan(act, taken, [Skipped(reason, found) for reason, found in groups])


def _with_others(
    invoices: Sequence[Invoice], taken: Sequence[int], reasons: dict[str, list[Invoice]]
) -> list[int]:
    """Those of the taken that have another one to be gathered with, all of a group together."""
    groups: dict[tuple[object, ...], list[Invoice]] = {}
    for invoice in invoices:
        if invoice.pk in set(taken):
            groups.setdefault(operations.gathers_with(invoice), []).append(invoice)
    alone = [one for group in groups.values() if len(group) < 2 for one in group]
    if alone:
        reasons.setdefault("nothing alike of this customer is chosen", []).extend(alone)
    return [one.pk for group in groups.values() if len(group) > 1 for one in group]


def ask(done: Plan, *, actor: User, now: datetime) -> Job:
    """Note the planned work as a job; the caller queues `run` after the commit."""
    if not done.taken:
        raise Invalid("Nothing is left to do.", rule="something_is_chosen", mend="Choose other invoices.")
    act = ACTS[done.act]
    return jobs.ask(
        KIND,
        title=f"{act.label} {len(done.taken)} invoice{'s' if len(done.taken) != 1 else ''}",
        arguments={"act": done.act, "ids": list(done.taken)},
        total=len(done.taken),
        actor=actor,
        now=now,
        task=TASK,
    )


def retry(job: Job, rows: QuerySet[Invoice], *, actor: User, now: datetime) -> Job:
    """A new job for the rows that failed in one that is over; what cannot be done any more is left out.

    `rows` are the documents the person sees.
    """
    if job.state not in jobs.OVER:
        raise Refused(
            "The work still runs.", rule="only_ended_work_is_tried_again", mend="Wait until it is over."
        )
    failed = job.result.get(jobs.FAILED_IDS, [])
    if not failed:
        raise Refused("Nothing failed, so nothing is tried again.", rule="something_failed")
    return ask(plan(job.arguments["act"], rows.filter(pk__in=failed), now=now), actor=actor, now=now)


def run(job_id: int) -> Job:
    """Work through the job, a few rows per transaction, each counted where it was written.

    A worker that is lost loses its last transaction only; the next one goes on from there.
    """
    job = jobs.begin(Job.objects.get(pk=job_id), now=timezone.now())
    ids, act = job.arguments.get("ids", []), job.arguments.get("act", "")
    if job.state != Job.State.RUNNING:
        return job
    if job.requested_by is None or not job.requested_by.has_perm(ACTS[act].right):
        return jobs.end(job, now=timezone.now(), error="Whoever asked for this may no longer do it.")
    while job.done < len(ids) and not job.cancel_asked:
        job = _step(job, act, ids)
    return jobs.end(job, now=timezone.now())


@transaction.atomic
def _step(job: Job, act: str, ids: Sequence[int]) -> Job:
    job = Job.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=job.pk)
    chunk = ids[job.done : job.done + _CHUNK] if act != "gather" else _one_group(ids, job.done)
    now = timezone.now()
    if act == "gather":
        refused: Mapping[int, DomainError] = _gather(chunk, job.requested_by, now)
    elif act == "issue":
        refused = operations.issue_invoices(chunk, actor=job.requested_by, now=now).refused
    else:
        refused = _one_by_one(_OPERATIONS[act], chunk, job.requested_by, now)
    rows = Invoice.objects.in_bulk(refused)
    failures = [
        {
            "row": str(rows[pk]),
            "field": str(fault.field or ""),
            "message": fault.message,
            "mend": str(fault.mend or ""),
            "url": rows[pk].get_absolute_url(),
        }
        for pk, fault in refused.items()
    ]
    return jobs.advance(job, done=len(chunk), failures=failures, failed_ids=list(refused), now=now)


def _one_group(ids: Sequence[int], done: int) -> Sequence[int]:
    """The next documents that are gathered into one: `plan` put them beside each other."""
    rows = Invoice.objects.in_bulk(ids[done : done + MOST])
    first = operations.gathers_with(rows[ids[done]])
    end = done
    while end < len(ids) and operations.gathers_with(rows[ids[end]]) == first:
        end += 1
    return ids[done:end]


def _gather(chunk: Sequence[int], actor: User | None, now: datetime) -> dict[int, DomainError]:
    rows = list(Invoice.objects.filter(pk__in=chunk).order_by("pk"))
    try:
        operations.gather_drafts(rows, actor=actor, now=now)
    except DomainError as fault:
        return dict.fromkeys(chunk, fault)
    return {}


def _one_by_one(
    operation: Callable[..., Any], ids: Sequence[int], actor: User | None, now: datetime
) -> dict[int, DomainError]:
    refused: dict[int, DomainError] = {}
    invoices = list(Invoice.objects.filter(pk__in=ids).order_by("pk"))
    approvals.one_at_a_time([invoice.customer_id for invoice in invoices])
    for invoice in invoices:
        try:
            operation(invoice, actor=actor, now=now)
        except DomainError as fault:
            refused[invoice.pk] = fault
    return refused


_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "submit": operations.submit_invoice,
    "send": operations.send_invoice,
    "copy": operations.copy_forward,
}


def _no_submit(invoice: Invoice, _today: date, _reachable: set[int]) -> str:
    return "" if invoice.document_status == Invoice.Status.DRAFT else "not a draft"


def _no_issue(invoice: Invoice, today: date, _reachable: set[int]) -> str:
    if invoice.is_issued:
        return "issued before"
    if invoice.document_status != Invoice.Status.APPROVED:
        return "not approved"
    return "planned for a later day" if invoice.planned_on and invoice.planned_on > today else ""


def _no_send(invoice: Invoice, _today: date, reachable: set[int]) -> str:
    if not invoice.is_issued:
        return "not issued"
    if invoice.sending in (Invoice.Sending.SENT, Invoice.Sending.QUEUED):
        return "sent before"
    return "" if invoice.customer_id in reachable else "no contact for invoices"


def _no_copy(invoice: Invoice, _today: date, _reachable: set[int]) -> str:
    return "a credit note" if invoice.credits_id else ""


_WHY_NOT: Mapping[str, Callable[[Invoice, date, set[int]], str]] = {
    "submit": _no_submit,
    "issue": _no_issue,
    "send": _no_send,
    "copy": _no_copy,
    "gather": lambda invoice, _today, _reachable: operations.why_not_gathered(invoice),
}


def _reachable(customer_ids: set[int]) -> set[int]:
    """Customers with a contact for invoices that mail reaches."""
    rows = Contact.objects.filter(
        customer_id__in=customer_ids,
        is_active=True,
        bounced_at=None,
        purposes__contains=[Contact.Purpose.BILLING],
    ).exclude(email="")
    return set(rows.values_list("customer_id", flat=True))
