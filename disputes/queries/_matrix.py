"""The escalation matrix and the limits in force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Sum

from disputes import rules
from disputes.models import Dispute, DisputeLimits, MatrixStep, Proposal
from entities.models import Entity
from entities.queries import business_deadline, hours_of, local_day


def steps_in_force() -> list[rules.Step]:
    """The matrix as the rules read it."""
    return [
        rules.Step(
            level=row.level,
            role=row.role,
            counted_from=row.counted_from,
            hours=row.hours,
            at_least=row.at_least,
            reasons=frozenset(row.reasons),
            segment=row.segment_id,
            entity=row.entity_id,
        )
        for row in MatrixStep.objects.all()
    ]


class Matrix:
    """The matrix, read once for many disputes."""

    def __init__(self, steps: Iterable[rules.Step] | None = None) -> None:
        self.steps = list(steps) if steps is not None else steps_in_force()

    def next_for(self, dispute: Dispute) -> tuple[datetime, rules.Step] | None:
        """When the dispute goes up next, and by which step; None while it waits, is over, or at the end."""
        if dispute.is_over or dispute.state == rules.WAITING:
            return None
        standing = rules.Standing(
            level=dispute.level,
            amount=dispute.amount_functional,
            reason=dispute.reason,
            segment=dispute.customer.segment_id,
            entity=dispute.entity_id,
            is_breached=dispute.breached_at is not None,
        )
        # Of the steps counted from one moment only the one with the fewest hours can come first.
        first: dict[str, rules.Step] = {}
        for step in rules.steps_for(standing, self.steps):
            before = first.get(step.counted_from)
            if before is None or (step.hours, step.level) < (before.hours, before.level):
                first[step.counted_from] = step
        return rules.soonest([(_moment(dispute, step), step) for step in first.values()])

    def step_to(self, dispute: Dispute, level: int) -> rules.Step:
        """The line that names whose the level is for this dispute; the shipped roles without one."""
        fits = [
            step
            for step in self.steps
            if step.level == level
            and step.entity in (None, dispute.entity_id)
            and step.segment in (None, dispute.customer.segment_id)
            and (not step.reasons or dispute.reason in step.reasons)
        ]
        role = fits[-1].role if fits else {2: "lead", 3: "controller"}.get(level, "director")
        return rules.Step(level, role, rules.FROM_BREACH, 0)

    def plan(self, dispute: Dispute) -> None:
        """Write on the dispute (unsaved) when it goes up next."""
        found = self.next_for(dispute)
        dispute.escalate_at = found[0] if found else None
        dispute.escalate_to = found[1].level if found else None


def _moment(dispute: Dispute, step: rules.Step) -> datetime:
    start = dispute.begun_at if step.counted_from == rules.FROM_RAISED else dispute.breached_at
    assert start is not None  # noqa: S101 (steps from a breach fit breached disputes alone)
    if not step.hours:
        return start
    pauses = [(row.from_at, row.until_at) for row in dispute.pauses.all() if row.until_at]
    return business_deadline(hours_of(dispute.entity, dispute.hours), start, step.hours * 60, pauses=pauses)


def limits_of(entity: Entity) -> rules.Limits:
    """The company's limits; the usual ones where nobody set any."""
    row = DisputeLimits.objects.filter(entity=entity).first()
    if row is None:
        return rules.Limits()
    return rules.Limits(row.large, row.legal, row.goodwill, row.small, row.disputes_short_payments)


def goodwill_left(entity: Entity, *, now: datetime) -> Decimal:
    """What is left of the quarter's budget for goodwill, in functional currency; what waits is taken off."""
    today = local_day(entity, now)
    first = date(today.year, today.month - (today.month - 1) % 3, 1)
    begin = datetime.combine(first, time.min, ZoneInfo(entity.time_zone))
    rows = Proposal.objects.filter(
        dispute__entity=entity, outcome=rules.GOODWILL, proposed_at__gte=begin, proposed_at__lte=now
    ).exclude(state=Proposal.State.DECLINED)
    used = rows.aggregate(s=Sum("amount_functional"))["s"] or Decimal(0)
    return limits_of(entity).goodwill - used


def next_quarter(today: date) -> date:
    """The first day of the quarter after this day's."""
    first = date(today.year, today.month - (today.month - 1) % 3, 1)
    later = first + timedelta(days=95)
    return date(later.year, later.month, 1)
