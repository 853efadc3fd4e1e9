"""Reading promises and plans."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum

from cases import rules
from cases.models import Plan, Promise
from cases.queries._receipts import receipts_for, unapplied_of
from core.money import zero
from entities import queries as entities
from entities.models import Entity
from ledger.models import OpenItem
from team.models import User

BROKEN_DAYS = 365
LIVE_PLAN = (Plan.State.WAITING, Plan.State.OFFERED, Plan.State.CURRENT)
LIVE_PROMISE = (Promise.State.WAITING, Promise.State.OPEN)

PROMISE_TABS: Mapping[str, str] = {
    "due": "Due today",
    "open": "Open",
    "waiting": "To approve",
    "broken": "Broken",
    "kept": "Kept",
}
PLAN_TABS: Mapping[str, str] = {
    "current": "Current plans",
    "offered": "Offered plans",
    "defaulted": "Plans in default",
    "ended": "Ended plans",
}


def promises_visible_to(user: User) -> QuerySet[Promise]:
    """Promises made to the companies this person sees."""
    return Promise.objects.filter(entity__in=entities.visible_to(user)).select_related(
        "customer", "entity", "made_by", "contact"
    )


def plans_visible_to(user: User) -> QuerySet[Plan]:
    """Plans of the companies this person sees."""
    return Plan.objects.filter(entity__in=entities.visible_to(user)).select_related(
        "customer", "entity", "offered_by", "accepted_contact", "accepted_by"
    )


def promises_in(user: User, tab: str, *, on: date) -> QuerySet[Promise]:
    """The promises of a tab."""
    rows = promises_visible_to(user)
    match tab:
        case "due":
            return rows.filter(state=Promise.State.OPEN, promised_on__lte=on)
        case "waiting":
            return rows.filter(state=Promise.State.WAITING)
        case "broken":
            return rows.filter(state__in=[Promise.State.BROKEN, Promise.State.PARTLY_KEPT])
        case "kept":
            return rows.filter(state=Promise.State.KEPT)
        case _:
            return rows.filter(state=Promise.State.OPEN)


def plans_in(user: User, tab: str) -> QuerySet[Plan]:
    """The plans of a tab."""
    states: Mapping[str, tuple[str, ...]] = {
        "current": (Plan.State.CURRENT,),
        "offered": (Plan.State.OFFERED, Plan.State.WAITING),
        "defaulted": (Plan.State.DEFAULTED,),
        "ended": (Plan.State.COMPLETED, Plan.State.WITHDRAWN, Plan.State.REFUSED),
    }
    return plans_visible_to(user).filter(state__in=states.get(tab, states["current"]))


def broken_in_last_year(customer_id: int, *, now: datetime) -> int:
    """How many promises the customer broke in the last year."""
    return Promise.objects.filter(
        customer_id=customer_id,
        state=Promise.State.BROKEN,
        judged_at__gt=now - timedelta(days=BROKEN_DAYS),
    ).count()


def judgement_of(promise: Promise, *, as_of: date) -> rules.Judgement:
    """How a promise stands on a day by the receipts known."""
    return rules.judge_promise(
        promised_on=promise.promised_on,
        made_on=promise.made_on,
        amount=promise.amount,
        payments=receipts_for(
            [cover.invoice_id for cover in promise.covers.all()],
            customer_id=promise.customer_id,
            entity_id=promise.entity_id,
            currency=promise.currency,
            since=promise.made_on,
        ),
        as_of=as_of,
        calendar=entities.calendar_of(promise.entity),
        currency=promise.currency,
        grace_business_days=rules.GRACE_BUSINESS_DAYS,
    )


def open_of(plan: Plan) -> Decimal:
    """What is open now of the invoices a plan pays off."""
    rows = OpenItem.objects.filter(instalment__invoice__planned__plan=plan, side="debit", open_amount__gt=0)
    return rows.aggregate(total=Sum("open_amount"))["total"] or zero(plan.currency)


def followed(plan: Plan, *, as_of: date) -> rules.Followed:
    """How a plan stands on a day: what its invoices are settled by, and money received but not applied yet.

    Interest is billed apart, as a late charge: a plan is judged by its principal.
    """
    owed = open_of(plan)
    waiting = unapplied_of(plan.customer_id, plan.entity_id, plan.currency, since=plan.accepted_on or as_of)
    return rules.follow_plan(
        [(part.due_on, part.principal) for part in plan.parts.all()],
        received=plan.principal if not owed else max(plan.principal - owed, zero(plan.currency)) + waiting,
        as_of=as_of,
        calendar=entities.calendar_of(plan.entity),
    )


def live_promise_of(invoice_id: int) -> Promise | None:
    """The promise that covers an invoice now."""
    return Promise.objects.filter(covers__invoice=invoice_id, covers__is_live=True).first()


def live_plan_of(invoice_id: int) -> Plan | None:
    """The plan an invoice is in now."""
    return Plan.objects.filter(covers__invoice=invoice_id, covers__is_live=True).first()


def promises_of(customer_id: int) -> QuerySet[Promise]:
    """All promises of a customer, newest first."""
    return Promise.objects.filter(customer_id=customer_id).select_related("entity", "made_by", "contact")


def plans_of(customer_id: int) -> QuerySet[Plan]:
    """All plans of a customer, newest first."""
    return Plan.objects.filter(customer_id=customer_id).select_related("entity", "offered_by")


def promises_to_judge(entity: Entity, *, on: date) -> QuerySet[Promise]:
    """Open promises to a company that may be decided on the day: any may be kept early."""
    return Promise.objects.filter(entity=entity, state=Promise.State.OPEN, made_on__lte=on).order_by("pk")


def plans_to_follow(entity: Entity) -> QuerySet[Plan]:
    """Plans of a company that run."""
    return Plan.objects.filter(Q(state=Plan.State.CURRENT), entity=entity).order_by("pk")
