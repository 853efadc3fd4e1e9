"""Who held disputes for how long, per level and per person; the database counts and sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from disputes.models import Dispute
from entities.models import Entity
from team.models import User

NONE = timedelta(0)

# Each holding within the time asked about, and how much of it we waited for the customer.
_HELD = """
WITH held AS (
    SELECT h.id, h.dispute_id, h.level, h.accountable_id, h.until_at IS NULL AS is_now,
           greatest(h.from_at, %(since)s) AS from_at,
           least(coalesce(h.until_at, %(now)s), %(now)s) AS until_at
      FROM disputes_holding h JOIN disputes_dispute d ON d.id = h.dispute_id
     WHERE d.entity_id = ANY(%(companies)s)
       AND h.from_at < %(now)s AND coalesce(h.until_at, %(now)s) > %(since)s
), timed AS (
    SELECT held.*, held.until_at - held.from_at AS time, coalesce(w.time, interval '0') AS waiting
      FROM held LEFT JOIN LATERAL (
           SELECT sum(least(coalesce(p.until_at, %(now)s), held.until_at)
                      - greatest(p.from_at, held.from_at)) AS time
             FROM disputes_pause p
            WHERE p.dispute_id = held.dispute_id
              AND p.from_at < held.until_at AND coalesce(p.until_at, %(now)s) > held.from_at
      ) w ON true
)
"""
_SUMS = """
SELECT level, accountable_id, count(DISTINCT dispute_id), sum(time), sum(waiting),
       count(*) FILTER (WHERE is_now)
  FROM timed GROUP BY GROUPING SETS ((level), (level, accountable_id))
 ORDER BY level, accountable_id IS NOT NULL, sum(time) DESC, accountable_id
"""
_ROWS = """
SELECT dispute_id, from_at, until_at, is_now, time, waiting
  FROM timed WHERE level = %(level)s AND (%(person)s::bigint IS NULL OR accountable_id = %(person)s)
 ORDER BY time DESC, id DESC LIMIT %(most)s
"""


@dataclass(frozen=True)
class Held:
    """How long disputes lay with one person at one level; without a person the whole level.

    The time is that of the calendar. `waiting` of it went by while the customer was asked; `now` of the
    disputes lie there still.
    """

    level: int
    person: User | None
    disputes: int
    time: timedelta
    waiting: timedelta
    now: int


@dataclass(frozen=True)
class Holding:
    """One holding behind such a sum, within the time asked about."""

    dispute: Dispute
    from_at: datetime
    until_at: datetime
    is_now: bool
    time: timedelta
    waiting: timedelta


def held_times(companies: Sequence[Entity], *, since: datetime, now: datetime) -> list[Held]:
    """By level, first the whole of it, then its people, whoever held longest first."""
    rows = _asked(_HELD + _SUMS, companies, since, now)
    people = User.objects.in_bulk([row[1] for row in rows if row[1]])
    return [Held(level, people.get(person), *numbers) for level, person, *numbers in rows]


def holdings_of(
    companies: Sequence[Entity],
    *,
    level: int,
    person: User | None,
    since: datetime,
    now: datetime,
    most: int = 200,
) -> list[Holding]:
    """The holdings behind one row of `held_times`, the longest first."""
    given = {"level": level, "person": person.pk if person else None, "most": most}
    rows = _asked(_HELD + _ROWS, companies, since, now, **given)
    disputes = Dispute.objects.select_related("customer", "invoice", "owner", "entity").in_bulk(
        [row[0] for row in rows]
    )
    return [Holding(disputes[pk], *rest) for pk, *rest in rows]


def _asked(
    statement: str, companies: Sequence[Entity], since: datetime, now: datetime, **given: Any
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            statement, {"companies": [one.pk for one in companies], "since": since, "now": now, **given}
        )
        return list(cursor.fetchall())
