"""Finding the records a request names, among those its caller may see."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from core.errors import Invalid

Row = TypeVar("Row", bound=Model)


def at_address(rows: QuerySet[Row], **by: Any) -> Row:
    """The record of the address; 404 when there is none or the caller may not see it, alike."""
    row = rows.filter(**by).first()
    if row is None:
        raise Http404
    return row


def named(rows: QuerySet[Row], *, field: str, what: str, **by: Any) -> Row:
    """The record a field of the body names; `Invalid` on that field when the caller sees none."""
    row = rows.filter(**by).first()
    if row is None:
        given = next(iter(by.values()))
        raise Invalid(
            f"There is no {what} {str(given)[:60]}, or you may not see it.",
            field=field,
            rule="the_record_exists",
            mend=f"Use a {what} that this account sees.",
        )
    return row
