"""What making and judging a promise share."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from cases.models import Promise
from core import locale
from core.errors import Refused
from reminders.operations import resume
from team.models import User
from trail.operations import record
from work import operations as work
from work.models import Approval
from work.queries import approvals_of


def in_money(amount: Decimal, currency: str) -> str:
    """The amount as people read it."""
    return locale.money(amount, currency)


def pause_key(promise: Promise) -> str:
    """Names the pause of reminders that the promise places."""
    return f"promise:{promise.pk}"


def end(
    promise: Promise, state: Promise.State, *fields: str, now: datetime, actor: User | None = None
) -> None:
    """It is over: its invoices are free, and reminded of again."""
    resume(pause_key(promise), now=now, actor=actor)
    promise.state = state
    promise.save(update_fields=["state", *fields])
    promise.covers.update(is_live=False)


def locked(promise: Promise, *states: str) -> Promise:
    """The promise, locked; refused unless it is in one of the states."""
    promise = (
        Promise.objects.select_for_update(of=("self",))
        .select_related("entity", "customer")
        .get(pk=promise.pk)
    )
    if promise.state not in states:
        raise Refused(
            f"This promise is {promise.get_state_display().lower()}.",
            rule="a_promise_is_decided_once",
            mend="Look at the promise again.",
        )
    return promise


def question_of(promise: Promise) -> Approval:
    """What waits for an answer, about the promise as it is."""
    question = approvals_of(promise).filter(state=Approval.State.PENDING).first()
    if question is None or question.snapshot_hash != work.hash_of(snapshot_of(promise)):
        raise Refused("The promise is not the one that was asked about.", rule="approval_of_this_state")
    return question


def snapshot_of(promise: Promise) -> dict[str, str]:
    """What somebody agrees to."""
    return {
        "customer": str(promise.customer_id),
        "amount": f"{promise.amount:.4f}",
        "currency": promise.currency,
        "promised_on": promise.promised_on.isoformat(),
    }


def record_promise(fact: str, promise: Promise, *, actor: User | None, now: datetime, **more: Any) -> None:
    """A fact on the trail, with what was promised."""
    record(
        fact,
        promise,
        actor=actor,
        at=now,
        customer_id=promise.customer_id,
        amount=promise.amount,
        currency=promise.currency,
        promised_on=promise.promised_on,
        channel=promise.channel,
        contact=promise.contact_id,
        invoices=[row.invoice_id for row in promise.covers.all()],
        **more,
    )
