"""Changing whose work it is. Every change has a reason and is written down."""

from datetime import datetime

from django.db import transaction

from core.errors import Invalid, Refused
from team import absences
from team import queries as team
from team.models import User
from team.roles import BY_CODE
from trail.operations import record
from work.events import WORK_DECLINED, WORK_HANDED_OVER, WORK_UNASSIGNED
from work.models import HandOver, WorkItem
from work.operations._owners import choose_owner
from work.operations._rows import (
    NotYourWork,
    in_place_of,
    locked,
    move,
    refuse_unless_follows,
    refuse_unless_owner,
)
from work.rules import role_after_decline

_OWNING = (
    "owner", "on_behalf_of", "role", "state", "assigned_at", "why_owner", "blocked_by", "snoozed_until",
    "declined",
)  # fmt: skip


@transaction.atomic
def take(item: WorkItem, *, actor: User, now: datetime) -> WorkItem:
    """Take an item out of the queue of one's role."""
    item = locked(item)
    if item.owner_id == actor.pk and not item.is_over:
        return item
    if item.owner_id is not None:
        raise NotYourWork(
            f"{item.owner} has “{item.label}” already.",
            rule="work_has_one_owner",
            mend="Ask them to hand it over.",
        )
    refuse_unless_follows(item, WorkItem.State.ASSIGNED)
    refuse_unless_owner(item, actor, now=now)
    return _give(item, actor, item.role, f"Taken by {actor}", actor=actor, now=now)


@transaction.atomic
def hand_over(
    item: WorkItem, *, to: User | None, reason: str, actor: User, now: datetime, role: str = ""
) -> WorkItem:
    """Give the item to a colleague, or with `to` None back to the queue of `role`. Needs a reason.

    An absent colleague's deputy gets it, for them.
    """
    item = locked(item)
    refuse_unless_follows(item, WorkItem.State.ASSIGNED)
    refuse_unless_owner(item, actor, now=now)
    _refuse_without(reason, "hand over")
    role = role or item.role
    if role not in BY_CODE:
        raise Invalid(f"There is no role “{role}”.", field="role", rule="work_belongs_to_a_role")
    if to is None:
        return _give(item, None, role, reason, actor=actor, now=now)
    _refuse_machine(to)
    away = absences.absence_of(to, now=now)
    if away is None:
        return _give(item, to, role, reason, actor=actor, now=now)
    if absences.absence_of(away.deputy, now=now) or not away.deputy.is_active:
        raise Refused(
            f"{to} and the deputy {away.deputy} are both away.",
            field="to",
            rule="work_goes_to_somebody_who_is_there",
            mend="Choose another colleague, or the queue of the role.",
        )
    return _give(item, away.deputy, role, reason, actor=actor, now=now, on_behalf_of=to)


@transaction.atomic
def take_back(item: WorkItem, *, actor: User, now: datetime) -> WorkItem:
    """Undo one's own hand-over while the colleague has not begun."""
    item = locked(item)
    last = HandOver.objects.filter(item=item).select_related("from_person").order_by("-id").first()
    untouched = item.state in {WorkItem.State.NEW, WorkItem.State.ASSIGNED}
    if last is None or last.by_id != actor.pk or last.from_person is None or not untouched:
        raise Refused(
            f"“{item.label}” cannot be taken back: {item.owner or 'a colleague'} has begun, or somebody "
            "else gave it away.",
            rule="a_hand_over_is_undone_by_who_did_it",
            mend="Ask the owner to hand it over.",
        )
    return _give(item, last.from_person, item.role, "Hand-over undone", actor=actor, now=now)


@transaction.atomic
def decline(item: WorkItem, *, reason: str, actor: User, now: datetime) -> WorkItem:
    """Say no to work one was given, with the reason. The next person gets it; after two a team lead."""
    item = locked(item)
    if item.owner_id != actor.pk or item.state != WorkItem.State.ASSIGNED:
        raise Refused(
            "Only work you were given and have not begun can be declined.",
            rule="work_is_declined_before_it_begins",
            mend="Hand it over instead.",
        )
    _refuse_without(reason, "decline")
    item.declined += 1
    role = role_after_decline(item.role, item.declined)
    # Whoever owned it before said no or gave it away, so they are not asked again.
    without = {actor.pk, *HandOver.objects.filter(item=item).values_list("to_person", flat=True)} - {None}
    choice = choose_owner(None, role, now=now, without=without)
    record(WORK_DECLINED, item, actor=actor, at=now, customer_id=item.customer_key, reason=reason)
    return _give(
        item, choice.owner, role, f"Declined by {actor}: {reason}", actor=actor, now=now, why=choice.why
    )


def _give(
    item: WorkItem,
    to: User | None,
    role: str,
    reason: str,
    *,
    actor: User,
    now: datetime,
    on_behalf_of: User | None = None,
    why: str = "",
) -> WorkItem:
    acted_for = in_place_of(item, actor)
    hand_over_ = move(item, to=to, role=role, reason=reason.strip(), actor=actor, now=now)
    item.on_behalf_of = on_behalf_of
    stands_in = f"Stands in for {on_behalf_of}. " if on_behalf_of else ""
    item.why_owner = (stands_in + (why or f"From {actor}: {reason.strip()}"))[:200]
    item.save(update_fields=_OWNING)
    record(
        WORK_HANDED_OVER,
        item,
        actor=actor,
        at=now,
        customer_id=item.customer_key,
        changes={"owner": (str(hand_over_.from_person or ""), str(to or role))},
        reason=reason,
        to=to.pk if to else None,
        stands_in_for=str(on_behalf_of or acted_for),
    )
    if to is None:
        record(WORK_UNASSIGNED, item, actor=None, at=now, customer_id=item.customer_key, role=role)
    return item


def _refuse_without(reason: str, act: str) -> None:
    if not reason.strip():
        raise Invalid(
            f"Say why you {act} this.",
            field="reason",
            rule="a_change_of_owner_has_a_reason",
            mend="One sentence for the next person is enough.",
        )


def _refuse_machine(to: User) -> None:
    if not to.is_active or to.is_machine or not team.role_codes(to):
        raise Invalid(f"{to} does not take work.", field="to", rule="work_goes_to_somebody_who_is_there")
