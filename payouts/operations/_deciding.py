"""The second person: approving makes the file, once; rejecting lets the refunds go."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from core.errors import Refused
from payouts import events
from payouts.models import PaymentFile
from payouts.rules import Party, Transfer, build, check_party
from team.models import User
from trail.operations import record
from work import operations as work
from work.models import Approval
from work.queries import approvals_of

State = PaymentFile.State


@transaction.atomic
def approve_file(file: PaymentFile, *, actor: User, now: datetime) -> PaymentFile:
    """Agree: the file is made, proven and kept with its hash."""
    file = _waiting(file)
    work.approve(_question(file), actor=actor, now=now)
    rows = list(file.transfers.select_related("refund").order_by("pk"))
    for row in rows:
        if row.refund.left_on is not None or row.refund.amount != row.amount:
            raise Refused(
                f"{row.refund} has left meanwhile.",
                rule="a_refund_is_paid_once",
                mend="Reject the file and plan it again.",
            )
    account = file.account
    payer = check_party(Party(account.holder, account.iban, account.bic), field="account")
    content = build(
        file.message_id,
        now,
        file.execute_on,
        payer,
        [Transfer(row.end_to_end, row.amount, Party(row.name, row.iban, row.bic), row.text) for row in rows],
    )
    file.content, file.sha256 = content, hashlib.sha256(content).hexdigest()
    file.state, file.made_at = State.READY, now
    file.save(update_fields=["content", "sha256", "state", "made_at"])
    record(events.FILE_MADE, file, actor=actor, at=now, amount=file.total, currency="EUR", sha256=file.sha256)
    return file


@transaction.atomic
def reject_file(file: PaymentFile, *, actor: User, now: datetime, reason: str) -> PaymentFile:
    """Nothing is paid; the refunds wait for another file."""
    file = _waiting(file)
    work.reject(_question(file), actor=actor, now=now, reason=reason)
    file.state = State.REJECTED
    file.save(update_fields=["state"])
    file.transfers.update(is_dropped=True)
    record(events.FILE_REJECTED, file, actor=actor, at=now, reason=reason)
    return file


def _waiting(file: PaymentFile) -> PaymentFile:
    file = (
        PaymentFile.objects.select_for_update(of=("self",)).select_related("account__entity").get(pk=file.pk)
    )
    if file.state != State.WAITING:
        raise Refused(f"{file} is {file.get_state_display().lower()}.", rule="a_question_is_answered_once")
    return file


def _question(file: PaymentFile) -> Approval:
    return approvals_of(file).get(state=Approval.State.PENDING)
