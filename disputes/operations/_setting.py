"""The matrix, the limits and the playbooks: each change on the trail, what is open follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Invalid
from disputes import events, rules
from disputes.models import DisputeLimits, MatrixStep, Playbook
from disputes.operations._common import worded
from disputes.operations._escalating import plan_anew
from entities.models import Entity
from team.models import User
from team.roles import BY_CODE
from trail.operations import record


@transaction.atomic
def set_matrix(steps: Sequence[rules.Step], *, actor: User, now: datetime) -> list[MatrixStep]:
    """Put a whole matrix in force. Open disputes go up by it from now on; levels reached stay reached."""
    list(MatrixStep.objects.select_for_update().order_by("pk"))
    _refuse_bad(steps)
    before = [str(row) for row in MatrixStep.objects.all()]
    MatrixStep.objects.all().delete()
    made = MatrixStep.objects.bulk_create(
        MatrixStep(
            level=step.level,
            role=step.role,
            counted_from=step.counted_from,
            hours=step.hours,
            at_least=step.at_least,
            reasons=sorted(step.reasons),
            segment_id=step.segment,
            entity_id=step.entity,
        )
        for step in steps
    )
    record(
        events.MATRIX_CHANGED,
        made[0],
        actor=actor,
        at=now,
        before=before,
        after=[str(row) for row in made],
    )
    plan_anew(now=now)
    return made


@transaction.atomic
def set_limits(entity: Entity, limits: rules.Limits, *, actor: User, now: datetime) -> DisputeLimits:
    """Set a company's limits. They hold for what is raised and proposed from now on."""
    values: dict[str, Decimal] = {
        "large": limits.large,
        "legal": limits.legal,
        "goodwill": limits.goodwill,
        "small": limits.small,
    }
    for name, value in values.items():
        if value < 0:
            raise Invalid("A limit is not below zero.", field=name, rule="limits_are_not_negative")
    before = DisputeLimits.objects.select_for_update().filter(entity=entity).first()
    given = values | {"disputes_short_payments": limits.disputes_short_payments}
    changes: Mapping[str, tuple[Decimal | bool | None, Decimal | bool]] = {
        name: (getattr(before, name) if before else None, value) for name, value in given.items()
    }
    row, _ = DisputeLimits.objects.update_or_create(entity=entity, defaults=given)
    record(events.LIMITS_CHANGED, entity, actor=actor, at=now, changes=changes)
    return row


@transaction.atomic
def publish_playbook(
    reason: str,
    *,
    steps: Sequence[str],
    questions: Sequence[str],
    replies: Sequence[str],
    consults: str,
    actor: User | None,
    now: datetime,
) -> Playbook:
    """Put a new version in use. Disputes raised before keep the one they began with."""
    if reason not in rules.REASONS:
        raise Invalid("Choose a reason.", field="reason", rule="a_playbook_is_for_a_reason")
    steps = [worded(step, field="steps", least=3, most=300) for step in steps if step.strip()]
    if not steps:
        raise Invalid("Name at least one step.", field="steps", rule="a_playbook_has_steps")
    earlier = list(Playbook.objects.select_for_update().filter(reason=reason).order_by("-version"))
    Playbook.objects.filter(reason=reason, is_current=True).update(is_current=False)
    row = Playbook.objects.create(
        reason=reason,
        version=earlier[0].version + 1 if earlier else 1,
        steps=steps,
        questions=[worded(one, field="questions", least=3, most=300) for one in questions if one.strip()],
        replies=[worded(one, field="replies", least=10) for one in replies if one.strip()],
        consults=consults.strip()[:80] or rules.REASONS[reason].consults,
        published_by=actor,
        published_at=now,
    )
    record(events.PLAYBOOK_PUBLISHED, row, actor=actor, at=now, version=row.version)
    return row


def _refuse_bad(steps: Sequence[rules.Step]) -> None:
    if not steps:
        raise Invalid("Keep at least one step.", field="steps", rule="the_matrix_has_steps")
    for number, step in enumerate(steps, start=1):
        if not 2 <= step.level <= rules.TOP or step.hours < 0 or step.at_least < 0:
            raise Invalid(
                f"Step {number}: levels go from 2 to {rules.TOP}; hours and amounts are not below zero.",
                field="steps",
                rule="the_matrix_goes_up",
            )
        role = BY_CODE.get(step.role)
        if role is None or "disputes.view_dispute" not in role.acts:
            raise Invalid(
                f"Step {number}: the role “{step.role}” does not see disputes.",
                field="steps",
                rule="a_level_belongs_to_a_role_that_sees_disputes",
            )
        if step.reasons - rules.REASONS.keys():
            raise Invalid(f"Step {number}: unknown reason.", field="steps", rule="a_dispute_has_a_reason")
    if not any(step.level == 2 for step in steps):
        raise Invalid(
            "Nobody is told of a missed deadline: keep a step to level 2.",
            field="steps",
            rule="a_missed_deadline_goes_up",
        )
