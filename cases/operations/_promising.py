"""Promises to pay: made, agreed to when they go far, and taken back."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from cases import queries, rules
from cases.events import (
    PROMISE_ASKED,
    PROMISE_MADE,
    PROMISE_REFUSED,
    PROMISE_WITHDRAWN,
)
from cases.models import Action, Case, Promise, PromisedInvoice
from cases.operations._covering import company_of, cover, refuse_covered
from cases.operations._promise_rows import (
    end,
    in_money,
    locked,
    pause_key,
    question_of,
    record_promise,
    snapshot_of,
)
from cases.operations._standing import open_case_of, plan_next, reach_stage
from core.dates import in_words
from core.errors import Invalid, Refused
from core.money import amount as exact_amount
from core.money import named, plain
from customers.models import Contact, Customer
from entities.queries import calendar_of, local_day, rate_on
from invoices.models import Invoice
from reminders.operations import pause
from team.models import User
from work import operations as work


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
            f"{amount} cannot be promised: {named(total, currency)} is open.",
            field="amount",
            rule="a_promise_is_within_what_is_open",
            mend=f"Enter more than 0 and at most {plain(total, currency)}.",
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
            snapshot=snapshot_of(promise),
            entity=promise.entity,
            customer_id=promise.customer_id,
            amount=promise.amount,
            currency=promise.currency,
            amount_functional=promise.amount * rate,
        ),
        actor=actor,
        now=now,
    )
    record_promise(PROMISE_ASKED, promise, actor=actor, now=now, reasons=list(reasons))


def _stand(promise: Promise, *, actor: User | None, now: datetime) -> None:
    """From here on nobody reminds of what is promised, until the day after the grace."""
    case = open_case_of(promise.customer, promise.entity)
    if case is not None:
        reach_stage(case, Case.Stage.PROMISED)
        plan_next(
            case,
            Action.CHECK_PROMISE,
            promise.evaluate_after,
            f"{in_money(promise.amount, promise.currency)} promised for {in_words(promise.promised_on)}",
            worked_at=now,
        )
    pause(
        promise.customer,
        kind="promise",
        reason=f"{in_money(promise.amount, promise.currency)} promised for {in_words(promise.promised_on)}",
        invoices=[row.invoice for row in promise.covers.select_related("invoice")],
        until=promise.evaluate_after,
        key=pause_key(promise),
        actor=actor,
        now=now,
    )
    record_promise(PROMISE_MADE, promise, actor=actor, now=now)


@transaction.atomic
def approve_promise(promise: Promise, *, actor: User, now: datetime) -> Promise:
    """A second person agrees to wait that long, or once more."""
    promise = locked(promise, Promise.State.WAITING)
    work.approve(question_of(promise), actor=actor, now=now)
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
    promise = locked(promise, Promise.State.WAITING)
    work.reject(question_of(promise), actor=actor, now=now, reason=reason)
    end(promise, Promise.State.REFUSED, now=now, actor=actor)
    record_promise(PROMISE_REFUSED, promise, actor=actor, now=now, reason=reason)
    return promise


@transaction.atomic
def withdraw_promise(promise: Promise, *, actor: User | None, now: datetime, reason: str) -> Promise:
    """It was noted by mistake, or another one takes its place; it does not count as broken."""
    promise = locked(promise, *queries.LIVE_PROMISE)
    if not reason.strip():
        raise Invalid("Say why it is withdrawn.", field="reason", rule="a_withdrawal_has_a_reason")
    work.void_approvals(promise, reason="The promise was withdrawn.", now=now)
    end(promise, Promise.State.WITHDRAWN, now=now, actor=actor)
    record_promise(PROMISE_WITHDRAWN, promise, actor=actor, now=now, reason=reason.strip())
    return promise
