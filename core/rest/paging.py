"""Lists page by page: cursors on stable keys, links to the next and the previous page, never an offset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from rest_framework.request import Request

from core.errors import Invalid
from core.paging import Cursor, Page, page_of

SMALLEST, USUAL, LARGEST = 1, 50, 200


@dataclass(frozen=True)
class Listing:
    """What a list act answers with: rows in no order yet, and how they are sorted.

    `sort` begins with "-" for descending; `sorts` maps its name to a field path or expression.
    """

    rows: QuerySet[Any]
    sort: str
    sorts: Mapping[str, str | Combinable]


def take(request: Request, listing: Listing) -> Page:
    """The page the address asks for with `after`, `before` and `limit`."""
    given = request.query_params
    for name in ("after", "before"):
        if given.get(name) and Cursor.read(given[name], listing.sort) is None:
            raise Invalid(
                "This cursor is damaged, or belongs to a list sorted in another way.",
                field=name,
                rule="cursor_is_of_this_list",
                mend="Begin without a cursor and follow the links.",
            )
    return page_of(
        listing.rows,
        listing.sorts[listing.sort.lstrip("-")],
        sort=listing.sort,
        after=given.get("after", ""),
        before=given.get("before", ""),
        size=_size(given.get("limit", "")),
    )


def body(request: Request, page: Page, items: list[Any]) -> dict[str, Any]:
    """The JSON of one page."""
    return {
        "items": items,
        "next": _link(request, after=page.after) if page.after else None,
        "previous": _link(request, before=page.before) if page.before else None,
    }


def _size(text: str) -> int:
    if not text:
        return USUAL
    if not (text.isascii() and text.isdigit() and len(text) < 5 and SMALLEST <= int(text) <= LARGEST):
        raise Invalid(
            f"A page has {SMALLEST} to {LARGEST} rows.",
            field="limit",
            rule="page_size_is_in_range",
            mend=f"Leave it out for {USUAL}.",
        )
    return int(text)


def _link(request: Request, **cursor: str) -> str:
    query = request.query_params.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query.update(cursor)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
