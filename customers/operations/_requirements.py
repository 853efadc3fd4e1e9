"""Writing billing requirements and who has seen them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from core import edits
from core.errors import Invalid, Refused, Stale
from customers import events, rules
from customers.models import BillingRequirement, Customer, RequirementAcknowledgement, Segment
from customers.operations._common import choice, locked, text
from entities.models import Entity
from team.models import User
from trail.operations import record


class RequirementOverlaps(Refused):
    """A requirement of this kind holds at this level already."""


@transaction.atomic
def add_requirement(
    *,
    kind: str,
    valid_from: date,
    actor: User | None,
    now: datetime,
    customer: Customer | None = None,
    segment: Segment | None = None,
    entity: Entity | None = None,
    severity: str = BillingRequirement.Severity.BLOCK,
    parameters: Mapping[str, Any] | None = None,
    note: str = "",
    source: str = "",
    valid_to: date | None = None,
) -> BillingRequirement:
    """Add a requirement at one level: of a customer, a segment, a company, or of everybody (none given)."""
    if sum(level is not None for level in (customer, segment, entity)) > 1:
        raise Invalid(
            "A requirement hangs at one level.",
            field="level",
            rule="a_requirement_has_one_level",
            mend="Name a customer, a segment or a company.",
        )
    _lock_level(customer, segment, entity)
    requirement = BillingRequirement(
        kind=kind, customer=customer, segment=segment, entity=entity, created_by=actor
    )
    given = {"severity": severity, "parameters": parameters or {}, "note": note, "source": source}
    edits.apply(requirement, _clean(kind, given | {"valid_from": valid_from, "valid_to": valid_to}))
    _refuse_overlap(requirement)
    requirement.save(force_insert=True)
    record(
        events.REQUIREMENT_CREATED,
        requirement,
        actor=actor,
        at=now,
        customer_id=requirement.customer_id,
        **_summary(requirement),
    )
    return requirement


@transaction.atomic
def edit_requirement(
    requirement: BillingRequirement,
    *,
    actor: User | None,
    now: datetime,
    expected_revision: int | None = None,
    **given: Any,
) -> BillingRequirement:
    """Change severity, parameters, note, source or validity. Its revision rises: billers are asked again."""
    requirement = _locked(requirement)
    if expected_revision is not None and expected_revision != requirement.revision:
        raise _stale(requirement, given)
    before = _parameters(requirement)
    changes = edits.apply(requirement, _clean(requirement.kind, given))
    if not changes:
        return requirement
    _refuse_backwards(requirement)
    _refuse_overlap(requirement)
    requirement.revision += 1
    requirement.save(update_fields=[*changes, "revision"])
    record(
        events.REQUIREMENT_EDITED,
        requirement,
        actor=actor,
        at=now,
        customer_id=requirement.customer_id,
        changes=changes
        | ({"parameters": (before, _parameters(requirement))} if "parameters" in changes else {}),
        kind=requirement.kind,
        revision=requirement.revision,
    )
    return requirement


@transaction.atomic
def end_requirement(
    requirement: BillingRequirement, *, on: date, reason: str, actor: User | None, now: datetime
) -> BillingRequirement:
    """Its last day is `on`. The row stays: documents of that time were checked against it."""
    requirement = _locked(requirement)
    reason = text(reason, "reason", "The reason", 300, required=True)
    if requirement.valid_to is not None and requirement.valid_to <= on:
        raise Refused(
            f"The requirement ends on {requirement.valid_to.isoformat()} already.",
            field="on",
            rule="a_requirement_ends_once",
        )
    changes = edits.apply(requirement, {"valid_to": on})
    _refuse_backwards(requirement)
    requirement.revision += 1
    requirement.save(update_fields=["valid_to", "revision"])
    record(
        events.REQUIREMENT_ENDED,
        requirement,
        actor=actor,
        at=now,
        customer_id=requirement.customer_id,
        changes=changes,
        kind=requirement.kind,
        reason=reason,
    )
    return requirement


@transaction.atomic
def acknowledge_requirement(
    requirement: BillingRequirement, *, customer: Customer, revision: int, actor: User, now: datetime
) -> RequirementAcknowledgement:
    """The person has seen this revision, billing this customer. Seeing it twice is seeing it once."""
    requirement = _locked(requirement)
    if revision != requirement.revision:
        raise _stale(requirement, {"severity": "", "parameters": {}, "note": ""})
    seen, first = RequirementAcknowledgement.objects.get_or_create(
        requirement=requirement, customer=customer, user=actor, revision=revision, defaults={"at": now}
    )
    if first:
        record(
            events.REQUIREMENT_ACKNOWLEDGED,
            requirement,
            actor=actor,
            at=now,
            customer_id=customer.pk,
            kind=requirement.kind,
            revision=revision,
        )
    return seen


def _lock_level(customer: Customer | None, segment: Segment | None, entity: Entity | None) -> None:
    """Two people adding the same kind at one level wait for each other, so that one sees the other's."""
    if customer is not None:
        locked(customer)
    elif segment is not None:
        Segment.objects.select_for_update().get(pk=segment.pk)
    elif entity is not None:
        Entity.objects.select_for_update().get(pk=entity.pk)


def _locked(requirement: BillingRequirement) -> BillingRequirement:
    _lock_level(requirement.customer, requirement.segment, requirement.entity)
    return BillingRequirement.objects.select_for_update(of=("self",)).get(pk=requirement.pk)


def _clean(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    cleaners: dict[str, Any] = {
        "severity": lambda value: choice(value, "severity", "The effect", BillingRequirement.Severity),
        "parameters": lambda value: rules.clean_parameters(kind, value),
        "note": lambda value: text(value, "note", "The note", 300),
        "source": lambda value: text(value, "source", "The source", 200),
        "valid_from": lambda value: value,
        "valid_to": lambda value: value,
    }
    if unknown := given.keys() - cleaners.keys():
        raise TypeError(f"A requirement has no field {', '.join(sorted(unknown))}.")
    values = {name: cleaners[name](value) for name, value in given.items()}
    if {"valid_from", "valid_to"} <= values.keys():
        _refuse_period(values["valid_from"], values["valid_to"])
    return values


def _refuse_period(first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise Invalid(
            f"It would end on {last.isoformat()}, before it begins on {first.isoformat()}.",
            field="valid_to",
            rule="a_requirement_ends_after_it_begins",
            mend="Choose a later day, or leave it empty.",
        )


def _refuse_backwards(requirement: BillingRequirement) -> None:
    _refuse_period(requirement.valid_from, requirement.valid_to)


def _refuse_overlap(requirement: BillingRequirement) -> None:
    """Two answers to one question at one level would leave it to chance which one holds."""
    kind = rules.REQUIREMENT_KINDS[requirement.kind]
    if kind.several:
        return
    others = BillingRequirement.objects.filter(
        kind=requirement.kind,
        customer=requirement.customer_id,
        segment=requirement.segment_id,
        entity=requirement.entity_id,
    ).exclude(pk=requirement.pk)
    others = others.filter(Q(valid_to=None) | Q(valid_to__gte=requirement.valid_from))
    if requirement.valid_to is not None:
        others = others.filter(valid_from__lte=requirement.valid_to)
    if other := others.first():
        until = f" to {other.valid_to.isoformat()}" if other.valid_to else " on"
        raise RequirementOverlaps(
            f"“{kind.label}” is required here from {other.valid_from.isoformat()}{until} already.",
            field="valid_from",
            rule="one_requirement_of_a_kind_holds_at_a_level",
            mend="Edit that one, or end it first.",
        )


def _stale(requirement: BillingRequirement, shown: Mapping[str, Any]) -> Stale:
    return Stale(
        f"“{rules.REQUIREMENT_KINDS[requirement.kind].label}” was changed since you read it: "
        f"it is now revision {requirement.revision}.",
        current={name: getattr(requirement, name) for name in shown},
    )


def _parameters(requirement: BillingRequirement) -> str:
    return rules.in_words(rules.REQUIREMENT_KINDS[requirement.kind].parameters, requirement.parameters)


def _summary(requirement: BillingRequirement) -> dict[str, Any]:
    return {
        "kind": requirement.kind,
        "severity": requirement.severity,
        "parameters": requirement.parameters,
        "level": rules.level_of(requirement),
        "valid_from": requirement.valid_from,
        "valid_to": requirement.valid_to,
        "source": requirement.source,
    }
