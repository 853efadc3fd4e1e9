"""What the acts on deliveries share: the lock, the entry on the trail, a new Message-ID."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from correspondence.models import Delivery
from correspondence.queries import about_of
from entities.models import Entity
from trail.operations import record


def locked(delivery: Delivery) -> Delivery:
    """The delivery's row, locked, with its message and contact."""
    return (
        Delivery.objects.select_for_update(of=("self",))
        .select_related(
            "message__link", "message__about_type", "message__customer", "message__entity", "contact"
        )
        .get(pk=delivery.pk)
    )


def note(
    fact: str, delivery: Delivery, *, actor: AbstractBaseUser | None, now: datetime, **payload: Any
) -> None:
    """Record a fact about the delivery on what its message is about."""
    message = delivery.message
    record(
        fact,
        about_of(message) or message,
        actor=actor,
        at=now,
        customer_id=message.customer_id,
        message=message.pk,
        delivery=delivery.pk,
        situation=message.situation,
        contact=delivery.contact_id,
        **payload,
    )


def new_mail_id(entity: Entity) -> str:
    """A Message-ID at the sending domain."""
    domain = entity.email.rpartition("@")[2].encode("idna").decode()
    return f"<{secrets.token_hex(16)}@{domain}>"
