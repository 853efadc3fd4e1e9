"""Reconciling: 10,000 bank lines against 100,000 open invoices in the database; --lines= --invoices= --profile=1."""

from __future__ import annotations

import random
import resource
import time
from datetime import date
from decimal import Decimal

from django.db import connection

from banking.matching import Incoming, find
from banking.queries import book_of
from bench._month import called
from bench._seed import add_invoices, seed_world
from bench.context import Context, Result


def run(ctx: Context) -> list[Result]:
    """Aim: the book loaded and every line looked at in under 60 s. Booking is the work of payments' bench."""
    lines, invoices = ctx.option("lines", 10_000), ctx.option("invoices", 100_000)
    seeded = seed_world(max(10, invoices // 10))
    add_invoices(seeded, invoices, paid=False)
    dice = random.Random(1)
    _christen(dice)
    began = time.perf_counter()
    with ctx.profiled():
        book = book_of(seeded.world.entity, "EUR")
    loaded = time.perf_counter() - began
    items = list(book.items.values())
    asked = [_incoming(dice.choice(items), book.names, dice) for _ in range(lines)]
    began = time.perf_counter()
    with ctx.profiled():
        found = sum(bool(find(line, book)) for line in asked)
    looked = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ctx.say(f"{found} of {lines} lines have a match")
    return [
        ctx.result("book loaded", n=len(items), value=loaded, unit="s"),
        ctx.result("lines looked at", n=lines, value=looked, unit="s"),
        ctx.result("both", n=lines, value=loaded + looked, unit="s", aim="<= 60"),
        ctx.result("peak memory", n=len(items), value=peak, unit="MB"),
    ]


def _christen(dice: random.Random) -> None:
    """Names as different as those of a real book: of the seeded ones a hundred customers share each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM customers_customer")
        keys = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(
            "UPDATE customers_customer c SET name = v.name FROM unnest(%s, %s) v (id, name) WHERE c.id = v.id",
            [keys, [called(dice) for _ in keys]],
        )


def _incoming(item, names, dice: random.Random) -> Incoming:
    number, name = item.number, names[item.customer][0]
    at = len(number) - 2
    kind = dice.random()
    text = (
        f"Invoice {number}"
        if kind < 0.6
        else number[:at] + number[at + 1] + number[at]
        if kind < 0.75
        else "With thanks"
    )
    short = Decimal("12.50") if dice.random() < 0.1 and item.open_amount > 50 else Decimal(0)
    return Incoming(item.open_amount - short, date(2026, 11, 20), texts=(text,), payer_name=name)
