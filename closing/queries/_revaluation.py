"""Open foreign items at the closing rate of a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from django.db.models import QuerySet

from closing import rules
from closing.models import Revaluation
from core.money import zero
from entities import queries as entities
from entities.models import Entity
from ledger import day_end
from ledger.day_end import ForeignItem
from ledger.rules import Rate

# A closing rate so many days older than the month end is looked at twice: a long weekend explains four.
_OLD = 4


@dataclass(frozen=True)
class ItemChange:
    """An item, its worth at the closing rate, and what is to be posted for it: 0 when it was before."""

    item: ForeignItem
    at_closing: Decimal
    gain: Decimal


@dataclass(frozen=True)
class CurrencyChange:
    """All open items of a company in one currency. `gain` is what a run would post now."""

    currency: str
    rate: entities.Rate
    rows: Sequence[ItemChange]
    gain: Decimal
    # Days between the rate and the end of the month.
    age: int

    @property
    def is_old(self) -> bool:
        return self.age > _OLD

    @property
    def changed(self) -> list[ItemChange]:
        return [row for row in self.rows if row.gain]


def revaluation_of(entity: Entity, month: date) -> list[CurrencyChange]:
    """What a revaluation of the month would post now, by currency. A missing rate is `Invalid`."""
    functional, last = entity.functional_currency, rules.last_of(month)
    found = []
    items = day_end.foreign_items(entity.pk, functional, last)
    for currency, group in groupby(items, key=lambda item: item.currency):
        day = entities.rate_on(currency, functional, last)
        rate = Rate(currency, functional, day.rate)
        rows = [_change(item, rate) for item in group]
        found.append(
            CurrencyChange(
                currency,
                day,
                rows,
                sum((row.gain for row in rows), zero(functional)),
                (last - day.on).days,
            )
        )
    return found


def _change(item: ForeignItem, rate: Rate) -> ItemChange:
    worth = rate.convert(item.open_amount)
    return ItemChange(item, worth, rules.gain_on(item.side, carried=item.carried, at_closing=worth))


def runs_of(entity: Entity, month: date) -> QuerySet[Revaluation]:
    """The revaluations posted for a month."""
    return Revaluation.objects.filter(entity=entity, month=month).select_related("made_by", "entry")
