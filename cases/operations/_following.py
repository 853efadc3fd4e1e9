"""Following a plan that runs: paid, current or in default."""

from datetime import datetime

from django.db import transaction

from cases import queries, rules
from cases.events import PLAN_COMPLETED, PLAN_DEFAULTED
from cases.models import Action, Case, Plan
from cases.operations._plan_rows import check_on, end_plan, record_plan
from cases.operations._standing import leave_stage, morning_of, open_case_of, plan_next
from core import locale
from core.dates import in_words
from core.money import zero
from entities.queries import calendar_of, local_day
from work.operations import open_work


@transaction.atomic
def follow_plan(plan: Plan, *, now: datetime) -> Plan:
    """Paid, current or in default, by what is settled and received. Safe to run twice."""
    plan = Plan.objects.select_for_update(of=("self",)).select_related("entity", "customer").get(pk=plan.pk)
    if plan.state != Plan.State.CURRENT:
        return plan
    today = local_day(plan.entity, now)
    found = queries.followed(plan, as_of=today)
    received = sum(found.received, zero(plan.currency))
    if received != plan.received:
        plan.received = received
        plan.save(update_fields=["received"])
    case = open_case_of(plan.customer, plan.entity)
    if found.state == "current":
        _look_next(plan, found, case)
        return plan
    end_plan(plan, Plan.State(found.state), now=now)
    if case is not None:
        leave_stage(case, Case.Stage.PLAN)
    if found.state == "completed":
        record_plan(PLAN_COMPLETED, plan, actor=None, now=now)
        return plan
    owed = queries.open_of(plan)
    all_of_it = locale.money(owed, plan.currency)
    why = f"Instalment {found.missed} of the plan was missed; all {all_of_it} is due"
    if case is not None:
        plan_next(case, Action.CALL, calendar_of(plan.entity).following(today), why)
    open_work(
        kind="plan_default",
        key=f"plan:{plan.pk}",
        subject=plan,
        label=f"{plan.customer.name}: payment plan in default",
        path=f"/collect/plans/{plan.pk}/",
        why=why,
        entity=plan.entity,
        customer_id=plan.customer_id,
        owner=case.collector if case else None,
        role="collector",
        due_at=morning_of(plan.entity, calendar_of(plan.entity).following(today)),
        value=owed,
        currency=plan.currency,
        now=now,
    )
    record_plan(PLAN_DEFAULTED, plan, actor=None, now=now, missed=found.missed, open=owed)
    return plan


def _look_next(plan: Plan, found: rules.Followed, case: Case | None) -> None:
    """The next action of the case follows the first instalment that is not full."""
    if case is None or case.next_action != Action.CHECK_PLAN:
        return
    parts = list(plan.parts.all())
    waiting = next(part for part, got in zip(parts, found.received, strict=True) if got < part.principal)
    on = check_on(plan, waiting.due_on)
    if case.next_on != on:
        plan_next(case, Action.CHECK_PLAN, on, f"Instalment {waiting.number}, due {in_words(waiting.due_on)}")
