"""What is to be done before a month is closed. Each point counts rows and can show them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from banking.models import Line
from banking.queries import TO_DO
from closing import rules
from closing.queries._proofs import PointRow, Scope, gaps, ledger_rows, revaluation_rows, tax_rows
from contracts.queries import unbilled_rows
from entities.models import Entity
from invoices.models import Invoice
from payments.models import Payment
from team.models import User
from work.models import Approval

_MOST = 500
Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Found:
    """How many rows are open, and the first of them."""

    count: int
    rows: list[PointRow]


def _all(rows: Iterable[PointRow]) -> Found:
    found = list(rows)
    return Found(len(found), found[:_MOST])


def _first(rows: QuerySet[Row], make: Callable[[Row], PointRow]) -> Found:
    return Found(rows.count(), [make(row) for row in rows[:_MOST]])


@dataclass(frozen=True)
class _Check:
    """`must`: a month is not closed without it. Others may stay open with a reason."""

    name: Promise
    done: Promise
    found: Callable[[Scope], Found]
    must: bool = False


@dataclass(frozen=True)
class Point:
    """A point of the checklist as it stands: `count` rows are open; `rows` are the first of them."""

    code: str
    name: str
    done: str
    must: bool
    count: int
    rows: list[PointRow]


def _unbilled(scope: Scope) -> Found:
    end = datetime.combine(rules.last_of(scope.month), time(12), ZoneInfo(scope.entity.time_zone))
    return _all(
        PointRow(
            f"{row.contract}",
            row.contract.get_absolute_url(),
            f"{row.contract.customer} · {row.description}",
            row.rest.period.start,
            row.rest.amount,
            row.contract.currency,
        )
        for row in unbilled_rows(scope.user, entity=scope.entity, now=end)
    )


def _bank_lines(scope: Scope) -> Found:
    rows: QuerySet[Line] = Line.objects.filter(
        account__entity=scope.entity, state__in=TO_DO, booked_on__lte=rules.last_of(scope.month)
    ).order_by("booked_on", "pk")
    return _first(
        rows.select_related("statement"),
        lambda line: PointRow(
            line.party_name or _("No name"),
            f"{line.statement.get_absolute_url()}?line={line.pk}",
            line.text or line.get_state_display(),
            line.booked_on,
            line.amount,
            line.currency,
        ),
    )


def _unidentified(scope: Scope) -> Found:
    rows = Payment.objects.filter(
        entity=scope.entity,
        customer=None,
        state=Payment.State.RECEIVED,
        received_on__lte=rules.last_of(scope.month),
    ).order_by("received_on", "pk")
    return _first(
        rows,
        lambda one: PointRow(
            str(one), one.get_absolute_url(), one.payer_name, one.received_on, one.amount, one.currency
        ),
    )


def _drafts(scope: Scope) -> Found:
    last = rules.last_of(scope.month)
    written = datetime.combine(rules.first_of_next(scope.month), time(), ZoneInfo(scope.entity.time_zone))
    rows = Invoice.objects.filter(
        Q(planned_on__lte=last) | Q(planned_on=None, created_at__lt=written),
        entity=scope.entity,
        document_status__in=[Invoice.Status.DRAFT, Invoice.Status.PENDING, Invoice.Status.APPROVED],
    ).order_by("pk")
    return _first(
        rows.select_related("customer"),
        lambda one: PointRow(
            str(one),
            one.get_absolute_url(),
            f"{one.customer} · {one.get_document_status_display()}",
            one.planned_on or one.created_at.date(),
            one.payable,
            one.currency,
        ),
    )


def _approvals(scope: Scope) -> Found:
    asked = datetime.combine(rules.first_of_next(scope.month), time(), ZoneInfo(scope.entity.time_zone))
    rows = Approval.objects.filter(
        entity=scope.entity, state=Approval.State.PENDING, requested_at__lt=asked
    ).order_by("requested_at")
    return _first(
        rows.select_related("requested_by"),
        lambda one: PointRow(
            one.subject_label,
            one.subject_path,
            _("asked by %(who)s") % {"who": one.requested_by or _("the system")},
            one.requested_at.date(),
            one.amount,
            one.currency,
        ),
    )


_CHECKS: Mapping[str, _Check] = {
    "unbilled": _Check(
        gettext_lazy("Everything owed by contracts is billed"),
        gettext_lazy("No contract owes a period up to the last day"),
        _unbilled,
    ),
    "bank-lines": _Check(
        gettext_lazy("Every bank line is matched or explained"),
        gettext_lazy("No line up to the last day waits"),
        _bank_lines,
    ),
    "unidentified": _Check(
        gettext_lazy("Every receipt has its customer"),
        gettext_lazy("Nothing waits on account 1200"),
        _unidentified,
    ),
    "drafts": _Check(
        gettext_lazy("Every document of the month is issued or discarded"),
        gettext_lazy("No draft of the month waits"),
        _drafts,
    ),
    "approvals": _Check(
        gettext_lazy("Every question of the month is decided"),
        gettext_lazy("No approval asked for in the month waits"),
        _approvals,
    ),
    "numbers": _Check(
        gettext_lazy("Document numbers have no gap"),
        gettext_lazy("Every number given is on a document"),
        lambda scope: _all(gaps(scope)),
        must=True,
    ),
    "ledger": _Check(
        gettext_lazy("The ledger balances and equals the open items"),
        gettext_lazy("Accounts 1100 and 2100 are the sum of their items"),
        lambda scope: _all(ledger_rows(scope)),
        must=True,
    ),
    "revaluation": _Check(
        gettext_lazy("Open foreign items stand at the closing rate"),
        gettext_lazy("Nothing is left to revalue"),
        lambda scope: _all(revaluation_rows(scope)),
        must=True,
    ),
    "tax": _Check(
        gettext_lazy("The tax report equals the ledger"),
        gettext_lazy("Every output tax account agrees to the cent"),
        lambda scope: _all(tax_rows(scope)),
        must=True,
    ),
}
CODES = tuple(_CHECKS)


def checklist(entity: Entity, month: date, *, user: User) -> list[Point]:
    """Every point as it stands now."""
    return [point(code, entity, month, user=user) for code in CODES]


def point(code: str, entity: Entity, month: date, *, user: User) -> Point:
    """One point with its open rows, at most 500 of them."""
    check = _CHECKS[code]
    found = check.found(Scope(entity, month, user))
    return Point(code, str(check.name), str(check.done), check.must, found.count, found.rows)


def ready(points: Iterable[Point]) -> tuple[list[Point], list[Point]]:
    """(points that must be done and are not, points that are open and need a reason)."""
    left = [one for one in points if one.count]
    return [one for one in left if one.must], [one for one in left if not one.must]
