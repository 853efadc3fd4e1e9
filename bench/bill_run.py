"""Bill runs: planned, approved and done for 1,000 to 100,000 contracts (`--contracts=1000000` for more)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from multiprocessing import get_context
from pathlib import Path

from django.db import connection, connections
from django.urls import reverse

from bench._seed import NOW, Seeded, add_invoices, seed_world
from bench.context import Context, Result
from core.dates import add_months

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


def run(ctx: Context) -> list[Result]:
    """Aims at 100,000: 2,000 invoices/s or more, within 3x of SQL, and less than 500 MB more at the peak.

    Done by two processes, one a core; `--alone=1`: by one.
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
    from contracts import operations
    from contracts.models import BillRun

    now = datetime.combine(day, NOW.timetz())
    world, held = seeded.world, _Memory()
    alone = bool(ctx.option("alone", 0))
    planned = operations.ask_plan(world.entity, as_of=day, actor=world.clerk, now=now)
    with _helper("do_plan", planned.job_id, now, alone=alone), ctx.profiled():
        began = time.perf_counter()
        operations.do_plan(planned.job_id, now=now)
        planning = time.perf_counter() - began
    plan_peak = held.peak()
    planned.refresh_from_db()
    approved = operations.approve_run(planned, actor=world.director, now=now)
    held = _Memory()
    with _helper("do_run", approved.job_id, now, alone=alone), ctx.profiled():
        began = time.perf_counter()
        job = operations.do_run(approved.job_id, now=now)
        doing = time.perf_counter() - began
    assert (job.done, job.failed) == (size, 0), job.failures[:3]
    raw = _raw(seeded, BillRun.objects.get(pk=planned.pk), size)
    ctx.say(f"{size:,} contracts: planned in {planning:.1f} s, done in {doing:.1f} s; SQL {size / raw:.1f} s")
    large = size >= 100_000
    return [
        ctx.result(f"plan, {size:,} contracts", n=size, value=size / planning, unit="invoices/s"),
        ctx.result(
            f"do, {size:,} contracts",
            n=size,
            value=size / doing,
            unit="invoices/s",
            limit=raw,
            aim=">= 2000 and ratio <= 3" if large else None,
        ),
        ctx.result(f"memory planning {size:,}", n=size, value=plan_peak, unit="MB", aim="<= 500"),
        ctx.result(f"memory doing {size:,}", n=size, value=held.peak(), unit="MB", aim="<= 500"),
    ]


@contextmanager
def _helper(work: str, job_id: int, now: datetime, *, alone: bool) -> Iterator[None]:
    """A second process that works with us, as the second slot of a worker does; ready before we begin."""
    if alone:
        yield
        return
    # A connection is not shared with a child.
    connections.close_all()
    context = get_context("fork")
    ready, go = context.Event(), context.Event()
    child = context.Process(target=_help, args=(work, job_id, now, ready, go))
    child.start()
    ready.wait()
    connection.ensure_connection()
    go.set()
    yield
    child.join()
    assert child.exitcode == 0, child.exitcode


def _help(work: str, job_id: int, now: datetime, ready, go) -> None:
    from contracts import operations

    connection.ensure_connection()
    ready.set()
    go.wait()
    getattr(operations, work)(job_id, now=now)


def _raw(seeded: Seeded, run, count: int) -> float:
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
    from contracts import operations
    from contracts.inputs import ContractInput, ItemInput
    from contracts.models import Contract, ContractItem

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
