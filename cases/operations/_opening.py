"""Cases open by themselves when something is overdue, keep their figures, and close when it is paid."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from cases import queries
from cases.events import CASE_CLOSED, CASE_OPENED
from cases.models import Action, Case
from cases.operations._escalating import end_work
from cases.operations._owners import Owners
from cases.queries import Figures
from core.errors import Invalid
from core.money import round_to
from core.rows import insert_rows
from customers.models import Customer
from entities.models import Entity
from entities.queries import calendar_of, local_day, rate_on
from ledger.book import reporting_currency
from trail.operations import Fact, record_all

_TOGETHER = 2000
_KEPT = (
    "overdue_30",
    "overdue_60",
    "overdue_90",
    "overdue_old",
    "held",
    "unapplied",
    "items",
    "oldest_due_on",
    "shown_currency",
    "shown_amount",
)


def refresh_cases(entity: Entity, *, now: datetime, customers: Sequence[int] | None = None) -> dict[str, int]:
    """Open what is missing, bring the figures up to date, close what is paid; says how many of each.

    Set-based: the open items are read once, rows are written only where a figure changed. Safe beside itself:
    a second run waits for the first and finds nothing to do.
    """
    today = local_day(entity, now)
    asked = list(customers) if customers is not None else None
    with transaction.atomic():
        # One run per company at a time, so that two do not open the same case.
        Entity.objects.select_for_update(no_key=True).get(pk=entity.pk)
        figures = queries.overdue_figures(entity, on=today, customers=asked)
        cases = Case.objects.filter(entity=entity, closed_at__isnull=True)
        if asked is not None:
            cases = cases.filter(customer__in=asked)
        there = {case.customer_id: case for case in cases.select_for_update().order_by("pk")}
        opened = _open(entity, [pk for pk in figures if pk not in there], figures, today=today, now=now)
        changed = _update(entity, there, figures, today=today)
        closed = _close([case for pk, case in there.items() if pk not in figures], now=now)
    return {"opened": opened, "changed": changed, "closed": closed}


def _open(
    entity: Entity, missing: list[int], figures: Mapping[int, Figures], *, today: date, now: datetime
) -> int:
    if not missing:
        return 0
    owners = Owners(now)
    rate = _to_report(entity, today)
    delays = queries.usual_delays(entity, missing, on=today)
    broken = queries.broken_promises(missing, since=today - timedelta(days=queries.BROKEN_DAYS))
    first_look = calendar_of(entity).following(today)
    ids_in_order = sorted(missing)
    for start in range(0, len(ids_in_order), _TOGETHER):
        ids = ids_in_order[start : start + _TOGETHER]
        customers = list(Customer.objects.filter(pk__in=ids).order_by("pk"))
        rows = []
        for customer, owner in zip(customers, owners.next_for(customers), strict=True):
            case = Case(
                entity=entity,
                customer=customer,
                owner=owner,
                collector=owner,
                opened_at=now,
                last_worked_at=now,
                next_action=Action.APPLY_CASH if _covered(figures[customer.pk]) else Action.CALL,
                next_on=first_look,
                broken_promises=broken.get(customer.pk, 0),
                usual_delay=delays.get(customer.pk),
            )
            _fill(case, figures[customer.pk], rate)
            rows.append(case)
        insert_rows(rows)
        record_all(CASE_OPENED, _facts(rows), actor=None, at=now)
    return len(missing)


def _covered(figures: Figures) -> bool:
    """The money is here already and only waits to be applied."""
    return 0 < figures.overdue <= figures.unapplied


def _update(entity: Entity, there: dict[int, Case], figures: Mapping[int, Figures], *, today: date) -> int:
    kept = [pk for pk in there if pk in figures]
    delays = queries.usual_delays(entity, kept, on=today)
    broken = queries.broken_promises(kept, since=today - timedelta(days=queries.BROKEN_DAYS))
    rate = _to_report(entity, today)
    changed = []
    for pk in kept:
        case = there[pk]
        before = _state(case)
        case.broken_promises, case.usual_delay = broken.get(pk, 0), delays.get(pk, case.usual_delay)
        _fill(case, figures[pk], rate)
        if _state(case) != before:
            changed.append(case)
    Case.objects.bulk_update(
        changed,
        [*_KEPT, "broken_promises", "usual_delay", "value_at_risk", "rank_value"],
        batch_size=_TOGETHER,
    )
    return len(changed)


def _state(case: Case) -> tuple[object, ...]:
    names = (*_KEPT, "broken_promises", "usual_delay", "value_at_risk", "rank_value")
    return tuple(getattr(case, name) for name in names)


def _fill(case: Case, figures: Figures, rate: Decimal) -> None:
    case.overdue_30, case.overdue_60, case.overdue_90, case.overdue_old = figures.ages
    case.held, case.unapplied = figures.held, figures.unapplied
    case.items, case.oldest_due_on = figures.items, figures.oldest_due_on
    case.shown_currency, case.shown_amount = figures.shown_currency, figures.shown_amount
    case.value_at_risk = queries.risk_of(case).amount
    case.rank_value = round_to(case.value_at_risk * rate, Decimal("0.0001"))


def _to_report(entity: Entity, on: date) -> Decimal:
    """The rate that makes values at risk of all companies one currency; 1 where none is entered."""
    report = reporting_currency(list(Entity.objects.order_by("pk")))
    try:
        return rate_on(entity.functional_currency, report, on).rate
    except Invalid:
        return Decimal(1)


def _close(cases: Sequence[Case], *, now: datetime) -> int:
    """Nothing is overdue any more."""
    for case in cases:
        case.stage, case.closed_at = Case.Stage.CLOSED, now
        case.closed_because = "Nothing is overdue any more."
        case.next_action = case.next_on = case.snoozed_until = None
        case.overdue_30 = case.overdue_60 = case.overdue_90 = case.overdue_old = Decimal(0)
        case.value_at_risk = case.rank_value = case.shown_amount = case.held = Decimal(0)
    fields = ["stage", "closed_at", "closed_because", "next_action", "next_on", "snoozed_until"]
    figures = ["overdue_30", "overdue_60", "overdue_90", "overdue_old", "shown_amount", "held"]
    Case.objects.bulk_update(cases, [*fields, *figures, "value_at_risk", "rank_value"], batch_size=_TOGETHER)
    record_all(CASE_CLOSED, _facts(cases), actor=None, at=now)
    for case in cases:
        end_work(case, outcome="Nothing is overdue any more.", actor=None, now=now)
    return len(cases)


def _facts(cases: Sequence[Case]) -> Iterator[Fact]:
    for case in cases:
        yield Fact(case, {"overdue": case.overdue, "owner": case.owner_id}, case.customer_id)
