"""A case goes up: from its collector to the team lead, the controller, and the decision to hand it over."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from cases import rules
from cases.events import CASE_ESCALATED
from cases.models import Action, Case, Escalation
from cases.operations._owners import person_for
from cases.operations._standing import locked, morning_of, plan_next, reach_stage
from core import locale
from entities.models import Entity
from entities.queries import calendar_of, local_day
from team.models import User
from team.queries import limits_for
from trail.operations import record
from work.operations import finish_work, open_work

TOP = 3
_ROLE = {1: "lead", 2: "controller", 3: "controller"}
_TO = {1: "With the team lead", 2: "With the controller", 3: "Plan, agency, lawyers or write-off"}


@transaction.atomic
def raise_level(case: Case, level: int, reason: str, *, now: datetime) -> Case:
    """Take a case up to a level, over those between; each is reached once, also by two at a time."""
    case = locked(case)
    if case.closed_at is not None:
        return case
    for step in range(case.level + 1, min(level, TOP) + 1):
        _raise_once(case, step, reason, now=now)
    return case


def escalate_overdue(case: Case, *, now: datetime) -> Case:
    """Take a case up as its age and amount ask. Nothing happens while it is stopped or handed over."""
    today = local_day(case.entity, now)
    days = (today - case.oldest_due_on).days if case.oldest_due_on else 0
    level = rules.level_due(days, case.overdue, limits_of(case.entity))
    if level <= case.level:
        return case
    amount = locale.money(case.overdue, case.entity.functional_currency)
    return raise_level(case, level, f"{amount} overdue, the oldest for {days} days", now=now)


def limits_of(entity: Entity) -> Mapping[str, Decimal | None]:
    """Up to which overdue amount a collector and a lead keep a case, in the company's currency."""
    return {row.role: row.limit for row in limits_for("overdue_account", entity.functional_currency)}


def _raise_once(case: Case, level: int, reason: str, *, now: datetime) -> None:
    today = calendar_of(case.entity).following(local_day(case.entity, now))
    # The work item finds who is there: the person named, or the deputy while they are away.
    item = open_work(
        kind="escalation",
        key=f"case:{case.pk}:level:{level}",
        subject=case,
        label=f"{case.customer.name}: {locale.money(case.overdue, case.entity.functional_currency)} overdue",
        path=f"/collect/cases/{case.pk}/",
        why=f"{_TO[level]}: {reason}",
        entity=case.entity,
        customer_id=case.customer_id,
        owner=person_for(_ROLE[level]),
        role=_ROLE[level],
        due_at=morning_of(case.entity, today),
        value=case.overdue,
        currency=case.entity.functional_currency,
        now=now,
    )
    Escalation.objects.create(
        case=case, level=level, reason=reason[:300], to=item.owner, deputy_of=item.on_behalf_of, at=now
    )
    case.level, case.owner = level, item.owner or case.owner
    case.save(update_fields=["level", "owner"])
    if level >= 2:
        reach_stage(case, Case.Stage.FORMAL)
    plan_next(case, Action.DECIDE if level == TOP else Action.CALL, today, f"{_TO[level]}: {reason}")
    record(
        CASE_ESCALATED,
        case,
        actor=None,
        at=now,
        customer_id=case.customer_id,
        level=level,
        to=item.owner_id,
        deputy_of=item.on_behalf_of_id,
        reason=reason,
    )


def end_work(case: Case, *, outcome: str, actor: User | None, now: datetime) -> None:
    """What the case asked of leads and controllers is over."""
    for level in range(1, case.level + 1):
        finish_work(f"case:{case.pk}:level:{level}", outcome=outcome, actor=actor, now=now)
