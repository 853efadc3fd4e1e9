"""Reading decisions, reminders and pauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from core.errors import Invalid
from customers.models import Customer
from entities.models import Entity
from entities.queries import local_day
from entities.queries import visible_to as visible_entities
from invoices.models import Invoice
from ledger.models import OpenItem
from reminders import reading
from reminders.deciding import comes_later, stop_on
from reminders.forecasting import Coming, forecast
from reminders.hours import is_open, zone_of
from reminders.judging import Judge
from reminders.models import Decision, Digest, Ladder, Pause, Reminder, Round
from team.models import User

SILENT_HOURS = 26
YIELD_DAYS = 7
"""A reminder had an effect when payment in full or a promise followed within so many days."""
MOST_FORECAST = 2000
"""Open items the forecast of a page looks at."""


def visible_to(user: User) -> QuerySet[Reminder]:
    """The reminders of the companies this person works for."""
    return Reminder.objects.filter(entity__in=visible_entities(user))


def decisions_visible_to(user: User) -> QuerySet[Decision]:
    """The decisions of those companies."""
    return Decision.objects.filter(entity__in=visible_entities(user))


def pauses_visible_to(user: User) -> QuerySet[Pause]:
    """The pauses of their customers."""
    rows = Pause.objects.filter(customer__entity__in=visible_entities(user))
    return rows.select_related("customer", "placed_by", "ended_by").prefetch_related("invoices")


def ladders_visible_to(user: User) -> QuerySet[Ladder]:
    """Ladders agreed apart: those of segments, and those of their customers."""
    own = Q(customer__entity__in=visible_entities(user)) | Q(segment__isnull=False)
    return Ladder.objects.filter(own).select_related("customer", "segment", "set_by")


def on_day(day: date) -> Q:
    """Decisions that cover the day. A row never leaves its month, so few are looked at."""
    return Q(first_on__range=(day.replace(day=1), day), last_on__gte=day)


def running_on(day: date) -> Q:
    """Pauses that hold on the day."""
    return Q(ended_at=None) & (Q(until=None) | Q(until__gte=day))


# ------------------------------------------------------------------------------------------ the clock's
def companies() -> QuerySet[Entity]:
    """The companies whose customers are reminded."""
    return Entity.objects.filter(is_active=True).order_by("pk")


def companies_to_go_round(now: datetime, *, again_after: timedelta) -> list[Entity]:
    """Those with no finished round of their local day, or one so old that new items may have come."""
    found = []
    for entity in companies():
        row = Round.objects.filter(entity=entity, on=local_day(entity, now)).first()
        if row is None or row.ended_at is None or row.ended_at <= now - again_after:
            found.append(entity)
    return found


def customers_to_write_to(entity: Entity, now: datetime) -> list[int]:
    """Customers for whom something is meant today and where it is a decent hour now."""
    waiting = Reminder.objects.filter(
        entity=entity, on=local_day(entity, now), state=Reminder.State.MEANT, customer=OuterRef("pk")
    )
    rows = Customer.objects.filter(Exists(waiting)).order_by("pk")
    return [
        pk
        for pk, country, state in rows.values_list("pk", "country", "state_code")
        if may_write_to(country, state, entity, now)
    ]


def may_write_to(country: str, state: str, entity: Entity, now: datetime) -> bool:
    """Whether it is a working day and a decent hour there; never in a year whose holidays are not known."""
    try:
        _, calendar = reading.calendar_for(country, state, entity.holiday_region or entity.country)
        return is_open(now, zone_of(country, state, entity.time_zone), calendar, settings.REMINDER_HOURS)
    except Invalid:
        return False


def silent_companies(now: datetime) -> list[tuple[Entity, datetime | None]]:
    """Companies that are owed something and had no round that ended within 26 hours, with its last end."""
    owed = OpenItem.objects.filter(
        entity=OuterRef("pk"),
        side=OpenItem.Side.DEBIT,
        open_amount__gt=0,
        due_on__lte=(now + reading.furthest_lead()).date(),
        opened_on__lt=(now - timedelta(hours=SILENT_HOURS)).date(),
    )
    last = dict(Round.objects.order_by().values_list("entity").annotate(last=Max("ended_at")))
    limit = now - timedelta(hours=SILENT_HOURS)
    return [
        (entity, last.get(entity.pk))
        for entity in companies().filter(Exists(owed))
        if (ended := last.get(entity.pk)) is None or ended < limit
    ]


def may_leave(digest: Digest, now: datetime) -> bool:
    """Whether it is still the day of the message, and a decent hour where its customer is."""
    customer, entity = digest.customer, digest.entity
    return local_day(entity, now) == digest.on and may_write_to(
        customer.country, customer.state_code, entity, now
    )


def stops_of(digest: Digest, day: date | None = None) -> dict[int, str]:
    """Item of the digest -> the rule that stops it on the day, else its own; "" where it may be asked for."""
    return stops_among(digest.entity, list(digest.reminders.all()), day or digest.on)


def stops_among(entity: Entity, asked: Sequence[Reminder], day: date) -> dict[int, str]:
    """Item -> the rule that stops what is asked for it; "" where it may still be asked for."""
    rows = {row.item: row for row in reading.these_items(entity, [one.item_id for one in asked])}
    around, judge = reading.Around(entity, list(rows.values()), day), Judge(entity)
    found = {}
    for one in asked:
        row = rows.get(one.item_id)
        if row is None:
            found[one.item_id] = "paid"
            continue
        facts = around.facts(row)
        stop = stop_on(facts, judge.ladders.of(row, day), day, judge.limits)
        if stop:
            found[one.item_id] = stop[0]
        elif comes_later(judge.plan_of(row, day), one.step, day):
            found[one.item_id] = "moved"
        else:
            found[one.item_id] = "" if facts.asked == one.asked else "changed"
    return found


# ----------------------------------------------------------------------------------------------- pages
@dataclass(frozen=True)
class Filters:
    """What the lists are narrowed to; empty leaves it open."""

    day: date
    outcome: str = ""
    rule: str = ""
    entity: int | None = None
    customer: int | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the day is chosen."""
        return bool(self.outcome or self.rule or self.entity or self.customer)


def listing(user: User, filters: Filters) -> QuerySet[Decision]:
    """The decisions of the day that match, with invoice, customer and company, in no order yet."""
    rows = decisions_visible_to(user).filter(on_day(filters.day))
    wanted = {
        "outcome": filters.outcome,
        "rule": filters.rule,
        "entity_id": filters.entity,
        "customer_id": filters.customer,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    return rows.select_related("invoice", "customer", "entity", "item")


def counts_of(user: User, day: date) -> Counter[str]:
    """Rule -> items it decided on that day, over the companies the person sees."""
    found: Counter[str] = Counter()
    for counts in Round.objects.filter(entity__in=visible_entities(user), on=day).values_list(
        "counts", flat=True
    ):
        found.update(counts)
    return found


def states_of(user: User, day: date) -> dict[str, int]:
    """State -> reminders of that day."""
    rows = visible_to(user).filter(on=day).order_by().values_list("state", flat=True)
    return dict(Counter(rows))


@dataclass(frozen=True)
class Yield:
    """How one step worked: sent, then paid in full or promised in time, and still within the time."""

    step: int
    sent: int
    paid: int
    promised: int
    running: int

    @property
    def percent(self) -> int | None:
        """Whole percent of what was sent that had an effect; None while nothing was sent."""
        return (200 * (self.paid + self.promised) + self.sent) // (2 * self.sent) if self.sent else None


# Followed by full payment or a promise within seven days and before the item's next step.
_YIELD = """
WITH sent AS (
    SELECT r.step, r.item_id, r.customer_id, r.invoice_id, r."on",
        least(r."on" + %(days)s, lead(r."on") OVER (PARTITION BY r.item_id ORDER BY r.step) - 1) AS until
    FROM reminders_reminder r
    WHERE r.state IN ('sent', 'done') AND r.entity_id = ANY(%(entities)s) AND r."on" BETWEEN %(first)s AND %(last)s
), judged AS (
    SELECT s.step, s.until >= %(today)s AS is_running,
        i.open_amount = 0 AND (
            SELECT max(a."on") FROM ledger_allocation a WHERE a.debit_id = s.item_id
        ) BETWEEN s."on" AND s.until AS is_paid,
        EXISTS (
            SELECT 1 FROM reminders_pause p WHERE p.customer_id = s.customer_id AND p.kind IN ('promise', 'plan')
            AND p.from_on BETWEEN s."on" AND s.until AND (
                NOT EXISTS (SELECT 1 FROM reminders_pause_invoices x WHERE x.pause_id = p.id)
                OR EXISTS (
                    SELECT 1 FROM reminders_pause_invoices x WHERE x.pause_id = p.id AND x.invoice_id = s.invoice_id
                )
            )
        ) AS is_promised
    FROM sent s JOIN ledger_openitem i ON i.id = s.item_id
)
SELECT step, count(*), count(*) FILTER (WHERE is_paid), count(*) FILTER (WHERE is_promised AND NOT is_paid),
    count(*) FILTER (WHERE is_running AND NOT is_paid AND NOT is_promised)
FROM judged GROUP BY step ORDER BY step
"""  # noqa: E501


def yields(user: User, first: date, last: date, *, today: date) -> list[Yield]:
    """Per step, what reminders sent between the days were followed by. It is correlation."""
    given: dict[str, Any] = {
        "entities": list(visible_entities(user).values_list("pk", flat=True)),
        "first": first,
        "last": last,
        "today": today,
        "days": YIELD_DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_YIELD, given)
        return [Yield(*row) for row in cursor]


def upcoming(
    entity: Entity, first: date, last: date, *, customers: Sequence[int] | None = None
) -> tuple[list[Coming], bool]:
    """What will be sent from day to day, and whether it is all: a page looks at so many items at most."""
    judge = Judge(entity)
    until = last + reading.furthest_lead()
    is_all = True
    if customers is None:
        due = OpenItem.objects.filter(
            entity=entity, side=OpenItem.Side.DEBIT, open_amount__gt=0, due_on__lte=until
        )
        nearest = list(due.order_by("-due_on", "-pk").values_list("customer_id", flat=True)[:MOST_FORECAST])
        is_all = len(nearest) < MOST_FORECAST
        customers = sorted(set(nearest))
    rows = reading.items_of(entity, customers, until)
    return forecast(judge, rows, first, last), is_all


def next_of(invoice: Invoice, day: date) -> Coming | None:
    """The next step that will be taken for the invoice, if nothing happens until then."""
    coming, _ = upcoming(invoice.entity, day, day + timedelta(days=150), customers=[invoice.customer_id])
    return next((one for one in coming if one.row.invoice == invoice.pk), None)


def pauses_of(invoice: Invoice, day: date) -> QuerySet[Pause]:
    """The pauses that hold for the invoice on the day."""
    scope = Q(invoices=None) | Q(invoices=invoice)
    rows = Pause.objects.filter(scope, running_on(day), customer=invoice.customer_id)
    return rows.select_related("placed_by").distinct().order_by("-pk")
