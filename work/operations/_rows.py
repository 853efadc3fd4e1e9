"""What every act on a work item starts and ends with: lock, refuse, move, note."""

from datetime import datetime

from core.errors import Refused
from team import absences
from team import queries as team
from team.models import User
from work.models import HandOver, WorkItem
from work.rules import NEXT


class NotYourWork(Refused):
    """The item belongs to somebody else."""


class WorkIsOver(Refused):
    """The item was finished or moved on; the act asked for does not follow from its state."""


def locked(item: WorkItem) -> WorkItem:
    """The row as it is now, held until the transaction ends."""
    return WorkItem.objects.select_for_update(of=("self",)).select_related("owner").get(pk=item.pk)


def refuse_unless_follows(item: WorkItem, state: str) -> None:
    """Only what the table of states allows."""
    if state not in NEXT[item.state]:
        raise WorkIsOver(
            f"“{item.label}” is {item.get_state_display().lower()}.",
            rule="work_follows_its_states",
            mend="Reload the page to see where it stands.",
        )


def refuse_unless_owner(item: WorkItem, actor: User, *, now: datetime) -> None:
    """The owner acts, or who stands in for them today; a lead may act on anybody's."""
    if item.owner_id == actor.pk or actor.has_perm("work.assign_work"):
        return
    if item.owner_id is None and item.role in team.role_codes(actor):
        return
    if item.owner_id in {person.pk for person in absences.stands_in_for(actor, now=now)}:
        return
    raise NotYourWork(
        f"“{item.label}” is the work of {item.owner or 'another team'}.",
        rule="work_is_done_by_its_owner",
        mend="Ask them or a team lead to hand it over.",
    )


def in_place_of(item: WorkItem, actor: User | None) -> str:
    """The name of the colleague the actor acts for, for the trail; "" when it is their own work."""
    return str(item.owner) if actor and item.owner_id and item.owner_id != actor.pk else ""


def move(
    item: WorkItem, *, to: User | None, role: str, reason: str, actor: User | None, now: datetime
) -> HandOver:
    """Change the owner on the row in memory and write the change down. The caller saves the item."""
    before = item.owner
    item.owner, item.role = to, role
    item.state = WorkItem.State.ASSIGNED if to else WorkItem.State.NEW
    item.assigned_at = now if to else None
    item.blocked_by, item.snoozed_until = "", None
    return HandOver.objects.create(
        item=item, at=now, from_person=before, to_person=to, to_role=role, by=actor, reason=reason[:300]
    )
