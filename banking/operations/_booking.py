"""What becomes of a line: a receipt that pays something, the return of one, or nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from banking import events
from banking.models import Line, Payer, RemittanceLine
from core.errors import Invalid, Refused
from core.money import plain
from customers.models import Customer
from invoices.models import Invoice
from ledger.periods import first_open_day
from payments import operations as payments
from payments.models import Payment, Refund
from payments.operations import Part, Receipt
from payouts import operations as payouts
from payouts.models import PaymentFile
from team.models import User
from trail.operations import record

_IS: dict[str, str] = {
    Line.State.NEW: "waits for a decision",
    Line.State.DOUBTFUL: "is perhaps recorded before",
    Line.State.BOOKED: "is booked",
    Line.State.RETURN: "is the return of a receipt",
    Line.State.PAYOUT: "paid out refunds",
    Line.State.ASIDE: "is set aside",
}


class NotToBook(Refused):
    """The line is booked, set aside, or no money that came."""


@dataclass(frozen=True)
class Choice:
    """Who paid, and what: `customer` None is money of somebody unknown.

    What `parts` leave stays the customer's credit. `fee` and `withheld` are kept by the bank or the payer
    and credited all the same. `let_go` says that small rests are written off;
    `advice` are the rows of a remittance advice that announced it. `late` posts a line of a closed month on
    the first open day; the receipt keeps its own.
    """

    customer: Customer | None
    parts: Sequence[Part] = ()
    fee: Decimal = Decimal(0)
    withheld: Decimal = Decimal(0)
    let_go: bool = False
    advice: Sequence[int] = ()
    late: bool = False


@transaction.atomic
def book_line(line: Line, choice: Choice, *, actor: User | None, now: datetime) -> Line:
    """Record the receipt of a line and use it, as one act. A line is booked once, however often asked."""
    line = _lock(line, Line.State.NEW, Line.State.DOUBTFUL)
    _refuse_outgoing(line)
    given = Receipt(
        entity=line.account.entity,
        received_on=line.booked_on,
        currency=line.currency,
        amount=line.amount + choice.fee + choice.withheld,
        customer=choice.customer,
        fee=choice.fee,
        withheld=choice.withheld,
        payer_name=line.party_name,
        payer_account=line.party_account[:34],
        reference=(line.creditor_reference or line.text or line.end_to_end)[:140],
        external_key=f"bank:{line.account_id}:{line.key}",
        posted_on=_posted_on(line, late=choice.late),
    )
    payment = payments.receive_and_allocate(given, choice.parts, actor=actor, now=now, let_go=_let_go(choice))
    _decide(line, Line.State.BOOKED, actor=actor, now=now, payment=payment)
    if choice.advice:
        RemittanceLine.objects.filter(pk__in=choice.advice, paid_by=None).update(paid_by=line)
    if choice.customer is not None and actor is not None:
        learn_payer(line, choice.customer, now=now)
    record(
        events.LINE_BOOKED,
        line,
        actor=actor,
        at=now,
        customer_id=choice.customer.pk if choice.customer else None,
        payment=payment.pk,
        amount=line.amount,
        currency=line.currency,
        parts=[{"item": part.item_id, "amount": part.amount, "why": part.why} for part in choice.parts],
    )
    return line


@transaction.atomic
def join_line(line: Line, payment: Payment, *, actor: User, now: datetime) -> Line:
    """The line is a receipt somebody recorded by hand: nothing is booked again."""
    line = _lock(line, Line.State.NEW, Line.State.DOUBTFUL)
    _refuse_outgoing(line)
    payment = Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    bank = payment.amount - payment.fee - payment.withheld
    if (bank, payment.currency, payment.entity_id) != (line.amount, line.currency, line.account.entity_id):
        raise Invalid(
            f"{payment} brought {plain(bank, payment.currency)} {payment.currency}, the line "
            f"{plain(line.amount, line.currency)} {line.currency}.",
            field="payment",
            rule="a_line_is_the_receipt_it_joins",
            mend="Choose a receipt of the same amount, currency and company.",
        )
    if payment.state != Payment.State.RECEIVED or Line.objects.filter(payment=payment).exists():
        raise NotToBook(
            f"{payment} was returned or belongs to another line.",
            field="payment",
            rule="a_receipt_is_one_line",
            mend="Book this line as a receipt of its own.",
        )
    _decide(line, Line.State.BOOKED, actor=actor, now=now, payment=payment)
    record(
        events.LINE_MATCHED, line, actor=actor, at=now, customer_id=payment.customer_id, payment=payment.pk
    )
    return line


@transaction.atomic
def note_return(line: Line, payment: Payment, *, actor: User, now: datetime, late: bool = False) -> Line:
    """The line is the return of a receipt: that is mirrored, its invoices are open again."""
    line = _lock(line, Line.State.NEW)
    bank = payment.amount - payment.fee - payment.withheld
    if line.amount >= 0 or bank != -line.amount or payment.currency != line.currency:
        raise Invalid(
            f"{payment} brought {plain(bank, payment.currency)} {payment.currency}; the line takes "
            f"{plain(-line.amount, line.currency)} {line.currency}.",
            field="payment",
            rule="a_return_takes_back_what_came",
            mend="Choose the receipt the bank took back.",
        )
    # A receipt may have entered the book after its own day: its payer was found later, its month was closed.
    begins = payment.open_item.opened_on if payment.open_item else line.booked_on
    payments.bounce_payment(
        payment,
        on=max(begins, _posted_on(line, late=late)),
        reason=line.text or "Returned by the bank",
        actor=actor,
        now=now,
    )
    _decide(line, Line.State.RETURN, actor=actor, now=now, returned=payment)
    record(
        events.LINE_MATCHED, line, actor=actor, at=now, customer_id=payment.customer_id, payment=payment.pk
    )
    return line


@transaction.atomic
def note_payout(line: Line, paid: PaymentFile | Refund, *, actor: User | None, now: datetime) -> Line:
    """The line is the debit of a payment file, or of one refund: that money has left, on the bank's day."""
    line = _lock(line, Line.State.NEW)
    amount = paid.total if isinstance(paid, PaymentFile) else paid.amount
    currency = "EUR" if isinstance(paid, PaymentFile) else paid.currency
    entity = paid.account.entity_id if isinstance(paid, PaymentFile) else paid.credit.entity_id
    if (-line.amount, line.currency, line.account.entity_id) != (amount, currency, entity):
        raise Invalid(
            f"{paid} is over {plain(amount, currency)} {currency}; the line takes "
            f"{plain(-line.amount, line.currency)} {line.currency}.",
            field="refund",
            rule="a_payout_is_what_the_bank_took",
            mend="Choose the file or refund of this amount and company.",
        )
    by = f"bank line of {line.booked_on:%d.%m.%Y}"
    if isinstance(paid, PaymentFile):
        line.paid_file = payouts.note_executed(paid, on=line.booked_on, by=by, actor=actor, now=now)
    else:
        line.refund = payouts.note_transfer_left(paid, on=line.booked_on, by=by, actor=actor, now=now)
    line.save(update_fields=["paid_file", "refund"])
    _decide(line, Line.State.PAYOUT, actor=actor, now=now)
    record(events.LINE_PAID_OUT, line, actor=actor, at=now, paid=str(paid), amount=-line.amount)
    return line


@transaction.atomic
def set_aside(line: Line, reason: str, *, actor: User, now: datetime) -> Line:
    """The line is nothing receivables knows: a fee, a transfer of our own. Nothing is posted."""
    line = _lock(line, Line.State.NEW, Line.State.DOUBTFUL)
    if not 0 < len(reason.strip()) <= 300:
        raise Invalid(
            "Say what it is, in at most 300 characters.",
            field="reason",
            rule="a_bank_line_is_set_aside_for_a_reason",
            mend="For example: bank fee of October.",
        )
    line.reason = reason.strip()
    _decide(line, Line.State.ASIDE, actor=actor, now=now)
    record(events.LINE_SET_ASIDE, line, actor=actor, at=now, reason=line.reason, amount=line.amount)
    return line


@transaction.atomic
def take_up(line: Line, *, actor: User, now: datetime) -> Line:
    """A line set aside waits again."""
    line = _lock(line, Line.State.ASIDE)
    line.reason = ""
    _decide(line, Line.State.NEW, actor=actor, now=now)
    record(events.LINE_TAKEN_UP, line, actor=actor, at=now)
    return line


def learn_payer(line: Line, customer: Customer, *, now: datetime) -> None:
    """Remember account and name this customer pays with; only what a person said is learned."""
    if not (line.party_account or line.party_name):
        return
    payer, is_new = Payer.objects.get_or_create(
        entity=line.account.entity,
        customer=customer,
        account=line.party_account,
        name=line.party_name,
        defaults={"learned_at": now},
    )
    if not is_new:
        Payer.objects.filter(pk=payer.pk).update(times=F("times") + 1)


def forget_payer(line: Line, customer_id: int) -> None:
    """Forget that this customer pays from the line's account or under its name: it was somebody else."""
    Payer.objects.filter(
        entity=line.account.entity_id,
        customer=customer_id,
        account=line.party_account,
        name=line.party_name,
    ).delete()


def _posted_on(line: Line, *, late: bool) -> date:
    return first_open_day(line.account.entity_id, line.booked_on) if late else line.booked_on


def _let_go(choice: Choice) -> Sequence[Invoice]:
    if not choice.let_go:
        return ()
    items = [part.item_id for part in choice.parts]
    return list(Invoice.objects.filter(instalments__open_item__in=items).distinct())


def _lock(line: Line, *states: str) -> Line:
    line = (
        Line.objects.select_for_update(of=("self",))
        .select_related("account__entity", "payment")
        .get(pk=line.pk)
    )
    if line.state not in states:
        raise NotToBook(
            f"The line over {plain(line.amount, line.currency)} {line.currency} {_IS[line.state]}.",
            rule="a_bank_line_is_decided_once",
            mend="Look at what it became." if line.payment_id else "Reload the page.",
        )
    return line


def _refuse_outgoing(line: Line) -> None:
    if line.amount <= 0:
        raise NotToBook(
            f"{plain(-line.amount, line.currency)} {line.currency} went out; only what came is a receipt.",
            rule="a_receipt_is_more_than_nothing",
            mend="Say which receipt was returned, or set the line aside.",
        )


def _decide(
    line: Line,
    state: str,
    *,
    actor: User | None,
    now: datetime,
    payment: Payment | None = None,
    returned: Payment | None = None,
) -> None:
    line.state, line.payment, line.returned = state, payment, returned
    line.decided_by, line.decided_at = actor, now
    line.save(update_fields=["state", "payment", "returned", "reason", "decided_by", "decided_at"])
