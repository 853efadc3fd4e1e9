"""The month ends of the demo company: closed, opened again, nearly closed, and one that waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from closing import operations
from core.dates import add_months
from entities.models import Entity
from entities.queries import local_day
from ledger.models import Period
from team.models import User

_REASON = "What is open was looked at; none of it belongs to the month"


def close_months(people: Mapping[str, User], now: datetime) -> None:
    """Every company closed the month before last; one opened it again, another has nearly closed the last."""
    for place, entity in enumerate(Entity.objects.order_by("pk")):
        running = local_day(entity, now).replace(day=1)
        before_last, last = add_months(running, -2), add_months(running, -1)
        operations.revalue_month(entity, before_last, actor=people["controller"], now=now)
        period = operations.close_month(
            entity, before_last, reason=_REASON, actor=people["controller"], now=now
        )
        operations.export_journal(entity, before_last, actor=people["controller"], now=now)
        if place == 0:
            operations.ask_for_no_more(entity, last, actor=people["controller"], now=now)
        elif place == 1:
            _open_again(period, people["director"], now)


def _open_again(period: Period, director: User, now: datetime) -> None:
    operations.reopen_month(
        period,
        reason="A credit note the customer was promised for that month came late",
        actor=director,
        now=now,
    )
