"""Drafts of notices of change that acts of ours make necessary: new payment terms, new bank details."""

from datetime import datetime
from typing import Any

from django.db import transaction

from core.dates import in_words
from customers.models import Customer
from entities.models import BankChange, Entity
from entities.queries import local_day
from notices import events
from notices.models import ChangeNotice
from policies.models import Policy, PolicyVersion
from policies.queries import PUBLISHED, clauses_of
from policies.rules import diff
from trail.models import Entry
from trail.operations import record


def propose_change(entry: Entry, *, now: datetime) -> ChangeNotice | None:
    """A draft for what customers must hear of: new payment terms, new bank details. One per act.

    None where nobody is concerned or nothing differs.
    """
    if ChangeNotice.objects.filter(cause=entry).exists():
        return None
    subject = entry.content_type.get_object_for_this_type(pk=entry.object_pk)
    values = _of_policy(subject) if isinstance(subject, PolicyVersion) else _of_bank(subject, now)
    if values is None:
        return None
    with transaction.atomic():
        notice, made = ChangeNotice.objects.get_or_create(cause=entry, defaults=values | {"created_at": now})
        if made:
            record(events.CHANGE_PROPOSED, notice, actor=None, at=now, situation=notice.situation)
    return notice


def _of_policy(version: PolicyVersion) -> dict[str, Any] | None:
    before = (
        PolicyVersion.objects.filter(
            policy=version.policy_id, status__in=PUBLISHED, effective_from__lt=version.effective_from
        )
        .order_by("-effective_from")
        .first()
    )
    entity = version.policy.default_for or _some_entity(version.policy)
    if before is None or entity is None:
        return None
    changes = diff(clauses_of(before), clauses_of(version))
    if not changes:
        return None
    return {
        "title": f"{version.policy.name} from {in_words(version.effective_from)}"[:160],  # type: ignore[arg-type]
        "situation": ChangeNotice.Situation.POLICY,
        "entity": entity,
        "policy": version.policy,
        "changes": "\n".join(f"{change.title}: {change.after}" for change in changes),
        "effective_on": version.effective_from,
    }


def _some_entity(policy: Policy) -> Entity | None:
    customer = Customer.objects.filter(payment_policy=policy).select_related("entity").first()
    return customer.entity if customer else None


def _of_bank(change: Any, now: datetime) -> dict[str, Any] | None:
    if not isinstance(change, BankChange):
        return None
    number = str(change.proposed.get("iban") or change.proposed.get("account_number") or "")
    if not number:
        return None
    return {
        "title": f"New bank details of {change.entity.name} for {change.currency}"[:160],
        "situation": ChangeNotice.Situation.BANK,
        "entity": change.entity,
        "account_end": number.replace(" ", "")[-4:],
        "effective_on": local_day(change.entity, change.decided_at or now),
        "currency": change.currency,
    }
