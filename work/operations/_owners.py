"""Who gets a work item: the named person, else their deputy, else who has least to do, else the queue."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from team import absences
from team import queries as team
from team.models import User
from team.roles import BY_CODE
from work.models import WorkItem
from work.rules import OVER, Candidate, least_loaded


@dataclass(frozen=True)
class Choice:
    """The owner and why; `owner` None means the queue. `on_behalf_of` is the absent colleague."""

    owner: User | None
    why: str
    on_behalf_of: User | None = None


def choose_owner(named: User | None, role: str, *, now: datetime, without: Collection[int] = ()) -> Choice:
    """The one owner of new work. `without` are people who said no."""
    if named is not None and named.is_active:
        away = absences.absence_of(named, now=now)
        if away is None:
            return Choice(named, "Named as the person in charge")
        deputy = away.deputy
        # One step only: the deputy of a deputy is not asked.
        if deputy.is_active and absences.absence_of(deputy, now=now) is None:
            return Choice(deputy, f"Stands in for {named} until {away.last_on:%d %b}", named)
    return _of_role(role, now=now, without=without)


def _of_role(role: str, *, now: datetime, without: Collection[int]) -> Choice:
    people = {person.pk: person for person in team.people_with_role(role).exclude(pk__in=without)}
    away = absences.absent_people(list(people.values()), now=now)
    there = [pk for pk in people if pk not in away]
    loads = {
        row["owner"]: row
        for row in WorkItem.objects.filter(owner__in=there)
        .values("owner")
        .annotate(load=Count("id", filter=~Q(state__in=OVER)), last=Max("assigned_at"))
    }
    chosen = least_loaded(
        [
            Candidate(pk, loads[pk]["load"], loads[pk]["last"]) if pk in loads else Candidate(pk, 0)
            for pk in there
        ]
    )
    name = BY_CODE[role].name.lower() if role in BY_CODE else role
    if chosen is None:
        return Choice(None, f"Nobody with the role {name} is there")
    return Choice(
        people[chosen.id],
        f"The only {name} who is there"
        if len(there) == 1
        else f"Least open work of {len(there)} with the role {name} ({chosen.load} open)",
    )
