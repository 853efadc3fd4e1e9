"""Reading messages, deliveries, templates and what they are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from correspondence.choosing import best_text, with_bases
from correspondence.letters import render_letter
from correspondence.models import Channel, Delivery, Message, PublicLink, Template
from correspondence.rendering import Rendered, render
from correspondence.rules import examples
from customers.models import Contact, Customer
from customers.rules import Choice, choose_recipients
from entities.models import Entity
from entities.queries import visible_to as visible_entities
from team.models import User

STALE_CLAIM = timedelta(minutes=10)
"""A hand-over that began longer ago than this was cut off. A task ends before it."""

_ANY: dict[str, Any] = {"channel": "email", "customer_type": "", "tone": 0}
"""The mail for any customer and tone: the one the list of texts shows."""

_EXAMPLE_ADDRESS = ("Brightwater Logistics", "Orla Byrne", "12 Dock Road", "V94 Limerick")

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


def found_messages(
    user: User,
    *,
    customer: int | None = None,
    invoice: int | None = None,
    state: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    **equal: str,
) -> QuerySet[Message]:
    """Those this person sees and that fit: queued from `since` to before `until`, one delivery in `state`.

    `equal`: fields of the message that have this value.
    """
    rows = visible_to(user).filter(**equal)
    if customer:
        rows = rows.filter(customer_id=customer)
    if invoice:
        rows = rows.filter(about_type__app_label="invoices", about_type__model="invoice", about_id=invoice)
    if since:
        rows = rows.filter(queued_at__gte=since)
    if until:
        rows = rows.filter(queued_at__lt=until)
    if state:
        rows = rows.filter(pk__in=Delivery.objects.filter(state=state).values("message"))
    return rows


def deliveries_visible_to(user: User) -> QuerySet[Delivery]:
    """Deliveries of those messages, with the message, its customer and the contact."""
    return Delivery.objects.filter(message__entity__in=visible_entities(user)).select_related(
        "message", "message__customer", "message__entity", "contact"
    )


def letters_visible_to(user: User) -> QuerySet[Delivery]:
    """The letters among those deliveries."""
    return deliveries_visible_to(user).filter(message__channel=Channel.LETTER)


def messages_about(about: models.Model) -> QuerySet[Message]:
    """Messages about one object with their deliveries, newest first."""
    kind = ContentType.objects.get_for_model(type(about))
    found = Message.objects.filter(about_type=kind, about_id=about.pk)
    return found.prefetch_related("deliveries__contact").order_by("-id")


def recipients_for(
    customer: Customer, purposes: Sequence[str], *, without: Iterable[int] = ()
) -> list[Choice[Contact]]:
    """Whom a message for these purposes goes to, each with the reason in words; empty: nobody can be reached.

    `without`: ids of contacts tried already. The rule is `customers.rules.choose_recipients`.
    """
    contacts = customer.contacts.filter(is_active=True).exclude(pk__in=list(without)).order_by("pk")
    return choose_recipients(list(contacts), purposes)


def due_deliveries(now: datetime) -> QuerySet[Delivery]:
    """What a worker should hand over now: queued and due, or claimed by a worker that was cut off."""
    return Delivery.objects.filter(
        Q(state=Delivery.State.QUEUED, not_before__lte=now)
        | Q(state=Delivery.State.SENDING, not_before__lte=now, claimed_at__lte=now - STALE_CLAIM)
    ).order_by("not_before", "id")


def template_in_use(
    situation: str,
    languages: Sequence[str],
    *,
    channel: str = "email",
    customer_type: str = "",
    tone: int = 0,
) -> Template | None:
    """The text in use that fits best; how that is decided stands in `correspondence.choosing`."""
    found = Template.objects.filter(
        situation=situation,
        channel=channel,
        status=Template.Status.ACTIVE,
        language__in=with_bases(languages),
    )
    return best_text(found, languages, customer_type=customer_type, tone=tone)


def languages_of(language: str, entity: Entity) -> list[str]:
    """The languages to try for a customer, best first."""
    return [language, entity.language, settings.LANGUAGE_CODE]


def versions_of(like: Template) -> QuerySet[Template]:
    """The versions of one text, newest first, with who wrote them."""
    found = Template.objects.filter(
        situation=like.situation,
        language=like.language,
        channel=like.channel,
        customer_type=like.customer_type,
        tone=like.tone,
    )
    return found.select_related("author").order_by("-version")


def variants_of(situation: str, language: str) -> list[Template]:
    """The newest version of each text of a situation in a language, the mail for anybody first."""
    found = Template.objects.filter(situation=situation, language=language)
    order = ("channel", "customer_type", "tone")
    return list(found.order_by(*order, "-version").distinct(*order))


def variant_counts() -> dict[tuple[str, str], int]:
    """(situation, language) -> how many texts there are beside the mail for anybody."""
    found = Template.objects.exclude(**_ANY)
    rows = (
        found.values_list("situation", "language", "channel", "customer_type", "tone").order_by().distinct()
    )
    return Counter((row[0], row[1]) for row in rows)


def texts_in_use() -> dict[tuple[str, str], Template]:
    """(situation, language) -> the text new messages are made from."""
    found = Template.objects.filter(status=Template.Status.ACTIVE, **_ANY)
    return {(text.situation, text.language): text for text in found}


def newest_texts() -> dict[tuple[str, str], Template]:
    """(situation, language) -> its newest version, in use or not."""
    found = Template.objects.filter(**_ANY).order_by("version")
    return {(text.situation, text.language): text for text in found}


def sample(text: Template, *, user: User, on: date) -> Rendered:
    """What a text would make, with example values, as the first company this person works for.

    `on`: the day a letter would be dated.
    """
    company = visible_entities(user).order_by("pk").first() or Entity(
        legal_name="Northwind Energy Ireland Ltd", city="Dublin 2", country="IE"
    )
    if text.channel == Channel.LETTER:
        return render_letter(text, examples(text.situation), entity=company, address=_EXAMPLE_ADDRESS, on=on)
    return render(text, examples(text.situation), entity=company)
