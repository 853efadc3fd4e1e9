"""What stops reminding: a promise that stands, a plan that runs, an agency, an insolvency."""

from datetime import datetime

from django.db import transaction

from cases.events import CASE_MARKED
from cases.models import Action, Case
from cases.operations._standing import locked, plan_next
from core.errors import Invalid, Refused
from entities.queries import calendar_of, local_day
from reminders.operations import pause, resume
from team.models import User
from trail.operations import record


@transaction.atomic
def mark_stop(case: Case, *, stop: str, note: str, actor: User, now: datetime) -> Case:
    """The customer is insolvent, or died: nobody reminds them, lawyers file the claim. "" takes it back."""
    case = locked(case)
    if case.closed_at is not None:
        raise Refused(f"The case of {case.customer} is closed.", rule="an_open_case_is_worked")
    if stop not in Case.Stop.values:
        raise Invalid("Choose insolvent or deceased.", field="stop", rule="a_stop_has_a_kind")
    if len(note.strip()) < 10:
        raise Invalid(
            "Say how you know.",
            field="note",
            rule="a_stop_has_a_source",
            mend="For example: “Published by the court of Bremen on 3 March, file 12 IN 34/26”.",
        )
    before = case.stop
    case.stop, case.stop_note = stop, note.strip()[:300] if stop else ""
    case.save(update_fields=["stop", "stop_note"])
    today = calendar_of(case.entity).following(local_day(case.entity, now))
    plan_next(case, Action.DECIDE if stop else Action.CALL, today, note.strip(), worked_at=now)
    if before:
        resume(_key(case, before), now=now, actor=actor)
    if stop:
        key = _key(case, stop)
        pause(case.customer, kind=stop, reason=note.strip()[:200], key=key, actor=actor, now=now)
    record(
        CASE_MARKED,
        case,
        actor=actor,
        at=now,
        customer_id=case.customer_id,
        changes={"stop": (before, stop)},
        note=note.strip(),
    )
    return case


def _key(case: Case, stop: str) -> str:
    return f"{stop}:customer:{case.customer_id}"
