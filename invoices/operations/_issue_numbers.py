"""Numbers without gaps: taken in blocks, last of all, because the counter is the hot row of its series."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import cast

from django.db import connection

from core.errors import DomainError
from entities.models import Series
from entities.operations import ensure_series
from entities.rules import format_number
from invoices.operations._issue_plan import InvoiceNotIssuable, Plan

# Lock, count on and read what was before in one trip: the hot row is held for the writes only.
_COUNT_ON = """
UPDATE entities_series SET next_number = next_number + %s,
    last_issued_on = GREATEST(last_issued_on, %s)
WHERE id = %s RETURNING old.next_number, old.last_issued_on
"""


def take_numbers(plans: Sequence[Plan], refused: dict[int, DomainError], *, now: datetime) -> list[Plan]:
    """Numbers in blocks, one counter after the other in pk order. Last, because it is the hot row."""
    known: dict[tuple[int, str, date], Series] = {}
    groups: dict[int, list[Plan]] = {}
    for plan in plans:
        key = (plan.invoice.entity_id, plan.invoice.document_type, plan.on)
        if key not in known:
            known[key] = ensure_series(plan.invoice.entity, plan.invoice.document_type, plan.on, now=now)
        plan.series = known[key]
        groups.setdefault(plan.series.pk, []).append(plan)
    return [plan for pk in sorted(groups) for plan in _take_block(pk, groups[pk], refused)]


def _take_block(pk: int, plans: Sequence[Plan], refused: dict[int, DomainError]) -> list[Plan]:
    """The next numbers of one series, in the order of the plans' days."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ON, [len(plans), plans[-1].on, pk])
        number, last = cursor.fetchone()
        numbered = []
        for plan in plans:
            if last is not None and plan.on < last and not plan.invoice.backdate_reason.strip():
                refused[plan.invoice.pk] = _out_of_order(plan, last)
                continue
            numbered.append(plan)
        if len(numbered) < len(plans):
            # Nobody else has seen the numbers: the row is locked until the end of the transaction.
            newest = max([plan.on for plan in numbered] + ([last] if last else []), default=None)
            cursor.execute(
                "UPDATE entities_series SET next_number = %s, last_issued_on = %s WHERE id = %s",
                [number + len(numbered), newest, pk],
            )
    for sequence, plan in enumerate(numbered, start=number):
        series = cast("Series", plan.series)
        plan.sequence = sequence
        plan.number = format_number(series.pattern, series.fiscal_year, sequence)
    return numbered


def _out_of_order(plan: Plan, last: date) -> InvoiceNotIssuable:
    return InvoiceNotIssuable(
        f"{plan.invoice} is dated {plan.on}, before {last}, the last date of its number series.",
        field="planned_on",
        rule="dates_follow_numbers",
        mend=f"Use {last} or later, or give a reason.",
    )
