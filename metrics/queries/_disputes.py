"""How disputes go: how many, how long they take, how they end. Each figure keeps the rows it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import overload

from django.db.models import QuerySet

from disputes import rules
from disputes.models import Clock, Dispute
from entities.models import Entity
from entities.queries import business_time, hours_of, local_day
from feedback.rules import FEWEST
from invoices.models import Invoice
from ledger.book import reporting_currency
from metrics.queries._shapes import ZERO, Conversion
from metrics.rules import CycleTime, cycle_time, percentage

DAYS = timedelta(days=90)
_BILLED = (Invoice.Type.INVOICE, Invoice.Type.DEBIT_NOTE, Invoice.Type.DEPOSIT)


@dataclass(frozen=True)
class Behind:
    """A dispute behind a figure, with the office minutes it took: with us, and with the customer."""

    dispute: Dispute
    ours: int | None = None
    theirs: int | None = None


class Counted(Sequence[Behind]):
    """Disputes the database counts, and reads as far as they are shown."""

    def __init__(self, rows: QuerySet[Dispute]) -> None:
        self._rows = rows
        self._n: int | None = None

    def __len__(self) -> int:
        if self._n is None:
            self._n = self._rows.order_by().count()
        return self._n

    @overload
    def __getitem__(self, at: int) -> Behind: ...
    @overload
    def __getitem__(self, at: slice) -> list[Behind]: ...
    def __getitem__(self, at: int | slice) -> Behind | list[Behind]:
        if isinstance(at, int):
            return Behind(self._rows[at])
        return [Behind(one) for one in self._rows[at]]

    def __iter__(self) -> Iterator[Behind]:
        return (Behind(one) for one in self._rows.iterator())


@dataclass(frozen=True)
class DisputeFigure:
    """`value` is made of `n` (issued invoices, ended or open disputes); `rows` are those that count in it."""

    code: str
    value: Decimal | None
    n: int
    rows: Sequence[Behind]
    time: CycleTime | None = None
    whole: CycleTime | None = None

    @property
    def is_too_few(self) -> bool:
        return self.n < FEWEST


def dispute_figures(companies: Sequence[Entity], *, now: datetime) -> Mapping[str, DisputeFigure]:
    """rate, cycle, won, reopened, late: of the last 90 days, and of what is open now."""
    rows = Dispute.objects.filter(entity__in=list(companies)).select_related(
        "entity", "hours", "customer", "invoice", "owner"
    )
    ended = list(
        rows.filter(closed_at__gt=now - DAYS, closed_at__lte=now)
        .prefetch_related("pauses", "clocks")
        .order_by("-closed_at", "-pk")
    )
    found = (
        _rate(rows, companies, now),
        _cycle(ended),
        _won(ended, companies, now),
        _reopened(ended, rows, now),
        _late(rows, now),
    )
    return {one.code: one for one in found}


def _rate(rows: QuerySet[Dispute], companies: Sequence[Entity], now: datetime) -> DisputeFigure:
    """Of the invoices issued in the 90 days, those that were disputed; one invoice counts once."""
    issued, disputed = 0, []
    for entity in companies:
        today = local_day(entity, now)
        cohort = Invoice.objects.filter(
            entity=entity,
            document_type__in=_BILLED,
            issued_on__gt=today - DAYS,
            issued_on__lte=today,
        )
        issued += cohort.count()
        first = rows.filter(invoice__in=cohort).order_by("invoice_id", "pk").distinct("invoice_id")
        disputed += [Behind(one) for one in first]
    disputed.sort(key=lambda one: (one.dispute.raised_at, one.dispute.pk), reverse=True)
    return DisputeFigure("rate", percentage(len(disputed), issued), issued, disputed)


def _cycle(ended: Sequence[Dispute]) -> DisputeFigure:
    """Office hours from raised to the end: ours without waiting for the customer, and the whole."""
    rows = [_timed(one) for one in ended]
    time = cycle_time([one.ours or 0 for one in rows])
    whole = cycle_time([(one.ours or 0) + (one.theirs or 0) for one in rows])
    return DisputeFigure("cycle", time.median, len(rows), rows, time, whole)


def _timed(dispute: Dispute) -> Behind:
    assert dispute.closed_at is not None  # noqa: S101 (ended ones are asked for)
    waits = [(one.from_at, one.until_at) for one in dispute.pauses.all() if one.until_at]
    rests = _rests(dispute)
    hours = hours_of(dispute.entity, dispute.hours)
    whole = business_time(hours, dispute.raised_at, dispute.closed_at, pauses=rests)
    ours = business_time(hours, dispute.raised_at, dispute.closed_at, pauses=[*rests, *waits])
    return Behind(dispute, ours, whole - ours)


def _rests(dispute: Dispute) -> list[tuple[datetime, datetime]]:
    """When it had ended, before it was reopened: from the end of a round's clock to the next one's begin."""
    clocks = {one.round: one for one in dispute.clocks.all() if one.kind == rules.RESOLVE}
    return [
        (clock.met_at, clocks[at + 1].started_at)
        for at, clock in clocks.items()
        if clock.met_at and at + 1 in clocks
    ]


def _won(ended: Sequence[Dispute], companies: Sequence[Entity], now: datetime) -> DisputeFigure:
    """Of what was disputed, the amount that was rejected or withdrawn: we had billed rightly."""
    on = max((local_day(one, now) for one in companies), default=now.date())
    convert = Conversion(companies, reporting_currency(companies), on)
    whole = won = ZERO
    rows = []
    for one in ended:
        amount = convert.convert(one.amount_functional, one.entity) or ZERO
        whole += amount
        if one.outcome in (rules.REJECT, rules.GIVEN_UP):
            won += amount
            rows.append(Behind(one))
    return DisputeFigure("won", percentage(won, whole), len(ended), rows)


def _reopened(ended: Sequence[Dispute], rows: QuerySet[Dispute], now: datetime) -> DisputeFigure:
    """Of what ended in the 90 days, also what was taken up again since: those that were reopened."""
    again = list(
        rows.filter(reopened_at__gt=now - DAYS, reopened_at__lte=now, closed_at=None).order_by("-reopened_at")
    )
    found = [*again, *(one for one in ended if one.round > 1)]
    n = len(ended) + len(again)
    return DisputeFigure("reopened", percentage(len(found), n), n, [Behind(one) for one in found])


def _late(rows: QuerySet[Dispute], now: datetime) -> DisputeFigure:
    """Open disputes with a missed deadline."""
    running = rows.exclude(state__in=sorted(rules.OVER))
    missed = Clock.objects.filter(met_at=None, due_at__lte=now).values("dispute")
    late = Counted(running.filter(pk__in=missed).order_by("raised_at", "pk"))
    return DisputeFigure("late", Decimal(len(late)), running.order_by().count(), late)
