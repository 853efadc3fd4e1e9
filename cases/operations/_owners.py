"""Who gets a case: the customer's own collector, else the one who is there and has the fewest."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count

from cases.models import Case, Escalation
from customers.models import Customer
from team.absences import absent_people
from team.models import User
from team.queries import people_with_role

COLLECTORS = ("collector",)


class Owners:
    """Deals out cases evenly: knows how many each collector has, and counts on."""

    def __init__(self, now: datetime) -> None:
        people = list(people_with_role(*COLLECTORS).order_by("pk"))
        away = absent_people(people, now=now)
        self.people = {person.pk: person for person in people if person.pk not in away} or {
            person.pk: person for person in people
        }
        open_cases = Case.objects.filter(closed_at__isnull=True, owner__in=self.people).order_by()
        counts = dict(open_cases.values_list("owner").annotate(number=Count("pk")))
        self.load = {pk: counts.get(pk, 0) for pk in self.people}

    def next_for(self, customers: Sequence[Customer]) -> list[User | None]:
        """An owner for each customer, in their order; nobody when there is no collector."""
        return [self._one(customer) for customer in customers]

    def _one(self, customer: Customer) -> User | None:
        if not self.load:
            return None
        own = customer.owner_id
        chosen = own if own in self.load else min(self.load, key=lambda pk: (self.load[pk], pk))
        self.load[chosen] += 1
        return self.people[chosen]


def person_for(role: str) -> User | None:
    """The person of a role with the fewest escalated cases; nobody where the role has nobody."""
    people = list(people_with_role(role).order_by("pk"))
    if not people:
        return None
    rows = Escalation.objects.filter(to__in=people, case__closed_at__isnull=True).order_by()
    counts = dict(rows.values_list("to").annotate(number=Count("pk")))
    return min(people, key=lambda person: (counts.get(person.pk, 0), person.pk))
