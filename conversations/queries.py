"""Reading threads, posts and notes: who sees them, what waits, and which thread a mail belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from conversations.models import InboundMail, Mention, Note, Post, Recap, Thread
from core.errors import Invalid
from correspondence.models import Delivery
from customers.models import Contact, Customer
from entities import queries as entities
from entities.models import Entity
from team import queries as team
from team.models import User
from team.roles import ROLES

State = Thread.State
READ_NOTES = ("conversations.read_notes", "conversations.write_note")


def visible_to(user: User) -> QuerySet[Thread]:
    """The threads of the companies this person works for, with customer, owner and company."""
    return Thread.objects.filter(entity__in=entities.visible_to(user)).select_related(
        "customer", "owner", "entity", "contact"
    )


def notes_visible_to(user: User) -> QuerySet[Note]:
    """The notes on records of those companies; nothing for somebody who may not read notes."""
    if not may_read_notes(user):
        return Note.objects.none()
    return Note.objects.filter(
        Q(entity__isnull=True) | Q(entity__in=entities.visible_to(user))
    ).select_related("author", "customer")


def may_read_notes(user: User) -> bool:
    """Whether the person may see internal notes at all."""
    return any(map(user.has_perm, READ_NOTES))


def may_read_about(user: User) -> bool:
    """Whether the person may see anything of the conversation about a record."""
    return user.has_perm("conversations.read_inquiries") or may_read_notes(user)


_NOTED = {
    "thread": "conversations.queries.visible_to",
    "customer": "customers.queries.visible_to",
    "invoice": "invoices.queries.visible_to",
    "payment": "payments.queries.visible_to",
    "charge": "charges.queries.visible_to",
    "case": "cases.queries.visible_to",
    "promise": "cases.queries.promises_visible_to",
    "plan": "cases.queries.plans_visible_to",
    "dispute": "disputes.queries.visible_to",
}
"""Kind of record that takes notes -> the query that says which of them a person sees.

By name, because most of those apps lie above this one.
"""


def noted(kind: str, user: User) -> QuerySet[models.Model] | None:
    """The records of this kind the person sees; None for a kind that takes no notes."""
    path = _NOTED.get(kind)
    if path is None:
        return None
    visible: QuerySet[models.Model] = import_string(path)(user)
    return visible


# -------------------------------------------------------------------------------------------------- inbox
TABS = ("waiting", "mine", "unassigned", "all", "late", "unknown")


def inbox(
    user: User, *, tab: str = "all", state: str = "", text: str = "", now: datetime
) -> QuerySet[Thread]:
    """The threads of one tab. Without a `state`, those that are closed are left out."""
    found = visible_to(user)
    found = found.filter(state=state) if state in State.values else found.exclude(state=State.CLOSED)
    found = found.filter(_in_tab(tab, user, now))
    words = text.replace("\0", "").strip()[:100]
    if words:
        found = found.filter(
            Q(subject__icontains=words)
            | Q(reference__iexact=words)
            | Q(customer__name__icontains=words)
            | Q(sender__icontains=words)
        )
    return found


def _in_tab(tab: str, user: User, now: datetime) -> Q:
    return {
        "waiting": _waits_for(user),
        "mine": Q(owner=user),
        "unassigned": Q(owner__isnull=True, customer__isnull=False),
        "late": Q(answer_due_at__lte=now),
        "unknown": Q(customer__isnull=True),
    }.get(tab, Q())


def tab_counts(user: User, *, now: datetime) -> dict[str, int]:
    """How many threads that are not closed each tab holds."""
    rows = visible_to(user).exclude(state=State.CLOSED).order_by()
    return rows.aggregate(
        **{tab: models.Count("pk", filter=Q(pk__isnull=False) & _in_tab(tab, user, now)) for tab in TABS}
    )


def waiting_count(user: User) -> int:
    """How many rows the tab of what waits for this person holds: the number beside the inbox in the menu."""
    if not user.has_perm("conversations.read_inquiries"):
        return 0
    return visible_to(user).filter(_waits_for(user)).count()


def _waits_for(user: User) -> Q:
    """Threads that wait for an answer of this person, or of anybody while nobody owns them."""
    return Q(state=State.OPEN) & (Q(owner=user) | Q(owner__isnull=True))


# ------------------------------------------------------------------------------------------------ threads
def posts_of(thread: Thread) -> QuerySet[Post]:
    """Everything the two sides wrote in a thread and in those merged into it, oldest first."""
    return (
        Post.objects.filter(Q(thread=thread) | Q(thread__merged_into=thread))
        .select_related("author", "contact", "thread", "message")
        .prefetch_related("attachments", "message__deliveries")
        .order_by("at", "id")
    )


def threads_about(about: models.Model) -> QuerySet[Thread]:
    """The threads about a record, those of a customer for a customer, the latest first."""
    if isinstance(about, Customer):
        found = Thread.objects.filter(customer=about)
    else:
        found = Thread.objects.filter(about_type=kind_of(about), about_id=about.pk)
    return found.filter(merged_into__isnull=True).select_related("owner", "customer").order_by("-changed_at")


def notes_about(about: models.Model) -> QuerySet[Note]:
    """The internal notes on a record, oldest first. Never for a page, mail or answer a customer sees."""
    return (
        Note.objects.filter(about_type=kind_of(about), about_id=about.pk)
        .select_related("author")
        .prefetch_related("mentions__person", "versions")
        .order_by("at", "id")
    )


def unread_mentions(user: User) -> QuerySet[Mention]:
    """Where colleagues named this person and they have not looked yet, newest first."""
    return (
        Mention.objects.filter(person=user, read_at__isnull=True)
        .select_related("note", "note__author", "note__customer")
        .order_by("-id")
    )


def set_aside(*, limit: int = 50) -> QuerySet[InboundMail]:
    """Mails that could not be read, newest first."""
    return InboundMail.objects.filter(outcome=InboundMail.Outcome.BROKEN).order_by("-id")[:limit]


def kind_of(about: models.Model) -> ContentType:
    """The content type of a record; `Invalid` for what has none."""
    return ContentType.objects.get_for_model(type(about))


def customer_of(about: models.Model) -> Customer | None:
    """The customer a record belongs to."""
    found = about if isinstance(about, Customer) else getattr(about, "customer", None)
    if found is not None and not isinstance(found, Customer):
        raise Invalid("This record belongs to no customer.", field="about", rule="a_record_has_a_customer")
    return found


def entity_of(about: models.Model) -> Entity | None:
    """The company a record belongs to."""
    found = getattr(about, "entity", None)
    return found if isinstance(found, Entity) else None


# ----------------------------------------------------------------------------------------- whose mail it is
def thread_answered(ids: Sequence[str]) -> tuple[Thread | None, models.Model | None, Customer | None]:
    """The thread one of these Message-IDs belongs to; else record and customer of the mail of ours."""
    if not ids:
        return None, None, None
    post = Post.objects.filter(external_id__in=ids).select_related("thread").order_by("-id").first()
    if post is not None:
        return post.thread, None, None
    sent = (
        Delivery.objects.filter(mail_id__in=ids)
        .select_related("message__about_type", "message__customer")
        .order_by("-id")
        .first()
    )
    if sent is None or sent.message.about_type.model_class() is None:
        return None, None, None
    about = sent.message.about_type.get_all_objects_for_this_type(pk=sent.message.about_id).first()
    if isinstance(about, Thread):
        return about, None, None
    return None, about, sent.message.customer


def contacts_with(address: str) -> list[Contact]:
    """The active contacts that use an address, whatever their customer (at most ten)."""
    found = Contact.objects.filter(email__iexact=address, is_active=True).select_related("customer__entity")
    return list(found.order_by("id")[:10])


def company_written_to(addresses: Sequence[str]) -> Entity | None:
    """The company whose address a mail was sent to; else the first one that is active."""
    for address in addresses:
        found = Entity.objects.filter(email__iexact=address, is_active=True).order_by("pk").first()
        if found is not None:
            return found
    return Entity.objects.filter(is_active=True).order_by("pk").first()


def is_ours(address: str) -> bool:
    """Whether the address is one of our own companies'."""
    return Entity.objects.filter(email__iexact=address).exists()


# ------------------------------------------------------------------------------------------------- people
def colleagues(entity: Entity | None) -> list[User]:
    """Active people who may read notes about the company's customers, by name."""
    people = team.people_with_role(*_roles_that(*READ_NOTES)).order_by("name", "pk")
    return list(people if entity is None else entities.seen_by(people, entity))


def answerers(entity: Entity) -> list[User]:
    """Active people who may own an inquiry of this company, by name."""
    people = team.people_with_role(*_roles_that("conversations.answer_inquiry")).order_by("name", "pk")
    return list(entities.seen_by(people, entity))


def may_answer(user: User, entity: Entity) -> bool:
    """Whether this person can own an inquiry of the company."""
    return user.is_active and user.has_perm("conversations.answer_inquiry") and _sees(user, entity)


def _sees(user: User, entity: Entity) -> bool:
    return entities.visible_to(user).filter(pk=entity.pk).exists()


def _roles_that(*acts: str) -> list[str]:
    return [role.code for role in ROLES if set(acts) & set(role.acts)]


def told_recap(thread: Thread) -> Recap | None:
    """What the customer was told it was closed with; None once it came back, or where nobody told them."""
    if thread.state != Thread.State.CLOSED:
        return None
    return next((one for one in thread.recaps.all() if one.message_id and one.reopened_at is None), None)
