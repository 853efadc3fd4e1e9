"""Disputes: one look of the clock over 50,000 open disputes, quiet, on a usual day and after an outage."""

import time
from datetime import UTC, datetime, timedelta

from bench._seed import add_invoices, seed_world
from bench.context import Context, Result

NOW = datetime(2026, 11, 16, 10, 0, tzinfo=UTC)  # a Monday, in office hours
_CUSTOMERS = 5_000

_DISPUTES = """
INSERT INTO disputes_dispute (entity_id, customer_id, invoice_id, channel, external_id, reason, detail, is_in_time,
    currency, amount, amount_functional, track, state, level, round, owner_id, raised_at, begun_at, changed_at, outcome,
    root_cause, recap, credited, was_reopened, consultation)
SELECT entity_id, customer_id, id, 'portal', '', 'PRC', 'The price differs', true, currency, 100, 100, 'standard',
    'raised', 1, 1, %(owner)s, %(at)s, %(at)s, %(at)s, '', '', '', 0, false, ''
FROM invoices_invoice WHERE document_status = 'issued' AND balance > 0 ORDER BY id LIMIT %(n)s
"""
_REST = (
    """
INSERT INTO disputes_part (dispute_id, invoice_id, amount, net, tax, category, is_open)
SELECT id, invoice_id, 100, 84.03, 15.97, '', true FROM disputes_dispute
""",
    """
INSERT INTO disputes_clock (dispute_id, round, kind, minutes, started_at, due_at, warn_at)
SELECT d.id, 1, k.kind, k.minutes, d.begun_at, d.begun_at + k.due, d.begun_at + k.due * 0.75
FROM disputes_dispute d, (VALUES ('acknowledge', 240, interval '4 hours'), ('answer', 960, interval '2 days'),
    ('resolve', 2400, interval '7 days')) AS k (kind, minutes, due)
""",
    """
INSERT INTO disputes_holding (dispute_id, level, responsible_id, accountable_id, consulted, from_at, reason)
SELECT id, 1, owner_id, owner_id, 'Sales', raised_at, 'Raised' FROM disputes_dispute
""",
    "ANALYZE disputes_dispute",
    "ANALYZE disputes_clock",
    "ANALYZE disputes_holding",
)
# The least a look must do for what is due: a level on the dispute, a row that claims it, and who holds it.
_BARE = (
    "UPDATE disputes_dispute SET level = 2",
    """
INSERT INTO disputes_escalation (dispute_id, round, level, at, reason)
SELECT id, 1, 2, now(), 'late' FROM disputes_dispute
""",
)


def run(ctx: Context) -> list[Result]:
    """Aim: a look over 50,000 open disputes in 10 s."""
    from django.db import connection, transaction

    size = ctx.option("disputes", 50_000)
    seeded = seed_world(ctx.option("customers", _CUSTOMERS))
    with ctx.timed(f"{size:,} open disputes made"):
        add_invoices(seeded, size, paid=False)
        # Together: that a dispute is the sum of its parts is asked when the transaction ends.
        with transaction.atomic(), connection.cursor() as cursor:
            given = {"owner": seeded.world.clerk.pk, "at": NOW - timedelta(hours=1), "n": size}
            cursor.execute(_DISPUTES, given)
            for statement in _REST:
                cursor.execute(statement)
    results = [_look(ctx, size, "nothing due", NOW, None)]
    _make_late(size // 50)
    results.append(_look(ctx, size, "one of fifty due", NOW, _bare(size // 50)))
    _make_late(size)
    results.append(_look(ctx, size, "all due after an outage", NOW, _bare(size)))
    results.append(_one_by_one(ctx, size))
    return results


def _look(ctx: Context, size: int, label: str, now: datetime, bare: float | None) -> Result:
    from disputes.operations import watch

    with ctx.profiled():
        began = time.perf_counter()
        done = watch(now=now)
        seconds = time.perf_counter() - began
    ctx.say(f"{label}: {done}, {seconds:.2f} s")
    return ctx.result(
        f"look at {size:,} open disputes, {label}", n=size, value=seconds, unit="s", limit=bare, aim="<= 10"
    )


def _make_late(count: int) -> None:
    """The first clock of so many that are still in time ended this morning."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
UPDATE disputes_clock SET due_at = %s, warn_at = %s WHERE id IN (
    SELECT id FROM disputes_clock WHERE kind = 'acknowledge' AND breached_at IS NULL ORDER BY id LIMIT %s)
""",
            [NOW - timedelta(minutes=10), NOW - timedelta(hours=1), count],
        )


def _bare(count: int) -> float:
    """Seconds the database needs for so many rows alone; rolled back."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE few AS SELECT id FROM disputes_dispute WHERE level = 1 LIMIT %s", [count]
        )
        began = time.perf_counter()
        for statement in _BARE:
            word = "AND" if "WHERE" in statement else "WHERE"
            cursor.execute(f"{statement} {word} id IN (SELECT id FROM few)")
        seconds = time.perf_counter() - began
        transaction.set_rollback(True)
    return seconds


def _one_by_one(ctx: Context, size: int) -> Result:
    """What it would take with one transaction for each, as by hand."""
    from disputes.models import Dispute
    from disputes.operations import escalate
    from team.models import User

    actor = User.objects.filter(is_active=True).order_by("pk").first()
    rows = list(Dispute.objects.filter(level=2).order_by("pk")[:100])
    began = time.perf_counter()
    for dispute in rows:
        escalate(dispute, reason="One by one, for comparison", actor=actor, now=NOW)
    seconds = (time.perf_counter() - began) / max(1, len(rows)) * size
    return ctx.result("one dispute at a time, as a baseline", n=len(rows), value=seconds, unit="s")
