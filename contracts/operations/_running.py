"""Doing a planned run: approved by a second person, then a worker makes its invoices, some at a time.

Each chunk is one transaction: its contracts locked, what they owe worked out again, invoices numbered, rows
and bills written, the job counted. A worker that is killed loses its chunk and nothing else; the constraint
`a_contract_is_billed_once_per_period` holds whoever runs beside it. Several workers do a run together.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils import timezone

from contracts import events
from contracts.drafting import Group, Part, billed_together, draft_of, groups_of, used_quantity
from contracts.loading import furnish, load_books
from contracts.models import BillLine, BillRun, Contract, ContractBill, RunRow
from contracts.operations._planning import JOB_KIND, refuse_second, stop_plan
from contracts.operations._proposing import content_hash
from contracts.operations._sharing import SHARES, Share, shares, wait_for_all, work_on
from core.errors import DomainError, Refused
from core.money import plain
from core.rows import append_rows, insert_rows, new_row, rows_where, run_values
from invoices import operations as invoices
from invoices.models import Invoice
from team.models import User
from trail.operations import record
from work import jobs
from work import operations as work
from work.models import Approval, Job
from work.queries import approvals_of

# By name: only the clock's edge and the screens' edge hand it over.
TASK = "contracts.tasks.do_run"
_CHUNK = 500
FEW = 50
"""So few rows are one worker's, and numbered in the order of the plan."""
_NOTHING = Decimal(0)


class RunRefused(Refused):
    """The run is not in a state that allows this."""


@transaction.atomic
def approve_run(run: BillRun, *, actor: User, now: datetime) -> BillRun:
    """A second person says yes to the plan; the work is noted as a job, which the caller queues."""
    run = _locked(run)
    _refuse_unless(run, BillRun.State.PLANNED)
    if content_hash(run) != run.plan_hash:
        raise RunRefused(
            "The plan is not the one that was submitted.",
            rule="approval_is_for_what_was_submitted",
            mend="Discard it and plan again.",
        )
    work.approve(pending_approval(run), actor=actor, now=now)
    run.state = BillRun.State.APPROVED
    run.job = _job(run, run.rows.count(), actor, now)
    run.save(update_fields=["state", "job"])
    record(events.RUN_APPROVED, run, actor=actor, at=now, totals=run.totals)
    return run


@transaction.atomic
def reject_run(run: BillRun, *, actor: User, now: datetime, reason: str) -> BillRun:
    """A second person says no; the plan is over and its periods stay due."""
    run = _locked(run)
    _refuse_unless(run, BillRun.State.PLANNED)
    work.reject(pending_approval(run), actor=actor, now=now, reason=reason)
    return _drop(run, events.RUN_REJECTED, actor, now, reason)


@transaction.atomic
def discard_run(run: BillRun, *, actor: User, now: datetime) -> BillRun:
    """Throw a plan away, to plan anew."""
    run = _locked(run)
    _refuse_unless(run, BillRun.State.PLANNED)
    work.void_approvals(run, reason="The plan was discarded.", now=now)
    return _drop(run, events.RUN_DISCARDED, actor, now, "")


@transaction.atomic
def stop_run(run: BillRun, *, actor: User, now: datetime) -> BillRun:
    """Bill no more of it: a plan is thrown away, work ends after the rows in hand; what is billed stays.

    Refused where the run is over: nothing is left to stop.
    """
    run = _locked(run)
    match run.state:
        case BillRun.State.PLANNING:
            return stop_plan(run, actor=actor, now=now)
        case BillRun.State.PLANNED:
            return discard_run(run, actor=actor, now=now)
        case BillRun.State.APPROVED | BillRun.State.RUNNING if run.job is not None:
            if run.job.state not in jobs.OVER:
                run.job = jobs.cancel(run.job, actor=actor, now=now)
            return _end(run, run.job, now) if run.job.state in jobs.OVER else run
        case _:
            raise RunRefused(
                f"{run} is {run.get_state_display().lower()}; nothing is left to stop.",
                field="state",
                rule="only_running_work_is_cancelled",
            )


@transaction.atomic
def retry_run(run: BillRun, *, actor: User, now: datetime) -> BillRun:
    """Try the rows that were not billed once more, as a job of its own, when what stopped them is mended."""
    run = _locked(run)
    if run.state == BillRun.State.DISCARDED:
        raise RunRefused(
            f"{run} is discarded.", rule="only_ended_work_is_tried_again", mend="Plan a new run."
        )
    decided = run.state not in (BillRun.State.PLANNING, BillRun.State.PLANNED)
    if not decided or run.job is None or run.job.state not in jobs.OVER:
        raise RunRefused(
            "The run is not over.", rule="only_ended_work_is_tried_again", mend="Wait until it is over."
        )
    again = run.rows.exclude(state=RunRow.State.BILLED).update(state=RunRow.State.PLANNED, fault={})
    if not again:
        raise RunRefused("Everything was billed; nothing is tried again.", rule="something_failed")
    run.state, run.ended_at = BillRun.State.APPROVED, None
    run.job = _job(run, again, actor, now)
    refuse_second(run.entity, run.scope, besides=run.pk)
    try:
        with transaction.atomic():
            run.save(update_fields=["state", "ended_at", "job"])
    except IntegrityError:
        # Somebody planned them in this moment.
        refuse_second(run.entity, run.scope, besides=run.pk)
        raise
    return run


def do_run(
    job_id: int, *, now: datetime | None = None, documents: bool = True, turn: timedelta | None = None
) -> Job:
    """Work through the rows of a run, alone or beside others, going on where a lost worker ended.

    `now` is the instant it is done at where that is not the present; `documents` as in `issue_invoices`.
    After a `turn` it stops with the job still running, so that a helper lets other work pass.
    """
    job = jobs.begin(Job.objects.get(pk=job_id), now=now or timezone.now())
    if job.state == Job.State.CANCELLED:
        _end_unbegun(job, now or timezone.now())
        return job
    BillRun.objects.filter(job=job, state=BillRun.State.APPROVED).update(state=BillRun.State.RUNNING)
    until = time.monotonic() + turn.total_seconds() if turn else None
    parts = shares(SHARES if job.total > FEW else 1)

    def step(job: Job, share: Share) -> Job | None:
        return _step(job, share, now or timezone.now(), documents=documents)

    while job.state == Job.State.RUNNING and (until is None or time.monotonic() < until):
        job = work_on(job, parts, step, until=until)
        if until is None or time.monotonic() < until:
            job = _finish(job, now or timezone.now())
    return job


def _step(job: Job, share: Share, now: datetime, *, documents: bool) -> Job | None:
    run = BillRun.objects.select_related("entity").get(job=job)
    rows = _next_rows(run, share)
    if not rows:
        return None
    failures = _bill(run, rows, actor=job.requested_by, now=now, documents=documents)
    failed = [row.pk for row in rows if row.state == RunRow.State.FAILED]
    return jobs.advance(job, done=len(rows), failures=failures, failed_ids=failed, now=now)


def _next_rows(run: BillRun, share: Share) -> list[RunRow]:
    """The next rows, no contract twice: what a missed period is billed for is known before the next one."""
    seen: set[int] = set()
    found: list[RunRow] = []
    waiting = share.within(run.rows.filter(state=RunRow.State.PLANNED), "customer_id")
    for row in waiting.select_related("customer").order_by("id")[:_CHUNK]:
        keys = {key for key, _ in row.parts}
        if keys & seen:
            break
        seen |= keys
        found.append(row)
    return found


def _bill(
    run: BillRun, rows: Sequence[RunRow], *, actor: User | None, now: datetime, documents: bool
) -> list[dict[str, str]]:
    """Make the invoices of the rows; what was not billed, with its reason."""
    groups: list[tuple[RunRow, Group]] = []
    for row, group in zip(rows, _groups(run, rows), strict=True):
        if group is None or group.net != row.net:
            _fail(row, _moved(row, group))
        else:
            groups.append((row, group))
    done = invoices.issue_batch(
        [draft_of(group) for _, group in groups],
        actor=actor,
        now=now,
        approved=str(run),
        documents=documents,
    )
    made: list[tuple[RunRow, Group, Invoice]] = []
    for (row, group), answer in zip(groups, done, strict=True):
        if isinstance(answer, DomainError):
            _fail(row, answer)
        else:
            row.state, row.invoice, row.payable = RunRow.State.BILLED, answer, answer.payable
            made.append((row, group, answer))
    _write_bills(run, made, now)
    _write_rows(rows)
    return [
        {"row": str(row), "url": run.get_absolute_url(), **row.fault}
        for row in rows
        if row.state == RunRow.State.FAILED
    ]


def _write_rows(rows: Sequence[RunRow]) -> None:
    run_values(
        "UPDATE contracts_runrow r SET state = v.state, invoice_id = v.invoice, payable = v.payable,"
        " fault = v.fault FROM (VALUES %s) v (id, state, invoice, payable, fault) WHERE r.id = v.id",
        [(row.pk, row.state, row.invoice_id, row.payable, json.dumps(row.fault)) for row in rows],
        template="(%s, %s, %s::bigint, %s, %s::jsonb)",
    )


def _groups(run: BillRun, rows: Sequence[RunRow]) -> list[Group | None]:
    """What each row comes to today, its contracts locked; None where its period is not due any more."""
    keys = sorted({key for row in rows for key, _ in row.parts})
    active = "id = ANY(%s) AND state = 'active' ORDER BY id FOR UPDATE"
    contracts = furnish(rows_where(Contract, active, [keys]), run.entity)
    parts: dict[tuple[int, str], Part] = {}
    together = billed_together(contracts, run.entity, run.as_of)
    for group in groups_of(load_books(contracts, usage_until=run.planned_at), run.as_of, together):
        for part in group.parts:
            parts[part.contract.pk, part.bill.period.start.isoformat()] = part
    found: list[Group | None] = []
    for row in rows:
        some = [parts.get((key, start)) for key, start in row.parts]
        held = [part for part in some if part is not None]
        found.append(Group(tuple(held)) if len(held) == len(some) else None)
    return found


def _moved(row: RunRow, group: Group | None) -> DomainError:
    """Why a row is not what was approved."""
    today = plain(group.net, row.currency) if group else ""
    return RunRefused(
        f"Approved were {plain(row.net, row.currency)} {row.currency}; today it comes to {today}."
        if today
        else "This period is not due any more: it was billed meanwhile, or the contract changed.",
        rule="billed_as_approved",
        mend="Plan a new run for what is left.",
    )


def _fail(row: RunRow, fault: DomainError) -> None:
    row.state = RunRow.State.FAILED
    row.fault = {"field": str(fault.field or ""), "message": fault.message, "mend": str(fault.mend or "")}


def _write_bills(run: BillRun, made: Sequence[tuple[RunRow, Group, Invoice]], now: datetime) -> None:
    bills: list[ContractBill] = []
    lines: list[tuple[ContractBill, BillLine]] = []
    for _, group, invoice in made:
        of = {
            part.contract.pk: new_row(
                ContractBill,
                contract=part.contract,
                run=run,
                period_start=part.bill.period.start,
                period_end=part.bill.period.end,
                bills_on=part.bill.period.bills_on,
                net=part.bill.amount,
                is_late=part.is_late,
                invoice=invoice,
                made_at=now,
            )
            for part in group.parts
        }
        bills += of.values()
        for position, (part, rest) in enumerate(group.positions(), start=1):
            line = new_row(
                BillLine,
                contract=part.contract,
                document=invoice,
                position=position,
                item_id=rest.item.key,
                period_start=rest.period.start,
                amount=rest.amount,
                quantity=used_quantity(rest),
            )
            lines.append((of[part.contract.pk], line))
    insert_rows(bills)
    for bill, line in lines:
        line.bill_id = bill.pk
    append_rows(line for _, line in lines)


@transaction.atomic
def _finish(job: Job, now: datetime) -> Job:
    """End job and run together, once nothing is left; what was stopped can be taken up again."""
    wait_for_all(job)
    run = _locked(BillRun.objects.get(job=job))
    job = Job.objects.get(pk=job.pk)
    left = run.rows.filter(state=RunRow.State.PLANNED).exists()
    if job.state != Job.State.RUNNING or (left and not job.cancel_asked):
        return job
    job = jobs.end(job, now=now, result={"url": run.get_absolute_url()})
    _end(run, job, now)
    return job


@transaction.atomic
def _end_unbegun(job: Job, now: datetime) -> None:
    """A job stopped on its own page before a worker had it: its run is over as well."""
    run = BillRun.objects.select_for_update(of=("self",)).filter(job=job).first()
    if run is not None and run.state == BillRun.State.APPROVED:
        _end(run, job, now)


def _end(run: BillRun, job: Job, now: datetime) -> BillRun:
    left = run.rows.filter(state=RunRow.State.PLANNED).exists()
    run.state = BillRun.State.CANCELLED if left else BillRun.State.DONE
    run.ended_at = now
    run.save(update_fields=["state", "ended_at"])
    record(events.RUN_ENDED, run, actor=None, at=now, done=job.done, failed=job.failed, state=run.state)
    return run


def pending_approval(run: BillRun) -> Approval:
    """The open question about the run."""
    found = approvals_of(run).filter(state=Approval.State.PENDING).first()
    if found is None:
        raise RunRefused(f"{run} waits for nobody's approval.", rule="a_question_is_open")
    return found


def _job(run: BillRun, total: int, actor: User, now: datetime) -> Job:
    return jobs.ask(
        JOB_KIND,
        title=f"{run}: {total} invoice{'s' if total != 1 else ''}",
        arguments={"run": run.pk},
        total=total,
        actor=actor,
        now=now,
        task=TASK,
    )


def _drop(run: BillRun, fact: str, actor: User, now: datetime, reason: str) -> BillRun:
    run.state, run.ended_at = BillRun.State.DISCARDED, now
    run.save(update_fields=["state", "ended_at"])
    record(fact, run, actor=actor, at=now, reason=reason)
    return run


def _locked(run: BillRun) -> BillRun:
    return BillRun.objects.select_for_update(of=("self",)).select_related("entity", "job").get(pk=run.pk)


def _refuse_unless(run: BillRun, state: str) -> None:
    if run.state != state:
        raise RunRefused(
            f"{run} is {run.get_state_display().lower()}.", field="state", rule="a_run_allows_this_now"
        )
