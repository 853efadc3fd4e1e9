"""Asking a second person, and their answer."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction

from core.errors import Invalid, Refused
from core.rows import insert_rows, rows_of, rows_where
from entities.models import Entity
from team import queries as team
from team.models import User
from team.roles import AUTOMATIC_LIMITS, BY_CODE
from trail.operations import record
from work import queries
from work.events import (
    APPROVAL_AUTOMATIC,
    APPROVAL_GIVEN,
    APPROVAL_REJECTED,
    APPROVAL_REQUESTED,
    APPROVAL_VOIDED,
)
from work.models import Approval
from work.rules import POLICIES, UNRESOLVED, Level, approver


class NotYours(Refused):
    """This person may not decide this: they wrote it, or it is above their limit."""


class AlreadyDecided(Refused):
    """Somebody decided before."""


class Unconfirmed(Invalid):
    """What is unusual was not looked at one by one."""


@dataclass(frozen=True)
class Question:
    """What is asked. Amounts absolute; `snapshot` is the state asked about, its hash is kept.

    `flags` name what is unusual: each {"key", "label", "value", "before", "why"} must be confirmed.
    """

    kind: str
    label: str
    path: str
    snapshot: Mapping[str, Any]
    entity: Entity
    customer_id: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    amount_functional: Decimal | None = None
    flags: Sequence[Mapping[str, Any]] = ()
    barred: Sequence[int] = ()


def hash_of(snapshot: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON: what an approval was given for."""
    text = json.dumps(snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def one_at_a_time(customer_ids: Iterable[int | None]) -> None:
    """Until the transaction ends, nobody else asks or approves for these customers.

    Limits are cumulative per customer and day: two at once would each see the sum without the other, and
    together pass it. Taken in one order, and before the subjects are locked where many are in one
    transaction.
    """
    with connection.cursor() as cursor:
        for pk in sorted({pk for pk in customer_ids if pk}):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"approval-limit:{pk}"])


@transaction.atomic
def request_approval(
    subject: models.Model, question: Question, *, actor: User | None, now: datetime
) -> Approval:
    """Ask about `subject`. Small, unremarkable amounts are approved at once, and that is recorded.

    The caller holds the lock on the subject, so two requests cannot be made at once; a question that
    is still open is replaced.
    """
    one_at_a_time([question.customer_id])
    void_approvals(subject, reason="Asked again.", now=now)
    barred = sorted({*question.barred, *([actor.pk] if actor else [])})
    size = abs(question.amount_functional or Decimal(0))
    needed = _needed_role(question, barred, size, now)
    automatic = needed == "auto"
    approval = Approval(
        kind=question.kind,
        subject_type=ContentType.objects.get_for_model(type(subject)),
        subject_id=subject.pk,
        subject_label=question.label,
        subject_path=question.path,
        entity=question.entity,
        customer_key=question.customer_id,
        amount=question.amount,
        currency=question.currency,
        amount_functional=size,
        state=Approval.State.APPROVED if automatic else Approval.State.PENDING,
        snapshot=json.loads(json.dumps(question.snapshot, default=str)),
        snapshot_hash=hash_of(question.snapshot),
        flags=[dict(flag) for flag in question.flags],
        needed_role=needed,
        barred=barred,
        requested_by=actor,
        requested_at=now,
        automatic=automatic,
        decided_at=now if automatic else None,
        reason="Within the limit that needs no person." if automatic else "",
    )
    insert_rows([approval])
    record(
        APPROVAL_AUTOMATIC if automatic else APPROVAL_REQUESTED,
        subject,
        actor=actor,
        at=now,
        customer_id=question.customer_id,
        kind=question.kind,
        amount=question.amount,
        currency=question.currency,
        needs=needed,
        flags=[flag["key"] for flag in question.flags],
    )
    return approval


def _needed_role(question: Question, barred: Sequence[int], size: Decimal, now: datetime) -> str:
    """The lowest role that may decide; "auto" for nobody, "unresolved" when there is nobody."""
    rows = team.limits_for(question.kind, question.entity.functional_currency)
    users = [(str(pk), role) for pk, role in team.roles_held({row.role for row in rows})]
    automatic = AUTOMATIC_LIMITS.get(question.kind)
    passed = Decimal(0)
    if automatic:
        passed = queries.approved_today(
            question.customer_id, question.kind, entity=question.entity, user=None, now=now
        )
    answer = approver(
        amount=size,
        already_today=passed,
        creator=str(barred[0]) if barred else None,
        editors=[str(person) for person in barred],
        levels=[Level(row.role, row.limit) for row in rows],
        users=users,
        auto_limit=Decimal(automatic) if automatic and not question.flags else None,
    )
    return answer.needs


@transaction.atomic
def approve(
    approval: Approval, *, actor: User, now: datetime, confirmed: Sequence[str] = (), reason: str = ""
) -> Approval:
    """Say yes. Everything flagged must be in `confirmed`. The asking app acts on it next."""
    one_at_a_time([approval.customer_key])
    approval = _open(approval)
    refuse_unless_may_decide(approval, actor, now=now)
    missing = [flag for flag in approval.flags if flag["key"] not in set(confirmed)]
    if missing:
        raise Unconfirmed(
            "Confirm each highlighted point: " + "; ".join(flag["label"] for flag in missing) + ".",
            field="confirmed",
            rule="flagged_fields_are_confirmed",
            mend="Tick each point after you have looked at it.",
        )
    approval.state = Approval.State.APPROVED
    approval.confirmed = [flag["key"] for flag in approval.flags]
    return _decide(approval, APPROVAL_GIVEN, reason, actor=actor, now=now)


@transaction.atomic
def reject(approval: Approval, *, actor: User, now: datetime, reason: str) -> Approval:
    """Say no, with the reason its author needs."""
    approval = _open(approval)
    if not reason.strip():
        raise Invalid(
            "Say what has to change.",
            field="reason",
            rule="a_rejection_has_a_reason",
            mend="Write a sentence for the author.",
        )
    refuse_unless_may_decide(approval, actor, now=now)
    approval.state = Approval.State.REJECTED
    return _decide(approval, APPROVAL_REJECTED, reason, actor=actor, now=now)


def refuse_unless_may_decide(approval: Approval, actor: User, *, now: datetime) -> None:
    """Four eyes and limits. Holds for superusers and API keys as for everybody."""
    if actor.pk in approval.barred or actor.pk == approval.requested_by_id:
        raise NotYours(
            "You wrote or asked for this, so somebody else decides.",
            rule="nobody_approves_their_own_request",
            mend=f"Ask a {role_name(approval.needed_role)} to look at it.",
        )
    currency = approval.entity.functional_currency if approval.entity else ""
    allowed, limit = team.limit_of(actor, approval.kind, currency)
    size = approval.amount_functional or Decimal(0)
    in_months = approval.kind in POLICIES and POLICIES[approval.kind].unit == "months"
    if approval.entity and not in_months:
        size += queries.approved_today(
            approval.customer_key, approval.kind, entity=approval.entity, user=actor, now=now
        )
    if not allowed or (limit is not None and size > limit):
        if not allowed:
            above = "this"
        elif in_months:
            above = f"{size:.0f} months; you may approve up to {limit:.0f}"
        else:
            above = f"{size:,.2f} {currency} with what you approved for this customer today"
        raise NotYours(
            f"Your limit does not cover {above}.",
            rule="approval_within_own_limit",
            mend=f"It needs a {role_name(approval.needed_role)} or above.",
        )


_LIVE = """
subject_type_id = %s AND subject_id = %s
  AND state IN ('pending', 'approved') ORDER BY requested_at DESC, id DESC FOR UPDATE
"""


@transaction.atomic
def void_approvals(subject: models.Model, *, reason: str, now: datetime) -> int:
    """Open questions and given answers about an object that changed are worthless. Returns how many."""
    kind = ContentType.objects.get_for_model(type(subject))
    rows = rows_where(Approval, _LIVE, [kind.pk, subject.pk])
    count = 0
    for row in rows:
        row.state, row.reason = Approval.State.VOID, reason
        row.save(update_fields=["state", "reason"])
        record(APPROVAL_VOIDED, subject, actor=None, at=now, customer_id=row.customer_key, reason=reason)
        count += 1
    return count


def role_name(code: str) -> str:
    """The role in words, for messages."""
    if code == UNRESOLVED:
        return "person with a sufficient limit"
    return BY_CODE[code].name.lower() if code in BY_CODE else code


def _open(approval: Approval) -> Approval:
    [approval] = rows_where(Approval, "id = %s FOR UPDATE", [approval.pk])
    if approval.entity_id is not None:
        [approval.entity] = rows_of(Entity, "id", [approval.entity_id])
    if approval.state != Approval.State.PENDING:
        raise AlreadyDecided(
            f"This was {approval.get_state_display().lower()} before.", rule="a_question_is_answered_once"
        )
    return approval


def _decide(approval: Approval, fact: str, reason: str, *, actor: User, now: datetime) -> Approval:
    approval.decided_by, approval.decided_at, approval.reason = actor, now, reason[:500]
    approval.save(update_fields=["state", "confirmed", "decided_by", "decided_at", "reason"])
    kind = ContentType.objects.get_for_id(approval.subject_type_id).model_class()
    assert kind is not None  # noqa: S101 (its table is still there)
    [subject] = rows_where(kind, "id = %s", [approval.subject_id])
    record(
        fact,
        subject,
        actor=actor,
        at=now,
        customer_id=approval.customer_key,
        kind=approval.kind,
        reason=reason,
    )
    return approval
