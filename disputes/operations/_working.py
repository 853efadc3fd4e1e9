"""Working on a dispute: acknowledge, investigate, ask and answer, hand it over, take it up, consult."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from conversations.models import Thread
from conversations.operations import reply
from core.errors import Invalid, Refused
from disputes import events, rules
from disputes.models import Dispute
from disputes.operations._clocks import customer_deadline, pause_clocks, resume_clocks
from disputes.operations._common import (
    State,
    end_advice,
    hold_by,
    locked,
    meet,
    move,
    note_fact,
    refuse_over,
    worded,
)
from disputes.queries import people_who_own
from entities.queries import local_day
from team.absences import absence_of
from team.models import User


@transaction.atomic
def acknowledge(dispute: Dispute, *, actor: User, now: datetime) -> Dispute:
    """Tell the customer that somebody looks into it, and by when they have an answer."""
    dispute = locked(dispute)
    move(dispute, State.ACKNOWLEDGED, now=now)
    dispute.acknowledged_at = now
    dispute.save(update_fields=["acknowledged_at"])
    meet(dispute, rules.ACKNOWLEDGE, now=now)
    note_fact(events.DISPUTE_ACKNOWLEDGED, dispute, actor=actor, now=now)
    return dispute


@transaction.atomic
def investigate(dispute: Dispute, *, actor: User, now: datetime) -> Dispute:
    """Begin to look into it."""
    dispute = locked(dispute)
    if dispute.state in (State.WAITING, State.PROPOSED, State.RESOLVED, State.WITHDRAWN):
        raise rules.NotAllowedNow(
            f"{dispute} is {dispute.get_state_display().lower()}.",
            field="state",
            rule="dispute_states_follow_in_order",
            mend="Go on with it, decide on the proposal, or reopen it.",
        )
    move(dispute, State.INVESTIGATING, now=now)
    note_fact(events.DISPUTE_INVESTIGATED, dispute, actor=actor, now=now)
    return dispute


@transaction.atomic
def answer_customer(dispute: Dispute, *, body: str, actor: User, now: datetime) -> Dispute:
    """Write to the customer; it stays with us."""
    dispute = locked(dispute)
    refuse_over(dispute)
    reply(_thread(dispute), body=body, actor=actor, now=now)
    _note_answer(dispute, now=now)
    note_fact(events.DISPUTE_ANSWERED, dispute, actor=actor, now=now)
    return dispute


@transaction.atomic
def ask_customer(dispute: Dispute, *, body: str, actor: User, now: datetime) -> Dispute:
    """Ask the customer for something: our clocks stand still for at most ten working days."""
    dispute = locked(dispute)
    rules.check_next(dispute.state, State.WAITING)
    reply(_thread(dispute), body=body, actor=actor, now=now, ask=True)
    _note_answer(dispute, now=now)
    dispute.customer_due_at = customer_deadline(dispute, now)
    move(dispute, State.WAITING, now=now)
    pause_clocks(dispute, now=now)
    until = local_day(dispute.entity, dispute.customer_due_at)
    note_fact(events.DISPUTE_ASKED, dispute, actor=actor, now=now, until=until)
    return dispute


@transaction.atomic
def resume(dispute: Dispute, *, actor: User | None, now: datetime) -> Dispute:
    """Go on: the customer answered (no actor), or we need not wait any longer. The clocks run on."""
    dispute = locked(dispute)
    if dispute.state != State.WAITING:
        raise rules.NotAllowedNow(
            f"{dispute} does not wait for the customer.", rule="a_waiting_dispute_is_resumed"
        )
    resume_clocks(dispute, now=now)
    move(dispute, State.INVESTIGATING, now=now)
    fact = events.DISPUTE_GONE_ON if actor else events.DISPUTE_RESUMED
    note_fact(fact, dispute, actor=actor, now=now)
    return dispute


def note_message(thread: Thread, *, now: datetime) -> Dispute | None:
    """A customer wrote on in a thread: what waited for them goes on. Safe to call twice."""
    dispute = Dispute.objects.filter(thread=thread, state=State.WAITING).first()
    if dispute is None:
        return None
    try:
        return resume(dispute, actor=None, now=now)
    except rules.NotAllowedNow:
        return None  # resumed a moment ago


@transaction.atomic
def assign(dispute: Dispute, *, to: User, reason: str, actor: User, now: datetime) -> Dispute:
    """Give it to a colleague who is there, with the reason. It keeps its level and its clocks."""
    dispute = locked(dispute)
    refuse_over(dispute)
    reason = worded(reason, field="reason", least=5, most=300)
    if to.pk not in {person.pk for person in people_who_own(dispute.entity)}:
        raise Invalid(
            f"{to} does not work on disputes of {dispute.entity}.",
            field="to",
            rule="an_owner_works_on_disputes",
            mend="Choose a colleague of the list.",
        )
    away = absence_of(to, now=now)
    if away is not None:
        raise Refused(
            f"{to} is away until {away.last_on:%-d %B}; {away.deputy} stands in.",
            field="to",
            rule="work_goes_to_somebody_who_is_there",
            mend=f"Give it to {away.deputy}, or to another colleague.",
        )
    before, dispute.owner, dispute.changed_at = dispute.owner, to, now
    dispute.save(update_fields=["owner", "changed_at"])
    current = (
        dispute.holdings.filter(until_at__isnull=True).select_related("accountable", "deputy_of").first()
    )
    held_up = dispute.level > 1 and current is not None
    hold_by(
        dispute,
        current.accountable if held_up and current else to,
        deputy_of=current.deputy_of if held_up and current else None,
        reason=reason,
        now=now,
    )
    note_fact(
        events.DISPUTE_ASSIGNED, dispute, actor=actor, now=now, to=to.pk, before=str(before), reason=reason
    )
    return dispute


@transaction.atomic
def note_consultation(dispute: Dispute, *, advice: str, actor: User, now: datetime) -> Dispute:
    """Note that a legal adviser was asked, and what they said; also once it ended, before court."""
    dispute = locked(dispute)
    dispute.consultation = worded(advice, field="advice", least=10, most=300)
    dispute.consulted_at, dispute.consulted_by, dispute.changed_at = now, actor, now
    dispute.save(update_fields=["consultation", "consulted_at", "consulted_by", "changed_at"])
    end_advice(dispute, now=now)
    note_fact(events.DISPUTE_CONSULTED, dispute, actor=actor, now=now, advice=dispute.consultation)
    return dispute


def _note_answer(dispute: Dispute, *, now: datetime) -> None:
    """We wrote: receipt and first answer are given."""
    meet(dispute, rules.ANSWER, now=now)
    if dispute.first_answered_at is None:
        dispute.first_answered_at = now
        dispute.save(update_fields=["first_answered_at"])


def _thread(dispute: Dispute) -> Thread:
    if dispute.thread is None:
        raise Refused("This dispute has no conversation.", rule="a_dispute_has_a_conversation")
    return dispute.thread
