"""What an upheld dispute teaches: a requirement for the customer's next invoices, taken by one click."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.errors import Refused
from customers.operations import add_requirement
from customers.queries import requirements_for
from customers.requirements import REQUIREMENT_KINDS
from disputes import events, rules
from disputes.models import Dispute, Prevention
from entities.queries import local_day
from team.models import User
from trail.operations import record


def propose_prevention(dispute: Dispute, *, now: datetime) -> Prevention | None:
    """Propose a requirement where the reason has one and the customer does not have it yet; once."""
    if dispute.outcome not in rules.UPHELD or dispute.reason not in rules.PREVENTS:
        return None
    kind, parameters = rules.PREVENTS[dispute.reason]
    today = local_day(dispute.entity, now)
    if any(one.kind == kind for one in requirements_for(dispute.customer, dispute.entity, today)):
        return None
    row, is_new = Prevention.objects.get_or_create(
        dispute=dispute,
        defaults={
            "customer": dispute.customer,
            "kind": kind,
            "parameters": dict(parameters),
            "words": f"{REQUIREMENT_KINDS[kind].label}: {REQUIREMENT_KINDS[kind].about}"[:300],
            "proposed_at": now,
        },
    )
    if is_new:
        _note(events.PREVENTION_PROPOSED, row, actor=None, now=now)
    return row


@transaction.atomic
def accept_prevention(row: Prevention, *, actor: User, now: datetime) -> Prevention:
    """The requirement holds from today: the next invoice without it is stopped."""
    row = _open(row)
    dispute = row.dispute
    row.requirement = add_requirement(
        kind=row.kind,
        customer=row.customer,
        parameters=row.parameters,
        valid_from=local_day(dispute.entity, now),
        source=f"Dispute {dispute.reference}",
        note=f"{dispute.get_reason_display()} on {dispute.invoice.number}",
        actor=actor,
        now=now,
    )
    return _decide(row, Prevention.State.ACCEPTED, events.PREVENTION_ACCEPTED, actor=actor, now=now)


@transaction.atomic
def decline_prevention(row: Prevention, *, actor: User, now: datetime) -> Prevention:
    """It would not have helped."""
    return _decide(_open(row), Prevention.State.DECLINED, events.PREVENTION_DECLINED, actor=actor, now=now)


def _open(row: Prevention) -> Prevention:
    rows = Prevention.objects.select_for_update(of=("self",)).select_related(
        "dispute__entity", "dispute__invoice", "customer"
    )
    row = rows.get(pk=row.pk)
    if row.state != Prevention.State.PROPOSED:
        raise Refused("This was decided before.", rule="a_prevention_is_decided_once")
    return row


def _decide(row: Prevention, state: str, fact: str, *, actor: User, now: datetime) -> Prevention:
    row.state, row.decided_by, row.decided_at = state, actor, now
    row.save(update_fields=["state", "decided_by", "decided_at", "requirement"])
    _note(fact, row, actor=actor, now=now)
    return row


def _note(fact: str, row: Prevention, *, actor: User | None, now: datetime) -> None:
    record(
        fact,
        row.dispute,
        actor=actor,
        at=now,
        customer_id=row.customer_id,
        kind=row.kind,
        requirement=row.requirement_id,
    )
