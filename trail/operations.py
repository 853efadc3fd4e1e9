"""The one door through which acts reach the trail."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from auditlog.cid import get_cid
from auditlog.context import auditlog_value
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.module_loading import import_string

from core.rows import append_rows, copy_rows, insert_rows, new_row
from trail.models import Entry


class Fact(NamedTuple):
    """What `record_all` writes for one subject."""

    subject: models.Model
    payload: Mapping[str, Any]
    customer_id: int | None = None


def record(
    fact: str,
    subject: models.Model,
    *,
    actor: AbstractBaseUser | None,
    at: datetime,
    customer_id: int | None = None,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    **payload: Any,
) -> Entry:
    """Write one act on the trail and queue it for its subscribers, in the caller's transaction.

    `fact` is `noun.past_participle`; `changes` is {field: (before, after)}; `payload` must be JSON
    or Decimal, date and datetime, which are kept as text. `actor` None is the system.
    """
    entry = _entries(fact, [Fact(subject, payload, customer_id)], actor=actor, at=at)[0]
    if changes:
        entry.changes = {name: [_text(old), _text(new)] for name, (old, new) in changes.items()}
    insert_rows([entry])
    _announce(fact, [entry], at=at)
    return entry


def record_all(fact: str, facts: Iterable[Fact], *, actor: AbstractBaseUser | None, at: datetime) -> int:
    """The same act on many subjects in two statements; returns how many."""
    entries = _entries(fact, facts, actor=actor, at=at)
    if subscribers(fact):
        _announce(fact, insert_rows(entries), at=at)
    else:
        append_rows(entries)
    return len(entries)


def subscribers(fact: str) -> tuple[str, ...]:
    """Names of the tasks that want to hear of this fact."""
    wiring: Mapping[str, tuple[str, ...]] = import_string(settings.SUBSCRIPTIONS)
    return tuple(wiring.get(fact, ()))


def _entries(
    fact: str, facts: Iterable[Fact], *, actor: AbstractBaseUser | None, at: datetime
) -> list[Entry]:
    person = actor if actor is not None and actor.pk else None
    shared = {
        "fact": fact,
        "action": Entry.Action.CREATE if fact.endswith(".created") else Entry.Action.UPDATE,
        "actor_id": person.pk if person else None,
        "actor_email": getattr(person, "email", None),
        "cid": get_cid(),
        "remote_addr": _remote_address(),
        "timestamp": at,
    }
    return [
        new_row(
            Entry,
            content_type_id=_content_type(subject._meta.model),  # not type(): the person of a request is lazy
            object_pk=str(subject.pk),
            object_id=subject.pk if isinstance(subject.pk, int) else None,
            object_repr=str(subject)[:200],
            customer_key=customer_id,
            additional_data=_json(payload) or None,
            **shared,
        )
        for subject, payload, customer_id in facts
    ]


def _announce(fact: str, entries: list[Entry], *, at: datetime) -> None:
    tasks = subscribers(fact)
    if tasks:
        copy_rows(
            "trail_announcement",
            ("entry_id", "task", "queued_at", "attempts"),
            ((entry.pk, task, at, 0) for entry in entries for task in tasks),
        )


@cache
def _content_type(model: type[models.Model]) -> int:
    return ContentType.objects.get_for_model(model).pk


def _remote_address() -> str | None:
    context = auditlog_value.get(None)
    return context.get("remote_addr") if isinstance(context, dict) else None


def _json(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _plain(value) for key, value in payload.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def _text(value: Any) -> str:
    return "None" if value is None else str(value)
