"""A company at its month end: documents of October, and October closed in November."""

from datetime import UTC, date, datetime

from closing import operations
from ledger.models import Allocation, Entry, Line, OpenItem, Period
from payments.models import Payment
from tests.world import World

OCTOBER, LAST = date(2026, 10, 1), date(2026, 10, 31)
IN_OCTOBER = datetime(2026, 10, 20, 9, tzinfo=UTC)
IN_NOVEMBER = datetime(2026, 11, 3, 9, tzinfo=UTC)


def close(world: World, month: date = OCTOBER, *, now: datetime = IN_NOVEMBER, reason: str = "") -> Period:
    return operations.close_month(world.entity, month, reason=reason, actor=world.controller, now=now)


def counted() -> dict[str, int]:
    """How many rows the book has: what a refusal must not change."""
    return {one.__name__: one.objects.count() for one in (Entry, Line, OpenItem, Allocation, Payment)}
