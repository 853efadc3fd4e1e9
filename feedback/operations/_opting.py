"""Who wants no surveys: asked by nobody, by no door, until they say otherwise."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.errors import Refused
from customers.models import Contact
from feedback.events import SURVEYS_ALLOWED, SURVEYS_STOPPED
from feedback.models import OptOut
from team.models import User
from trail.operations import record


class WantsNoSurveys(Refused):
    """The contact asked for no surveys."""


def refuse_opted_out(contact: Contact | None) -> None:
    """Nothing is asked of, or written down for, somebody who wants no surveys."""
    if contact is not None and OptOut.objects.filter(contact=contact).exists():
        raise WantsNoSurveys(
            f"{contact.name} asked for no surveys.",
            field="contact",
            rule="who_wants_no_surveys_is_left_alone",
            mend="Ask somebody else, or leave it.",
        )


@transaction.atomic
def stop_surveys(contact: Contact, *, actor: User | None, now: datetime) -> bool:
    """The contact wants none. Returns whether that is new. What waits in the outbox is not sent."""
    contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    _, is_new = OptOut.objects.get_or_create(contact=contact, defaults={"at": now, "by": actor})
    if is_new:
        record(SURVEYS_STOPPED, contact, actor=actor, at=now, customer_id=contact.customer_id)
    return is_new


@transaction.atomic
def allow_surveys(contact: Contact, *, actor: User | None, now: datetime) -> bool:
    """The contact may be asked again. Returns whether that is new."""
    contact = Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    gone, _ = OptOut.objects.filter(contact=contact).delete()
    if gone:
        record(SURVEYS_ALLOWED, contact, actor=actor, at=now, customer_id=contact.customer_id)
    return bool(gone)
