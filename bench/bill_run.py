"""Bill runs: planned, approved and done for 1,000 to 100,000 contracts (`--contracts=1000000` for more)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from django.db import connection, connections, transaction
from django.urls import reverse

from bench._seed import NOW, Seeded, add_invoices, seed_world
from bench.context import Context, Result
from contracts import operations
from contracts.inputs import ContractInput, ItemInput
from contracts.models import BillRun, Contract, ContractItem
from contracts.operations._proposing import propose_plan
from core.dates import add_months
from work import jobs
from work.models import Job

_CUSTOMERS = 10_000
_MEGABYTE = 1024

# Contracts made like a given one, with its items, one for each number.
_CONTRACTS = """
WITH made AS (
    INSERT INTO contracts_contract (number, customer_id, starts_on, anchor, {contract})
    SELECT 'B' || n, %(customer)s + n %% %(customers)s, %(day)s, %(day)s, {contract}
    FROM contracts_contract, generate_series(%(first)s, %(last)s) n WHERE id = %(model)s
    RETURNING id
)
INSERT INTO contracts_contractitem (contract_id, starts_on, {item})
SELECT made.id, %(day)s, {item} FROM made, contracts_contractitem i WHERE i.contract_id = %(model)s
"""

# What a run writes beside its invoices, by the database alone: a row, a bill and its lines for each.
_BILLS = """
WITH pair AS (
    SELECT v.id AS invoice_id, v.net_total AS net, v.customer_id, c.id AS contract_id FROM (
        SELECT id, net_total, customer_id, row_number() OVER (ORDER BY id) n FROM invoices_invoice
        WHERE series_id = %(series)s AND sequence > %(before)s
    ) v JOIN (SELECT id, row_number() OVER (ORDER BY id) n FROM contracts_contract) c USING (n)
), line AS (
    INSERT INTO contracts_runrow (run_id, customer_id, parts, bills_on, period_start, period_end, currency, net,
        payable, is_late, warnings, state, fault, invoice_id)
    SELECT %(run)s, customer_id, '[]', %(day)s, %(day)s, %(day)s, 'EUR', net, net, false, '[]', 'billed', '{}',
        invoice_id FROM pair
), bill AS (
    INSERT INTO contracts_contractbill (contract_id, run_id, period_start, period_end, bills_on, net, is_late,
        invoice_id, made_at)
    SELECT contract_id, %(run)s, %(day)s, %(day)s, %(day)s, net, false, invoice_id, now() FROM pair
    RETURNING id, contract_id, invoice_id, net
)
INSERT INTO contracts_billline (contract_id, bill_id, document_id, position, item_id, period_start, amount, quantity)
SELECT b.contract_id, b.id, b.invoice_id, row_number() OVER (PARTITION BY b.id ORDER BY i.id), i.id, %(day)s, b.net, 0
FROM bill b JOIN contracts_contractitem i ON i.contract_id = b.contract_id
"""


# The plan of a month in which every contract of the bench owes the same, as planning would write it.
_PLAN = """
INSERT INTO contracts_runrow (run_id, customer_id, parts, bills_on, period_start, period_end, currency, net,
    payable, is_late, warnings, state, fault)
SELECT %(run)s, customer_id, jsonb_build_array(jsonb_build_array(id, %(day)s::text)), %(day)s, %(day)s, %(end)s,
    'EUR', %(net)s, %(payable)s, false, '[]', 'planned', '{}'
FROM contracts_contract WHERE state = 'active' AND number LIKE 'B%%' ORDER BY customer_id, id
"""

_WHOLE = 100_000
_TURN = timedelta(seconds=150)
"""Of more contracts than can be billed while somebody waits, as many as are done in this time."""


def run(ctx: Context) -> list[Result]:
    """Aims at 100,000: 2,000 invoices/s or more, within 3x of SQL, and less than 500 MB more at the peak.

    Done by two processes, one a core; `--alone=1`: by one. Of 1,000,000 a part is planned and done, at that
    size of the tables.
    """
    seeded = seed_world(_CUSTOMERS)
    # A worker that takes up a run has its addresses loaded.
    reverse("invoices:list")
    most, results = ctx.option("contracts", 100_000), []
    for month, size in enumerate(n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= most):
        day = add_months(date(2026, 1, 1), month)
        _add_contracts(seeded, size, day)
        results += _one_run(ctx, seeded, size, day)
    return results


def _one_run(ctx: Context, seeded: Seeded, size: int, day: date) -> list[Result]:
    """All contracts billed for one month: how fast it is planned and done, and what memory it takes."""
    now = datetime.combine(day, NOW.timetz())
    world, held = seeded.world, _Memory()
    turn = None if size <= _WHOLE else _TURN
    planned = operations.ask_plan(world.entity, as_of=day, actor=world.clerk, now=now)
    plan = _measured(ctx, planned.job_id, partial(operations.do_plan, planned.job_id, now=now, turn=turn))
    plan_peak = held.peak()
    run = BillRun.objects.get(pk=planned.pk)
    if turn is not None:
        _plan_by_sql(run, day, now)
        run.refresh_from_db()
    approved = operations.approve_run(run, actor=world.director, now=now)
    held = _Memory()
    do = _measured(ctx, approved.job_id, partial(operations.do_run, approved.job_id, now=now, turn=turn))
    assert turn is not None or do.done == size, do
    raw = _raw(seeded, run, do.done)
    ctx.say(f"{size:,} contracts: planned {plan}, done {do}; SQL {do.done / raw:.1f} s")
    return [
        ctx.result(f"plan, {size:,} contracts", n=plan.done, value=plan.rate, unit="invoices/s"),
        ctx.result(
            f"do, {size:,} contracts",
            n=do.done,
            value=do.rate,
            unit="invoices/s",
            limit=raw,
            aim=">= 2000 and ratio <= 3" if size >= _WHOLE else None,
        ),
        ctx.result(f"memory planning {size:,}", n=plan.done, value=plan_peak, unit="MB", aim="<= 500"),
        ctx.result(f"memory doing {size:,}", n=do.done, value=held.peak(), unit="MB", aim="<= 500"),
    ]


class _Measured(NamedTuple):
    """How many were worked on, and in how long."""

    done: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    def __str__(self) -> str:
        return f"{self.done:,} in {self.seconds:.1f} s"


def _measured(ctx: Context, job_id: int, work: Callable[[], object]) -> _Measured:
    """The work done by us and, unless `--alone=1`, by a second process as the second slot of a worker does."""
    with _helper(work, alone=bool(ctx.option("alone", 0))), ctx.profiled():
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
    job = Job.objects.get(pk=job_id)
    assert job.failed == 0, job.failures[:3]
    return _Measured(job.done, seconds)


def _plan_by_sql(run: BillRun, day: date, now: datetime) -> None:
    """The whole plan where only a part was made; then a second person is asked about it as ever."""
    like = run.rows.order_by("id")[0]
    run.rows.all().delete()
    given = {"run": run.pk, "day": day, "end": like.period_end, "net": like.net, "payable": like.payable}
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, given)
    with transaction.atomic():
        jobs.end(run.job, now=now)
        run.job = None
        propose_plan(run, run.planned_by, now)


@contextmanager
def _helper(work: Callable[[], object], *, alone: bool) -> Iterator[None]:
    """A second process that does it with us; it is ready before we begin."""
    if alone:
        yield
        return
    # A connection is not shared with a child.
    connections.close_all()
    context = get_context("fork")
    ready, go = context.Event(), context.Event()
    child = context.Process(target=_help, args=(work, ready, go))
    child.start()
    ready.wait()
    connection.ensure_connection()
    go.set()
    yield
    child.join()
    assert child.exitcode == 0, child.exitcode


def _help(work: Callable[[], object], ready, go) -> None:
    connection.ensure_connection()
    ready.set()
    go.wait()
    work()


def _raw(seeded: Seeded, run: BillRun, count: int) -> float:
    """Invoices a second where SQL alone writes drafts, issues them and notes their bills."""
    before = seeded.invoices
    seconds = add_invoices(seeded, before + count, paid=False, with_drafts=True)
    given = {"series": seeded.series, "before": before, "run": run.pk, "day": date(1990, 1, run.pk % 28 + 1)}
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_BILLS, given)
    return count / (seconds + time.perf_counter() - began)


def _add_contracts(seeded: Seeded, count: int, day: date) -> None:
    """Active contracts of two items up to `count` in all; the new ones start on the day."""
    world = seeded.world
    known = Contract.objects.filter(number__startswith="B").count()
    given = ContractInput(
        world.entity,
        world.customer,
        "Monitoring",
        day,
        (ItemInput("Licence of the platform", 30), ItemInput("Support by telephone", 12)),
    )
    model = operations.write_contract(given, actor=world.clerk, now=NOW)
    # Which contract is a draft is no matter of this: the model is never billed, its copies are.
    Contract.objects.filter(pk=model.pk).update(state=Contract.State.ACTIVE)
    own = {"contract": ("number", "customer_id", "starts_on", "anchor"), "item": ("contract_id", "starts_on")}
    columns = {
        name: ", ".join(
            f'"{f.column}"'
            for f in kind._meta.concrete_fields
            if not f.primary_key and f.column not in own[name]
        )
        for name, kind in (("contract", Contract), ("item", ContractItem))
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _CONTRACTS.format(**columns),
            {
                "customer": seeded.customers[0],
                "customers": len(seeded.customers),
                "day": day,
                "model": model.pk,
                "first": known + 1,
                "last": count,
            },
        )
        cursor.execute("UPDATE contracts_contract SET state = 'cancelled' WHERE id = %s", [model.pk])
        cursor.execute("ANALYZE")


class _Memory:
    """How much the process grew at its peak since this was made, in MB."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")
        self.before = _status("VmRSS")

    def peak(self) -> float:
        return (_status("VmHWM") - self.before) / _MEGABYTE


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise LookupError(name)
