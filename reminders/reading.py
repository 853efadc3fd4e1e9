"""What the decisions stand on, read for thousands of open items at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Max, Q, Sum

from core.calendars import Calendar
from core.errors import Invalid
from entities.models import Entity
from entities.queries import calendar_of, region_calendar
from invoices.models import Invoice
from ledger.models import OpenItem
from policies.clauses import Step
from policies.models import PolicyVersion
from policies.queries import clauses_of
from policies.rules import from_json
from reminders.deciding import MESSAGES, Facts, Limits, Planned, Stop, plan_of
from reminders.models import Ladder, Pause, Reminder

TAKEN = (Reminder.State.WRITTEN, Reminder.State.SENT, Reminder.State.DONE)
"""States in which a step counts as taken: it is not taken again."""
_RULE_OF_PAUSE = {
    Pause.Kind.MANUAL: "paused",
    Pause.Kind.PROMISE: "promise",
    Pause.Kind.PLAN: "plan",
    Pause.Kind.INSOLVENCY: "insolvent",
    Pause.Kind.AGENCY: "agency",
    Pause.Kind.DECEASED: "deceased",
}

# Each open item once, by due day, with the highest step taken and the newest decision.
_ITEMS = """
SELECT i.id, p.invoice_id, i.customer_id, i.currency, i.due_on, v.issued_on, i.open_amount, i.held_amount,
    v.policy_version_id, c.segment_id, c.insolvent, c.country, c.state_code, t.step, t.tone, t.taken_on,
    d.id, d.outcome, d.rule, d.next_step, d.next_on, d.asked, d.first_on, d.last_on
FROM ledger_openitem i
JOIN invoices_instalment p ON p.open_item_id = i.id
JOIN invoices_invoice v ON v.id = p.invoice_id
JOIN customers_customer c ON c.id = i.customer_id
LEFT JOIN LATERAL (
    SELECT max(r.step) AS step, max(r.tone) FILTER (WHERE r.state <> 'dropped') AS tone,
        max(r."on") AS taken_on
    FROM reminders_reminder r
    WHERE r.item_id = i.id AND (r.state IN ('written', 'sent', 'done') OR r.rule = 'by_hand')
) t ON true
LEFT JOIN LATERAL (
    SELECT * FROM reminders_decision d WHERE d.item_id = i.id ORDER BY d.first_on DESC LIMIT 1
) d ON true
WHERE i.side = 'debit' AND i.open_amount > 0 AND i.entity_id = %(entity)s
"""
_BY_DUE_DAY = """ AND i.due_on <= %(until)s AND (i.due_on, i.id) > (%(due)s, %(item)s)
ORDER BY i.due_on, i.id LIMIT %(limit)s"""
_OF_CUSTOMERS = (
    " AND i.customer_id = ANY(%(customers)s) AND i.due_on <= %(until)s ORDER BY i.customer_id, i.due_on, i.id"
)
_THESE = " AND i.id = ANY(%(items)s) ORDER BY i.due_on, i.id"


class Standing(NamedTuple):
    """An open item and its newest decision (`decision` None: there is none yet)."""

    item: int
    invoice: int
    customer: int
    currency: str
    due: date
    issued: date
    open: Decimal
    held: Decimal
    version: int | None
    segment: int | None
    insolvent: bool
    country: str
    state: str
    last_step: int | None
    last_tone: int | None
    taken_on: date | None
    decision: int | None
    outcome: str
    rule: str
    next_step: int | None
    next_on: date | None
    asked: Decimal
    first_on: date
    last_on: date


def limits() -> Limits:
    """The gap and the least balance as this installation sets them."""
    return Limits(gap=settings.REMINDER_GAP_DAYS, small=settings.REMINDER_SMALL_BALANCE)


@dataclass
class Ladders:
    """Which ladder holds for whom on a day: the customer's own, the segment's, or the invoice's policy's."""

    _versions: dict[int, tuple[Step, ...]] = field(default_factory=dict)
    _plans: dict[tuple[date, Any, str], tuple[Planned, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._own: dict[tuple[str, int], list[tuple[date, date | None, tuple[Step, ...]]]] = defaultdict(list)
        for row in Ladder.objects.order_by("-valid_from"):
            whose = ("customer", row.customer_id) if row.customer_id else ("segment", row.segment_id or 0)
            self._own[whose].append((row.valid_from, row.valid_to, steps_of(row)))

    def of(self, one: Standing, day: date) -> tuple[Step, ...] | None:
        """The steps; None when it was agreed not to remind, empty when the policy has none."""
        for whose in (("customer", one.customer), ("segment", one.segment or 0)):
            for first, last, steps in self._own.get(whose, ()):
                if first <= day and (last is None or day <= last):
                    return steps or None
        if one.version is None:
            return ()
        if one.version not in self._versions:
            version = PolicyVersion.objects.get(pk=one.version)
            self._versions[one.version] = clauses_of(version).ladder
        return self._versions[one.version]

    def plan(
        self, due: date, ladder: tuple[Step, ...] | None, region: str, calendar: Calendar
    ) -> tuple[Planned, ...]:
        """The days of the steps; the same for all items due on a day in a region."""
        if not ladder:
            return ()
        key = (due, id(ladder), region)
        if key not in self._plans:
            self._plans[key] = plan_of(due, ladder, calendar)
        return self._plans[key]


def steps_of(row: Ladder) -> tuple[Step, ...]:
    """The steps of a ladder agreed apart."""
    return from_json({"ladder": row.steps}).ladder


def furthest_lead() -> timedelta:
    """How long before its due day an item can have its first step, days off included."""
    return timedelta(days=30)


def items_due(
    entity: Entity, day: date, *, after: tuple[date, int] = (date.min, 0), limit: int
) -> list[Standing]:
    """The open items that a ladder can reach by the day, in the order of their due day, `limit` at a time."""
    given = {"until": day + furthest_lead(), "due": after[0], "item": after[1], "limit": limit}
    return _read(_BY_DUE_DAY, entity, given)


def items_of(entity: Entity, customers: Sequence[int], until: date) -> list[Standing]:
    """The open items of these customers that are due by then."""
    return _read(_OF_CUSTOMERS, entity, {"customers": list(customers), "until": until})


def these_items(entity: Entity, items: Sequence[int]) -> list[Standing]:
    """These items, as far as they are still open."""
    return _read(_THESE, entity, {"items": list(items)})


def _read(where: str, entity: Entity, given: dict[str, Any]) -> list[Standing]:
    with connection.cursor() as cursor:
        cursor.execute(_ITEMS + where, given | {"entity": entity.pk})
        return [Standing._make(row) for row in cursor]


class Around:
    """What is read once for many items of one company: pauses, waiting money, last messages."""

    def __init__(self, entity: Entity, rows: Sequence[Standing], day: date) -> None:
        """Four questions to the database, whatever the number of rows."""
        customers = list({row.customer for row in rows})
        self._pauses = _pauses(customers)
        self._credit = _credit(entity, customers)
        self._crediting = _crediting([row.invoice for row in rows])
        self._messages = _messages(entity, customers, day)

    def facts(self, row: Standing) -> Facts:
        """The item as the rules see it."""
        return Facts(
            due=row.due,
            issued=row.issued,
            open=row.open,
            held=row.held,
            stops=[
                stop
                for stop, invoices in self._pauses.get(row.customer, ())
                if not invoices or row.invoice in invoices
            ],
            credit=self._credit.get((row.customer, row.currency), Decimal(0)),
            credit_waits=row.invoice in self._crediting,
            insolvent=row.insolvent,
            last_step=row.last_step,
            last_tone=row.last_tone or 0,
            taken_on=row.taken_on,
            last_message=self._messages.get(row.customer),
        )


def _pauses(customers: list[int]) -> dict[int, list[tuple[Stop, frozenset[int]]]]:
    rows = (
        Pause.objects.filter(customer__in=customers, ended_at=None)
        .order_by("pk")
        .values_list("pk", "customer_id", "kind", "from_on", "until", "invoices")
    )
    found: dict[int, list[tuple[Stop, frozenset[int]]]] = defaultdict(list)
    for _, group in groupby(rows, key=lambda row: row[0]):
        same = list(group)
        _, customer, kind, start, until, _ = same[0]
        invoices = frozenset(row[5] for row in same if row[5])
        found[customer].append((Stop(_RULE_OF_PAUSE[Pause.Kind(kind)], start, until), invoices))
    return found


def _credit(entity: Entity, customers: list[int]) -> dict[tuple[int, str], Decimal]:
    rows = (
        OpenItem.objects.filter(
            customer__in=customers, entity=entity, side=OpenItem.Side.CREDIT, open_amount__gt=0
        )
        .order_by()
        .values_list("customer_id", "currency")
        .annotate(total=Sum("open_amount"))
    )
    return {(customer, currency): total for customer, currency, total in rows}


def _crediting(invoices: list[int]) -> set[int]:
    waiting = (Invoice.Status.PENDING, Invoice.Status.APPROVED)
    rows = Invoice.objects.filter(credits__in=invoices, document_status__in=waiting)
    return set(rows.values_list("credits_id", flat=True))


def _messages(entity: Entity, customers: list[int], day: date) -> dict[int, date]:
    since = day - timedelta(days=max(settings.REMINDER_GAP_DAYS, 1) + 7)
    rows = (
        Reminder.objects.filter(
            Q(state__in=TAKEN), customer__in=customers, entity=entity, channel__in=MESSAGES, on__gte=since
        )
        .order_by()
        .values_list("customer_id")
        .annotate(last=Max("on"))
    )
    return dict(rows)


@lru_cache(maxsize=256)
def calendar_for(country: str, state: str, ours: str) -> tuple[str, Calendar]:
    """The region whose days off hold for a customer, and its calendar; `ours` where theirs is not known."""
    for region in (f"{country}-{state}" if state else "", country, ours):
        if not region:
            continue
        try:
            return region, region_calendar(region)
        except Invalid:
            continue
    raise Invalid(
        f"The public holidays of “{country}” are not known.",
        field="country",
        rule="the_holiday_region_is_known",
        mend="Give the company a holiday region like DE-HH.",
    )


def region_of(row: Standing, entity: Entity) -> tuple[str, Calendar]:
    """Region and calendar of the item's customer."""
    if not row.country:
        return entity.country, calendar_of(entity)
    return calendar_for(row.country, row.state, entity.holiday_region or entity.country)


def in_chunks(entity: Entity, day: date, size: int) -> Iterator[list[Standing]]:
    """All of `items_due`, a chunk at a time."""
    after = (date.min, 0)
    while rows := items_due(entity, day, after=after, limit=size):
        yield rows
        after = (rows[-1].due, rows[-1].item)
