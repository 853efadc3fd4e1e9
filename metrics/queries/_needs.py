"""What waits for a person."""

from __future__ import annotations

from django.utils import timezone

from correspondence.models import Delivery
from correspondence.queries import deliveries_visible_to
from invoices.queries import visible_to as invoices_visible_to
from payments.models import Payment
from payments.queries import unidentified_count
from team.models import User
from work.queries import Need, needs_me

_LOST = (Delivery.State.FAILED, Delivery.State.BOUNCED)


def needs_of(user: User) -> list[Need]:
    """What waits for this person, oldest first: decisions, own drafts, unknown receipts, failed mail."""
    needs = list(needs_me(user))
    if user.has_perm("invoices.edit_invoice"):
        needs += _drafts(user)
    if user.has_perm("payments.record_payment"):
        needs += _unidentified(user)
    if user.has_perm("correspondence.view_outgoing"):
        needs += _failed_mail(user)
    return sorted(needs, key=lambda need: need.since)


def _drafts(user: User) -> list[Need]:
    rows = (
        invoices_visible_to(user)
        .filter(document_status__in=["draft", "pending_approval", "approved"])
        .filter(document_status__in=["draft", "approved"], created_by=user)
    )
    return [
        Need(
            "file-invoice" if row.document_status == "draft" else "lock",
            f"{row} for {row.customer}",
            "Your draft" if row.document_status == "draft" else "Approved, not issued yet",
            row.get_absolute_url(),
            row.edited_at,
            row.payable,
            row.currency,
        )
        for row in rows.select_related("customer").order_by("edited_at")[:10]
    ]


def _unidentified(user: User) -> list[Need]:
    count = unidentified_count(user)
    if not count:
        return []
    first = (
        Payment.objects.filter(customer=None, state=Payment.State.RECEIVED).order_by("received_on").first()
    )
    words = "receipt nobody knows the payer of" if count == 1 else "receipts nobody knows the payer of"
    return [
        Need(
            "building-bank",
            f"{count} {words}",
            "Find out who paid",
            "/payments/?tab=unidentified",
            first.recorded_at if first else timezone.now(),
        )
    ]


def _failed_mail(user: User) -> list[Need]:
    rows = deliveries_visible_to(user).filter(state__in=_LOST).order_by("-id")[:5]
    return [
        Need(
            "mail",
            f"Mail to {row.email} was not delivered"
            if row.email
            else f"A letter to {row.message.customer} came back",
            row.error or str(row.message.subject),
            f"/mail/{row.message_id}/",
            row.message.queued_at,
        )
        for row in rows
    ]
