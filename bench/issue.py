"""Issuing: one by one through the operation, two clients at once, a batch of 10,000, and growth with history."""

import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from django.db import connection, connections, transaction

from bench._seed import NOW, Seeded, add_invoices, seed_world
from bench.context import Context, Result

_BATCH = 10_000
# What the database alone needs for the rows of an issue: the raw limit, measured in the same run.
_STEP = 200


def run(ctx: Context) -> list[Result]:
    """Aims: batch within 5x of set-based SQL and 3,000/s; single at most 5 ms, 200/s with two clients."""
    from invoices.operations import issue_invoice, issue_invoices

    batch = ctx.option("batch", _BATCH)
    seeded = seed_world(500)
    results = []
    for size in (1_000, 10_000, ctx.option("history", 100_000)):
        add_invoices(seeded, size)
        ids = drafts(seeded, _STEP + 20)
        rows = _rows(ids)
        for invoice in rows[:20]:
            issue_invoice(invoice, actor=seeded.world.clerk, now=NOW)
        began = time.perf_counter()
        for invoice in rows[20:]:
            issue_invoice(invoice, actor=seeded.world.clerk, now=NOW)
        each = (time.perf_counter() - began) * 1000 / _STEP
        results.append(ctx.result(f"single, {size:,} existing", n=_STEP, value=each, unit="ms", aim="<= 5"))
    results.append(_two_clients(ctx, seeded))
    limit = _raw_limit(ctx, seeded, batch)
    ids = drafts(seeded, batch)
    with ctx.timed(f"batch of {batch:,}") as elapsed:
        done = issue_invoices(ids, actor=seeded.world.clerk, now=NOW)
    assert len(done.invoices) == batch, list(done.refused.values())[:3]
    results.append(
        ctx.result(
            "batch",
            n=batch,
            value=batch / elapsed(),
            unit="invoices/s",
            limit=limit,
            aim=">= 3000 and ratio <= 5",
        )
    )
    return results


def drafts(seeded: Seeded, count: int) -> list[int]:
    """Approved drafts of three lines, written by set-based SQL: what is measured is issuing them."""
    from invoices.models import Invoice
    from invoices.operations import write_draft
    from invoices.snapshots import content_of
    from work.operations import hash_of

    world = seeded.world
    model = write_draft(world.draft("100.00", "50.00", "25.00"), actor=world.clerk, now=NOW)
    fields = [
        f.column
        for f in Invoice._meta.concrete_fields
        if f.column not in ("id", "public_ref", "customer_id", "document_status")
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        names = ", ".join(f'"{name}"' for name in fields)
        cursor.execute(
            f"INSERT INTO invoices_invoice ({names}, public_ref, customer_id, document_status)"
            f" SELECT {names}, md5(random()::text || n), %s + n %% %s, 'approved'"
            f" FROM invoices_invoice, generate_series(1, %s) n WHERE id = %s RETURNING id",
            [seeded.customers[0], len(seeded.customers), count, model.pk],
        )
        ids = [row[0] for row in cursor.fetchall()]
        for table, model_class in _parts():
            columns = ", ".join(
                f'"{f.column}"'
                for f in model_class._meta.concrete_fields
                if f.column not in ("id", "invoice_id")
            )
            cursor.execute(
                f"INSERT INTO {table} (invoice_id, {columns}) SELECT i, {columns} FROM {table}, unnest(%s) i WHERE invoice_id = %s",
                [ids, model.pk],
            )
    rows = Invoice.objects.filter(pk__in=ids).prefetch_related("lines")
    for invoice in rows:
        invoice.approved_hash = hash_of(content_of(invoice, list(invoice.lines.all())))
    Invoice.objects.bulk_update(rows, ["approved_hash"], batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE invoices_invoice, invoices_line, invoices_instalment, invoices_taxgroup")
    return ids


def _parts() -> Iterable[tuple[str, Any]]:
    from invoices.models import Instalment, Line, TaxGroup

    return ((model._meta.db_table, model) for model in (Line, TaxGroup, Instalment))


def _rows(ids: list[int]) -> list[Any]:
    from invoices.models import Invoice

    return list(Invoice.objects.filter(pk__in=ids).order_by("pk"))


def _raw_limit(ctx: Context, seeded: Seeded, count: int) -> float:
    """Invoices a second that one set-based statement writes, with every row an issue writes."""
    rate = count / add_invoices(seeded, seeded.invoices + count, paid=False)
    ctx.say(f"set-based SQL writes {rate:,.0f} invoices a second")
    return rate


def _two_clients(ctx: Context, seeded: Seeded) -> Result:
    ids = drafts(seeded, 2 * _STEP)
    # A connection is not shared with a child.
    connections.close_all()
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        list(pool.map(_nothing, range(8)))
        began = time.perf_counter()
        done = list(pool.map(_issue_some, [ids[::2], ids[1::2]], [seeded.world.clerk.pk] * 2))
        elapsed = time.perf_counter() - began
    return ctx.result("two clients", n=sum(done), value=sum(done) / elapsed, unit="invoices/s", aim=">= 200")


def _nothing(_: int) -> int:
    connection.ensure_connection()
    return 0


def _issue_some(ids: list[int], clerk: int) -> int:
    from invoices.operations import issue_invoice
    from team.models import User

    actor = User.objects.get(pk=clerk)
    for invoice in _rows(ids):
        issue_invoice(invoice, actor=actor, now=NOW)
    return len(ids)
