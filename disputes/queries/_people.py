"""Who may own a dispute, and who is there now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from entities import queries as entities
from entities.models import Entity
from team import queries as team
from team.absences import absent_people
from team.models import User
from team.roles import ROLES

_WORK = "disputes.work_dispute"


def roles_that(act: str = _WORK) -> list[str]:
    """The roles that may do an act."""
    return [role.code for role in ROLES if act in role.acts]


def people_who_own(entity: Entity) -> list[User]:
    """Active people who may own a dispute with this company, by name."""
    people = team.people_with_role(*roles_that()).order_by("name", "pk")
    return list(entities.seen_by(people, entity))


def present_of(role: str, entity: Entity, *, now: datetime) -> tuple[list[User], list[User]]:
    """(those with the role who are there, those who are away), by id."""
    people: Sequence[User] = list(entities.seen_by(team.people_with_role(role), entity).order_by("pk"))
    away = absent_people(list(people), now=now)
    return [one for one in people if one.pk not in away], [one for one in people if one.pk in away]
