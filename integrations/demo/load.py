"""Loading the demo company into an empty database."""

import gc
import multiprocessing
import os
import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from django.db import connection, connections, transaction
from django.urls import reverse

from core.errors import Refused
from entities.models import Entity
from integrations.demo.agreeing import agree, leave_run, repeat
from integrations.demo.bank import bring_statements
from integrations.demo.collecting import collect
from integrations.demo.customers_side import open_doors
from integrations.demo.disputing import dispute
from integrations.demo.ground import set_up
from integrations.demo.hearing import hear
from integrations.demo.letters import write_letters
from integrations.demo.month_ends import close_months
from integrations.demo.online import pay_online
from integrations.demo.payouts import pay_back
from integrations.demo.present import leave_on_desks
from integrations.demo.reminding import agree_ladders, remind_lately
from integrations.demo.talk import talk
from integrations.demo.telling import leave_untold, tell_today
from integrations.demo.year import Year
from invoices.models import Invoice
from ledger.queries import faults

SEED = "Northwind"


Say = Callable[[str], None]
# Each company's year is lived in a process of its own, so that two cores have work to the end.
_GROUPS = (("NWE",), ("NWI",), ("NWU",))


_DISPUTERS = ("specialist", "collector", "lead", "controller", "director", "cash_applier")
_TELLERS = ("specialist", "lead", "collector", "controller", "cash_applier")


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
    _hurry()
    with transaction.atomic():
        company = set_up(start, partial(_clock, now), say)
    years = []
    for codes in _GROUPS:
        chance = random.Random(f"{SEED} {codes}")  # noqa: S311 (a demo's figures)
        year = Year(company, start, today, partial(_clock, now), chance)
        say(f"{' and '.join(codes)}: {year.plan(codes, scale)} invoices, {start} to {today}")
        agree(year, scale)
        years.append(year)
    # Addresses are read once here, not once in each child.
    reverse("metrics:home")
    _do([partial(_live, year, say if at == 0 else _quiet) for at, year in enumerate(years)], side_by_side)
    leave_on_desks(years[0], now)
    leave_run(company, now)
    repeat(company, now)
    collect({role: company.role(role) for role in ("collector", "controller")}, now)
    talk({role: company.role(role) for role in ("specialist", "lead", "collector", "controller")}, now)
    open_doors({role: company.role(role) for role in ("specialist", "collector")}, now)
    bring_statements(company.role("cash_applier"), now)
    pay_online(now)
    dispute({role: company.role(role) for role in _DISPUTERS}, now)
    pay_back({role: company.role(role) for role in ("cash_applier", "director")}, now)
    agree_ladders(company.role("lead"), today, now)
    entities = Entity.objects.order_by("pk")
    _do([partial(remind_lately, entity, today, now) for entity in entities], side_by_side)
    say("reminders of the last weeks")
    write_letters(
        {role: company.role(role) for role in ("specialist", "lead", "collector", "controller")}, now
    )
    hear({role: company.role(role) for role in ("specialist", "collector", "lead")}, now)
    tell_today({role: company.role(role) for role in _TELLERS}, now)
    leave_untold(now)
    close_months({role: company.role(role) for role in ("controller", "director")}, now)
    if found := faults():
        raise Unsound("; ".join(found))
    return Invoice.objects.count()


def _clock(now: datetime, on: date) -> datetime:
    """The instant of a day at which its work is done; today it is now."""
    return min(datetime.combine(on, time(15), UTC), now)


def _do(acts: Sequence[Callable[[], None]], side_by_side: bool) -> None:
    """One after the other; or each in a child, with its own connection: one that fails fails the load."""
    if not side_by_side:
        for act in acts:
            act()
        return
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=_alone, args=(act, at)) for at, act in enumerate(acts)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise Unsound("a part of the year could not be lived; see above")
    _hurry()


def _alone(act: Callable[[], None], at: int) -> None:
    # The first is the longest: where cores are few it must not wait for the others.
    os.nice(3 if at else 0)
    _hurry()
    # Looking for garbage among a year of objects costs a tenth of the time and finds none.
    gc.disable()
    act()
    connections.close_all()


def _live(year: Year, say: Say) -> None:
    year.live(say)


def _hurry() -> None:
    """A load that breaks off is begun again, so its days need not reach the disk one by one."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")


def _quiet(words: str) -> None:
    """The other half of the months needs no second report."""
