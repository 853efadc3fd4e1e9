"""Loading the demo company into an empty database."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection

from core.errors import Refused
from entities.models import Entity
from integrations.demo.ground import set_up
from integrations.demo.present import leave_on_desks
from integrations.demo.year import Year
from invoices.models import Invoice
from ledger.queries import faults

SEED = "Northwind"


class Unsound(RuntimeError):
    """The book of the loaded demo breaks a rule: a bug, never a matter of data."""


def load(*, now: datetime, say: Callable[[str], None], scale: float = 1.0) -> int:
    """Make the company and its year up to `now`; returns the number of documents.

    `scale` 1 is about 1,500 invoices. Refused where there is a company already.
    """
    if Entity.objects.exists():
        raise Refused(
            "There is a company in this database already; the demo goes into an empty one.",
            rule="the_demo_stands_alone",
            mend="Remove the demo with remove_demo, or use another database.",
        )
    with connection.cursor() as cursor:
        # A load that breaks off is begun again, so its days need not reach the disk one by one.
        cursor.execute("SET synchronous_commit TO off")
    today = now.astimezone(UTC).date()
    start = (today - timedelta(days=365)).replace(day=1)

    def clock(on: date) -> datetime:
        return min(datetime.combine(on, time(15), UTC), now)

    company = set_up(start, clock, say)
    year = Year(company, start, today, clock, random.Random(SEED))  # noqa: S311 (a demo's figures)
    say(f"{year.plan(scale)} invoices planned, {start} to {today}")
    year.live(say)
    leave_on_desks(year, now)
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
    if found := faults():
        raise Unsound("; ".join(found))
    return Invoice.objects.count()
