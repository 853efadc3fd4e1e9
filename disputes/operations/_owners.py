"""Whose a dispute is, and who holds it at a level. Somebody who is away has a deputy."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count

from core.errors import Refused
from customers.models import Customer
from disputes import rules
from disputes.models import Dispute, Holding
from disputes.queries import people_who_own, present_of, roles_that
from entities.models import Entity
from team.absences import absence_of, absent_people
from team.models import User


class Nobody(Refused):
    """There is nobody who could own or hold the dispute."""


class Holder(NamedTuple):
    """Who holds it, and for whom they stand in."""

    person: User
    deputy_of: User | None = None


def owner_for(reason: str, customer: Customer, entity: Entity, *, now: datetime) -> User:
    """The customer's own person if they work on disputes and are there; else whoever of the reason's role has
    fewest open ones; then the other roles in their order."""
    own = customer.owner
    able = {person.pk for person in people_who_own(entity)}
    if own is not None and own.pk in able and not absent_people([own], now=now):
        return own
    working = roles_that()
    holders = Holders(now)
    for role in rules.roles_for(reason):
        if role not in working and role != rules.REASONS[reason].role:
            continue
        found = holders.owner(role, entity)
        if found is not None:
            return found.person
    raise Nobody(
        f"Nobody at {entity} works on disputes.",
        rule="a_dispute_has_one_owner",
        mend="Give somebody a role that works on disputes.",
    )


class Holders:
    """Finds who is there for a role, and counts on, so that many at once are dealt out evenly."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._there: dict[tuple[str, int], tuple[list[User], list[User]]] = {}
        self._deputies: dict[int, Holder | None] = {}
        self._owned: Counter[int] | None = None
        self._held: Counter[int] | None = None

    def owner(self, role: str, entity: Entity) -> Holder | None:
        """Whoever of the role owns fewest open disputes."""
        if self._owned is None:
            rows = Dispute.objects.exclude(state__in=sorted(rules.OVER)).order_by()
            self._owned = Counter(dict(rows.values_list("owner").annotate(n=Count("pk"))))
        return self._least(role, entity, self._owned)

    def holder(self, role: str, entity: Entity) -> Holder | None:
        """Whoever of the role holds fewest escalated disputes; their deputy while all are away."""
        if self._held is None:
            rows = Holding.objects.filter(until_at__isnull=True, level__gt=1).order_by()
            self._held = Counter(dict(rows.values_list("accountable").annotate(n=Count("pk"))))
        return self._least(role, entity, self._held)

    def _least(self, role: str, entity: Entity, load: Counter[int]) -> Holder | None:
        key = (role, entity.pk)
        if key not in self._there:
            self._there[key] = present_of(role, entity, now=self.now)
        there, away = self._there[key]
        if there:
            chosen: Holder | None = Holder(min(there, key=lambda one: (load[one.pk], one.pk)))
        else:
            chosen = next((found for one in away if (found := self._deputy(one))), None)
        if chosen is not None:
            load[chosen.person.pk] += 1
        return chosen

    def _deputy(self, absent: User) -> Holder | None:
        if absent.pk not in self._deputies:
            absence = absence_of(absent, now=self.now)
            deputy = absence.deputy if absence else None
            is_there = deputy is not None and deputy.is_active and absence_of(deputy, now=self.now) is None
            self._deputies[absent.pk] = Holder(deputy, absent) if deputy is not None and is_there else None
        return self._deputies[absent.pk]
