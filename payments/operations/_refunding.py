"""Giving unapplied money back: asked by one person, decided by another."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Invalid, Refused
from core.money import amount as exact_amount
from core.money import named, plain
from entities.queries import local_day, rate_on
from ledger import operations as ledger
from ledger.models import OpenItem
from ledger.rules import Rate
from payments.events import REFUND_LEFT, REFUND_PAID, REFUND_REJECTED, REFUND_REQUESTED
from payments.models import Refund
from team.models import User
from trail.operations import record
from work import operations as work
from work.models import Approval
from work.queries import approvals_of


@transaction.atomic
def request_refund(credit: OpenItem, amount: Decimal, *, reason: str, actor: User, now: datetime) -> Refund:
    """Ask to pay back part of what a customer has in credit, never above what is unapplied."""
    credit = ledger.lock_items([credit.pk])[credit.pk]
    exact_amount(amount, credit.currency, field="amount")
    waiting = sum(
        Refund.objects.filter(credit=credit, state=Refund.State.PENDING).values_list("amount", flat=True),
        Decimal(0),
    )
    if amount <= 0:
        raise Invalid(
            "A refund is more than nothing.",
            field="amount",
            rule="a_refund_is_more_than_nothing",
            mend="Enter what the customer gets back.",
        )
    most = credit.open_amount - waiting if credit.side == OpenItem.Side.CREDIT else Decimal(0)
    if amount > most:
        raise Refused(
            f"{named(most, credit.currency)} can be refunded; "
            f"{plain(amount, credit.currency)} was asked for.",
            field="amount",
            rule="a_refund_is_within_what_is_unapplied",
            mend=f"Decide the refund of {named(waiting, credit.currency)} that waits, or ask for less."
            if waiting
            else "Undo an allocation first, or ask for less.",
        )
    if len(reason.strip()) < 5:
        raise Invalid(
            "Say why.", field="reason", rule="a_refund_has_a_reason", mend="Write the customer's request."
        )
    refund = Refund.objects.create(
        customer_id=credit.customer_id,
        credit=credit,
        amount=amount,
        currency=credit.currency,
        reason=reason.strip(),
        requested_by=actor,
        requested_at=now,
    )
    rate = _rate(credit, now)
    work.request_approval(
        refund,
        work.Question(
            kind="refund",
            label=f"Refund to {credit.customer.name}",
            path=f"/payments/refunds/{refund.pk}/",
            snapshot={"credit": credit.pk, "amount": str(amount), "reason": reason},
            entity=credit.entity,
            customer_id=credit.customer_id,
            amount=amount,
            currency=credit.currency,
            amount_functional=rate.convert(amount),
        ),
        actor=actor,
        now=now,
    )
    record(
        REFUND_REQUESTED,
        refund,
        actor=actor,
        at=now,
        customer_id=refund.customer_id,
        amount=amount,
        currency=credit.currency,
    )
    return refund


@transaction.atomic
def approve_refund(refund: Refund, *, actor: User, now: datetime) -> Refund:
    """Agree and book the money out."""
    refund = _pending(refund)
    credit = ledger.lock_items([refund.credit_id])[refund.credit_id]
    if refund.amount > credit.open_amount:
        raise Refused(
            f"{named(credit.open_amount, refund.currency)} of {credit.reference} is left; the refund is over "
            f"{named(refund.amount, refund.currency)}.",
            field="amount",
            rule="a_refund_is_within_what_is_unapplied",
            mend="Reject it and ask for what is left, or undo what the credit was used for.",
        )
    work.approve(_question(refund), actor=actor, now=now)
    on = local_day(credit.entity, now)
    ledger.pay_back(
        credit,
        refund.amount,
        rate=_rate(credit, now),
        source=ledger.Source("refund", refund.pk, f"refund:{refund.pk}"),
        text=f"Refund {refund.pk}: {refund.reason}"[:200],
        on=on,
        actor=actor,
        now=now,
    )
    refund.state, refund.paid_on = Refund.State.PAID, on
    refund.save(update_fields=["state", "paid_on"])
    record(
        REFUND_PAID,
        refund,
        actor=actor,
        at=now,
        customer_id=refund.customer_id,
        amount=refund.amount,
        currency=refund.currency,
    )
    return refund


@transaction.atomic
def note_refund_left(refund: Refund, *, on: date, by: str, actor: User | None, now: datetime) -> Refund:
    """Say that the money of an approved refund has left; once said, it stays said."""
    refund = Refund.objects.select_for_update(of=("self",)).select_related("credit__entity").get(pk=refund.pk)
    if refund.left_on is not None:
        return refund
    if refund.state != Refund.State.PAID or refund.paid_on is None:
        raise Refused(
            f"{refund} is {refund.get_state_display().lower()}.",
            rule="only_an_approved_refund_leaves",
            mend="A second person approves it first.",
        )
    if not refund.paid_on <= on <= local_day(refund.credit.entity, now):
        raise Invalid(
            f"{refund} cannot have left on {on}.",
            field="on",
            rule="a_refund_leaves_after_its_approval",
            mend=f"Use a day from {refund.paid_on} to today.",
        )
    refund.left_on, refund.left_by = on, by[:60]
    refund.save(update_fields=["left_on", "left_by"])
    record(
        REFUND_LEFT,
        refund,
        actor=actor,
        at=now,
        customer_id=refund.customer_id,
        amount=refund.amount,
        currency=refund.currency,
        on=on,
        by=by,
    )
    return refund


@transaction.atomic
def reject_refund(refund: Refund, *, actor: User, now: datetime, reason: str) -> Refund:
    """Keep the credit on the account."""
    refund = _pending(refund)
    work.reject(_question(refund), actor=actor, now=now, reason=reason)
    refund.state = Refund.State.REJECTED
    refund.save(update_fields=["state"])
    record(REFUND_REJECTED, refund, actor=actor, at=now, customer_id=refund.customer_id, reason=reason)
    return refund


def _rate(credit: OpenItem, now: datetime) -> Rate:
    functional = credit.entity.functional_currency
    on = local_day(credit.entity, now)
    return Rate(credit.currency, functional, rate_on(credit.currency, functional, on).rate)


def _pending(refund: Refund) -> Refund:
    refund = Refund.objects.select_for_update().get(pk=refund.pk)
    if refund.state != Refund.State.PENDING:
        raise Refused(f"{refund} was decided before.", rule="a_question_is_answered_once")
    return refund


def _question(refund: Refund) -> Approval:
    return approvals_of(refund).get(state=Approval.State.PENDING)
