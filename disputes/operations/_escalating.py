"""Warning, missing and going up: set by set, each once, by however many workers, and by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet

from core.errors import DomainError
from core.rows import copy_rows
from disputes import events, rules
from disputes.models import Clock, Dispute, Escalation, Holding
from disputes.operations._common import hold_by, locked, note_fact, refuse_over, worded
from disputes.operations._owners import Holder, Holders, Nobody
from disputes.operations._resolving import close_unanswered
from disputes.queries import Matrix
from team.models import User
from trail.operations import Fact, record_all

BATCH = 2_000

_CLAIM = """
UPDATE disputes_clock c SET {column} = %s
 WHERE c.id IN (
    SELECT id FROM disputes_clock
     WHERE met_at IS NULL AND breached_at IS NULL AND {condition}
     ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING c.dispute_id, c.kind, c.due_at
"""
_WARN = _CLAIM.format(column="warned_at", condition="warned_at IS NULL AND warn_at <= %s AND due_at > %s")
_BREACH = _CLAIM.format(column="breached_at", condition="due_at <= %s")


def watch(*, now: datetime, most: int = 200_000) -> dict[str, int]:
    """One look at all disputes: how many were warned, missed, raised a level and closed without an answer.

    Safe beside itself and after a kill: every chunk is one transaction, and rows are claimed by a time or a
    unique key that only one can set.
    """
    done = {
        "warned": _until_done(lambda: _warn(now), most),
        "missed": _until_done(lambda: _miss(now), most),
        "raised": _until_done(lambda: _raise_due(now), most),
    }
    return done | {"closed": _close_waiting(now)}


def _until_done(chunk: object, most: int) -> int:
    total = 0
    while callable(chunk) and total < most:
        count = int(chunk())
        total += count
        if not count:
            break
    return total


@transaction.atomic
def _warn(now: datetime) -> int:
    claimed = _claimed(_WARN, [now, now, now, BATCH])
    _note(events.DISPUTE_WARNED, claimed, now)
    return len(claimed)


@transaction.atomic
def _miss(now: datetime) -> int:
    """Note what was missed and plan the way up from there."""
    claimed = _claimed(_BREACH, [now, now, BATCH])
    if not claimed:
        return 0
    first: dict[int, datetime] = {}
    for pk, _kind, due_at in claimed:
        first[pk] = min(due_at, first.get(pk, due_at))
    disputes = _load(Dispute.objects.filter(pk__in=first))
    matrix = Matrix()
    for dispute in disputes:
        missed = first[dispute.pk]
        dispute.breached_at = min(missed, dispute.breached_at) if dispute.breached_at else missed
        matrix.plan(dispute)
    _write(disputes)
    _note(events.DISPUTE_BREACHED, claimed, now)
    return len(claimed)


@transaction.atomic
def _raise_due(now: datetime) -> int:
    """Take a chunk of what is due one level up."""
    due = Dispute.objects.filter(escalate_at__lte=now).order_by("id")
    rows = due.select_for_update(of=("self",), skip_locked=True)
    disputes = _load(rows, most=BATCH)
    if not disputes:
        return 0
    matrix, holders = Matrix(), Holders(now)
    raised: list[tuple[Dispute, Holder, str]] = []
    for dispute in disputes:
        found = matrix.next_for(dispute)
        if found is not None and found[0] <= now:
            step = found[1]
            dispute.level = step.level
            reason = _why(step)
            raised.append((dispute, _holder(holders, dispute, step.role), reason))
        matrix.plan(dispute)
    _write(disputes)
    _up(raised, now)
    return len(disputes)


def _up(raised: Sequence[tuple[Dispute, Holder, str]], now: datetime) -> None:
    """The rows of everything that went up in one chunk. A level reached before is announced by nobody."""
    copy_rows(
        "disputes_escalation",
        ("dispute_id", "round", "level", "at", "reason", "to_id", "deputy_of_id"),
        [
            (one.pk, one.round, one.level, now, why, holder.person.pk, _pk(holder.deputy_of))
            for one, holder, why in raised
        ],
    )
    ids = [one.pk for one, _, _ in raised]
    Holding.objects.filter(dispute__in=ids, until_at__isnull=True).update(until_at=now)
    copy_rows(
        "disputes_holding",
        (
            "dispute_id",
            "level",
            "responsible_id",
            "accountable_id",
            "deputy_of_id",
            "consulted",
            "informed_id",
            "from_at",
            "reason",
        ),
        [
            (
                one.pk,
                one.level,
                one.owner_id,
                holder.person.pk,
                _pk(holder.deputy_of),
                rules.REASONS[one.reason].consults,
                one.contact_id,
                now,
                why,
            )
            for one, holder, why in raised
        ],
    )
    record_all(
        events.DISPUTE_ESCALATED,
        [
            Fact(
                dispute,
                {
                    "level": dispute.level,
                    "to": holder.person.pk,
                    "deputy_of": holder.deputy_of.pk if holder.deputy_of else None,
                    "reason": reason,
                    "amount": dispute.amount,
                    "currency": dispute.currency,
                },
                dispute.customer_id,
            )
            for dispute, holder, reason in raised
        ],
        actor=None,
        at=now,
    )


@transaction.atomic
def escalate(dispute: Dispute, *, reason: str, actor: User, now: datetime) -> Dispute:
    """Take it one level up by hand, with the reason."""
    dispute = locked(dispute)
    refuse_over(dispute)
    reason = worded(reason, field="reason", least=10, most=300)
    if dispute.level >= rules.TOP:
        raise rules.NotAllowedNow(f"{dispute} is at the highest level.", rule="the_matrix_has_a_top")
    matrix = Matrix()
    dispute.level += 1
    dispute.changed_at = now
    holder = _holder(Holders(now), dispute, matrix.step_to(dispute, dispute.level).role)
    Escalation.objects.create(
        dispute=dispute,
        round=dispute.round,
        level=dispute.level,
        at=now,
        reason=reason,
        to=holder.person,
        deputy_of=holder.deputy_of,
        by=actor,
    )
    matrix.plan(dispute)
    dispute.save(update_fields=["level", "changed_at", "escalate_at", "escalate_to"])
    hold_by(dispute, holder.person, deputy_of=holder.deputy_of, reason=reason, now=now)
    note_fact(
        events.DISPUTE_ESCALATED,
        dispute,
        actor=actor,
        now=now,
        to=holder.person.pk,
        deputy_of=holder.deputy_of.pk if holder.deputy_of else None,
        reason=reason,
    )
    return dispute


@transaction.atomic
def plan_anew(*, now: datetime) -> int:
    """After a change of the matrix: when each open dispute goes up next. Returns how many were planned."""
    del now
    running = Dispute.objects.exclude(state__in=[*rules.OVER, rules.WAITING])
    matrix, count, last = Matrix(), 0, 0
    while True:
        rows = running.filter(pk__gt=last).order_by("pk").select_for_update(of=("self",))
        disputes = _load(rows, most=BATCH)
        if not disputes:
            return count
        for dispute in disputes:
            matrix.plan(dispute)
        _write(disputes)
        count, last = count + len(disputes), disputes[-1].pk


def _close_waiting(now: datetime) -> int:
    """What nobody answered in ten working days; one that cannot be closed does not stop the others."""
    due = Dispute.objects.filter(customer_due_at__lte=now).order_by("customer_due_at", "pk")[:500]
    count = 0
    for dispute in due:
        try:
            close_unanswered(dispute, now=now)
        except DomainError:
            continue  # answered a moment ago
        count += 1
    return count


def _claimed(statement: str, values: Sequence[datetime | int]) -> list[tuple[int, str, datetime]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _load(rows: QuerySet[Dispute], most: int = BATCH) -> list[Dispute]:
    return list(rows.select_related("entity", "hours", "customer").prefetch_related("pauses")[:most])


_WRITE = """
UPDATE disputes_dispute d
   SET level = v.level, breached_at = v.breached, escalate_at = v.at, escalate_to = v.upto
  FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::timestamptz[], %s::smallint[])
       AS v (id, level, breached, at, upto)
 WHERE d.id = v.id
"""


def _write(disputes: Sequence[Dispute]) -> None:
    """What follows from a look or a change of the matrix, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            [
                [one.pk for one in disputes],
                [one.level for one in disputes],
                [one.breached_at for one in disputes],
                [one.escalate_at for one in disputes],
                [one.escalate_to for one in disputes],
            ],
        )


def _pk(person: User | None) -> int | None:
    return person.pk if person is not None else None


def _note(fact: str, claimed: Sequence[tuple[int, str, datetime]], now: datetime) -> None:
    rows = Dispute.objects.only("pk", "customer_id").in_bulk([pk for pk, _, _ in claimed])
    record_all(
        fact,
        [
            Fact(rows[pk], {"clock": Clock.Kind(kind).label, "due_at": due_at}, rows[pk].customer_id)
            for pk, kind, due_at in claimed
        ],
        actor=None,
        at=now,
    )


def _holder(holders: Holders, dispute: Dispute, role: str) -> Holder:
    """Who holds the level: of its role, else of the roles above; at last the owner keeps it."""
    for one in dict.fromkeys((role, "lead", "controller", "director")):
        found = holders.holder(one, dispute.entity)
        if found is not None:
            return found
    if dispute.owner_id:
        return Holder(dispute.owner)
    raise Nobody("Nobody is there to escalate to.", rule="an_escalation_reaches_somebody")


def _why(step: rules.Step) -> str:
    if step.counted_from == rules.FROM_RAISED:
        return f"{step.hours} business hours after it was raised"
    if not step.hours:
        return "A deadline was missed"
    return f"{step.hours} business hours after a deadline was missed"
