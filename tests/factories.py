"""Small makers of what tests stand on, through the product's own operations where there are some."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.contrib.auth.models import Group

from customers import operations as customers
from customers.models import Customer
from entities.models import Entity
from team.models import User

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
_next = count(1)


def make_user(role: str = "", **values: Any) -> User:
    """An active person with one role ("" = none), as the table of roles is synced at migrate."""
    n = next(_next)
    values = {"email": f"person{n}@example.test", "name": f"Person {n}"} | values
    user = User.objects.create_user(**values)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def make_entity(**values: Any) -> Entity:
    """A German selling company in euros."""
    n = next(_next)
    defaults = {
        "code": f"E{n}",
        "name": f"Northwind {n}",
        "legal_name": f"Northwind {n} GmbH",
        "address_lines": ["Lindenallee 14"],
        "postal_code": "20259",
        "city": "Hamburg",
        "country": "DE",
        "email": "billing@northwind.example",
        "time_zone": "Europe/Berlin",
        "functional_currency": "EUR",
        "holiday_region": "DE-HH",
    }
    return Entity.objects.create(**(defaults | values))


def make_customer(*, entity: Entity | None = None, actor: User | None = None, **values: Any) -> Customer:
    """A German business customer without contacts, address or tax number."""
    values = {"name": f"Helios Solar {next(_next)}", "country": "DE"} | values
    return customers.add_customer(entity=entity or make_entity(), actor=actor, now=NOW, **values)
