"""Work appears because of an event and ends when its reason is gone."""

from datetime import datetime
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, models, transaction

from core.errors import Invalid
from entities.models import Entity
from team.models import User
from team.roles import BY_CODE
from trail.operations import record
from work.events import WORK_FINISHED, WORK_OPENED, WORK_UNASSIGNED
from work.models import HandOver, WorkItem
from work.operations._owners import choose_owner
from work.operations._rows import in_place_of
from work.rules import LEAD, OVER

_ONE_PER_REASON = "one_work_item_is_open_per_reason"


@transaction.atomic
def open_work(
    *,
    kind: str,
    key: str,
    subject: models.Model,
    label: str,
    path: str,
    why: str,
    now: datetime,
    actor: User | None = None,
    entity: Entity | None = None,
    customer_id: int | None = None,
    owner: User | None = None,
    role: str = "",
    due_at: datetime | None = None,
    value: Decimal | None = None,
    currency: str = "",
) -> WorkItem:
    """Give somebody something to do, at most once per `key` while it is open; returns the open item.

    The owner is `owner` if they are there, else their deputy, else the person with `role` (the team lead's
    when none is named) who has least open work, else nobody: then it waits in the queue of the role, and
    that is announced.
    """
    _refuse_unclear(key, why, role)
    item = WorkItem(
        kind=kind,
        key=key,
        subject_type=ContentType.objects.get_for_model(type(subject)),
        subject_id=subject.pk,
        label=label[:200],
        path=path,
        entity=entity,
        customer_key=customer_id,
        why=why[:300],
        role=role or LEAD,
        due_at=due_at,
        value=value,
        currency=currency,
        opened_by=actor,
        opened_at=now,
    )
    return _open_of(key) or _insert(item, named=owner, actor=actor, now=now)


def _insert(item: WorkItem, *, named: User | None, actor: User | None, now: datetime) -> WorkItem:
    choice = choose_owner(named, item.role, now=now)
    item.owner, item.on_behalf_of, item.why_owner = choice.owner, choice.on_behalf_of, choice.why[:200]
    if choice.owner is not None:
        item.state, item.assigned_at = WorkItem.State.ASSIGNED, now
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError as clash:
        there = _open_of(item.key) if _ONE_PER_REASON in str(clash) else None
        if there is None:
            raise
        return there  # another process opened it a moment ago
    HandOver.objects.create(
        item=item, at=now, to_person=choice.owner, to_role=item.role, by=actor, reason=choice.why[:300]
    )
    record(
        WORK_OPENED,
        item,
        actor=actor,
        at=now,
        customer_id=item.customer_key,
        kind=item.kind,
        why=item.why,
        owner=str(choice.owner or ""),
        stands_in_for=str(choice.on_behalf_of or ""),
        due_at=item.due_at,
    )
    if choice.owner is None:
        record(WORK_UNASSIGNED, item, actor=None, at=now, customer_id=item.customer_key, role=item.role)
    return item


@transaction.atomic
def finish_work(key: str, *, outcome: str, actor: User | None, now: datetime) -> int:
    """The reason is gone: close the open item of this key. Returns how many were open (0 or 1)."""
    rows = WorkItem.objects.select_for_update(of=("self",)).select_related("owner").filter(key=key)
    count = 0
    for item in rows.exclude(state__in=OVER):
        close(item, WorkItem.State.DONE, outcome, actor=actor, now=now)
        count += 1
    return count


def close(item: WorkItem, state: str, outcome: str, *, actor: User | None, now: datetime) -> WorkItem:
    """End a locked item as done or returned."""
    before = item.state
    item.state, item.outcome = state, outcome.strip()[:300]
    item.finished_by, item.finished_at = actor, now
    item.snoozed_until, item.blocked_by = None, ""
    item.save(update_fields=["state", "outcome", "finished_by", "finished_at", "snoozed_until", "blocked_by"])
    record(
        WORK_FINISHED,
        item,
        actor=actor,
        at=now,
        customer_id=item.customer_key,
        changes={"state": (before, state)},
        outcome=item.outcome,
        stands_in_for=in_place_of(item, actor),
    )
    return item


def _open_of(key: str) -> WorkItem | None:
    return WorkItem.objects.filter(key=key).exclude(state__in=OVER).select_related("owner").first()


def _refuse_unclear(key: str, why: str, role: str) -> None:
    if not key.strip() or not why.strip():
        raise Invalid("Work needs a key and a reason in words.", field="why", rule="work_says_why_it_exists")
    if role and role not in BY_CODE:
        raise Invalid(f"There is no role “{role}”.", field="role", rule="work_belongs_to_a_role")
