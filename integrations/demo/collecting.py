"""Collection work of the demo company: cases in every stage, promises and plans in every state, calls.

Lived a few weeks back with the clock of then, so that promises were broken and kept for real.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F

from cases import operations
from cases.models import Case, HandOver, Plan, Promise, PromisedInvoice
from core.errors import DomainError
from entities.models import Entity
from entities.queries import calendar_of, local_day
from invoices import operations as invoices
from invoices.models import DueDateMove, Invoice
from ledger.models import Allocation
from team.models import User

_SAID = (
    ("reached", "Ms Byrne has the invoice and asks her manager for the release"),
    ("voicemail", ""),
    ("call_back", "Payment run is on Thursday; call again on Friday morning"),
    ("paid", "Says it left their bank yesterday; asked for the proof of payment"),
    ("disputes", "The second meter was read twice, they say; sales has the protocol"),
    ("no_answer", ""),
    ("wrong_number", ""),
    ("hardship", "Lost their largest customer in summer; talks to the bank about a credit"),
    ("refused", "Will pay when the warranty case is solved, not before"),
)
_BACK = 40


def collect(people: dict[str, User], now: datetime) -> None:
    """Leave collection work on the desks, for every company."""
    for back in (timedelta(days=_BACK + 5), timedelta(0)):
        for entity in Entity.objects.order_by("pk"):
            operations.refresh_cases(entity, now=now - back)
    cases = _cases()
    collector, controller = people["collector"], people["controller"]
    _call(cases, collector, now)
    _promise(cases, collector, now)
    _plan(cases, collector, controller, now)
    for entity in Entity.objects.order_by("pk"):
        operations.go_round(entity, now=now)
    _mark(cases, collector, now)
    _hand_over(cases, collector, controller, now)
    _put_off(cases, collector, now)
    _postpone(cases, collector, controller, now)


def _cases() -> list[Case]:
    """The open cases, the largest first."""
    rows = Case.objects.filter(closed_at__isnull=True).select_related("customer", "entity")
    return list(rows.order_by("-rank_value", "pk"))


def _call(cases: Sequence[Case], collector: User, now: datetime) -> None:
    """Two thirds were spoken to in the last weeks."""
    for number, case in enumerate(cases):
        if number % 3 == 2:
            continue
        outcome, note = _SAID[number % len(_SAID)]
        at = now - timedelta(days=1 + number % 9, hours=number % 5)
        _try(
            operations.note_call,
            case,
            outcome=outcome,
            note=note,
            next_action="call",
            next_on=calendar_of(case.entity).following(at.date() + timedelta(days=1 + number % 14)),
            is_private=number % 7 == 0,
            actor=collector,
            now=at,
        )


def _promise(cases: Sequence[Case], collector: User, now: datetime) -> None:
    """Broken ones of some weeks ago, one kept by money that came since, open ones, one that waits."""
    for number, case in enumerate(cases[1:13]):
        back = timedelta(days=(_BACK, 12, 1)[number % 3])
        ahead = timedelta(days=(6, 4, 9)[number % 3])
        for invoice in _overdue(case, now - back)[:1]:
            part = invoice.balance if number % 2 else (invoice.balance / 2).quantize(Decimal(1))
            promise = _try(
                operations.make_promise,
                case.customer,
                amount=part,
                currency=invoice.currency,
                promised_on=local_day(case.entity, now - back) + ahead,
                invoices=[invoice],
                channel="phone",
                actor=collector,
                now=now - back,
            )
            if isinstance(promise, Promise):
                _judge(promise, now)
    for case in cases[14:16]:
        for invoice in _overdue(case, now)[:1]:
            _try(
                operations.make_promise,
                case.customer,
                amount=invoice.balance,
                currency=invoice.currency,
                promised_on=local_day(case.entity, now) + timedelta(days=24),
                invoices=[invoice],
                channel="portal",
                note="After the grant of the county is paid out",
                now=now,
            )
    _kept(collector, now)


def _kept(collector: User, now: datetime) -> None:
    """Promises written as they stood three days before the money came: three kept, one kept in part."""
    recent = Allocation.objects.filter(
        kind=Allocation.Kind.PAYMENT,
        reversal_of=None,
        reversed_by=None,
        on__gte=now.date() - timedelta(days=60),
        on__lt=now.date() - timedelta(days=5),
        debit__instalment__invoice__promised=None,
        credit__payment__received_on=F("on"),
    ).order_by("-on", "pk")
    whole = recent.filter(amount=F("debit__instalment__invoice__payable"))[:3]
    partly = recent.filter(debit__open_amount__gt=0)[:1]
    for allocation in [*whole, *partly]:
        if allocation.debit is None:
            continue
        invoice = allocation.debit.instalment.invoice
        made = datetime.combine(allocation.on - timedelta(days=3), now.timetz())
        promise = Promise.objects.create(
            customer=invoice.customer,
            entity=invoice.entity,
            amount=invoice.payable,
            currency=invoice.currency,
            promised_on=allocation.on,
            evaluate_after=allocation.on + timedelta(days=2),
            made_on=made.date(),
            made_at=made,
            made_by=collector,
            channel="phone",
        )
        promise.covers.create(invoice=invoice)
        operations.judge_promise(promise, now=now)


def _judge(promise: Promise, now: datetime) -> None:
    if promise.state == Promise.State.OPEN:
        after = datetime.combine(promise.evaluate_after + timedelta(days=1), now.timetz())
        operations.judge_promise(promise, now=min(after, now))


def _plan(cases: Sequence[Case], collector: User, controller: User, now: datetime) -> None:
    """One is in default, one runs, one is offered, one waits for approval."""
    number = 0
    for case in _free(cases[13:], now):
        at = now - timedelta(days=(45, 20, 2, 0)[number])
        invoices = _overdue(case, at)
        if not invoices:
            continue
        plan = _try(
            operations.offer_plan,
            case.customer,
            currency=invoices[0].currency,
            invoices=[one for one in invoices if one.currency == invoices[0].currency],
            parts=(4, 6, 3, 5)[number],
            rhythm="monthly",
            first_on=local_day(case.entity, at) + timedelta(days=(14, 30, 20, 21)[number]),
            yearly_rate=(Decimal(0), Decimal(0), Decimal(5), Decimal(0))[number],
            actor=collector,
            now=at,
        )
        if not isinstance(plan, Plan):
            continue
        number += 1
        if number == 4:
            return
        operations.approve_plan(plan, actor=controller, now=at)
        if number <= 2:
            operations.accept_plan(
                plan,
                contact=None,
                evidence="Signed offer came back by e-mail; filed with the contract",
                actor=collector,
                now=at,
            )


def _free(cases: Sequence[Case], now: datetime) -> Iterator[Case]:
    """Cases with enough overdue for a plan, none promised."""
    for case in cases:
        free = [one for one in _overdue(case, now) if not _is_promised(one)]
        if free and sum(one.balance for one in free) > 500:
            yield case


def _is_promised(invoice: Invoice) -> bool:
    return PromisedInvoice.objects.filter(invoice=invoice, is_live=True).exists()


def _mark(cases: Sequence[Case], collector: User, now: datetime) -> None:
    """The one the court wrote about."""
    for case in cases:
        if case.customer.insolvent:
            note = "Insolvency published by the court; the claim is filed until the end of the month"
            _try(operations.mark_stop, case, stop="insolvency", note=note, actor=collector, now=now)


def _hand_over(cases: Sequence[Case], collector: User, controller: User, now: datetime) -> None:
    """The two oldest: one with an agency, one that waits for the controller."""
    oldest = [case for case in cases if not case.customer.insolvent and case.oldest_due_on]
    oldest.sort(key=lambda case: (case.oldest_due_on or date.max, case.pk))
    for number, case in enumerate(oldest[:2]):
        row = _try(
            operations.ask_hand_over,
            case,
            kind=("agency", "legal")[number],
            recipient=("Nordkredit Inkasso", "Hale & Partners")[number],
            reason="Four reminders and two calls without an answer; the promise was broken",
            actor=collector,
            now=now,
        )
        if isinstance(row, HandOver) and number == 0:
            row = operations.approve_hand_over(row, actor=controller, now=now)
            if row.job is not None:
                operations.make_pack(row.job, now=now)


def _put_off(cases: Sequence[Case], collector: User, now: datetime) -> None:
    """Two sleep until next week."""
    for number, case in enumerate(cases[5:20:9]):
        until = calendar_of(case.entity).add_business_days(local_day(case.entity, now), 4 + number)
        reason = "Their books are closed until the month's end"
        _try(operations.snooze, case, until=until, reason=reason, actor=collector, now=now)


def _postpone(cases: Sequence[Case], collector: User, controller: User, now: datetime) -> None:
    """Later due days: agreed to, refused, and one that waits for its second person."""
    number = 0
    for case in cases:
        for invoice in _overdue(case, now)[:2]:
            row = _try(
                invoices.ask_due_date,
                invoice,
                local_day(case.entity, now) + timedelta(days=(21, 45, 30)[number]),
                reason=(
                    "Delivered three weeks late; sales agreed to the same three weeks",
                    "They change their bank and ask for six weeks more",
                    "The grant that pays for it is released next month; letter on file",
                )[number],
                actor=collector,
                now=now,
            )
            if row is None or row.state != DueDateMove.State.PENDING:
                continue
            if number == 0:
                invoices.approve_due_date(row, actor=controller, now=now)
            elif number == 1:
                why = "Their change of bank is no reason to be paid later; offer a plan"
                invoices.reject_due_date(row, actor=controller, reason=why, now=now)
            number += 1
            if number == 3:
                return


def _overdue(case: Case, at: datetime) -> list[Invoice]:
    """What was overdue then and is open still."""
    rows = Invoice.objects.filter(
        customer=case.customer,
        entity=case.entity,
        document_status="issued",
        balance__gt=0,
        next_due_on__lt=at.date(),
        issued_at__lt=at,
        promised__is_live__isnull=True,
    )
    return list(rows.order_by("next_due_on", "pk"))


def _try(act: Any, *args: Any, **values: Any) -> Any:
    """An act the state of a random year may not allow; then the demo does without."""
    try:
        return act(*args, **values)
    except DomainError:
        return None
