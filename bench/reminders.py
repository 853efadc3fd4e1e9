"""Reminders: the daily round over all open invoices, a quiet day after it, and the day's messages queued."""

import time
from datetime import UTC, datetime, timedelta

from bench._seed import Seeded, add_invoices, seed_world
from bench.context import Context, Result

NOW = datetime(2026, 11, 16, 10, 0, tzinfo=UTC)  # a Monday, and a decent hour in Germany
_CUSTOMERS = 10_000

# The least any round must do: one row for each open item, written by the database alone.
_BARE = """
INSERT INTO reminders_decision (entity_id, customer_id, invoice_id, item_id, first_on, last_on, outcome, rule, asked,
    currency, decided_at)
SELECT i.entity_id, i.customer_id, p.invoice_id, i.id, %(day)s, %(day)s, 'wait', 'no_step', i.open_amount, i.currency,
    now() FROM ledger_openitem i JOIN invoices_instalment p ON p.open_item_id = i.id
WHERE i.side = 'debit' AND i.open_amount > 0
"""


_CONTACTS = """
INSERT INTO customers_contact (customer_id, name, email, phone, role, language, purposes, is_active)
SELECT id, 'Accounts of ' || name, 'ap' || id || '@customer.example', '', '', '', '{billing}', true
FROM customers_customer c WHERE NOT EXISTS (SELECT 1 FROM customers_contact p WHERE p.customer_id = c.id)
"""


def run(ctx: Context) -> list[Result]:
    """Aims: 100,000 open invoices decided in 20 s, 10,000 digests queued in 60 s, whatever the number."""
    from policies.clauses import DEFAULT_LADDER, Clauses, to_json
    from tests.world import CLAUSES

    ladder = to_json(Clauses(ladder=DEFAULT_LADDER))["ladder"]
    seeded = seed_world(ctx.option("customers", _CUSTOMERS), clauses=CLAUSES | {"ladder": ladder})
    _execute(_CONTACTS)
    results, most = [], ctx.option("invoices", 1_000_000)
    for size in [n for n in (10_000, 100_000, 1_000_000) if n <= most]:
        with ctx.timed(f"{size:,} open invoices made"):
            add_invoices(seeded, size, paid=False)
        results += _rounds(ctx, seeded, size)
        _forget()
    return results


def _rounds(ctx: Context, seeded: Seeded, size: int) -> list[Result]:
    """The first round writes a row each, and its messages are queued; the next day lengthens nearly all."""
    from reminders.models import Reminder

    bare = _bare(NOW.date())
    results = []
    for label, days in (("decide, first day", 0), ("decide, a quiet day", 1)):
        began = time.perf_counter()
        _decide(seeded, NOW + timedelta(days=days))
        seconds = time.perf_counter() - began
        if not days:
            results.append(_queue(ctx, seeded, size))
        # What was to be sent counts as sent, so that the next day is as quiet as most are.
        Reminder.objects.filter(state="meant").update(state="done", sent_at=NOW)
        results.append(
            ctx.result(
                f"{label}, {size:,} open invoices",
                n=size,
                value=seconds,
                unit="s",
                limit=bare,
                aim=f"<= {20 * size / 100_000:g}" if size >= 100_000 else None,
            )
        )
    results.append(
        ctx.result(
            f"one invoice at a time, as a baseline, of {size:,}",
            n=200,
            value=_one_by_one(seeded) * size,
            unit="s",
        )
    )
    return results


def _queue(ctx: Context, seeded: Seeded, size: int) -> Result:
    """One digest to each customer for whom something is meant, by the batches of the task."""
    from reminders import queries, tasks
    from reminders.operations import send_reminders

    entity = seeded.world.entity
    customers = queries.customers_to_write_to(entity, NOW)
    with ctx.profiled():
        began, worked = time.perf_counter(), time.process_time()
        written = sum(
            len(send_reminders(entity, customers[at : at + tasks.BATCH], now=NOW))
            for at in range(0, len(customers), tasks.BATCH)
        )
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
    ctx.say(f"{written:,} digests: {seconds:.1f} s, of which Python worked {worked:.1f} s")
    return ctx.result(
        f"queue digests, {written:,} of {size:,} open invoices",
        n=written,
        value=seconds,
        unit="s",
        aim=f"<= {60 * written / 10_000:g}",
    )


def _decide(seeded: Seeded, now: datetime) -> None:
    from reminders.operations import decide_round

    decide_round(seeded.world.entity, now=now)


def _bare(day) -> float:
    """Seconds the database needs to write one row for each open item; rolled back."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(_BARE, {"day": day})
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return seconds


def _one_by_one(seeded: Seeded) -> float:
    """Seconds for one invoice when facts are read for it alone."""
    from ledger.models import OpenItem
    from reminders import judging, reading

    ids = (
        OpenItem.objects.filter(side="debit", open_amount__gt=0).order_by("-id").values_list("pk", flat=True)
    )
    judge = judging.Judge(seeded.world.entity)
    began = time.perf_counter()
    for pk in ids[:200]:
        judge.all(reading.these_items(seeded.world.entity, [pk]), NOW.date())
    return (time.perf_counter() - began) / 200


def _forget() -> None:
    """The next size begins with nothing decided."""
    _execute("TRUNCATE reminders_reminder, reminders_decision, reminders_round, reminders_digest CASCADE")


def _execute(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)
