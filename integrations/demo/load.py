"""Loading the demo company into an empty database."""

import gc
import multiprocessing
import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from django.db import connection, connections

from core.errors import Refused
from entities.models import Entity
from integrations.demo.ground import set_up
from integrations.demo.present import leave_on_desks
from integrations.demo.year import Year
from invoices.models import Invoice
from ledger.queries import faults

SEED = "Northwind"


Say = Callable[[str], None]
# Companies whose years are about as long to live through as those of the other group.
_GROUPS = (("NWE",), ("NWI", "NWU"))


class Unsound(RuntimeError):
    """The book of the loaded demo breaks a rule: a bug, never a matter of data."""


def load(*, now: datetime, say: Say, scale: float = 1.0, side_by_side: bool = False) -> int:
    """Make the company and its year up to `now`; returns the number of documents.

    `scale` 1 is about 1,500 invoices. `side_by_side` lives the years of the companies in processes of their
    own, which share nothing but the people and the price list. Refused where there is a company already.
    """
    if Entity.objects.exists():
        raise Refused(
            "There is a company in this database already; the demo goes into an empty one.",
            rule="the_demo_stands_alone",
            mend="Remove the demo with remove_demo, or use another database.",
        )
    today = now.astimezone(UTC).date()
    start = (today - timedelta(days=365)).replace(day=1)
    company = set_up(start, partial(_clock, now), say)
    years = []
    for codes in _GROUPS:
        chance = random.Random(f"{SEED} {codes}")  # noqa: S311 (a demo's figures)
        year = Year(company, start, today, partial(_clock, now), chance)
        say(f"{' and '.join(codes)}: {year.plan(codes, scale)} invoices, {start} to {today}")
        years.append(year)
    if side_by_side:
        _live_side_by_side(years, say)
    else:
        for year in years:
            year.live(say)
    leave_on_desks(years[0], now)
    if found := faults():
        raise Unsound("; ".join(found))
    return Invoice.objects.count()


def _clock(now: datetime, on: date) -> datetime:
    """The instant of a day at which its work is done; today it is now."""
    return min(datetime.combine(on, time(15), UTC), now)


def _live_side_by_side(years: Sequence[Year], say: Say) -> None:
    """Each in a child of its own, with its own connection; a child that fails fails the load."""
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    children = [
        fork.Process(target=_live, args=(year, say if at == 0 else _quiet)) for at, year in enumerate(years)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise Unsound("a part of the year could not be lived; see above")


def _live(year: Year, say: Say) -> None:
    with connection.cursor() as cursor:
        # A load that breaks off is begun again, so its days need not reach the disk one by one.
        cursor.execute("SET synchronous_commit TO off")
    # Looking for garbage among a year of objects costs a tenth of the time and finds none.
    gc.disable()
    year.live(say)
    connections.close_all()


def _quiet(words: str) -> None:
    """The other half of the months needs no second report."""
