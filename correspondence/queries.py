"""Reading messages, deliveries, templates and what they are about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from correspondence.models import Delivery, Message, PublicLink, Template
from entities.models import Entity
from entities.queries import visible_to as visible_entities

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


def linkable(kind: str, user: AbstractBaseUser) -> QuerySet[models.Model] | None:
    """The objects of this kind a link may lead to and this person sees; None for an unknown kind."""
    path = _WHO_SEES.get(kind)
    if path is None:
        return None
    visible: QuerySet[models.Model] = import_string(path)(user)
    return visible


def visible_to(user: AbstractBaseUser) -> QuerySet[Message]:
    """Messages of the entities this person works for, newest first."""
    return Message.objects.filter(entity__in=visible_entities(user)).select_related("entity", "customer")


def deliveries_visible_to(user: AbstractBaseUser) -> QuerySet[Delivery]:
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
