"""What becomes of a file: it is taken to the bank, which pays it or refuses it."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from django.db import transaction

from core.errors import Invalid, Refused
from payments import operations as payments
from payments.models import Refund
from payouts import events
from payouts.models import PaymentFile, Transfer
from payouts.rules import UnsoundFile
from team.models import User
from trail.operations import record

State = PaymentFile.State


@transaction.atomic
def take_file(file: PaymentFile, *, actor: User, now: datetime) -> bytes:
    """The bytes as they were made, each time the same; who took them is on the trail."""
    content = bytes(file.content)
    if file.made_at is None:
        raise Refused(
            f"{file} is not approved.",
            rule="a_payment_file_is_made_when_approved",
            mend="A second person approves it first.",
        )
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise UnsoundFile(f"{file} is not what was made.", rule="a_payment_file_is_what_was_approved")
    record(events.FILE_TAKEN, file, actor=actor, at=now, sha256=file.sha256)
    return content


@transaction.atomic
def note_executed(file: PaymentFile, *, on: date, by: str, actor: User | None, now: datetime) -> PaymentFile:
    """The bank paid it that day: its refunds have left."""
    file = _ready(file)
    for transfer in file.transfers.filter(is_dropped=False).select_related("refund").order_by("refund_id"):
        payments.note_refund_left(transfer.refund, on=on, by=by, actor=actor, now=now)
    file.state, file.executed_on = State.EXECUTED, on
    file.save(update_fields=["state", "executed_on"])
    record(events.FILE_EXECUTED, file, actor=actor, at=now, on=on, amount=file.total, currency="EUR", by=by)
    return file


@transaction.atomic
def note_transfer_left(refund: Refund, *, on: date, by: str, actor: User | None, now: datetime) -> Refund:
    """One refund left by itself; a file whose last one it was is executed."""
    refund = payments.note_refund_left(refund, on=on, by=by, actor=actor, now=now)
    row = Transfer.objects.filter(refund=refund, is_dropped=False).select_related("file").first()
    if row is None:
        return refund
    file = PaymentFile.objects.select_for_update(of=("self",)).get(pk=row.file_id)
    waits = file.transfers.filter(is_dropped=False, refund__left_on=None).exists()
    if file.state == State.READY and not waits:
        note_executed(file, on=on, by=by, actor=actor, now=now)
    return refund


@transaction.atomic
def note_refused(file: PaymentFile, *, reason: str, actor: User, now: datetime) -> PaymentFile:
    """The bank did not take it: what has not left may go into another file."""
    file = _ready(file)
    if not reason.strip():
        raise Invalid(
            "Say what the bank said.",
            field="reason",
            rule="a_refused_file_has_a_reason",
            mend="Take it from the bank's answer.",
        )
    file.state = State.REFUSED
    file.save(update_fields=["state"])
    file.transfers.filter(refund__left_on=None).update(is_dropped=True)
    record(events.FILE_REFUSED, file, actor=actor, at=now, reason=reason.strip()[:300])
    return file


def _ready(file: PaymentFile) -> PaymentFile:
    file = (
        PaymentFile.objects.select_for_update(of=("self",)).select_related("account__entity").get(pk=file.pk)
    )
    if file.state != State.READY:
        raise Refused(
            f"{file} is {file.get_state_display().lower()}.",
            rule="a_payment_file_ends_once",
            mend="Reload the page.",
        )
    return file
