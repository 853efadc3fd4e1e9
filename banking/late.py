"""A bank line of a closed month: when asked, its receipt is posted on the first open day."""

from __future__ import annotations

from datetime import date
from typing import TypedDict

from banking.models import Line
from core.errors import DomainError
from ledger.periods import RULE, first_open_day
from team.requests import StaffRequest

_FIELD = "late"


class Again(TypedDict):
    """The refused form as it was sent, and the day it would be posted on."""

    path: str
    fields: list[tuple[str, str]]
    on: date


def asked(request: StaffRequest) -> bool:
    """Whether the form says to post on the first open day."""
    return request.POST.get(_FIELD) == "1"


def offer(request: StaffRequest, line: Line | None, fault: DomainError | None) -> Again | None:
    """What to send to post the line after all; None when that is not what is wrong."""
    if line is None or fault is None or fault.rule != RULE:
        return None
    sent = {name: str(value) for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
    return {
        "path": request.path,
        "fields": list((sent | {_FIELD: "1"}).items()),
        "on": first_open_day(line.account.entity_id, line.booked_on),
    }
