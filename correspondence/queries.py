"""Reading messages, deliveries, templates and what they are about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from correspondence.models import Delivery, Message, PublicLink, Template
from correspondence.rendering import Rendered, render
from correspondence.rules import examples
from entities.models import Entity
from entities.queries import visible_to as visible_entities
from team.models import User

STALE_CLAIM = timedelta(minutes=10)
"""A hand-over that began longer ago than this was cut off. A task ends before it."""

_WHO_SEES = {"invoice": "invoices.queries.visible_to"}
"""Kind of object a link leads to -> the query that says which of them a person sees.

By name, because those apps lie above this one.
"""


def about_of(row: Message | PublicLink) -> models.Model | None:
    """The object a message or link is about; None when it is gone."""
    if row.about_type.model_class() is None:
        return None
    found: models.Model | None = row.about_type.get_all_objects_for_this_type(pk=row.about_id).first()
    return found


def linkable(kind: str, user: User) -> QuerySet[models.Model] | None:
    """The objects of this kind a link may lead to and this person sees; None for an unknown kind."""
    path = _WHO_SEES.get(kind)
    if path is None:
        return None
    visible: QuerySet[models.Model] = import_string(path)(user)
    return visible


def visible_to(user: User) -> QuerySet[Message]:
    """Messages of the entities this person works for, newest first."""
    return Message.objects.filter(entity__in=visible_entities(user)).select_related("entity", "customer")


def deliveries_visible_to(user: User) -> QuerySet[Delivery]:
    """Deliveries of those messages, with the message, its customer and the contact."""
    return Delivery.objects.filter(message__entity__in=visible_entities(user)).select_related(
        "message", "message__customer", "message__entity", "contact"
    )


def messages_about(about: models.Model) -> QuerySet[Message]:
    """Messages about one object with their deliveries, newest first."""
    kind = ContentType.objects.get_for_model(type(about))
    found = Message.objects.filter(about_type=kind, about_id=about.pk)
    return found.prefetch_related("deliveries__contact").order_by("-id")


def due_deliveries(now: datetime) -> QuerySet[Delivery]:
    """What a worker should hand over now: queued and due, or claimed by a worker that was cut off."""
    return Delivery.objects.filter(
        Q(state=Delivery.State.QUEUED, not_before__lte=now)
        | Q(state=Delivery.State.SENDING, not_before__lte=now, claimed_at__lte=now - STALE_CLAIM)
    ).order_by("not_before", "id")


def template_in_use(situation: str, languages: Sequence[str], *, channel: str = "email") -> Template | None:
    """The active template of the first of `languages` that has one; "de-AT" falls back to "de"."""
    wanted = _with_bases(languages)
    found = Template.objects.filter(
        situation=situation, channel=channel, status=Template.Status.ACTIVE, language__in=wanted
    )
    return min(found, key=lambda template: wanted.index(template.language), default=None)


def languages_of(language: str, entity: Entity) -> list[str]:
    """The languages to try for a customer, best first."""
    return [language, entity.language, settings.LANGUAGE_CODE]


def _with_bases(languages: Sequence[str]) -> list[str]:
    every = [tag for language in languages if language for tag in (language, language.partition("-")[0])]
    return list(dict.fromkeys(every))


def versions_of(situation: str, language: str, *, channel: str = "email") -> QuerySet[Template]:
    """The versions of one text, newest first, with who wrote them."""
    found = Template.objects.filter(situation=situation, language=language, channel=channel)
    return found.select_related("author").order_by("-version")


def texts_in_use() -> dict[tuple[str, str], Template]:
    """(situation, language) -> the text new messages are made from."""
    found = Template.objects.filter(status=Template.Status.ACTIVE, channel="email")
    return {(text.situation, text.language): text for text in found}


def newest_texts() -> dict[tuple[str, str], Template]:
    """(situation, language) -> its newest version, in use or not."""
    found = Template.objects.filter(channel="email").order_by("version")
    return {(text.situation, text.language): text for text in found}


def sample(situation: str, language: str, *, subject: str, body: str, user: User) -> Rendered:
    """The mail a text would make, with example values, as the first company this person works for."""
    text = Template(situation=situation, language=language, subject=subject, body=body)
    company = visible_entities(user).order_by("pk").first() or Entity(
        legal_name="Northwind Energy Ireland Ltd", city="Dublin 2", country="IE"
    )
    return render(text, examples(situation), entity=company)
