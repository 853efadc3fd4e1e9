"""A plan's row: its lock, its terms, its end, and the facts about it."""

from datetime import date, datetime
from typing import Any

from cases import rules
from cases.models import Plan
from core.errors import Refused
from core.money import plain
from entities.queries import calendar_of
from reminders.operations import resume
from team.models import User
from trail.operations import record


def terms_of(plan: Plan) -> dict[str, object]:
    """What is approved, offered and accepted: the same text by hash at each step."""
    return {
        "customer": plan.customer_id,
        "company": plan.entity_id,
        "currency": plan.currency,
        "principal": plain(plan.principal, plan.currency),
        "interest": plain(plan.interest, plan.currency),
        "parts": [[part.due_on.isoformat(), plain(part.amount, plan.currency)] for part in plan.parts.all()],
        "invoices": [[row.invoice_id, plain(row.open_amount, plan.currency)] for row in plan.covers.all()],
    }


def check_on(plan: Plan, due_on: date) -> date:
    """The morning after a missed instalment could be judged."""
    calendar = calendar_of(plan.entity)
    return calendar.add_business_days(due_on, rules.DEFAULT_BUSINESS_DAYS + 1)


def plan_key(plan: Plan) -> str:
    return f"plan:{plan.pk}"


def end_plan(plan: Plan, state: Plan.State, *, now: datetime, actor: User | None = None) -> None:
    """It is over: what is still open of its invoices is reminded of again."""
    resume(plan_key(plan), now=now, actor=actor)
    plan.state, plan.ended_at = state, now
    plan.save(update_fields=["state", "ended_at"])
    plan.covers.update(is_live=False)


def locked_plan(plan: Plan, *states: str) -> Plan:
    plan = Plan.objects.select_for_update(of=("self",)).select_related("entity", "customer").get(pk=plan.pk)
    if plan.state not in states:
        raise Refused(
            f"This plan is {plan.get_state_display().lower()}.",
            rule="a_plan_is_decided_once",
            mend="Look at the plan again.",
        )
    return plan


def record_plan(fact: str, plan: Plan, *, actor: User | None, now: datetime, **more: Any) -> None:
    record(
        fact,
        plan,
        actor=actor,
        at=now,
        customer_id=plan.customer_id,
        amount=plan.total,
        currency=plan.currency,
        parts=plan.parts.count(),
        invoices=[row.invoice_id for row in plan.covers.all()],
        **more,
    )
