"""Telling watchers: reading the trail from where the last reading ended."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Max

from customers import queries as customers
from customers.models import Customer
from notices.models import Notice, Reading
from policies.models import Policy, PolicyVersion
from team.models import User
from trail.models import Entry
from trail.naming import fact_name

WATCHES = "watches"
# Entries get their number before their transaction ends, so a lower number may appear later. The window is
# read again every time; a notice exists once per person and act, so reading twice tells once.
_AGAIN = 5000

# The record itself, everything that touches a watched customer, every version of a watched policy.
_PAIRS = """
    SELECT w.id, w.person_id, w.label, w.path, e.id
    FROM trail_entry e
    JOIN notices_watch w ON
        (w.subject_type_id = e.content_type_id AND w.subject_id = e.object_id)
        OR (w.subject_type_id = %(customer)s AND w.subject_id = e.customer_key)
        OR (w.subject_type_id = %(policy)s AND e.content_type_id = %(version)s
            AND w.subject_id = (SELECT v.policy_id FROM policies_policyversion v WHERE v.id = e.object_id))
    JOIN team_user p ON p.id = w.person_id AND p.is_active
    WHERE e.id > %(after)s AND e.id <= %(newest)s AND e.id > w.after_entry
      AND e.fact <> '' AND e.actor_id IS DISTINCT FROM w.person_id
      AND NOT EXISTS (
        SELECT 1 FROM notices_notice n JOIN trail_entry x ON x.id = n.entry_id
        WHERE n.person_id = w.person_id AND (x.id = e.id OR (
            x."timestamp" = e."timestamp" AND x.actor_id IS NOT DISTINCT FROM e.actor_id
            AND x.customer_key IS NOT DISTINCT FROM e.customer_key AND (e.customer_key IS NOT NULL OR
                (x.content_type_id = e.content_type_id AND x.object_id = e.object_id)))))
    ORDER BY e.id, w.id
"""


@transaction.atomic
def tell_watchers(*, now: datetime) -> int:
    """Give watchers their notices of what was recorded since the last time; returns how many.

    One act leaves several entries of the same moment and person, and is one notice, which names the first and
    lists the others. Beside itself it waits for its turn. Own acts are not told.
    """
    Reading.objects.get_or_create(name=WATCHES)
    reading = Reading.objects.select_for_update().get(name=WATCHES)
    newest = Entry.objects.aggregate(newest=Max("id"))["newest"] or 0
    pairs = _pairs(max(0, reading.entry - _AGAIN), newest)
    entries = Entry.objects.select_related("actor").in_bulk([entry for *_, entry in pairs])
    seen = _seen({person for _, person, *_ in pairs}, entries)
    acts: dict[tuple[Any, ...], list[tuple[str, str, Entry]]] = defaultdict(list)
    for _, person, label, path, pk in pairs:
        entry = entries[pk]
        if seen(person, entry):
            acts[(person, *_act(entry))].append((label, path, entry))
    notices = [_notice(key[0], rows, now) for key, rows in acts.items()]
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    reading.entry = newest
    reading.save(update_fields=["entry"])
    return len(notices)


def _pairs(after: int, newest: int) -> list[tuple[int, int, str, str, int]]:
    kinds = ContentType.objects.get_for_models(Customer, Policy, PolicyVersion)
    with connection.cursor() as cursor:
        cursor.execute(
            _PAIRS,
            {
                "customer": kinds[Customer].pk,
                "policy": kinds[Policy].pk,
                "version": kinds[PolicyVersion].pk,
                "after": after,
                "newest": newest,
            },
        )
        return list(cursor.fetchall())


def _seen(people: set[int], entries: dict[int, Entry]) -> Any:
    """Whether a person may still see what an entry is about: companies may have been taken from them."""
    keys = {entry.customer_key for entry in entries.values() if entry.customer_key is not None}
    allowed = {
        person.pk: set(customers.visible_to(person).filter(pk__in=keys).values_list("pk", flat=True))
        for person in User.objects.filter(pk__in=people, entity_access__isnull=False).distinct()
    }

    def may_see(person: int, entry: Entry) -> bool:
        return person not in allowed or entry.customer_key is None or entry.customer_key in allowed[person]

    return may_see


def _act(entry: Entry) -> tuple[Any, ...]:
    """What the entries of one act have in common: moment and person, and the customer or else the record."""
    about = entry.customer_key or (entry.content_type_id, entry.object_id)
    return entry.timestamp, entry.actor_id, about


def _notice(person: int, rows: list[tuple[str, str, Entry]], now: datetime) -> Notice:
    label, path, entry = rows[0]
    who = str(entry.actor) if entry.actor_id else "The system"
    also = list(dict.fromkeys(fact_name(other.fact) for *_, other in rows if other.fact != entry.fact))
    detail = f"{who}, {entry.object_repr}"
    return Notice(
        person_id=person,
        entry=entry,
        title=f"{label}: {fact_name(entry.fact)}"[:200],
        detail=f"{detail}. Also: {'; '.join(also)}"[:300] if also else detail[:300],
        path=path,
        made_at=now,
    )
