"""A later due date of an issued invoice: asked for with a reason, decided, and followed by everything."""

from datetime import date, datetime, timedelta

from django.db import transaction

from core.errors import Invalid, Refused
from core.money import round_money
from entities.queries import local_day
from invoices.events import DUE_DATE_ASKED, DUE_DATE_MOVED, DUE_DATE_REJECTED
from invoices.models import DueDateMove, Instalment, Invoice
from invoices.operations._drafts import lock
from invoices.operations._settlement import sync_settlement
from ledger.models import OpenItem
from ledger.operations import lock_items
from team.models import User
from trail.operations import record
from work import operations as work
from work.models import Approval
from work.queries import approvals_of

KIND = "due_date"
FURTHEST = timedelta(days=180)
"""An extension ends so long after the day the document names; whoever needs longer has a payment plan."""
_LEAST = 5
State = DueDateMove.State


class DueDateNotMoved(Refused):
    """The document has nothing open, or its due date changed meanwhile."""


@transaction.atomic
def ask_due_date(
    invoice: Invoice,
    to: date,
    *,
    reason: str,
    actor: User,
    now: datetime,
    number: int | None = None,
) -> DueDateMove:
    """Ask for the next open instalment, or that of `number`, to be due on a later day.

    It holds at once where the open amount needs no second person; else somebody else decides.
    """
    invoice = lock(invoice)
    part, item = _open_part(invoice, number)
    before = item.due_on or part.due_on
    _refuse_day(part, before, to, local_day(invoice.entity, now))
    reason = " ".join(reason.split())
    if len(reason) < _LEAST:
        raise Invalid(
            "Say why it may be paid later.",
            field="reason",
            rule="a_moved_due_day_has_a_reason",
            mend=f"Write at least {_LEAST} characters, like who agreed and what for.",
        )
    if invoice.due_date_moves.filter(state=State.PENDING).exists():
        raise DueDateNotMoved(
            f"A later due date of {invoice} waits already.",
            rule="one_move_waits_per_invoice",
            mend="Have that one decided first.",
        )
    row = DueDateMove.objects.create(
        invoice=invoice,
        instalment=part,
        from_on=before,
        to_on=to,
        reason=reason[:300],
        requested_by=actor,
        requested_at=now,
    )
    _record(DUE_DATE_ASKED, row, actor=actor, now=now, reason=row.reason)
    approval = work.request_approval(
        row,
        work.Question(
            kind=KIND,
            label=f"Later due date of {invoice.number}, {invoice.customer.name}",
            path=row.get_absolute_url(),
            snapshot={
                "invoice": str(invoice.number),
                "instalment": part.number,
                "from": before.isoformat(),
                "to": to.isoformat(),
                "open": str(item.open_amount),
                "reason": row.reason,
            },
            entity=invoice.entity,
            customer_id=invoice.customer_id,
            amount=item.open_amount,
            currency=invoice.currency,
            amount_functional=round_money(
                item.open_amount * invoice.fx_rate, invoice.entity.functional_currency
            ),
        ),
        actor=actor,
        now=now,
    )
    return _move(row, actor=None, now=now) if approval.state == Approval.State.APPROVED else row


@transaction.atomic
def approve_due_date(row: DueDateMove, *, actor: User, now: datetime) -> DueDateMove:
    """Agree: the later day holds from now on."""
    row = _pending(row)
    work.approve(approvals_of(row).get(state=Approval.State.PENDING), actor=actor, now=now)
    return _move(row, actor=actor, now=now)


@transaction.atomic
def reject_due_date(row: DueDateMove, *, actor: User, now: datetime, reason: str) -> DueDateMove:
    """The day stays as it is."""
    row = _pending(row)
    work.reject(approvals_of(row).get(state=Approval.State.PENDING), actor=actor, now=now, reason=reason)
    row.state = State.REJECTED
    row.save(update_fields=["state"])
    _record(DUE_DATE_REJECTED, row, actor=actor, now=now, reason=reason)
    return row


def _move(row: DueDateMove, *, actor: User | None, now: datetime) -> DueDateMove:
    invoice = row.invoice
    part, item = _open_part(invoice, row.instalment.number)
    if item.due_on != row.from_on:
        raise DueDateNotMoved(
            f"{invoice} is due on {item.due_on} by now.",
            rule="a_due_day_moves_from_where_it_is",
            mend="Reject it and ask again.",
        )
    _refuse_day(part, row.from_on, row.to_on, local_day(invoice.entity, now))
    OpenItem.objects.filter(pk=item.pk).update(due_on=row.to_on)
    sync_settlement([invoice.pk])
    row.state = State.MOVED
    row.save(update_fields=["state"])
    _record(DUE_DATE_MOVED, row, actor=actor or row.requested_by, now=now, reason=row.reason)
    return row


def _open_part(invoice: Invoice, number: int | None) -> tuple[Instalment, OpenItem]:
    """The instalment with its locked open item: that of the number, else the one due next."""
    parts = list(invoice.instalments.filter(open_item__isnull=False)) if invoice.is_issued else []
    items = lock_items([part.open_item_id for part in parts if part.open_item_id])
    found = [
        (part, item)
        for part in parts
        if (item := items[part.open_item_id or 0]).open_amount and number in {None, part.number}
    ]
    if not found or found[0][1].side != OpenItem.Side.DEBIT:
        raise DueDateNotMoved(
            f"{invoice} has nothing open that could be due later.",
            rule="an_open_instalment_is_moved",
            mend="Only an issued invoice with an open amount can be due later.",
        )
    return min(found, key=lambda each: (each[1].due_on, each[0].number))


def _refuse_day(part: Instalment, before: date, to: date, today: date) -> None:
    last = part.due_on + FURTHEST
    if to <= before or to < today:
        raise Invalid(
            f"It is due on {before:%-d %B %Y} already.",
            field="to",
            rule="a_due_day_moves_later",
            mend=f"Choose a day after {max(before, today - timedelta(days=1)):%-d %B %Y}.",
        )
    if to > last:
        raise Invalid(
            f"A due date moves at most {FURTHEST.days} days.",
            field="to",
            rule="an_extension_has_an_end",
            mend=f"Choose a day up to {last:%-d %B %Y}, or offer a payment plan.",
        )


def _pending(row: DueDateMove) -> DueDateMove:
    lock(Invoice.objects.get(pk=row.invoice_id))
    rows = DueDateMove.objects.select_for_update(of=("self",))
    row = rows.select_related("invoice__entity", "invoice__customer", "instalment").get(pk=row.pk)
    if row.state != State.PENDING:
        raise DueDateNotMoved("This was decided before.", rule="a_question_is_answered_once")
    return row


def _record(fact: str, row: DueDateMove, *, actor: User | None, now: datetime, reason: str) -> None:
    record(
        fact,
        row.invoice,
        actor=actor,
        at=now,
        customer_id=row.invoice.customer_id,
        move=row.pk,
        instalment=row.instalment.number,
        before=row.from_on,
        to=row.to_on,
        reason=reason,
    )
