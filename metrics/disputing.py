"""The figures of disputes as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.urls import reverse

from core import locale
from disputes.queries import Held, Holding
from disputes.showing import LEVELS, span
from entities.models import Entity
from metrics.queries import Behind, DisputeFigure
from metrics.showing import Tile

MOST = 200
"""Rows shown behind a figure, the newest first."""
TITLES = {
    "rate": "Dispute rate",
    "cycle": "Dispute duration",
    "won": "Disputes won",
    "reopened": "Disputes reopened",
    "late": "Disputes overdue",
}
DEFINITIONS = {
    "rate": "Invoices that were disputed ÷ invoices issued, both of those issued in the last 90 days. An "
    "invoice counts once, however often it was disputed.",
    "cycle": "Median of the office hours from raised to the end, of disputes that ended in the last 90 days. "
    "The time we waited for the customer does not count, nor that between an end and a reopening.",
    "won": "Amount that was rejected or withdrawn ÷ amount of what ended in the last 90 days: how "
    "much we had billed rightly. Credit notes, new bills and goodwill do not count as won.",
    "reopened": "Disputes that were taken up again ÷ disputes that ended in the last 90 days.",
    "late": "Open disputes with a missed deadline, of all that are open now.",
}


def tiles(found: Mapping[str, DisputeFigure], entity: Entity | None) -> list[Tile]:
    """Each figure with what it is made of and the rows behind it."""
    return [_tile(one, entity) for one in found.values()]


def rows_of(found: DisputeFigure) -> list[tuple[Behind, str, str]]:
    """The rows behind a figure with their hours in words: with us, and with the customer."""
    return [(one, _hours(one.ours), _hours(one.theirs)) for one in found.rows[:MOST]]


def _hours(minutes: int | None) -> str:
    return "" if minutes is None else f"{minutes // 60} h {minutes % 60:02d} min"


def _tile(found: DisputeFigure, entity: Entity | None) -> Tile:
    query = {"show": found.code} | ({"entity": str(entity.pk)} if entity else {})
    value = "n/a" if found.value is None else locale.editable(found.value)
    unit = {"cycle": "h", "late": ""}.get(found.code, "%") if found.value is not None else ""
    return Tile(
        found.code,
        TITLES[found.code],
        value,
        unit,
        _note(found),
        f"{reverse('metrics:disputes')}?{urlencode(query)}",
        DEFINITIONS[found.code],
        tone="few" if found.is_too_few and found.code != "late" else "",
    )


def _note(found: DisputeFigure) -> str:
    if found.code == "rate":
        return f"{len(found.rows):,} of {found.n:,} invoices"
    if found.code == "cycle" and found.time and found.whole and found.time.mean is not None:
        mean, whole = locale.editable(found.time.mean), locale.editable(found.whole.median)
        return f"mean {mean} h · {whole} h with waiting · {_ended(found.n)}"
    if found.code == "late":
        return f"of {found.n:,} open"
    if found.code == "won":
        return f"by amount · {_ended(found.n)}"
    return f"{len(found.rows):,} of {_ended(found.n)}"


def _ended(n: int) -> str:
    return f"{n:,} ended"


# ------------------------------------------------------------------------------------------- who held them
@dataclass(frozen=True)
class Holder:
    """A row of who held disputes: a whole level, or one person at it."""

    held: Held
    level: str
    time: str
    waiting: str
    url: str

    @property
    def key(self) -> tuple[str, str]:
        """How its address names it."""
        return str(self.held.level), str(self.held.person.pk) if self.held.person else ""


def holders(found: Sequence[Held], entity: Entity | None) -> list[Holder]:
    """The sums as rows, each with the address of the disputes behind it."""
    return [
        Holder(one, LEVELS[one.level], span(one.time), _waited(one.waiting), _holder_url(one, entity))
        for one in found
    ]


def holding_rows(rows: Sequence[Holding]) -> list[tuple[Holding, str, str]]:
    """The holdings behind a row, with their times in words."""
    return [(one, span(one.time), _waited(one.waiting)) for one in rows]


def _waited(time: timedelta) -> str:
    return span(time) if time else ""


def _holder_url(held: Held, entity: Entity | None) -> str:
    query = {"level": str(held.level)}
    query |= {"person": str(held.person.pk)} if held.person else {}
    query |= {"entity": str(entity.pk)} if entity else {}
    return f"{reverse('metrics:dispute_holders')}?{urlencode(query)}#behind"
