"""Whom a line of the protocol means for one act, and the words of their notice."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models

from customers.models import Customer
from entities import queries as entities
from entities.models import Entity
from notices.models import Rule
from notices.rules import filled
from team import queries as team
from team.models import User
from trail.models import Entry

# Acts whose `person` is whom they are about: who was mentioned, whose account a key acts for.
_NAMES_PERSON = ("person.mentioned", "api_key.created")
# Acts that name in `to` who has it now.
_NAMES_HOLDER = ("dispute.escalated", "dispute.assigned")


def subject_of(entry: Entry) -> models.Model | None:
    """What the act is about; None when it is gone."""
    try:
        found: models.Model = entry.content_type.get_object_for_this_type(pk=entry.object_pk)
    except (ObjectDoesNotExist, AttributeError):  # the row is gone, or its table is
        return None
    return found


def customer_of(entry: Entry) -> Customer | None:
    """The customer the act touches."""
    if entry.customer_key is None:
        return None
    return Customer.objects.select_related("entity", "segment", "owner").filter(pk=entry.customer_key).first()


def entity_of(subject: models.Model | None, customer: Customer | None) -> Entity | None:
    """The company whose calendar and people the act concerns."""
    found = getattr(subject, "entity", None)
    return found if isinstance(found, Entity) else customer.entity if customer else None


def people_for(
    rule: Rule, entry: Entry, subject: models.Model | None, customer: Customer | None
) -> list[User]:
    """The people a line means, without who did it themselves: they know."""
    if rule.audience == Rule.Audience.OWNER:
        found = _in_charge(entry, subject, customer)
    else:
        found = list(team.people_with_role(*rule.roles))
    entity = entity_of(subject, customer)
    return [
        person
        for person in found
        if person.pk != entry.actor_id
        and person.is_active
        and (entity is None or entities.visible_to(person).filter(pk=entity.pk).exists())
    ]


def _in_charge(entry: Entry, subject: models.Model | None, customer: Customer | None) -> list[User]:
    """The named person, the owner of the record, of its customer, who wrote it; else the team leads."""
    facts = entry.additional_data or {}
    named = facts.get("person") if entry.fact in _NAMES_PERSON else None
    named = facts.get("to") if entry.fact in _NAMES_HOLDER else named
    if named:
        return list(User.objects.filter(pk=named))
    candidates = (
        getattr(subject, "owner", None),
        customer.owner if customer else None,
        getattr(subject, "created_by", None),
        getattr(subject, "author", None),
    )
    person = next((one for one in candidates if isinstance(one, User) and one.is_active), None)
    return [person] if person else list(team.people_with_role("lead"))


def words_of(rule: Rule, entry: Entry, customer: Customer | None) -> str:
    """The title of the notice."""
    values: dict[str, Any] = {
        "label": entry.object_repr,
        "customer": customer.name if customer else "a customer",
        "actor": str(entry.actor) if entry.actor_id else "The system",
    }
    return filled(rule.words or "{label}", values)[:200]


def path_of(subject: models.Model | None, customer: Customer | None) -> str:
    """The page of the record, else of its customer."""
    for one in (subject, customer):
        if one is not None and hasattr(one, "get_absolute_url"):
            return str(one.get_absolute_url())
        if one is not None and (page := getattr(one, "path", "")):
            return str(page)
    return ""
