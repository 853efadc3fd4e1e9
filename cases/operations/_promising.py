"""Promises to pay: made, agreed to when they go far, judged by what came in."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from cases import queries, rules
from cases.events import (
    PROMISE_ASKED,
    PROMISE_BROKEN,
    PROMISE_KEPT,
    PROMISE_MADE,
    PROMISE_PARTLY_KEPT,
    PROMISE_REFUSED,
    PROMISE_WITHDRAWN,
)
from cases.models import Action, Case, Promise, PromisedInvoice
from cases.operations._covering import company_of, cover, refuse_covered
from cases.operations._escalating import raise_level
from cases.operations._standing import leave_stage, morning_of, open_case_of, plan_next, reach_stage
from core import locale
from core.dates import in_words
from core.errors import Invalid, Refused
from core.money import amount as exact_amount
from customers.models import Contact, Customer
from entities.queries import calendar_of, local_day, rate_on
from invoices.models import Invoice
from reminders.operations import pause, resume
from team.models import User
from trail.operations import record
from work import operations as work
from work.models import Approval
from work.operations import open_work
from work.queries import approvals_of

_JUDGED = {
    Promise.State.KEPT: PROMISE_KEPT,
    Promise.State.PARTLY_KEPT: PROMISE_PARTLY_KEPT,
    Promise.State.BROKEN: PROMISE_BROKEN,
}


@transaction.atomic
def make_promise(
    customer: Customer,
    *,
    amount: Decimal,
    currency: str,
    promised_on: date,
    invoices: Sequence[Invoice],
    channel: str,
    contact: Contact | None = None,
    note: str = "",
    actor: User | None = None,
    now: datetime,
) -> Promise:
    """The customer says that `amount` comes by a day. It stands at once, or once somebody agreed.

    Without `invoices` it is for everything overdue in the currency. Far ahead, or after broken promises, it
    waits for approval; reminders pause when it stands.
    """
    covered = cover(customer, currency, invoices, on=local_day(customer.entity, now))
    entity = company_of(covered)
    today = local_day(entity, now)
    exact_amount(amount, currency, field="amount")
    _refuse_bad(amount, covered.total, currency, promised_on, today)
    refuse_covered(covered)
    broken = queries.broken_in_last_year(customer.pk, now=now)
    reasons = rules.why_promise_needs_approval(made_on=today, promised_on=promised_on, broken=broken)
    promise = Promise.objects.create(
        customer=customer,
        entity=entity,
        state=Promise.State.WAITING if reasons else Promise.State.OPEN,
        amount=amount,
        currency=currency,
        promised_on=promised_on,
        evaluate_after=calendar_of(entity).add_business_days(promised_on, rules.GRACE_BUSINESS_DAYS),
        made_on=today,
        made_at=now,
        made_by=actor,
        channel=channel,
        contact=contact,
        note=note.strip()[:500],
    )
    PromisedInvoice.objects.bulk_create(
        PromisedInvoice(promise=promise, invoice=invoice) for invoice in covered.invoices
    )
    if reasons:
        _ask(promise, reasons, actor=actor, now=now)
    else:
        _stand(promise, actor=actor, now=now)
    return promise


def _refuse_bad(amount: Decimal, total: Decimal, currency: str, promised_on: date, today: date) -> None:
    if not 0 < amount <= total:
        raise Invalid(
            f"{amount} cannot be promised: {total} {currency} is open.",
            field="amount",
            rule="a_promise_is_within_what_is_open",
            mend=f"Enter more than 0 and at most {total}.",
        )
    if promised_on < today:
        raise Invalid(
            "The promised day is over.",
            field="promised_on",
            rule="a_promise_looks_ahead",
            mend="Choose today or a later day.",
        )
    if (promised_on - today).days > 366:
        raise Invalid(
            "That is more than a year away.",
            field="promised_on",
            rule="a_promise_is_within_a_year",
            mend="Agree on a payment plan instead.",
        )


def _ask(promise: Promise, reasons: Sequence[str], *, actor: User | None, now: datetime) -> None:
    rate = rate_on(promise.currency, promise.entity.functional_currency, promise.made_on).rate
    work.request_approval(
        promise,
        work.Question(
            kind="promise",
            label=f"Promise of {promise.customer.name}",
            path=f"/collect/promises/{promise.pk}/",
            snapshot=_snapshot(promise),
            entity=promise.entity,
            customer_id=promise.customer_id,
            amount=promise.amount,
            currency=promise.currency,
            amount_functional=promise.amount * rate,
        ),
        actor=actor,
        now=now,
    )
    _record(PROMISE_ASKED, promise, actor=actor, now=now, reasons=list(reasons))


def _stand(promise: Promise, *, actor: User | None, now: datetime) -> None:
    """From here on nobody reminds of what is promised, until the day after the grace."""
    case = open_case_of(promise.customer, promise.entity)
    if case is not None:
        reach_stage(case, Case.Stage.PROMISED)
        plan_next(
            case,
            Action.CHECK_PROMISE,
            promise.evaluate_after,
            f"{_words(promise.amount, promise.currency)} promised for {in_words(promise.promised_on)}",
            worked_at=now,
        )
    pause(
        promise.customer,
        kind="promise",
        reason=f"{_words(promise.amount, promise.currency)} promised for {in_words(promise.promised_on)}",
        invoices=[row.invoice for row in promise.covers.select_related("invoice")],
        until=promise.evaluate_after,
        key=_key(promise),
        actor=actor,
        now=now,
    )
    _record(PROMISE_MADE, promise, actor=actor, now=now)


@transaction.atomic
def approve_promise(promise: Promise, *, actor: User, now: datetime) -> Promise:
    """A second person agrees to wait that long, or once more."""
    promise = _locked(promise, Promise.State.WAITING)
    work.approve(_question(promise), actor=actor, now=now)
    if promise.promised_on < local_day(promise.entity, now):
        raise Refused(
            "The promised day is over by now.",
            rule="a_promise_looks_ahead",
            mend="Turn it down and agree on a new day.",
        )
    promise.state = Promise.State.OPEN
    promise.save(update_fields=["state"])
    _stand(promise, actor=actor, now=now)
    return promise


@transaction.atomic
def refuse_promise(promise: Promise, *, actor: User, now: datetime, reason: str) -> Promise:
    """The promise is not accepted; reminders go on."""
    promise = _locked(promise, Promise.State.WAITING)
    work.reject(_question(promise), actor=actor, now=now, reason=reason)
    _end(promise, Promise.State.REFUSED, now=now, actor=actor)
    _record(PROMISE_REFUSED, promise, actor=actor, now=now, reason=reason)
    return promise


@transaction.atomic
def withdraw_promise(promise: Promise, *, actor: User | None, now: datetime, reason: str) -> Promise:
    """It was noted by mistake, or another one takes its place; it does not count as broken."""
    promise = _locked(promise, *queries.LIVE_PROMISE)
    if not reason.strip():
        raise Invalid("Say why it is withdrawn.", field="reason", rule="a_withdrawal_has_a_reason")
    work.void_approvals(promise, reason="The promise was withdrawn.", now=now)
    _end(promise, Promise.State.WITHDRAWN, now=now, actor=actor)
    _record(PROMISE_WITHDRAWN, promise, actor=actor, now=now, reason=reason.strip())
    return promise


@transaction.atomic
def judge_promise(promise: Promise, *, now: datetime) -> Promise:
    """Kept as soon as the money is there; after the grace partly kept or broken. Safe to run twice."""
    promise = Promise.objects.select_for_update(of=("self",)).select_related("entity").get(pk=promise.pk)
    if promise.state != Promise.State.OPEN:
        return promise
    result = queries.judgement_of(promise, as_of=local_day(promise.entity, now))
    if result.status == "open":
        return promise
    promise.received = result.received
    promise.judged_at = now
    _end(promise, Promise.State(result.status), "received", "judged_at", now=now)
    _record(_JUDGED[Promise.State(promise.state)], promise, actor=None, now=now, received=result.received)
    if promise.state == Promise.State.KEPT:
        case = open_case_of(promise.customer, promise.entity)
        if case is not None:
            leave_stage(case, Case.Stage.PROMISED)
    else:
        _follow_up(promise, now=now)
    return promise


def _follow_up(promise: Promise, *, now: datetime) -> None:
    """What was promised did not come: somebody acts this morning, and a broken promise goes one level up."""
    case = open_case_of(promise.customer, promise.entity)
    if case is None:
        return
    missing = _words(promise.amount - promise.received, promise.currency)
    why = f"{missing} of the promise for {in_words(promise.promised_on)} did not come"
    on = calendar_of(promise.entity).following(local_day(promise.entity, now))
    leave_stage(case, Case.Stage.PROMISED)
    plan_next(case, Action.CALL, on, why)
    open_work(
        kind="broken_promise",
        key=f"promise:{promise.pk}",
        subject=promise,
        label=f"{promise.customer.name}: {missing} promised, not paid",
        path=f"/collect/promises/{promise.pk}/",
        why=why,
        entity=promise.entity,
        customer_id=promise.customer_id,
        owner=case.collector,
        role="collector",
        due_at=morning_of(promise.entity, on),
        value=promise.amount - promise.received,
        currency=promise.currency,
        now=now,
    )
    if promise.state == Promise.State.BROKEN:
        raise_level(case, case.level + 1, f"A promise was broken: {why}", now=now)


def _words(amount: Decimal, currency: str) -> str:
    return locale.money(amount, currency)


def _key(promise: Promise) -> str:
    return f"promise:{promise.pk}"


def _end(
    promise: Promise, state: Promise.State, *fields: str, now: datetime, actor: User | None = None
) -> None:
    """It is over: its invoices are free, and reminded of again."""
    resume(_key(promise), now=now, actor=actor)
    promise.state = state
    promise.save(update_fields=["state", *fields])
    promise.covers.update(is_live=False)


def _locked(promise: Promise, *states: str) -> Promise:
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


def _question(promise: Promise) -> Approval:
    question = approvals_of(promise).filter(state=Approval.State.PENDING).first()
    if question is None or question.snapshot_hash != work.hash_of(_snapshot(promise)):
        raise Refused("The promise is not the one that was asked about.", rule="approval_of_this_state")
    return question


def _snapshot(promise: Promise) -> dict[str, str]:
    return {
        "customer": str(promise.customer_id),
        "amount": f"{promise.amount:.4f}",
        "currency": promise.currency,
        "promised_on": promise.promised_on.isoformat(),
    }


def _record(fact: str, promise: Promise, *, actor: User | None, now: datetime, **more: Any) -> None:
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
