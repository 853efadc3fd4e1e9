"""Which days of a company's book take no more postings, and saying so before the database has to.

The database decides: `a_closed_period_takes_no_postings` refuses every entry, open item and allocation of a
closed month, and a closing waits for the postings under way. What stands here says it in words, earlier,
with who closed it and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta

from django.db import IntegrityError

from core.cautions import caution
from core.errors import Refused
from ledger.models import Period

RULE = "a_closed_period_takes_no_postings"
# No month is over anywhere before it is over in the zone farthest east.
_FARTHEST_EAST = timedelta(hours=14)
_closing_work: ContextVar[bool] = ContextVar("closing_work", default=False)


class PeriodClosed(Refused):
    """The day lies in a month of the book that somebody closed."""


def closed_until(entity_id: int) -> date | None:
    """The last day of the company's book that is closed; None when no month is."""
    last = Period.objects.filter(entity_id=entity_id, state=Period.State.CLOSED).order_by("-month").first()
    return last.ends_on if last is not None else None


def first_open_day(entity_id: int, on: date) -> date:
    """The day itself, or the first one after it that takes postings."""
    until = closed_until(entity_id)
    return on if until is None or on > until else until + timedelta(days=1)


def refuse_closed(days: Iterable[tuple[int, date]], *, now: datetime) -> None:
    """`PeriodClosed` when one of these (company, day) lies in a closed month; a caution when nearly closed.

    Days of the present month cost no question: a month is closed when it is over.
    """
    running = (now + _FARTHEST_EAST).date().replace(day=1)
    asked = {(entity_id, on) for entity_id, on in days if on < running}
    if not asked:
        return
    periods = list(
        Period.objects.filter(
            entity_id__in={entity_id for entity_id, _ in asked},
            state__in=[Period.State.CLOSED, Period.State.SOFT],
        ).select_related("entity", "closed_by")
    )
    for entity_id, on in sorted(asked):
        for period in (one for one in periods if one.entity_id == entity_id and on <= one.ends_on):
            if period.state == Period.State.CLOSED:
                raise _closed(
                    on,
                    company=str(period.entity),
                    who=str(period.closed_by),
                    when=period.closed_at.date(),
                    until=max(one.ends_on for one in periods if _is_closed(one, entity_id)),
                )
            if on >= period.month and not _closing_work.get():
                caution(
                    f"{period} is being closed at {period.entity}: {period.closed_by} asked for no more "
                    f"postings. This one, of {on}, was made all the same and is listed for the month end."
                )


def _is_closed(period: Period, entity_id: int) -> bool:
    return period.entity_id == entity_id and period.state == Period.State.CLOSED


@contextmanager
def closing_work() -> Iterator[None]:
    """What belongs to the closing itself posts into a nearly closed month without a caution."""
    token = _closing_work.set(True)
    try:
        yield
    finally:
        _closing_work.reset(token)


@contextmanager
def closed_meanwhile() -> Iterator[None]:
    """Say in words when the database refuses: the month is closed, perhaps in this same moment."""
    try:
        yield
    except IntegrityError as fault:
        if RULE not in str(fault):
            raise
        diag = getattr(fault.__cause__, "diag", None)
        on, until, when, who, company = str(getattr(diag, "message_detail", "")).split("|", 4)
        day = date.fromisoformat
        raise _closed(day(on), company=company, who=who, when=day(when), until=day(until)) from fault


def _closed(on: date, *, company: str, who: str, when: date, until: date) -> PeriodClosed:
    return PeriodClosed(
        f"{on:%B %Y} is closed at {company}: {who} closed it on {when:%-d %B %Y}.",
        field="on",
        rule=RULE,
        mend=f"Post it into the next open period: use {until + timedelta(days=1)} or later. Who may reopen "
        "months, and did not close this one, can reopen it under Ledger, Month end.",
    )
