"""Planning a bill run chunk by chunk: what would be billed, and what the check says of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from contracts import events
from contracts.drafting import Group, billed_together, draft_of, groups_of
from contracts.loading import furnish, load_books
from contracts.models import BillRun, Contract, ContractBill, RunRow
from contracts.operations._changing import is_renewed, renew_contract
from contracts.operations._proposing import NothingDue, propose_plan
from contracts.operations._sharing import SHARES, Share, shares, wait_for_all, work_on
from contracts.rules import under_way
from core.errors import Invalid, Refused
from core.money import LARGEST, named
from core.rows import append_rows, new_row
from entities import queries as entities
from entities.models import Entity
from invoices import operations as invoices
from invoices.operations import Tried
from team.models import User
from trail.operations import record
from work import jobs
from work.models import Job

JOB_KIND = "contracts"
# By name: only the clock's edge and the screens' edge hand it over.
PLAN_TASK = "contracts.tasks.do_plan"
LARGE = 1000
"""Up to so many contracts are planned while somebody waits."""
_CHUNK = 500
# A bill that differs from the one before by more than this share is worth a look.
_UNLIKE = Decimal("0.5")


class RunUnderWay(Refused):
    """Another `run` of the same contracts is not over yet."""

    def __init__(self, run: BillRun) -> None:
        told = under_way(str(run), run.state)
        super().__init__(told.message, rule="one_run_of_a_scope_is_under_way", mend=told.mend)
        self.run = run


@transaction.atomic
def plan_run(
    entity: Entity,
    *,
    as_of: date,
    actor: User | None,
    now: datetime,
    scope: Mapping[str, int] | None = None,
) -> BillRun:
    """The dry run: one row per invoice that would be made, checked as at issue, and totals.

    It waits for a second person. Refused where nothing is due; a day after today is `Invalid`.
    """
    run = _begin(entity, as_of, dict(scope or {}), actor, now)
    scoped = in_scope(entity, run.scope)
    chunk = _after_customer(entity, scoped, 0)
    while chunk:
        _write_rows(run, chunk, actor, now)
        chunk = _after_customer(entity, scoped, chunk[-1].customer_id)
    return propose_plan(run, actor, now)


@transaction.atomic
def ask_plan(
    entity: Entity,
    *,
    as_of: date,
    actor: User | None,
    now: datetime,
    scope: Mapping[str, int] | None = None,
) -> BillRun:
    """The same for many contracts: a worker plans it, with progress; the caller hands the job over."""
    run = _begin(entity, as_of, dict(scope or {}), actor, now)
    count = in_scope(entity, run.scope).count()
    run.job = jobs.ask(
        JOB_KIND,
        title=f"{run}: planning {count} contract{'s' if count != 1 else ''}",
        arguments={"run": run.pk, "entity": entity.pk, "as_of": as_of.isoformat()},
        total=count,
        actor=actor,
        now=now,
        task=PLAN_TASK,
    )
    run.save(update_fields=["job"])
    return run


def is_large(entity: Entity, scope: Mapping[str, int]) -> bool:
    """Whether planning takes longer than somebody waits for a page."""
    return len(in_scope(entity, scope).values_list("pk")[: LARGE + 1]) > LARGE


def do_plan(job_id: int, *, now: datetime | None = None, turn: timedelta | None = None) -> Job:
    """Plan chunk by chunk, alone or beside others, going on where a lost worker ended.

    After a `turn` it stops with the job still running, so that a helper lets other work pass.
    """
    job = jobs.begin(Job.objects.get(pk=job_id), now=now or timezone.now())
    until = time.monotonic() + turn.total_seconds() if turn else None

    def step(job: Job, share: Share) -> Job | None:
        return _plan_step(job, share, now or timezone.now())

    while job.state == Job.State.RUNNING and (until is None or time.monotonic() < until):
        job = work_on(job, shares(SHARES), step, until=until)
        if until is None or time.monotonic() < until:
            job = _end_plan(job, now or timezone.now())
    if job.state == Job.State.CANCELLED:
        _drop_unbegun(job, now or timezone.now())
    return job


def _plan_step(job: Job, share: Share, now: datetime) -> Job | None:
    run = BillRun.objects.select_related("entity").get(pk=job.arguments["run"])
    chunk = _next_chunk(run, job, share)
    if run.state != BillRun.State.PLANNING or not chunk:
        return None
    _write_rows(run, chunk, job.requested_by, now)
    job = jobs.advance(job, done=len(chunk), now=now)
    job.result = {**job.result, _after(share): chunk[-1].customer_id}
    job.save(update_fields=["result"])
    return job


def _next_chunk(run: BillRun, job: Job, share: Share) -> list[Contract]:
    """What is planned next of a share: the contracts after the customer its last chunk ended with."""
    rows = share.within(in_scope(run.entity, run.scope), "customer_id")
    return _after_customer(run.entity, rows, job.result.get(_after(share), 0))


def _after(share: Share) -> str:
    """Where a job keeps the customer its last chunk of a share ended with."""
    return f"after_customer.{share.rest}"


@transaction.atomic
def _end_plan(job: Job, now: datetime) -> Job:
    """Ask a second person once nothing is left, or throw away what was stopped or came to nothing."""
    wait_for_all(job)
    run = _locked(job.arguments["run"])
    job = Job.objects.select_related("requested_by").get(pk=job.pk)
    if job.state != Job.State.RUNNING or run.state != BillRun.State.PLANNING:
        return job
    if not job.cancel_asked and any(_next_chunk(run, job, share) for share in shares(SHARES)):
        return job
    result = {"url": run.get_absolute_url()}
    if job.cancel_asked:
        _drop(run, job.requested_by, now, "The planning was stopped.")
        return jobs.end(job, now=now, result=result)
    try:
        with transaction.atomic():
            # Its job is over; the one that bills is noted with the approval.
            run.job = None
            propose_plan(run, job.requested_by, run.planned_at)
    except NothingDue as nothing:
        if run.planned_by_id is None:
            # The clock looks every day, and a day without bills is no news.
            run.delete()
            return jobs.end(job, now=now)
        _drop(run, job.requested_by, now, nothing.message)
        return jobs.end(job, now=now, result=result, error=f"{nothing.message} {nothing.mend}")
    return jobs.end(job, now=now, result=result)


@transaction.atomic
def _drop_unbegun(job: Job, now: datetime) -> None:
    """A job stopped on its own page before a worker had it leaves no run that is planned for ever."""
    run = BillRun.objects.select_for_update(of=("self",)).filter(job=job).first()
    if run is not None and run.state == BillRun.State.PLANNING:
        _drop(run, job.requested_by, now, "The planning was stopped.")


def stop_plan(run: BillRun, *, actor: User, now: datetime) -> BillRun:
    """Stop the planning of a locked run after the contracts in hand; what nobody began is dropped at once."""
    job = run.job
    if job is not None and job.state not in jobs.OVER:
        job = jobs.cancel(job, actor=actor, now=now)
    if job is None or job.state in jobs.OVER:
        _drop(run, actor, now, "The planning was stopped.")
    return run


def _drop(run: BillRun, actor: User | None, now: datetime, reason: str) -> None:
    run.rows.all().delete()
    run.state, run.ended_at, run.job = BillRun.State.DISCARDED, now, None
    run.save(update_fields=["state", "ended_at", "job"])
    record(events.RUN_DISCARDED, run, actor=actor, at=now, reason=reason)


def _locked(pk: int) -> BillRun:
    return BillRun.objects.select_for_update(of=("self",)).select_related("entity", "job").get(pk=pk)


def plan_by_clock(*, now: datetime) -> list[BillRun]:
    """Plan what is due today at each company, once a day; nothing where a run of all contracts still waits.

    A day nobody planned on is caught up by the next one: each missed period has its own row then. Where there
    are many contracts the run is still being planned, by a job which the caller hands over.
    """
    made = []
    sellers = Contract.objects.filter(state=Contract.State.ACTIVE).values("entity")
    for entity in Entity.objects.filter(pk__in=sellers).order_by("pk"):
        today = entities.local_day(entity, now)
        runs = BillRun.objects.filter(entity=entity, scope={})
        waits = runs.filter(state__in=BillRun.UNDER_WAY).exists()
        asked = {"entity": entity.pk, "as_of": today.isoformat()}
        looked = Job.objects.filter(kind=JOB_KIND, requested_by=None, arguments__contains=asked)
        if waits or runs.filter(planned_by=None, as_of=today).exists() or looked.exists():
            continue
        try:
            plan = ask_plan if is_large(entity, {}) else plan_run
            made.append(plan(entity, as_of=today, actor=None, now=now))
        except Refused:
            # Nothing is due, or somebody planned the same day in this moment.
            continue
    return made


def _begin(entity: Entity, as_of: date, scope: dict[str, int], actor: User | None, now: datetime) -> BillRun:
    today = entities.local_day(entity, now)
    if as_of > today:
        raise Invalid(
            f"Today is {today}; what is due later is not billed yet.",
            field="as_of",
            rule="a_run_bills_what_is_due",
            mend="Choose today or an earlier day.",
        )
    refuse_second(entity, scope)
    _renew(entity, scope, today, actor, now)
    earlier = BillRun.objects.filter(entity=entity, scope=scope, state=BillRun.State.DONE)
    try:
        with transaction.atomic():
            return BillRun.objects.create(
                entity=entity,
                as_of=as_of,
                scope=scope,
                planned_by=actor,
                planned_at=now,
                before=earlier.order_by("-id").first(),
            )
    except IntegrityError as fault:
        # Somebody planned it in this moment.
        refuse_second(entity, scope)
        raise Refused(
            f"The run of {as_of} is planned already.",
            field="as_of",
            rule="the_clock_plans_one_run_per_company_and_day",
        ) from fault


def refuse_second(entity: Entity, scope: Mapping[str, int], *, besides: int = 0) -> None:
    """A scope is planned once at a time: a second plan would show the same invoices and bill none of them."""
    rows = BillRun.objects.filter(entity=entity, scope=scope, state__in=BillRun.UNDER_WAY)
    other = rows.exclude(pk=besides).first()
    if other is not None:
        raise RunUnderWay(other)


def in_scope(entity: Entity, scope: Mapping[str, int]) -> QuerySet[Contract]:
    """The active contracts a run looks at."""
    rows = Contract.objects.filter(entity=entity, state=Contract.State.ACTIVE)
    if "customer" in scope:
        rows = rows.filter(customer=scope["customer"])
    if "contract" in scope:
        rows = rows.filter(pk=scope["contract"])
    return rows


def _renew(entity: Entity, scope: Mapping[str, int], today: date, actor: User | None, now: datetime) -> None:
    for contract in in_scope(entity, scope).filter(renews_months__gt=0, ends_on__isnull=False):
        while is_renewed(contract, today):
            contract = renew_contract(contract, actor=actor, now=now, today=today)  # noqa: PLW2901


def _after_customer(entity: Entity, contracts: QuerySet[Contract], after: int) -> list[Contract]:
    """The next of the contracts, all of a customer together: they may share an invoice. `after` is the
    customer the last ones ended with."""
    ahead = contracts.filter(customer__gt=after).order_by("customer_id", "id")
    last = list(ahead.values_list("customer_id", flat=True)[:_CHUNK])[-1:]
    return furnish(list(ahead.filter(customer__lte=last[0])), entity) if last else []


def _write_rows(run: BillRun, contracts: Sequence[Contract], actor: User | None, now: datetime) -> None:
    together = billed_together(contracts, run.entity, run.as_of)
    groups = groups_of(load_books(contracts, usage_until=run.planned_at), run.as_of, together)
    last = _last_bills([contract.pk for contract in contracts])
    tried = invoices.try_batch([draft_of(group) for group in groups], actor=actor, now=now)
    append_rows(_row(run, group, one, last) for group, one in zip(groups, tried, strict=True))


def _row(run: BillRun, group: Group, tried: Tried, last: Mapping[int, Decimal]) -> RunRow:
    first = group.parts[0]
    payable = tried.invoice.payable if tried.invoice else group.net
    # More than anybody bills is refused when it is tried; here the row still has to be kept, with the reason.
    net, payable = min(group.net, LARGEST - 1), min(payable, LARGEST - 1)
    warnings = [
        {key: finding[key] for key in ("rule", "severity", "message", "mend")}
        for finding in tried.findings
        if finding["severity"] in ("block", "confirm", "warn")
        # A deduction is what the contract says here.
        and finding["rule"] != "DOC-negative"
    ]
    if tried.refusal is not None and not any(one["severity"] == "block" for one in warnings):
        warnings.append(_warning(tried.refusal.rule, "block", tried.refusal.message, tried.refusal.mend))
    before = [last[part.contract.pk] for part in group.parts if part.contract.pk in last]
    if before and len(before) == len(group.parts) and abs(net - sum(before)) > _UNLIKE * sum(before):
        warnings.append(
            _warning(
                "differs-from-before",
                "warn",
                f"The bill before came to {named(Decimal(sum(before)), first.contract.currency)}.",
                "Look at the contract's items and usage.",
            )
        )
    return new_row(
        RunRow,
        run=run,
        customer=first.contract.customer,
        parts=[[part.contract.pk, part.bill.period.start.isoformat()] for part in group.parts],
        bills_on=first.bill.period.bills_on,
        period_start=min(part.bill.period.start for part in group.parts),
        period_end=max(part.bill.period.end for part in group.parts),
        currency=first.contract.currency,
        net=net,
        payable=payable,
        is_late=any(part.is_late for part in group.parts),
        warnings=warnings,
    )


def _warning(rule: str | None, severity: str, message: str, mend: str | None) -> dict[str, str]:
    return {"rule": rule or "", "severity": severity, "message": message, "mend": mend or ""}


def _last_bills(keys: Sequence[int]) -> dict[int, Decimal]:
    rows = ContractBill.objects.filter(contract__in=keys).order_by("contract_id", "-period_start")
    return dict(rows.distinct("contract_id").values_list("contract_id", "net"))
