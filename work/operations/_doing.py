"""What the owner does with a work item: accept, start, block, put off, finish, and undo."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from core.errors import Invalid, Refused
from team.models import User
from trail.operations import record
from work.events import (
    WORK_ACCEPTED,
    WORK_BLOCKED,
    WORK_REOPENED,
    WORK_RETURNED,
    WORK_SNOOZED,
    WORK_STARTED,
)
from work.models import HandOver, WorkItem
from work.operations._opening import close
from work.operations._rows import WorkIsOver, in_place_of, locked, refuse_unless_follows, refuse_unless_owner

LONGEST_SNOOZE = timedelta(days=30)
UNDONE_WITHIN = timedelta(hours=24)


@transaction.atomic
def accept(item: WorkItem, *, actor: User, now: datetime) -> WorkItem:
    """Say yes to work one was given."""
    return _step(item, WorkItem.State.ACCEPTED, WORK_ACCEPTED, actor=actor, now=now)


@transaction.atomic
def start(item: WorkItem, *, actor: User, now: datetime) -> WorkItem:
    """Begin, or go on after what blocked it is gone."""
    return _step(item, WorkItem.State.IN_PROGRESS, WORK_STARTED, actor=actor, now=now)


@transaction.atomic
def block(item: WorkItem, *, reason: str, actor: User, now: datetime) -> WorkItem:
    """It cannot go on; `reason` says what it waits for."""
    if not reason.strip():
        raise Invalid("Say what it waits for.", field="reason", rule="blocked_work_says_by_what")
    return _step(item, WorkItem.State.BLOCKED, WORK_BLOCKED, actor=actor, now=now, reason=reason.strip())


@transaction.atomic
def snooze(item: WorkItem, *, until: datetime, actor: User, now: datetime) -> WorkItem:
    """Put it out of sight until a moment within the next 30 days. Its due time stays."""
    item = locked(item)
    _refuse_over(item)
    refuse_unless_owner(item, actor, now=now)
    if not now < until <= now + LONGEST_SNOOZE:
        raise Invalid(
            "Choose a time within the next 30 days.", field="until", rule="work_is_snoozed_for_a_while"
        )
    item.snoozed_until = until
    return _save_snooze(item, actor, now)


@transaction.atomic
def wake(item: WorkItem, *, actor: User, now: datetime) -> WorkItem:
    """Bring a snoozed item back now."""
    item = locked(item)
    _refuse_over(item)
    refuse_unless_owner(item, actor, now=now)
    if item.snoozed_until is None:
        return item
    item.snoozed_until = None
    return _save_snooze(item, actor, now)


@transaction.atomic
def finish(item: WorkItem, *, outcome: str = "", actor: User, now: datetime) -> WorkItem:
    """It is done."""
    item = locked(item)
    refuse_unless_follows(item, WorkItem.State.DONE)
    refuse_unless_owner(item, actor, now=now)
    return close(item, WorkItem.State.DONE, outcome, actor=actor, now=now)


@transaction.atomic
def return_item(item: WorkItem, *, reason: str, actor: User, now: datetime) -> WorkItem:
    """Give it back unfinished to where it came from, with the reason. It can be opened again there."""
    item = locked(item)
    refuse_unless_follows(item, WorkItem.State.RETURNED)
    refuse_unless_owner(item, actor, now=now)
    if not reason.strip():
        raise Invalid("Say why it cannot be done.", field="reason", rule="a_change_of_owner_has_a_reason")
    item = close(item, WorkItem.State.RETURNED, reason, actor=actor, now=now)
    record(WORK_RETURNED, item, actor=actor, at=now, customer_id=item.customer_key, reason=reason)
    return item


@transaction.atomic
def reopen(item: WorkItem, *, actor: User, now: datetime) -> WorkItem:
    """Undo finishing, within a day, by who finished it."""
    item = locked(item)
    if not item.is_over or item.finished_at is None:
        return item
    if item.finished_by_id != actor.pk or now > item.finished_at + UNDONE_WITHIN:
        raise Refused(
            "Finished work is reopened within a day by the person who finished it.",
            rule="finishing_is_undone_within_a_day",
        )
    if item.owner_id is None:
        item.owner, item.assigned_at = actor, now
        HandOver.objects.create(
            item=item, at=now, to_person=actor, to_role=item.role, by=actor, reason="Reopened"
        )
    before, item.state = item.state, WorkItem.State.ASSIGNED
    item.finished_at, item.finished_by, item.outcome = None, None, ""
    try:
        with transaction.atomic():
            item.save(
                update_fields=["owner", "assigned_at", "state", "finished_at", "finished_by", "outcome"]
            )
    except IntegrityError as clash:
        if "one_work_item_is_open_per_reason" not in str(clash):
            raise
        raise Refused(
            "The same work was opened again meanwhile.", rule="one_work_item_is_open_per_reason"
        ) from clash
    record(
        WORK_REOPENED,
        item,
        actor=actor,
        at=now,
        customer_id=item.customer_key,
        changes={"state": (before, item.state)},
    )
    return item


def _step(item: WorkItem, state: str, fact: str, *, actor: User, now: datetime, reason: str = "") -> WorkItem:
    item = locked(item)
    if item.state == WorkItem.State.NEW:
        raise WorkIsOver(
            f"Nobody owns “{item.label}” yet.",
            rule="work_has_one_owner",
            mend="Take it first.",
        )
    refuse_unless_follows(item, state)
    refuse_unless_owner(item, actor, now=now)
    before, item.state, item.blocked_by = item.state, state, reason[:300]
    item.save(update_fields=["state", "blocked_by"])
    record(
        fact,
        item,
        actor=actor,
        at=now,
        customer_id=item.customer_key,
        changes={"state": (before, state)},
        stands_in_for=in_place_of(item, actor),
        **({"reason": reason} if reason else {}),
    )
    return item


def _save_snooze(item: WorkItem, actor: User, now: datetime) -> WorkItem:
    item.save(update_fields=["snoozed_until"])
    record(
        WORK_SNOOZED,
        item,
        actor=actor,
        at=now,
        customer_id=item.customer_key,
        until=item.snoozed_until,
    )
    return item


def _refuse_over(item: WorkItem) -> None:
    if item.is_over:
        raise WorkIsOver(f"“{item.label}” is finished.", rule="work_follows_its_states")
