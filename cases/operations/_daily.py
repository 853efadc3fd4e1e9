"""The round over one company: cases, promises, plans, escalations. Safe to run at any time, and twice."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from cases import queries
from cases.models import Case, PromisedInvoice
from cases.operations._closing import close_follow_ups
from cases.operations._escalating import escalate_overdue
from cases.operations._following import follow_plan
from cases.operations._judging import judge_promise
from cases.operations._opening import refresh_cases
from entities.models import Entity
from entities.queries import local_day
from ledger.models import Allocation
from payments.models import Payment

_AT_REST = (Case.Stage.PROMISED, Case.Stage.PLAN, Case.Stage.AGENCY, Case.Stage.LEGAL)


def go_round(entity: Entity, *, now: datetime) -> dict[str, int]:
    """Bring everything about one company's overdue accounts to where it stands now; says how much moved."""
    found = refresh_cases(entity, now=now)
    found["judged"] = _judge(entity, now=now)
    found["plans"] = _follow(entity, now=now)
    found["closed"] = close_follow_ups(entity, now=now)
    found["escalated"] = _escalate(entity, now=now)
    return found


def _judge(entity: Entity, *, now: datetime) -> int:
    """Promises whose time is over, and those that money came in for."""
    today = local_day(entity, now)
    paid = PromisedInvoice.objects.filter(
        Exists(
            Allocation.objects.filter(
                kind=Allocation.Kind.PAYMENT,
                debit__instalment__invoice=OuterRef("invoice"),
                credit__payment__received_on__gte=OuterRef("promise__made_on"),
            )
        ),
        promise=OuterRef("pk"),
    )
    waiting = Payment.objects.filter(
        customer=OuterRef("customer"),
        entity=entity,
        received_on__gte=OuterRef("made_on"),
        open_item__open_amount__gt=0,
    )
    rows = queries.promises_to_judge(entity, on=today).filter(
        Q(evaluate_after__lt=today) | Exists(paid) | Exists(waiting)
    )
    return sum(judge_promise(promise, now=now).state != "open" for promise in rows)


def _follow(entity: Entity, *, now: datetime) -> int:
    return sum(follow_plan(plan, now=now).state != "current" for plan in queries.plans_to_follow(entity))


def _escalate(entity: Entity, *, now: datetime) -> int:
    """Cases that are nowhere near rest and below the level of their age and amount."""
    rows = (
        Case.objects.filter(entity=entity, closed_at__isnull=True, stop="", level__lt=3)
        .exclude(stage__in=_AT_REST)
        .select_related("entity", "customer")
        .order_by("pk")
    )
    return sum(escalate_overdue(case, now=now).level > case.level for case in rows)
