"""Internal notes: what colleagues tell each other. Nothing here is ever rendered for a customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import models, transaction

from conversations import events, queries
from conversations.models import Mention, Note, NoteVersion
from conversations.operations._common import checked_body
from conversations.rules import mentions_in
from core.errors import Invalid, Refused
from entities.models import Entity
from team.models import User
from trail.operations import record
from work.operations import finish_work, open_work


class NotYourNote(Refused):
    """A note is changed by whoever wrote it."""


class UnknownColleague(Invalid):
    """Nobody of this name may see the customer."""


@transaction.atomic
def write_note(
    about: models.Model, *, body: str, actor: User, now: datetime, mentions: Sequence[User] = ()
) -> Note:
    """Note something about a record. "@mara.lindqvist" and `mentions` name colleagues, who hear of it."""
    body = checked_body(body)
    customer = queries.customer_of(about)
    entity = queries.entity_of(about)
    people = _named(body, mentions, entity)
    note = Note.objects.create(
        about_type=queries.kind_of(about),
        about_id=about.pk,
        customer=customer,
        entity=entity,
        body=body,
        author=actor,
        at=now,
    )
    record(
        events.NOTE_WRITTEN,
        about,
        actor=actor,
        at=now,
        customer_id=customer.pk if customer else None,
        note=note.pk,
    )
    _mention(note, about, people, actor=actor, now=now)
    return note


@transaction.atomic
def edit_note(note: Note, *, body: str, actor: User, now: datetime, mentions: Sequence[User] = ()) -> Note:
    """Change one's own note; how it stood before is kept. Who is named now and was not before hears of it."""
    note = Note.objects.select_for_update(of=("self",)).get(pk=note.pk)
    if note.author_id != actor.pk:
        raise NotYourNote(
            f"{note.author} wrote this note.",
            rule="a_note_is_changed_by_its_author",
            mend="Write one beside it.",
        )
    body = checked_body(body)
    if body == note.body:
        return note
    people = _named(body, mentions, note.entity)
    NoteVersion.objects.create(
        note=note, body=note.body, written_at=note.edited_at or note.at, replaced_at=now
    )
    note.body, note.edited_at = body, now
    note.save(update_fields=["body", "edited_at"])
    about = note.about
    record(events.NOTE_EDITED, about or note, actor=actor, at=now, customer_id=note.customer_id, note=note.pk)
    _mention(note, about or note, people, actor=actor, now=now)
    return note


@transaction.atomic
def read_mentions(about: models.Model, *, actor: User, now: datetime) -> int:
    """The person has the notes on this record before them; returns how many mentions were unread."""
    unread = Mention.objects.select_for_update(of=("self",)).filter(
        person=actor,
        read_at__isnull=True,
        note__about_type=queries.kind_of(about),
        note__about_id=about.pk,
    )
    rows = list(unread.order_by("pk"))
    for mention in rows:
        mention.read_at = now
        mention.save(update_fields=["read_at"])
        finish_work(_key(mention.note_id, actor), outcome="Read.", actor=actor, now=now)
    return len(rows)


def _key(note_id: int, person: User) -> str:
    return f"mention:{note_id}:{person.pk}"


def _named(body: str, mentions: Sequence[User], entity: Entity | None) -> list[User]:
    """The colleagues a note names; refused when somebody may not see the customer, or a name fits nobody."""
    able = {person.pk: person for person in queries.colleagues(entity)} if mentions or "@" in body else {}
    found: dict[int, User] = {}
    for person in mentions:
        if person.pk not in able:
            raise _unknown(str(person))
        found[person.pk] = person
    for name in mentions_in(body):
        fits = [person for person in able.values() if _goes_by(person, name)]
        if len(fits) != 1:
            raise _unknown(f"@{name}", several=len(fits) > 1)
        found[fits[0].pk] = fits[0]
    return list(found.values())


def _goes_by(person: User, name: str) -> bool:
    address = person.email.lower()
    return name in {address, address.partition("@")[0]}


def _unknown(name: str, *, several: bool = False) -> UnknownColleague:
    message = f"{name} could be several colleagues." if several else f"{name} is nobody who may see this."
    return UnknownColleague(
        message,
        field="body",
        rule="a_mention_names_a_colleague_who_may_see_it",
        mend="Write the whole address after @." if several else "Choose a colleague from the list.",
    )


def _mention(note: Note, about: models.Model, people: Sequence[User], *, actor: User, now: datetime) -> None:
    known = set(note.mentions.values_list("person_id", flat=True))
    for person in people:
        if person.pk in known or person.pk == actor.pk:
            continue
        Mention.objects.create(note=note, person=person, at=now)
        record(
            events.PERSON_MENTIONED,
            about,
            actor=actor,
            at=now,
            customer_id=note.customer_id,
            note=note.pk,
            person=person.pk,
        )
        open_work(
            kind="mention",
            key=_key(note.pk, person),
            subject=note,
            label=f"{actor} named you: {' '.join(note.body.split())[:120]}",
            path=f"{_path_of(about)}#conversation",
            why="A colleague named you in a note.",
            owner=person,
            entity=note.entity,
            customer_id=note.customer_id,
            actor=actor,
            now=now,
        )


def _path_of(about: models.Model) -> str:
    found = getattr(about, "get_absolute_url", None)
    return str(found()) if found else "/"
