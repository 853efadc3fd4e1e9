"""A customer disputes an amount: it is held, gets an owner and a clock, and the rest stays due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from conversations.files import File
from conversations.models import Channel as Talk
from conversations.operations import receive_message
from core.errors import DomainError, Invalid, Refused
from core.money import amount as exact_amount
from core.money import plain, round_money
from customers.models import Contact
from disputes import events, rules
from disputes.models import Channel, Dispute, Part
from disputes.operations._clocks import start_clocks
from disputes.operations._common import hold_by, note_fact, want_advice, worded
from disputes.operations._owners import owner_for
from disputes.queries import Matrix, current_playbook, limits_of
from entities.queries import local_day
from invoices.models import Invoice, Line
from invoices.operations import creditable, hold
from policies.queries import clauses_of
from team.models import User

_TALKS = {
    Channel.PORTAL: Talk.PORTAL,
    Channel.STAFF: Talk.STAFF,
    Channel.API: Talk.STAFF,
    Channel.BANK: Talk.STAFF,
}
_DISPUTABLE = (Invoice.Type.INVOICE, Invoice.Type.DEBIT_NOTE, Invoice.Type.DEPOSIT)


class NotDisputable(Refused):
    """Nothing of it is open, or it is disputed already."""


@dataclass(frozen=True)
class Claim:
    """What is disputed: a line by its position (None: the invoice as a whole), and how much of it with tax;
    without an amount all of it."""

    position: int | None = None
    amount: Decimal | None = None


@transaction.atomic
def raise_dispute(
    invoice: Invoice,
    claims: Sequence[Claim],
    *,
    reason: str,
    detail: str,
    channel: str,
    actor: User | None,
    now: datetime,
    contact: Contact | None = None,
    files: Sequence[File] = (),
    external_id: str = "",
) -> Dispute:
    """Hold exactly the disputed amounts and give them an owner; the same `external_id` is taken once.

    `Refused` when nothing is open, when a line is in an open dispute already, or above what is open and not
    held; `Invalid` for an unknown reason, line or amount, and for words that say nothing. A refusal names the
    claim as `parts[0].amount`.
    """
    invoice = _locked(invoice)
    before = Dispute.objects.filter(external_id=external_id).first() if external_id else None
    if before is not None:
        return _same(before, invoice)
    detail = _checked(invoice, reason, detail, files)
    parts = [_part(invoice, claim, f"parts[{at}]") for at, claim in enumerate(claims)]
    _refuse_twice(invoice, parts)
    _refuse_more_than_open(invoice, parts)
    dispute = _write(
        invoice,
        parts,
        reason=reason,
        detail=detail,
        channel=channel,
        actor=actor,
        contact=contact,
        external_id=external_id,
        now=now,
    )
    for part in parts:
        part.dispute = dispute
        part.hold = hold(
            invoice,
            part.amount,
            reason=f"Disputed: {rules.REASONS[reason].name}",
            line=part.line,
            kind="dispute",
            actor=actor,
            now=now,
        )
    Part.objects.bulk_create(parts)
    want_advice(dispute, now=now)
    start_clocks(dispute, now=now)
    hold_by(dispute, dispute.owner, reason="Raised", now=now)
    _talk(dispute, files, external_id, now)
    Matrix().plan(dispute)
    dispute.save(update_fields=["thread", "escalate_at", "escalate_to"])
    note_fact(events.DISPUTE_RAISED, dispute, actor=actor, now=now, channel=channel, owner=dispute.owner_id)
    return dispute


def _same(before: Dispute, invoice: Invoice) -> Dispute:
    if before.invoice_id != invoice.pk:
        raise Refused(
            "This external id names a dispute of another invoice.",
            field="external_id",
            rule="a_dispute_is_taken_once",
            mend="Send an id of its own for each dispute.",
        )
    return before


def _locked(invoice: Invoice) -> Invoice:
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("entity", "customer__owner")
    return rows.get(pk=invoice.pk)


def _checked(invoice: Invoice, reason: str, detail: str, files: Sequence[File]) -> str:
    if invoice.document_type not in _DISPUTABLE or invoice.document_status != Invoice.Status.ISSUED:
        raise NotDisputable(
            f"{invoice} asks for nothing.",
            rule="an_issued_invoice_is_disputed",
            mend="Write to us about it instead.",
        )
    if reason not in rules.REASONS:
        raise Invalid(
            "Choose a reason.", field="reason", rule="a_dispute_has_a_reason", mend="Choose one of the list."
        )
    if len(files) > rules.MOST_FILES:
        raise Invalid(
            f"{len(files)} files are too many.",
            field="files",
            rule="a_dispute_has_few_files",
            mend=f"Send at most {rules.MOST_FILES}; more can follow in the conversation.",
        )
    return worded(detail, field="detail", least=20 if reason == "OTH" else 5)


def _part(invoice: Invoice, claim: Claim, name: str) -> Part:
    line = None
    if claim.position is not None:
        line = invoice.lines.filter(position=claim.position).first()
        if line is None:
            raise Invalid(
                f"{invoice} has no line {claim.position}.",
                field=f"{name}.line",
                rule="a_dispute_is_about_a_line_of_its_invoice",
                mend="Choose one of its lines.",
            )
    free = invoice.balance - invoice.held_amount
    most = _left(invoice, line) if line else free
    amount = min(most, free)
    if claim.amount is not None:
        amount = exact_amount(claim.amount, invoice.currency, field=f"{name}.amount")
    if amount <= 0 or amount > most:
        raise _too_much(invoice, line, name, amount=amount, most=most, free=free)
    rate = line.rate if line else None
    net, tax = _split(invoice, amount, line)
    category = line.category if line else ""
    return Part(invoice=invoice, line=line, amount=amount, net=net, tax=tax, rate=rate, category=category)


def _too_much(
    invoice: Invoice, line: Line | None, name: str, *, amount: Decimal, most: Decimal, free: Decimal
) -> DomainError:
    said = plain(most, invoice.currency)
    if line and not most:
        return NotDisputable(
            f"Line {line.position} was credited already.",
            field=f"{name}.line",
            rule="no_more_is_disputed_than_was_billed",
            mend="Choose another line.",
        )
    return (NotDisputable if not free else Invalid)(
        f"{plain(amount, invoice.currency)} {invoice.currency} cannot be disputed: "
        + (f"line {line.position} comes to {said} with tax." if line else f"{said} is open."),
        field=f"{name}.amount",
        rule="no_more_is_disputed_than_was_billed",
        mend=f"Enter more than 0 and at most {said}.",
    )


def _left(invoice: Invoice, line: Line) -> Decimal:
    """What is left of a line with its tax, when what was credited of it is taken off."""
    left = {one.position: one.net for one in creditable(invoice).lines}.get(line.position, Decimal(0))
    whole = _gross(invoice, line)
    return whole if left >= line.taxable else min(whole, rules.gross_of(left, line.rate, invoice.currency))


def _gross(invoice: Invoice, line: Line) -> Decimal:
    if invoice.tax_rounding == "line":
        return line.taxable + line.tax
    return rules.gross_of(line.taxable, line.rate, invoice.currency)


def _split(invoice: Invoice, amount: Decimal, line: Line | None) -> tuple[Decimal, Decimal]:
    if line is not None:
        if amount == _gross(invoice, line):
            return line.taxable, amount - line.taxable
        return rules.split_tax(amount, line.rate, invoice.currency)
    share = invoice.tax_total / invoice.gross_total if invoice.gross_total else Decimal(0)
    tax = round_money(amount * share, invoice.currency)
    return amount - tax, tax


def _refuse_twice(invoice: Invoice, parts: Sequence[Part]) -> None:
    if not parts:
        raise Invalid(
            "Say what is disputed.",
            field="parts",
            rule="a_dispute_has_parts",
            mend="Choose a line, or an amount of the whole invoice.",
        )
    taken = {part.line_id for part in Part.objects.filter(invoice=invoice, is_open=True)}
    wanted = [part.line_id for part in parts]
    if len(set(wanted)) < len(wanted) or taken & set(wanted):
        raise NotDisputable(
            "This is in dispute already.",
            field="parts",
            rule="one_open_dispute_per_line",
            mend="Write on in the conversation of that dispute.",
        )


def _refuse_more_than_open(invoice: Invoice, parts: Sequence[Part]) -> None:
    amount, free = sum((part.amount for part in parts), Decimal(0)), invoice.balance - invoice.held_amount
    if amount > free:
        most = plain(free, invoice.currency)
        raise NotDisputable(
            f"{plain(amount, invoice.currency)} is more than the {most} {invoice.currency} that is"
            " open and not held.",
            field="parts",
            rule="no_more_is_held_than_is_open",
            mend=f"Dispute at most {most} in all.",
        )


def _write(
    invoice: Invoice,
    parts: Sequence[Part],
    *,
    reason: str,
    detail: str,
    channel: str,
    actor: User | None,
    contact: Contact | None,
    external_id: str,
    now: datetime,
) -> Dispute:
    amount = sum((part.amount for part in parts), Decimal(0))
    functional = round_money(amount * invoice.fx_rate, invoice.entity.functional_currency)
    return Dispute.objects.create(
        entity=invoice.entity,
        customer=invoice.customer,
        invoice=invoice,
        contact=contact,
        playbook=current_playbook(reason),
        channel=channel,
        external_id=external_id,
        raised_by=actor,
        reason=reason,
        detail=detail,
        is_in_time=_is_in_time(invoice, now),
        currency=invoice.currency,
        amount=amount,
        amount_functional=functional,
        track=rules.track_of(reason, functional, limits_of(invoice.entity)),
        owner=owner_for(reason, invoice.customer, invoice.entity, now=now),
        raised_at=now,
        begun_at=now,
        changed_at=now,
    )


def _is_in_time(invoice: Invoice, now: datetime) -> bool:
    """Whether the policy's window is open. A late dispute is taken all the same; the owner sees it."""
    if invoice.policy_version is None or invoice.issued_on is None:
        return True
    window = clauses_of(invoice.policy_version).dispute_window_days
    return local_day(invoice.entity, now) <= invoice.issued_on + timedelta(days=window)


def _talk(dispute: Dispute, files: Sequence[File], external_id: str, now: datetime) -> None:
    """What the customer said opens the conversation; files are kept with it."""
    post = receive_message(
        customer=dispute.customer,
        body=dispute.detail,
        subject=f"{dispute.reference} {dispute.invoice.number}",
        about=dispute,
        contact=dispute.contact,
        sender=dispute.contact.email if dispute.contact else "",
        channel=_TALKS[Channel(dispute.channel)],
        external_id=f"dispute:{external_id}" if external_id else "",
        files=files,
        is_quiet=True,
        now=now,
    )
    dispute.thread = post.thread
