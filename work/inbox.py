"""The work inbox: whose items a person sees, and in which order."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from entities import queries as entities
from team import absences
from team import queries as team
from team.models import User
from work.models import WorkItem
from work.rules import OVER

TABS = ("mine", "team", "snoozed", "done")
_KEPT = timedelta(days=30)
# By name, because that app lies above this one.
_CUSTOMERS_SEEN = "customers.queries.visible_to"


def visible_to(user: User) -> QuerySet[WorkItem]:
    """Items of the companies this person sees."""
    found = WorkItem.objects.select_related("owner", "on_behalf_of", "entity", "finished_by")
    if not user.entity_access.exists():
        return found
    customers = import_string(_CUSTOMERS_SEEN)(user).values("pk")
    seen = Q(customer_key__isnull=True) | Q(customer_key__in=customers)
    return found.filter(Q(entity__in=entities.visible_to(user)) | Q(entity__isnull=True) & seen)


def mine(user: User, *, now: datetime) -> QuerySet[WorkItem]:
    """Open items the person owns, or an absent colleague they stand in for."""
    owners = [user, *absences.stands_in_for(user, now=now)]
    return visible_to(user).exclude(state__in=OVER).filter(owner__in=owners)


def listing(user: User, tab: str, *, now: datetime) -> QuerySet[WorkItem]:
    """The items of a tab: own ones now, everybody's the person may see, put off, finished."""
    awake = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=now)
    if tab == "team":
        return _of_team(user).filter(awake)
    if tab == "snoozed":
        return mine(user, now=now).filter(snoozed_until__gt=now)
    if tab == "done":
        over = visible_to(user).filter(state__in=OVER, finished_at__gt=now - _KEPT)
        return over.filter(Q(finished_by=user) | Q(owner=user))
    return mine(user, now=now).filter(awake)


def _of_team(user: User) -> QuerySet[WorkItem]:
    """Those who hand out work see all of it, others the work of their roles."""
    found = visible_to(user).exclude(state__in=OVER)
    if user.has_perm("work.assign_work"):
        return found
    return found.filter(role__in=team.role_codes(user))


def open_count(user: User) -> int:
    """How many items wait for this person now."""
    return listing(user, "mine", now=timezone.now()).count()


def colleagues(user: User) -> QuerySet[User]:
    """To whom work can be handed."""
    found = User.objects.filter(is_active=True, is_machine=False, groups__isnull=False)
    return found.exclude(pk=user.pk).distinct().order_by("name")


def group_of(item: WorkItem, now: datetime) -> str:
    """The heading an item stands under."""
    if item.due_at is None:
        return "No due date"
    if item.due_at < now:
        return "Overdue"
    return "Due within a day" if item.due_at <= now + timedelta(days=1) else "Later"
