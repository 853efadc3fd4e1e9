"""Links that open one page without login.

The token is an HMAC over the row's random salt and what the link is good for, under a key derived from
the secret key. So it can be printed into a message at hand-over, while the database holds its hash alone:
a copy of the database opens nothing, and a token of one purpose or document is not valid for another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import F, QuerySet
from django.urls import reverse

from core.errors import Refused
from core.rows import insert_rows
from correspondence.events import LINK_CREATED, LINK_OPENED, LINK_REVOKED
from correspondence.models import PublicLink
from correspondence.queries import about_of
from customers.models import Contact, Customer
from trail.operations import Fact, record, record_all

INVOICE = "invoice"
"""The customer's invoice page."""
PREVIEW = "preview"
"""The same page opened by staff, to see what the customer sees: short-lived and counted apart."""
OVERVIEW = "overview"
"""A contact's own page of everything their company has with us."""
OVERVIEW_DAYS = 30
"""So long a link to a contact's own page that came by mail is good."""
CONFIRM = "confirm"
"""Says that mail to a new address of a contact arrives."""

SURVEY = "survey"
"""One question to one contact, answered once."""

_PAGES = {
    INVOICE: "portal:invoice",
    PREVIEW: "portal:invoice",
    OVERVIEW: "portal:overview",
    CONFIRM: "portal:confirm",
    SURVEY: "portal:survey",
}
_TOKEN_LENGTH = 43  # base64url of 32 bytes


class LinkLost(Refused):
    """The link's address can no longer be derived: the secret key it was made with is gone."""


@transaction.atomic
def create_link(
    about: models.Model,
    *,
    purpose: str,
    contact: Contact | None,
    actor: AbstractBaseUser | None,
    now: datetime,
    days: int = 90,
    minutes: int = 0,
) -> PublicLink:
    """A new link to the page of `about`, good for `days`, or for `minutes` where they are given."""
    link = new_link(about, purpose=purpose, contact=contact, actor=actor, now=now, days=days, minutes=minutes)
    save_links([(link, about)], actor=actor, now=now)
    return link


def new_link(
    about: models.Model,
    *,
    purpose: str,
    contact: Contact | None,
    actor: AbstractBaseUser | None,
    now: datetime,
    days: int = 90,
    minutes: int = 0,
) -> PublicLink:
    """The same link, not saved: it opens nothing before `save_links`."""
    if purpose not in _PAGES:
        raise ValueError(f"No page is opened by a link for {purpose!r}.")
    lasting = timedelta(minutes=minutes) if minutes else timedelta(days=days)
    link = PublicLink(
        purpose=purpose,
        about_type=ContentType.objects.get_for_model(type(about)),
        about_id=about.pk,
        contact=contact,
        salt=secrets.token_hex(16),
        created_at=now,
        created_by_id=actor.pk if actor else None,
        expires_at=now + lasting,
    )
    link.token_hash = _hash(_token(link, settings.SECRET_KEY))
    return link


def save_links(
    made: Sequence[tuple[PublicLink, models.Model]], *, actor: AbstractBaseUser | None, now: datetime
) -> None:
    """Save new links, each with what it opens, in two statements."""
    insert_rows([link for link, _ in made])
    record_all(
        LINK_CREATED,
        [
            Fact(
                about,
                {
                    "link": link.pk,
                    "purpose": link.purpose,
                    "contact": link.contact_id,
                    "expires_at": link.expires_at,
                },
                _customer_of(about),
            )
            for link, about in made
        ],
        actor=actor,
        at=now,
    )


def address(link: PublicLink) -> str:
    """The absolute address that opens the link. Never log it, never show it to staff."""
    return f"{settings.BASE_URL}{path_of(link)}"


def path_of(link: PublicLink) -> str:
    """The same without the site, for a redirect of the person who made the link."""
    return reverse(_PAGES[link.purpose], args=[token_of(link)])


def token_of(link: PublicLink) -> str:
    """The link's token, derived again. Raises LinkLost when no known secret key yields it."""
    for token in _tokens(link):
        if hmac.compare_digest(_hash(token), link.token_hash):
            return token
    raise LinkLost(
        "This link was made with a secret key that is no longer known.",
        rule="link_key_is_known",
        mend="Create a new link, or put the old key into SECRET_KEY_FALLBACKS.",
    )


def find_link(token: str, *, purpose: str, now: datetime) -> PublicLink | None:
    """The link this token opens now; None if unknown, for another purpose, expired or revoked alike."""
    if len(token) != _TOKEN_LENGTH:
        return None
    wanted = _hash(token)
    # The index compares hashes of what was sent, so its timing says nothing about a stored token.
    link = PublicLink.objects.filter(token_hash=wanted).select_related("contact").first()
    if link is None or not hmac.compare_digest(link.token_hash, wanted):
        return None
    return link if link.purpose == purpose and is_open(link, now) else None


def open_link(token: str, *, purpose: str, now: datetime) -> PublicLink | None:
    """`find_link`, and count the visit. The first visit of a customer is a fact on the trail."""
    link = find_link(token, purpose=purpose, now=now)
    if link is not None:
        _count_visit(link, now)
    return link


def is_open(link: PublicLink, now: datetime) -> bool:
    """Whether the link opens its page now."""
    return link.revoked_at is None and link.expires_at > now


@transaction.atomic
def revoke_link(link: PublicLink, *, actor: AbstractBaseUser | None, now: datetime) -> PublicLink:
    """Close the link at once. One that is closed already stays as it is."""
    link = PublicLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
    if link.revoked_at is not None:
        return link
    link.revoked_at = now
    link.revoked_by_id = actor.pk if actor else None
    link.save(update_fields=["revoked_at", "revoked_by"])
    _record(LINK_REVOKED, link, about_of(link), actor=actor, now=now)
    return link


@transaction.atomic
def revoke_links_of(about: models.Model, *, actor: AbstractBaseUser | None, now: datetime) -> int:
    """Close every link to `about` that is still open; returns how many."""
    waiting = links_of(about).filter(revoked_at__isnull=True, expires_at__gt=now).order_by("pk")
    return len([revoke_link(link, actor=actor, now=now) for link in waiting])


def links_of(about: models.Model) -> QuerySet[PublicLink]:
    """Every link to `about`, newest first, with its contact and makers."""
    kind = ContentType.objects.get_for_model(type(about))
    return (
        PublicLink.objects.filter(about_type=kind, about_id=about.pk)
        .select_related("contact", "created_by", "revoked_by")
        .order_by("-id")
    )


def _count_visit(link: PublicLink, now: datetime) -> None:
    with transaction.atomic():
        row = PublicLink.objects.filter(pk=link.pk)
        is_first = row.filter(opened=0).update(opened=1, last_opened_at=now) == 1
        if not is_first:
            row.update(opened=F("opened") + 1, last_opened_at=now)
        elif link.purpose != PREVIEW:
            _record(LINK_OPENED, link, about_of(link), actor=None, now=now)


def _record(
    fact: str,
    link: PublicLink,
    about: models.Model | None,
    *,
    actor: AbstractBaseUser | None,
    now: datetime,
    **payload: Any,
) -> None:
    record(
        fact,
        about or link,
        actor=actor,
        at=now,
        customer_id=_customer_of(about),
        link=link.pk,
        purpose=link.purpose,
        contact=link.contact_id,
        **payload,
    )


def _customer_of(about: models.Model | None) -> int | None:
    return about.pk if isinstance(about, Customer) else getattr(about, "customer_id", None)


def _tokens(link: PublicLink) -> Iterator[str]:
    yield from (_token(link, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def _token(link: PublicLink, secret: str) -> str:
    """256 bits in 43 characters that may stand in an address."""
    key = hashlib.sha256(b"correspondence.links\0" + secret.encode()).digest()
    facts = f"{link.purpose}\0{link.about_type_id}\0{link.about_id}\0{link.salt}"
    code = hmac.new(key, facts.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
