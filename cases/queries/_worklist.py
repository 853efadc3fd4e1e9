"""The worklist: which accounts want work now, ranked by what is at risk."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from cases import rules
from cases.models import Case
from customers.models import Customer
from customers.queries import matching
from entities import queries as entities
from entities.models import Entity
from ledger.book import reporting_currency
from team.models import User

WORKLIST_TABS: Mapping[str, str] = {
    "": "Mine",
    "team": "Team",
    "quiet": "Quiet",
    "later": "Planned",
    "snoozed": "Put off",
    "done": "Done today",
}
WORKLIST_SORTS: Mapping[str, str] = {"risk": "rank_value", "age": "oldest_due_on", "next": "next_on"}
_MOST_COUNTED = 1000
_MOST_FOUND = 200


@dataclass(frozen=True)
class Filters:
    """What the worklist is narrowed to; "" or None leaves it open."""

    tab: str = ""
    q: str = ""
    entity: int | None = None
    stage: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the tab narrows the list."""
        return bool(self.q.strip() or self.entity or self.stage)


@dataclass(frozen=True)
class Sight:
    """Who looks, when, and at which companies: read once for a page."""

    user: User
    now: datetime
    companies: tuple[Entity, ...]

    @cached_property
    def days(self) -> dict[date, list[int]]:
        """The companies by the day it is there."""
        found: dict[date, list[int]] = {}
        for entity in self.companies:
            found.setdefault(entities.local_day(entity, self.now), []).append(entity.pk)
        return found

    @property
    def currency(self) -> str:
        """The currency in which values at risk of several companies are compared."""
        return reporting_currency(sorted(self.companies, key=lambda one: one.pk))


def sight_of(user: User, *, now: datetime) -> Sight:
    """What this person sees at the moment."""
    return Sight(user, now, tuple(entities.visible_to(user)))


def worklist(sight: Sight, filters: Filters) -> QuerySet[Case]:
    """The visible cases of a tab that match, in no order yet."""
    rows = _seen(sight).select_related("customer", "entity", "owner").filter(_tab(sight, filters.tab))
    if filters.entity:
        rows = rows.filter(entity_id=filters.entity)
    if filters.stage:
        rows = rows.filter(stage=filters.stage)
    if filters.q.strip():
        named = matching(Customer.objects.all(), filters.q).order_by().values_list("pk", flat=True)
        rows = rows.filter(customer_id__in=list(named[:_MOST_FOUND]))
    return rows


def _seen(sight: Sight) -> QuerySet[Case]:
    return Case.objects.filter(entity_id__in=[one.pk for one in sight.companies])


def tab_counts(sight: Sight) -> dict[str, int]:
    """How many cases each tab holds, in one statement."""
    counts = {f"tab_{tab}": Count("pk", filter=_tab(sight, tab)) for tab in WORKLIST_TABS}
    recent = Q(closed_at__isnull=True) | Q(closed_at__gte=sight.now - timedelta(days=2))
    found = _seen(sight).filter(recent).order_by().aggregate(**counts)
    return {tab: found[f"tab_{tab}"] for tab in WORKLIST_TABS}


def waiting_count(user: User) -> int:
    """How many accounts want this person's work now: the number beside the worklist's entry."""
    sight = sight_of(user, now=timezone.now())
    return _seen(sight).filter(_tab(sight, "")).order_by()[:_MOST_COUNTED].count()


def at_risk(rows: QuerySet[Case]) -> Decimal:
    """What is at risk in a list, in the one currency the rank is in."""
    return rows.order_by().aggregate(total=Sum("rank_value"))["total"] or Decimal(0)


def _tab(sight: Sight, tab: str) -> Q:
    is_open = Q(closed_at__isnull=True)
    quiet = Q(last_worked_at__lt=sight.now - timedelta(days=rules.QUIET_DAYS))
    if tab == "done":
        here = timezone.get_current_timezone()
        midnight = datetime.combine(timezone.localtime(sight.now).date(), time.min, here)
        return Q(last_worked_at__gte=midnight, last_worked_at__gt=F("opened_at"))
    if tab == "quiet":
        return is_open & quiet
    due, put_off = Q(pk__in=[]), Q(pk__in=[])
    for day, companies in sight.days.items():
        # With one company, or all on the same day, there is nothing to tell apart.
        own = Q(entity_id__in=companies) if len(sight.days) > 1 else Q()
        due |= own & Q(next_on__lte=day) & (Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=day))
        put_off |= own & Q(snoozed_until__gt=day)
    wanted = due | quiet
    match tab:
        case "team":
            return is_open & wanted
        case "snoozed":
            return is_open & put_off & ~quiet
        case "later":
            return is_open & ~due & ~put_off & ~quiet
        case _:
            return is_open & wanted & (Q(owner=sight.user) | Q(collector=sight.user))
