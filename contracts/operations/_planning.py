"""Planning a bill run: what would be billed, what the check says of it, and asking a second person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from contracts import events
from contracts.drafting import Group, draft_of, groups_of
from contracts.loading import load_books
from contracts.models import BillRun, Contract, ContractBill, RunRow
from contracts.operations._changing import is_renewed, renew_contract
from core.errors import Invalid, Refused
from core.money import plain, round_money
from core.rows import insert_rows
from entities import queries as entities
from entities.models import Entity
from invoices import operations as invoices
from invoices.operations import Tried
from team.models import User
from trail.operations import record
from work import operations as work

KIND = "bill_run"
_CHUNK = 500
_SHOWN = 50
_UNDONE = (BillRun.State.PLANNED, BillRun.State.APPROVED, BillRun.State.RUNNING)
# A bill that differs from the one before by more than this share is worth a look.
_UNLIKE = Decimal("0.5")


class NothingDue(Refused):
    """No contract in the scope owes anything by the day."""


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
    today = entities.local_day(entity, now)
    if as_of > today:
        raise Invalid(
            f"Today is {today}; what is due later is not billed yet.",
            field="as_of",
            rule="a_run_bills_what_is_due",
            mend="Choose today or an earlier day.",
        )
    scope = dict(scope or {})
    _renew(entity, scope, today, actor, now)
    run = _begin(entity, as_of, scope, actor, now)
    rows = [row for chunk in _chunks(entity, scope) for row in _rows(run, chunk, actor, now)]
    if not rows:
        raise NothingDue(
            f"Nothing is due at {entity} by {as_of}.",
            rule="a_run_bills_something",
            mend="Choose a later day or more contracts.",
        )
    run.totals, run.changes = _totals(rows), _changes(run, rows)
    run.plan_hash = work.hash_of(_content(run, rows))
    run.state = BillRun.State.PLANNED
    run.save()
    _ask(run, rows, actor, now)
    record(events.RUN_PLANNED, run, actor=actor, at=now, as_of=as_of, rows=len(rows), totals=run.totals)
    return run


def plan_by_clock(*, now: datetime) -> list[BillRun]:
    """Plan what is due today at each company, once a day; nothing where a run of all contracts still waits.

    A day nobody planned on is caught up by the next one: each missed period has its own row then.
    """
    made = []
    sellers = Contract.objects.filter(state=Contract.State.ACTIVE).values("entity")
    for entity in Entity.objects.filter(pk__in=sellers).order_by("pk"):
        today = entities.local_day(entity, now)
        runs = BillRun.objects.filter(entity=entity, scope={})
        waits = runs.filter(state__in=_UNDONE).exists()
        if waits or runs.filter(planned_by=None, as_of=today).exists():
            continue
        try:
            made.append(plan_run(entity, as_of=today, actor=None, now=now))
        except Refused:
            # Nothing is due, or somebody planned the same day in this moment.
            continue
    return made


def _begin(entity: Entity, as_of: date, scope: dict[str, int], actor: User | None, now: datetime) -> BillRun:
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
        raise Refused(
            f"The run of {as_of} is planned already.",
            field="as_of",
            rule="the_clock_plans_one_run_per_company_and_day",
        ) from fault


def in_scope(entity: Entity, scope: Mapping[str, int]) -> Any:
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


def _chunks(entity: Entity, scope: Mapping[str, int]) -> Iterator[list[Contract]]:
    """The contracts some at a time, all of a customer together: they may share an invoice."""
    rows = (
        in_scope(entity, scope)
        .select_related("customer__segment__payment_policy", "customer__payment_policy")
        .order_by("customer_id", "id")
    )
    chunk: list[Contract] = []
    for contract in rows.iterator(chunk_size=2000):
        if len(chunk) >= _CHUNK and contract.customer_id != chunk[-1].customer_id:
            yield chunk
            chunk = []
        contract.entity = entity
        chunk.append(contract)
    if chunk:
        yield chunk


def _rows(run: BillRun, contracts: Sequence[Contract], actor: User | None, now: datetime) -> list[RunRow]:
    groups = groups_of(load_books(contracts, usage_until=run.planned_at), run.as_of)
    last = _last_bills([contract.pk for contract in contracts])
    tried = invoices.try_batch([draft_of(group) for group in groups], actor=actor, now=now)
    return insert_rows([_row(run, group, one, last) for group, one in zip(groups, tried, strict=True)])


def _row(run: BillRun, group: Group, tried: Tried, last: Mapping[int, Decimal]) -> RunRow:
    first, net = group.parts[0], group.net
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
                f"The bill before came to {plain(Decimal(sum(before)), first.contract.currency)}.",
                "Look at the contract's items and usage.",
            )
        )
    return RunRow(
        run=run,
        customer=first.contract.customer,
        parts=[[part.contract.pk, part.bill.period.start.isoformat()] for part in group.parts],
        bills_on=first.bill.period.bills_on,
        period_start=min(part.bill.period.start for part in group.parts),
        period_end=max(part.bill.period.end for part in group.parts),
        currency=first.contract.currency,
        net=net,
        payable=tried.invoice.payable if tried.invoice else net,
        is_late=any(part.is_late for part in group.parts),
        warnings=warnings,
    )


def _warning(rule: str | None, severity: str, message: str, mend: str | None) -> dict[str, str]:
    return {"rule": rule or "", "severity": severity, "message": message, "mend": mend or ""}


def _last_bills(keys: Sequence[int]) -> dict[int, Decimal]:
    rows = ContractBill.objects.filter(contract__in=keys).order_by("contract_id", "-period_start")
    return dict(rows.distinct("contract_id").values_list("contract_id", "net"))


def _totals(rows: Sequence[RunRow]) -> dict[str, dict[str, Any]]:
    found: dict[str, list[RunRow]] = {}
    for row in rows:
        found.setdefault(row.currency, []).append(row)
    return {
        currency: {
            "invoices": len(some),
            "net": plain(sum((row.net for row in some), Decimal(0)), currency),
            "payable": plain(sum((row.payable for row in some), Decimal(0)), currency),
        }
        for currency, some in sorted(found.items())
    }


def _changes(run: BillRun, rows: Sequence[RunRow]) -> dict[str, Any]:
    """What differs from the run before: contracts that are new in it, and those it has no more."""
    now = {key for row in rows for key, _ in row.parts}
    before = (
        set(ContractBill.objects.filter(run=run.before).values_list("contract_id", flat=True))
        if run.before
        else set()
    )
    return {
        "late": sum(row.is_late for row in rows),
        "warned": sum(bool(row.warnings) for row in rows),
        "stopped": sum(is_stopped(row) for row in rows),
        "new": sorted(now - before)[:_SHOWN] if run.before else [],
        "new_count": len(now - before) if run.before else 0,
        "gone": sorted(before - now)[:_SHOWN],
        "gone_count": len(before - now),
    }


def is_stopped(row: RunRow) -> bool:
    """Whether the check at issue will refuse the row as things stand."""
    return any(one["severity"] in ("block", "confirm") for one in row.warnings)


def _content(run: BillRun, rows: Sequence[RunRow]) -> dict[str, Any]:
    return {
        "entity": run.entity_id,
        "as_of": run.as_of.isoformat(),
        "rows": [[row.parts, row.currency, plain(row.net, row.currency)] for row in rows],
    }


def content_of(run: BillRun) -> dict[str, Any]:
    """What a person approves: every invoice with its contracts, periods and amount."""
    return _content(run, list(run.rows.order_by("id")))


def _ask(run: BillRun, rows: Sequence[RunRow], actor: User | None, now: datetime) -> None:
    books = run.entity.functional_currency
    total = Decimal(0)
    for currency, sums in run.totals.items():
        rate = entities.rate_on(currency, books, entities.local_day(run.entity, now)).rate
        total += round_money(Decimal(sums["payable"]) * rate, books)
    work.request_approval(
        run,
        work.Question(
            kind=KIND,
            label=f"Bill run of {run.entity.name}: {len(rows)} invoices due by {run.as_of}",
            path=run.get_absolute_url(),
            snapshot={"plan": run.plan_hash, "totals": run.totals},
            entity=run.entity,
            amount=total,
            currency=books,
            amount_functional=total,
        ),
        actor=actor,
        now=now,
    )
