"""Reading the trail."""

from collections.abc import Iterable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from core.errors import Stale
from trail.models import Entry

# By name, because that app lies above this one.
_CUSTOMERS_SEEN = "customers.queries.visible_to"


def visible_to(user: Any) -> QuerySet[Entry]:
    """Every act; of a person restricted to some companies what touched their customers, and their own."""
    every: QuerySet[Entry] = Entry.objects.all()
    if not user.entity_access.exists():
        return every
    customers = import_string(_CUSTOMERS_SEEN)(user).values("pk")
    return every.filter(Q(customer_key__in=customers) | Q(actor=user.pk))


def entries_of(subject: models.Model) -> QuerySet[Entry]:
    """Every act on this object, newest first, with its actor."""
    kind = ContentType.objects.get_for_model(type(subject))
    found: QuerySet[Entry] = Entry.objects.filter(content_type=kind, object_id=subject.pk)
    return found.select_related("actor").order_by("-id")


def entries_of_all(kind: type[models.Model], keys: QuerySet[Any]) -> QuerySet[Entry]:
    """Every act on the rows of `kind` with these primary keys, newest first, with its actor."""
    of_kind = ContentType.objects.get_for_model(kind)
    found: QuerySet[Entry] = Entry.objects.filter(content_type=of_kind, object_id__in=keys)
    return found.select_related("actor").order_by("-id")


def entries_of_customer(customer_id: int) -> QuerySet[Entry]:
    """Every act that touched this customer, newest first, with its actor."""
    found: QuerySet[Entry] = Entry.objects.filter(customer_key=customer_id)
    return found.select_related("actor").order_by("-id")


def check_version(subject: Any, expected: int | None, *, fields: Iterable[str] = ()) -> None:
    """Refuse with `Stale` when the row (locked, with `lock_version`) is not the version its editor saw.

    `expected` None does not ask. `fields` are the attributes whose present values the refusal carries.
    """
    if expected is None or subject.lock_version == expected:
        return
    last = entries_of(subject).first()
    who = last.actor if last is not None else None
    when = f" at {timezone.localtime(last.timestamp):%d %b %H:%M}" if last is not None else ""
    raise Stale(
        f"{who or 'Somebody'} changed this{when}, after you opened it.",
        current={name: getattr(subject, name) for name in fields},
        changed_by=str(who or ""),
        changed_at=last.timestamp if last is not None else None,
    )


def changes_of(entry: Entry) -> list[tuple[str, str, str]]:
    """(what, before, after) of an act: field changes first, then its payload with no before."""
    changed = entry.changes if isinstance(entry.changes, dict) else {}
    fields = [(name, str(pair[0]), str(pair[1])) for name, pair in changed.items() if len(pair) == 2]
    payload = entry.additional_data if isinstance(entry.additional_data, dict) else {}
    return fields + [(name, "", str(value)) for name, value in payload.items() if value not in (None, "", [])]
