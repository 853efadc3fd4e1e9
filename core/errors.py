"""Refusals: what a rule or an operation says when it will not do what it was asked.

One handler per surface (HTML, JSON) turns them into an answer with `status`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict


class Problem(TypedDict):
    """One thing that is wrong: where, by which rule, in words, and how to mend it ("" = not known)."""

    field: str
    rule: str
    message: str
    mend: str


def problem(message: str, *, field: str = "", rule: str = "", mend: str = "") -> Problem:
    """A problem with the parts it does not need left empty."""
    return {"field": field, "rule": rule, "message": message, "mend": mend}


class DomainError(Exception):
    """Something the business does not allow. `message` is fit for the person who asked.

    `field` names the input at fault, `rule` the stable id of the rule, `mend` what would make it right.
    `problems` lists every fault found when there are several; it is never empty.
    """

    status = 409

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        rule: str | None = None,
        mend: str | None = None,
        problems: Iterable[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.rule = rule
        self.mend = mend
        own = problem(message, field=field or "", rule=rule or "", mend=mend or "")
        self.problems: tuple[Problem, ...] = tuple(problems) or (own,)

    def __str__(self) -> str:
        return self.message


class Refused(DomainError):
    """The request makes sense, but the state of things forbids it."""

    status = 409


class Invalid(DomainError):
    """What was given cannot be right, whatever the state of things."""

    status = 422


class TooMany(DomainError):
    """Asked too often; `mend` says when it is answered again."""

    status = 429


class Stale(Refused):
    """Somebody else changed it since it was read. `current` is what holds now, by field."""

    def __init__(
        self,
        message: str,
        *,
        current: Mapping[str, object] | None = None,
        changed_by: str = "",
        changed_at: datetime | None = None,
    ) -> None:
        super().__init__(
            message,
            field="lock_version",
            rule="nobody_changed_it_meanwhile",
            mend="Look at the newer version and enter your change again.",
        )
        self.current = dict(current or {})
        self.changed_by = changed_by
        self.changed_at = changed_at
