"""Matching: how much of a generated month of bank lines is booked, and rightly; --lines=5000 --seed=1."""

from __future__ import annotations

import time
from collections import Counter

from banking.matching import AUTOMATIC, Match, find
from bench._month import KINDS, Truth, month
from bench.context import Context, Result


def run(ctx: Context) -> list[Result]:
    """Aims: 85 % booked without a person, of those 97 % right, false ones below 0.1 % of all; 5 ms a line."""
    lines, seed = ctx.option("lines", 5000), ctx.option("seed", 1)
    made = month(seed, lines)
    book = made.book()
    booked: Counter[str] = Counter()
    right = first = 0
    began = time.process_time()
    for truth in made.lines:
        found = find(truth.line, book)
        first += bool(found) and _same(found[0], truth)
        if found and found[0].score >= AUTOMATIC:
            booked[truth.kind] += 1
            right += _same(found[0], truth)
            book.settle(found[0].parts)
    spent = time.process_time() - began
    all_booked = sum(booked.values())
    kinds = Counter(truth.kind for truth in made.lines)
    for kind in KINDS:
        ctx.say(f"{kind}: {booked[kind]} of {kinds[kind]} without a person")
    return [
        ctx.result("booked without a person", n=lines, value=100 * all_booked / lines, unit="%", aim=">= 85"),
        ctx.result(
            "right of those booked",
            n=all_booked,
            value=100 * right / max(all_booked, 1),
            unit="%",
            aim=">= 97",
        ),
        ctx.result("false of all", n=lines, value=100 * (all_booked - right) / lines, unit="%", aim="<= 0.1"),
        ctx.result("right among the first proposals", n=lines, value=100 * first / lines, unit="%"),
        ctx.result("a line", n=lines, value=spent / lines * 1000, unit="ms", aim="<= 5"),
    ]


def _same(match: Match, truth: Truth) -> bool:
    return match.customer == truth.customer and frozenset(item for item, _ in match.parts) == truth.items
