"""Claim, hand over, record: how a queued message reaches the mail server."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.utils import timezone

from core.errors import DomainError, Refused
from correspondence import links
from correspondence.events import MESSAGE_CANCELLED, MESSAGE_FAILED, MESSAGE_RETRIED, MESSAGE_SENT
from correspondence.mail import HIDDEN_LINK, FrozenMail, compose
from correspondence.models import Channel, Delivery
from correspondence.operations._letters import print_letter
from correspondence.operations._marks import locked, note
from correspondence.operations._reports import bounce
from correspondence.outcomes import Failure, failure_of, next_wait
from correspondence.queries import STALE_CLAIM, about_of

logger = structlog.get_logger(__name__)

State = Delivery.State
_WAITING = (State.QUEUED, State.TO_POST)
_HANDED_OVER = {State.SENT, State.DELIVERED, State.OPENED, State.BOUNCED}


class DeliveryIsUnderWay(Refused):
    """The delivery is not in a state that allows this."""


class NotHandedOver(OSError):
    """The mail backend took the mail without an error and without sending it."""


def deliver(delivery_id: int, *, now: datetime) -> Delivery | None:
    """Hand one message to the mail server and record what became of it. None: there was nothing to do.

    Safe to run twice and beside itself: the claim is a row lock, and a repeated hand-over carries the same
    Message-ID. No transaction is open while the mail server is spoken to.
    """
    delivery = claim_delivery(delivery_id, now=now)
    if delivery is None:
        return None
    try:
        if delivery.message.channel == Channel.LETTER:
            return print_letter(delivery, now=timezone.now())
        provider_id = _hand_over(_composed(delivery))
    except Exception as error:  # noqa: BLE001 (whatever it was, the claim must not stay open)
        return _note_failure(delivery, _failure(error, delivery), now=timezone.now())
    return _note_sent(delivery, provider_id, now=timezone.now())


@transaction.atomic
def claim_delivery(delivery_id: int, *, now: datetime) -> Delivery | None:
    """Take the delivery for this worker; None when it is taken, done, not due, or must not go any more."""
    delivery = (
        Delivery.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("message__link", "message__entity", "message__about_type", "contact")
        .filter(pk=delivery_id)
        .first()
    )
    if delivery is None or not _is_claimable(delivery, now):
        return None
    if stop := _reason_to_stop(delivery, now):
        _cancel(delivery, stop, actor=None, now=now)
        return None
    delivery.state = State.SENDING
    delivery.claimed_at = now
    delivery.attempts += 1
    delivery.save(update_fields=["state", "claimed_at", "attempts"])
    return delivery


@transaction.atomic
def cancel_queued(
    about: models.Model,
    *,
    now: datetime,
    actor: AbstractBaseUser | None = None,
    reason: str = "It was no longer to be sent.",
) -> int:
    """Stop every message about `about` that still waits, also for the post; returns how many deliveries.

    Sent and posted ones stay as they are.
    """
    kind = ContentType.objects.get_for_model(type(about))
    waiting = (
        Delivery.objects.select_for_update(of=("self",))
        .select_related("message__about_type")
        .filter(message__about_type=kind, message__about_id=about.pk, state__in=_WAITING)
        .order_by("pk")
    )
    return len([_cancel(delivery, reason, actor=actor, now=now) for delivery in waiting])


@transaction.atomic
def cancel_delivery(delivery: Delivery, *, actor: AbstractBaseUser | None, now: datetime) -> Delivery:
    """Stop one delivery that waits."""
    delivery = locked(delivery)
    if delivery.state != State.QUEUED:
        raise DeliveryIsUnderWay(
            f"The message to {delivery.email} no longer waits: {delivery.get_state_display().lower()}.",
            rule="only_a_waiting_delivery_is_cancelled",
        )
    return _cancel(delivery, "Cancelled by hand.", actor=actor, now=now)


@transaction.atomic
def retry_delivery(delivery: Delivery, *, actor: AbstractBaseUser | None, now: datetime) -> Delivery:
    """Queue a failed delivery again, with its Message-ID and a fresh count of attempts."""
    delivery = locked(delivery)
    if delivery.state != State.FAILED:
        raise DeliveryIsUnderWay(
            f"Only a failed delivery is tried again; this one is {delivery.get_state_display().lower()}.",
            rule="only_a_failed_delivery_is_retried",
        )
    delivery.state, delivery.attempts, delivery.not_before, delivery.error = State.QUEUED, 0, now, ""
    delivery.save(update_fields=["state", "attempts", "not_before", "error"])
    note(MESSAGE_RETRIED, delivery, actor=actor, now=now)
    return delivery


def _is_claimable(delivery: Delivery, now: datetime) -> bool:
    if delivery.not_before > now:
        return False
    if delivery.state == State.SENDING:
        # A worker that was cut off; one that is alive still has the time of the claim.
        return delivery.claimed_at is not None and delivery.claimed_at <= now - STALE_CLAIM
    return delivery.state == State.QUEUED


def _reason_to_stop(delivery: Delivery, now: datetime) -> str:
    """Why the message must not leave the house any more; "" when it may.

    The object it is about may say so itself: `mail_stop(now)` answers with the reason, in this transaction.
    """
    about = about_of(delivery.message)
    if about is None:
        return "What it was about is gone."
    ask = getattr(about, "mail_stop", None)
    if ask is not None and (reason := str(ask(now))):
        return reason
    if delivery.message.link and not links.is_open(delivery.message.link, now):
        return "Its link was revoked or has expired."
    if delivery.contact and not delivery.contact.is_active:
        return "The contact is no longer active."
    if delivery.email and delivery.contact and delivery.contact.opted_out_at:
        return "The contact asked for no mail."
    return ""


def _composed(delivery: Delivery) -> FrozenMail:
    link = delivery.message.link
    return compose(delivery, link_address=links.address(link) if link else HIDDEN_LINK)


def _hand_over(mail: FrozenMail) -> str:
    """Hand the mail over; returns what the mail service calls it, where it says so."""
    if mail.send() != 1:
        raise NotHandedOver("The mail backend sent nothing.")
    found = getattr(getattr(mail, "anymail_status", None), "message_id", None)
    return found[:200] if isinstance(found, str) else ""


def _failure(error: Exception, delivery: Delivery) -> Failure:
    if isinstance(error, DomainError):  # the message itself cannot be made: no retry changes that
        return Failure(error.message[:500], permanent=True)
    found = failure_of(error)
    link = delivery.message.link
    if link is None:
        return found
    # A mail server may quote the link it objects to.
    text = found.text.replace(links.token_of(link), "…")
    return Failure(text, found.permanent, found.code, found.mailbox_is_dead)


@transaction.atomic
def _note_sent(delivery: Delivery, provider_id: str, *, now: datetime) -> Delivery:
    delivery = locked(delivery)
    if delivery.state in _HANDED_OVER:  # a second hand-over of a claim thought dead, or a quick report
        return delivery
    delivery.state, delivery.sent_at, delivery.error = State.SENT, now, ""
    delivery.provider_id = provider_id
    delivery.save(update_fields=["state", "sent_at", "error", "provider_id"])
    note(MESSAGE_SENT, delivery, actor=None, now=now, attempts=delivery.attempts)
    return delivery


@transaction.atomic
def _note_failure(claimed: Delivery, failure: Failure, *, now: datetime) -> Delivery:
    delivery = locked(claimed)
    if delivery.state != State.SENDING or delivery.claimed_at != claimed.claimed_at:
        return delivery  # another worker took the stale claim over and has its own answer
    wait = None if failure.permanent else next_wait(delivery.attempts)
    delivery.error = failure.text
    logger.warning("mail_not_handed_over", delivery=delivery.pk, code=failure.code, error=failure.text)
    if wait is not None:
        delivery.state, delivery.not_before = State.QUEUED, now + wait
        delivery.save(update_fields=["state", "not_before", "error"])
        return delivery
    if failure.mailbox_is_dead:
        return bounce(delivery, reason=failure.text, now=now)
    delivery.state = State.FAILED
    delivery.save(update_fields=["state", "error"])
    note(MESSAGE_FAILED, delivery, actor=None, now=now, code=failure.code)
    return delivery


def _cancel(delivery: Delivery, reason: str, *, actor: AbstractBaseUser | None, now: datetime) -> Delivery:
    delivery.state, delivery.error = State.CANCELLED, reason[:500]
    delivery.save(update_fields=["state", "error"])
    note(MESSAGE_CANCELLED, delivery, actor=actor, now=now, reason=reason)
    return delivery
