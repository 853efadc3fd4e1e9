"""The rules applied to what was read: what they say of many open items on a day. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from core.errors import Invalid
from entities.models import Entity
from reminders.deciding import SKIP, Decision, Facts, Planned, decide
from reminders.reading import Around, Ladders, Standing, limits, region_of


class Judged(NamedTuple):
    """An open item, what is known of it, and what was decided."""

    row: Standing
    facts: Facts
    decision: Decision


class Judge:
    """Applies the rules to the open items of one company; nothing is written."""

    def __init__(self, entity: Entity) -> None:
        """Reads the ladders once; they hold for as long as the judge is used."""
        self.entity, self.ladders, self.limits = entity, Ladders(), limits()

    def all(self, rows: Sequence[Standing], day: date) -> list[Judged]:
        """What the rules say of each item on that day."""
        around = Around(self.entity, rows, day)
        known = [(row, around.facts(row)) for row in rows]
        return [Judged(row, facts, self.one(row, facts, day)) for row, facts in known]

    def one(self, row: Standing, facts: Facts, day: date) -> Decision:
        """One item on one day. A year without holidays holds back this item, not all others."""
        try:
            region, calendar = region_of(row, self.entity)
            ladder = self.ladders.of(row, day)
            plan = self.ladders.plan(row.due, ladder, region, calendar)
            return decide(facts, ladder, plan, day, calendar=calendar, limits=self.limits)
        except Invalid:
            return Decision(SKIP, "no_calendar")

    def plan_of(self, row: Standing, day: date) -> tuple[Planned, ...]:
        """The days of the item's steps; none where that year's holidays are not known."""
        try:
            region, calendar = region_of(row, self.entity)
            return self.ladders.plan(row.due, self.ladders.of(row, day), region, calendar)
        except Invalid:
            return ()
