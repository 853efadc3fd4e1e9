"""Work on a case: what was said, what is next, put off, given to somebody else, and what to know first."""

from datetime import date, datetime, timedelta

from django.db import transaction

from cases import rules
from cases.events import (
    CALL_CORRECTED,
    CALL_NOTED,
    CASE_DELEGATED,
    CASE_MARKED,
    CASE_PLANNED,
    CASE_SKIPPED,
    CASE_SNOOZED,
)
from cases.models import Action, Call, Case
from cases.operations._standing import locked, plan_next, reach_stage
from core.errors import Invalid, Refused
from customers.models import Contact
from entities.queries import calendar_of, local_day, visible_to
from team.models import User
from trail.operations import record

_REACHED = frozenset({"reached", "promised", "paid", "disputes", "hardship", "refused", "call_back"})


@transaction.atomic
def note_call(
    case: Case,
    *,
    outcome: str,
    next_action: str,
    next_on: date,
    note: str = "",
    channel: str = Call.Channel.PHONE,
    contact: Contact | None = None,
    is_private: bool = False,
    actor: User,
    now: datetime,
    corrects: Call | None = None,
) -> Call:
    """Write down what was said. Every call ends with what is next and when; the case follows it."""
    case = _open(case)
    _refuse_unclear(
        case,
        outcome=outcome,
        next_action=next_action,
        next_on=next_on,
        channel=channel,
        note=note,
        contact=contact,
        now=now,
    )
    call = Call.objects.create(
        case=case,
        channel=channel,
        outcome=outcome,
        contact=contact,
        note=note.strip(),
        is_private=is_private,
        next_action=next_action,
        next_on=next_on,
        corrects=corrects,
        by=actor,
        at=now,
    )
    plan_next(case, Action(next_action), next_on, worked_at=now)
    if outcome in _REACHED:
        reach_stage(case, Case.Stage.CALLED)
        case.last_contact_at = now
        case.save(update_fields=["last_contact_at"])
    if outcome == Call.Outcome.HARDSHIP and not case.hardship:
        mark_hardship(case, on=True, note=note or "Said on the phone", actor=actor, now=now)
    record(
        CALL_CORRECTED if corrects else CALL_NOTED,
        call,
        actor=actor,
        at=now,
        customer_id=case.customer_id,
        case=case.pk,
        outcome=outcome,
        next_action=next_action,
        next_on=next_on,
        corrects=corrects.pk if corrects else None,
    )
    return call


@transaction.atomic
def correct_call(
    call: Call,
    *,
    outcome: str,
    next_action: str,
    next_on: date,
    note: str = "",
    is_private: bool = False,
    actor: User,
    now: datetime,
) -> Call:
    """Write a note again; the first version stays beside it."""
    call = Call.objects.select_for_update(of=("self",)).select_related("case", "contact").get(pk=call.pk)
    if Call.objects.filter(corrects=call).exists():
        raise Refused(
            "This note was corrected before.",
            rule="the_last_version_is_corrected",
            mend="Correct the newer version.",
        )
    return note_call(
        call.case,
        outcome=outcome,
        next_action=next_action,
        next_on=next_on,
        note=note,
        channel=call.channel,
        contact=call.contact,
        is_private=is_private,
        actor=actor,
        now=now,
        corrects=call,
    )


def _refuse_unclear(
    case: Case,
    *,
    outcome: str,
    next_action: str,
    next_on: date,
    channel: str,
    note: str,
    contact: Contact | None,
    now: datetime,
) -> None:
    for field, value, choices in (
        ("outcome", outcome, Call.Outcome),
        ("channel", channel, Call.Channel),
        ("next_action", next_action, Action),
    ):
        if value not in choices.values:
            raise Invalid(
                f"Choose one of: {', '.join(map(str, choices.labels))}.",
                field=field,
                rule="a_call_says_what_came_of_it",
            )
    _refuse_day(case, next_on, now)
    if contact is not None and contact.customer_id != case.customer_id:
        raise Invalid(
            "This contact is of another customer.", field="contact", rule="a_call_is_with_an_own_contact"
        )
    if outcome in ("disputes", "refused", "hardship") and len(note.strip()) < 10:
        raise Invalid(
            "Write what the customer said.",
            field="note",
            rule="a_no_has_a_reason",
            mend="A sentence of at least 10 characters, in their words.",
        )


def _refuse_day(case: Case, day: date, now: datetime) -> None:
    today = local_day(case.entity, now)
    if not today <= day <= today + timedelta(days=90):
        raise Invalid(
            "The next action is between today and 90 days from now.",
            field="next_on",
            rule="a_next_action_has_a_day",
            mend="Choose a day in the next weeks.",
        )


@transaction.atomic
def set_next_action(case: Case, *, action: str, on: date, note: str = "", actor: User, now: datetime) -> Case:
    """Plan the account differently."""
    case = _open(case)
    if action not in Action.values:
        raise Invalid("Choose what is done next.", field="next_action", rule="a_case_has_a_next_action")
    _refuse_day(case, on, now)
    before = (case.next_action, case.next_on)
    plan_next(case, Action(action), on, note.strip(), worked_at=now)
    record(
        CASE_PLANNED,
        case,
        actor=actor,
        at=now,
        customer_id=case.customer_id,
        changes={"next_action": (before[0], action), "next_on": (before[1], on)},
        note=note.strip(),
    )
    return case


@transaction.atomic
def skip(case: Case, *, reason: str, actor: User, now: datetime) -> Case:
    """Not today: it comes back on the next working day, with the reason beside it."""
    case = _open(case)
    reason = _reason(reason)
    today = local_day(case.entity, now)
    calendar = calendar_of(case.entity)
    case.put_off_because, case.snoozed_until = reason, calendar.add_business_days(today, 1)
    case.save(update_fields=["put_off_because", "snoozed_until"])
    record(CASE_SKIPPED, case, actor=actor, at=now, customer_id=case.customer_id, reason=reason)
    return case


@transaction.atomic
def snooze(case: Case, *, until: date, reason: str, actor: User, now: datetime) -> Case:
    """Out of the worklist until a day, at most 30 days; an account nobody touches comes back before."""
    case = _open(case)
    reason = _reason(reason)
    today = local_day(case.entity, now)
    if not today < until <= today + timedelta(days=rules.LONGEST_SNOOZE):
        raise Invalid(
            f"Snooze until a day in the next {rules.LONGEST_SNOOZE} days.",
            field="until",
            rule="a_snooze_ends",
            mend="Choose a nearer day.",
        )
    case.put_off_because, case.snoozed_until = reason, until
    case.save(update_fields=["put_off_because", "snoozed_until"])
    record(CASE_SNOOZED, case, actor=actor, at=now, customer_id=case.customer_id, reason=reason, until=until)
    return case


@transaction.atomic
def delegate(case: Case, *, to: User, reason: str, actor: User, now: datetime) -> Case:
    """Give the account to a colleague who may work it."""
    case = _open(case)
    reason = _reason(reason)
    if not to.is_active or not to.has_perm("cases.work_case"):
        raise Invalid(
            f"{to} cannot work overdue accounts.",
            field="to",
            rule="a_case_is_given_to_who_may_work_it",
            mend="Choose a collector or team lead.",
        )
    if not visible_to(to).filter(pk=case.entity_id).exists():
        raise Invalid(f"{to} does not see {case.entity}.", field="to", rule="a_case_is_given_to_who_sees_it")
    if to.pk == case.owner_id:
        raise Refused(f"{to} has it already.", field="to", rule="a_case_changes_hands")
    before = case.owner
    case.owner = to
    if case.level == 0:
        case.collector = to
    case.save(update_fields=["owner", "collector"])
    record(
        CASE_DELEGATED,
        case,
        actor=actor,
        at=now,
        customer_id=case.customer_id,
        changes={"owner": (before, to)},
        reason=reason,
    )
    return case


@transaction.atomic
def mark_hardship(case: Case, *, on: bool, note: str, actor: User, now: datetime) -> Case:
    """The customer cannot pay now. Texts are softer from here on, and whoever calls sees it first."""
    case = _open(case)
    if on and len(note.strip()) < 10:
        raise Invalid(
            "Write what you know.",
            field="note",
            rule="hardship_has_a_reason",
            mend="A sentence of at least 10 characters.",
        )
    before = case.hardship
    case.hardship, case.hardship_note = on, note.strip()[:300] if on else ""
    case.save(update_fields=["hardship", "hardship_note"])
    record(
        CASE_MARKED,
        case,
        actor=actor,
        at=now,
        customer_id=case.customer_id,
        changes={"hardship": (before, on)},
        note=note.strip(),
    )
    return case


def _open(case: Case) -> Case:
    case = locked(case)
    if case.closed_at is not None:
        raise Refused(
            f"The case of {case.customer} is closed: {case.closed_because}",
            rule="an_open_case_is_worked",
            mend="It opens again by itself when something is overdue.",
        )
    return case


def _reason(text: str) -> str:
    if len(text.strip()) < 5:
        raise Invalid("Say why.", field="reason", rule="putting_off_has_a_reason", mend="Write a few words.")
    return text.strip()[:300]
