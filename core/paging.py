"""Keyset paging: the next page starts after the last row seen, so page 1,000 costs what page 1 costs.

Rows that are added or removed meanwhile neither repeat nor hide others. Never OFFSET.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from typing import Any

from babel import Locale
from django.core import signing
from django.db.models import Expression, F, Field, Model, Q, QuerySet
from django.db.models.expressions import Col, Combinable
from django.http import HttpRequest

from core import formatting
from core.ignored import tell_unknown_sort

PAGE_SIZE = 50
EXACT_UP_TO = 10_000
"""Beyond this many rows a list says "about N", from the planner's statistics."""

_FAR_MORE = 20 * EXACT_UP_TO
_KEY = "sort_key"
_SALT = "core.paging"


@dataclass(frozen=True)
class Cursor:
    """A place in a list: the row's sort value (None = no value), its id, and how many rows came before."""

    sort: str
    value: Any
    pk: Any
    seen: int

    def sign(self) -> str:
        """The opaque text for the address."""
        return signing.dumps([self.sort, _plain(self.value), self.pk, self.seen], salt=_SALT)

    @classmethod
    def read(cls, text: str, sort: str) -> Cursor | None:
        """The cursor behind the text; None when it is damaged or belongs to another sort order."""
        try:
            made_for, value, pk, seen = signing.loads(text, salt=_SALT)
        except (signing.BadSignature, ValueError, TypeError):
            return None
        return cls(sort, value, pk, int(seen)) if made_for == sort else None


@dataclass
class Page:
    """One page of a list. `after` and `before` are cursors for the address, "" at the ends."""

    items: list[Any]
    sort: str
    start: int
    after: str
    before: str
    queryset: QuerySet[Any] = field(repr=False)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def _counted(self) -> tuple[int, bool]:
        return estimated_count(self.queryset)

    @property
    def total(self) -> int:
        """How many rows the whole list has: exact up to EXACT_UP_TO, estimated beyond."""
        return max(self._counted[0], self.start + len(self.items) - 1)

    @property
    def total_is_estimate(self) -> bool:
        return self._counted[1]

    def range_words(self, locale: Locale) -> str:
        """ "1–50", "0" for an empty list."""
        if not self.items:
            return "0"
        first, last = self.start, self.start + len(self.items) - 1
        return "–".join(formatting.number(Decimal(number), locale) for number in (first, last))


def paginate(
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    sorts: Mapping[str, str | Combinable],
    default: str,
    size: int = PAGE_SIZE,
) -> Page:
    """The page the address asks for with `sort`, `after`, `before`.

    `sorts` maps the names allowed in `sort` to a field path or expression; `default` is one of them, "-name"
    for descending. An unknown sort or a stale cursor shows the first page of the default; an unknown
    sort is told.
    """
    asked = request.GET.get("sort", "")
    sort = asked if asked.lstrip("-") in sorts else default
    if asked and sort != asked:
        tell_unknown_sort(request, asked)
    return page_of(
        queryset,
        sorts[sort.lstrip("-")],
        sort=sort,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        size=size,
    )


def page_of(
    queryset: QuerySet[Any],
    key: str | Combinable,
    *,
    sort: str,
    after: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
) -> Page:
    """One page of `queryset` ordered by `key` (descending when `sort` starts with "-"), then by id.

    Rows without a value come last in both directions.
    """
    rows = _Rows(queryset.annotate(**{_KEY: F(key) if isinstance(key, str) else key}), sort.startswith("-"))
    here = Cursor.read(after, sort) if after else None
    back = Cursor.read(before, sort) if before and not here else None
    items, more = rows.take(here or back, size, backward=back is not None)
    start = _start(here, back, len(items), more)
    has_next = back is not None or more
    has_previous = (back is not None and more) or (here is not None and start > 1)
    return Page(
        items=items,
        sort=sort,
        start=start,
        after=_cursor(sort, items[-1], start + len(items) - 1) if items and has_next else "",
        before=_cursor(sort, items[0], start - 1) if items and has_previous else "",
        queryset=queryset,
    )


def estimated_count(queryset: QuerySet[Any]) -> tuple[int, bool]:
    """(rows, False) when there are at most EXACT_UP_TO, else (the planner's estimate, True).

    The planner is asked first: where it sees far more, ten thousand rows are not counted to learn that.
    """
    plan = queryset.order_by().explain(format="json")
    if not plan:  # a condition nothing can meet never reaches the database
        return 0, False
    rows = int(json.loads(plan)[0]["Plan"]["Plan Rows"])
    if rows <= _FAR_MORE:
        exact = queryset.order_by()[: EXACT_UP_TO + 1].count()
        if exact <= EXACT_UP_TO:
            return exact, False
    return max(_three_digits(rows), EXACT_UP_TO), True


class _Rows:
    """The rows of a list in order, as two runs: those with a sort value, then those without."""

    def __init__(self, queryset: QuerySet[Any], descending: bool) -> None:
        self.queryset = queryset
        self.descending = descending
        expression = queryset.query.annotations[_KEY]
        self.field: Field[Any, Any] = expression.output_field
        self.nullable = _nullable(expression, queryset.model)

    def take(self, cursor: Cursor | None, size: int, *, backward: bool) -> tuple[list[Any], bool]:
        """Up to `size` rows after (or before) the cursor in list order, and whether more lie beyond."""
        runs = [False, True] if self.nullable else [False]
        if backward:
            runs.reverse()
        if cursor is not None and self.nullable:
            runs = runs[runs.index(cursor.value is None) :]
        found: list[Any] = []
        for number, without_value in enumerate(runs):
            bound = cursor if number == 0 else None
            found += self._run(without_value, bound, backward)[: size + 1 - len(found)]
            if len(found) > size:
                break
        more, kept = len(found) > size, found[:size]
        return (kept[::-1] if backward else kept), more

    def _run(self, without_value: bool, cursor: Cursor | None, backward: bool) -> QuerySet[Any]:
        """One run from the cursor on, ordered outwards from it."""
        down = self.descending != backward
        rows = self.queryset
        if self.nullable:
            rows = rows.filter(**{f"{_KEY}__isnull": without_value})
        if cursor is not None:
            rows = rows.filter(self._beyond(cursor, down, without_value))
        sign = "-" if down else ""
        return rows.order_by(*([] if without_value else [sign + _KEY]), f"{sign}pk")

    def _beyond(self, cursor: Cursor, down: bool, without_value: bool) -> Q:
        side = "lt" if down else "gt"
        past_id = Q(**{f"pk__{side}": cursor.pk})
        if without_value:
            return past_id
        value = self.field.to_python(cursor.value)
        # The first condition repeats what the second implies: with it the index is entered at the value.
        return Q(**{f"{_KEY}__{side}e": value}) & (Q(**{f"{_KEY}__{side}": value}) | past_id)


def _start(here: Cursor | None, back: Cursor | None, taken: int, more: bool) -> int:
    """The number of the first row shown. Going back to the beginning always says 1."""
    if here is not None:
        return here.seen + 1
    if back is not None and more:
        return max(back.seen - taken + 1, 2)
    return 1


def _cursor(sort: str, row: Model, seen: int) -> str:
    return Cursor(sort, getattr(row, _KEY), row.pk, seen).sign()


def _nullable(expression: Expression, model: type[Model]) -> bool:
    """Can a row be without a value? Only a plain required column of the list's own table surely has one."""
    if not isinstance(expression, Col) or expression.alias != model._meta.db_table:
        return True
    return bool(expression.target.null)


def _plain(value: Any) -> Any:
    """A sort value as JSON that its field reads back exactly."""
    if isinstance(value, date | time):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _three_digits(number: int) -> int:
    """12,483 -> 12,500: an estimate does not pretend to be exact."""
    step = 10 ** max(len(str(number)) - 3, 0)
    return int((number + step // 2) // step * step)
