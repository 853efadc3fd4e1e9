"""Where a case stands and what is next about it: the small moves every other act makes."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction

from cases.models import Action, Case
from customers.models import Customer
from entities.models import Entity

S = Case.Stage
# A later act never takes a case back to an earlier stage, but a promise or plan that ended does.
_ORDER = (S.WATCH, S.REMINDED, S.CALLED, S.PROMISED, S.PLAN, S.FORMAL, S.AGENCY, S.LEGAL)


def open_case_of(customer: Customer, entity: Entity) -> Case | None:
    """The customer's open case at a company, locked; None when nothing was overdue."""
    return (
        Case.objects.select_for_update(of=("self",))
        .select_related("entity", "customer", "owner")
        .filter(customer=customer, entity=entity, closed_at__isnull=True)
        .first()
    )


def locked(case: Case) -> Case:
    """The case as it is now, under its lock."""
    return (
        Case.objects.select_for_update(of=("self",))
        .select_related("entity", "customer", "owner")
        .get(pk=case.pk)
    )


def reach_stage(case: Case, stage: Case.Stage) -> None:
    """The case is at least at this stage; one with an agency or lawyers stays there."""
    if _ORDER.index(stage) > _ORDER.index(S(case.stage)):
        case.stage = stage
        case.save(update_fields=["stage"])


def leave_stage(case: Case, *stages: Case.Stage) -> None:
    """A promise or plan is over: the case goes back to where it is called about."""
    if case.stage in stages:
        case.stage = S.FORMAL if case.level >= 2 else S.CALLED
        case.save(update_fields=["stage"])


def plan_next(
    case: Case, action: Action, on: date, note: str = "", *, worked_at: datetime | None = None
) -> None:
    """What is done next, and when; a snooze is over. `worked_at` counts as work on the account."""
    case.next_action, case.next_on, case.next_note = action, on, note[:300]
    case.snoozed_until, case.put_off_because = None, ""
    fields = ["next_action", "next_on", "next_note", "snoozed_until", "put_off_because"]
    if worked_at is not None:
        case.last_worked_at = worked_at
        fields.append("last_worked_at")
    case.save(update_fields=fields)


def morning_of(entity: Entity, day: date) -> datetime:
    """Nine o'clock at the company: when the work of a day is due to begin."""
    return datetime.combine(day, time(9), ZoneInfo(entity.time_zone))


@transaction.atomic
def note_reminder(case: Case) -> None:
    """A reminder left: the customer has heard from us."""
    reach_stage(locked(case), S.REMINDED)
