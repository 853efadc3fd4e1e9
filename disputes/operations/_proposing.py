"""Proposing how a dispute ends. Its documents are written here by invoices and payments, and wait there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.errors import DomainError, Invalid, Refused
from core.money import plain, round_money, split, unit
from disputes import events, rules
from disputes.models import Dispute, Proposal
from disputes.operations._common import State, locked, move, note_fact, worded
from disputes.queries import goodwill_left, limits_of
from invoices import operations as invoices
from invoices.models import Invoice
from payments.models import WriteOff
from payments.operations import request_write_off
from team.models import User
from work import operations as work
from work.operations import Question

_CODES = {rules.GOODWILL: "GDW"}


class NotProposable(Refused):
    """The limits or the state of the invoice do not allow this end."""


@transaction.atomic
def propose(
    dispute: Dispute,
    *,
    outcome: str,
    root_cause: str,
    answer: str,
    actor: User,
    now: datetime,
    evidence: str = "",
    credit: Mapping[int, Decimal] | None = None,
) -> Proposal:
    """Propose an end; a second person decides. Without `credit` (line position -> net) all that is disputed
    is credited.

    `Refused` above what is disputed, above the budget of goodwill or the small limit, and where a legal
    adviser is to be asked first; `Invalid` without cause, answer or evidence.
    """
    work.one_at_a_time([dispute.customer_id])
    dispute = locked(dispute)
    rules.check_next(dispute.state, State.PROPOSED)
    proposal = _checked(
        dispute,
        outcome=outcome,
        root_cause=root_cause,
        answer=answer,
        evidence=evidence,
        actor=actor,
        now=now,
    )
    if outcome in (rules.CREDIT, rules.GOODWILL, rules.REBILL):
        proposal.credit_note = _credit(dispute, proposal, credit, actor=actor, now=now)
        proposal.amount = proposal.credit_note.payable
    elif outcome == rules.WRITE_OFF:
        proposal.write_off = _write_off(dispute, proposal, actor=actor, now=now)
        proposal.amount = proposal.write_off.amount
    proposal.amount_functional = _functional(dispute, proposal.amount)
    _refuse_above_limits(dispute, proposal, now=now)
    proposal.save(force_insert=True)
    if outcome == rules.REJECT:
        _ask(proposal, actor=actor, now=now)
    move(dispute, State.PROPOSED, now=now)
    note_fact(
        events.DISPUTE_PROPOSED,
        dispute,
        actor=actor,
        now=now,
        outcome=outcome,
        root_cause=root_cause,
        gives=proposal.amount,
    )
    return proposal


def to_credit(dispute: Dispute) -> dict[int, Decimal]:
    """What a credit of all that is disputed takes off each line: {position: net}.

    What is disputed of the invoice as a whole is laid on its lines in proportion to what is left of them.
    """
    left = {line.position: line.net for line in invoices.creditable(dispute.invoice).lines}
    wanted: dict[int, Decimal] = {}
    for part in dispute.parts.select_related("line"):
        if part.line is not None:
            position = part.line.position
            wanted[position] = min(part.net, left.get(position, Decimal(0)))
            left[position] = left.get(position, Decimal(0)) - wanted[position]
    for part in dispute.parts.filter(line=None):
        rest = {position: net for position, net in left.items() if net > 0}
        net = min(part.net, sum(rest.values(), Decimal(0)))
        shares = split(net, list(rest.values()), unit=unit(dispute.currency)) if rest else []
        for position, share in zip(rest, shares, strict=True):
            wanted[position] = wanted.get(position, Decimal(0)) + min(share, rest[position])
    return {position: net for position, net in wanted.items() if net > 0}


def authors_of(invoice: Invoice) -> set[int]:
    """Who wrote the invoice or changed it last: they decide no dispute about it."""
    return {pk for pk in (invoice.created_by_id, invoice.edited_by_id) if pk}


def _checked(
    dispute: Dispute,
    *,
    outcome: str,
    root_cause: str,
    answer: str,
    evidence: str,
    actor: User,
    now: datetime,
) -> Proposal:
    if outcome not in rules.PROPOSABLE:
        raise Invalid("Choose how it ends.", field="outcome", rule="a_dispute_ends_with_an_outcome")
    if root_cause not in rules.CAUSES:
        raise Invalid(
            "Say where it went wrong.",
            field="root_cause",
            rule="a_dispute_ends_with_a_root_cause",
            mend="Choose a cause; it decides what is done so that it does not happen again.",
        )
    answer = worded(answer, field="answer", least=20)
    if outcome == rules.REJECT:
        evidence = worded(evidence, field="evidence", least=20)
    return Proposal(
        dispute=dispute,
        outcome=outcome,
        root_cause=root_cause,
        answer=answer,
        evidence=evidence.strip()[:5_000],
        proposed_by=actor,
        proposed_at=now,
    )


def _credit(
    dispute: Dispute,
    proposal: Proposal,
    credit: Mapping[int, Decimal] | None,
    *,
    actor: User,
    now: datetime,
) -> Invoice:
    """The whole invoice for a rebill, what was asked for, or else all that is disputed."""
    if proposal.outcome == rules.REBILL or credit:
        return _credit_note(dispute, proposal, credit or None, actor=actor, now=now)
    wanted = to_credit(dispute)
    try:
        with transaction.atomic():
            return _credit_note(dispute, proposal, wanted, actor=actor, now=now)
    except NotProposable:
        # Net and tax are rounded apart, so that together they may come to a unit more than is disputed.
        largest = max(wanted, key=lambda position: wanted[position])
        wanted[largest] -= unit(dispute.currency)
        return _credit_note(dispute, proposal, wanted, actor=actor, now=now)


def _credit_note(
    dispute: Dispute,
    proposal: Proposal,
    wanted: Mapping[int, Decimal] | None,
    *,
    actor: User,
    now: datetime,
) -> Invoice:
    """A credit note that waits for its approval. The whole invoice for a rebill, else at most the dispute."""
    code = _CODES.get(proposal.outcome, dispute.reason)
    code = code if code in invoices.REASONS else "OTH"
    reason = f"{dispute.reference}: {proposal.get_outcome_display()}, {dispute.get_reason_display()}"
    invoice, barred = dispute.invoice, sorted(authors_of(dispute.invoice))
    if wanted is None:
        note = invoices.credit_in_full(invoice, reason_code=code, reason=reason, actor=actor, now=now)
        return invoices.submit_invoice(note, actor=actor, now=now, barred=barred)
    try:
        note = invoices.write_credit_note(
            invoice, wanted, reason_code=code, reason=reason, actor=actor, now=now
        )
    except DomainError as refusal:
        raise _of_credit(refusal) from refusal
    if note.payable > dispute.amount:
        raise NotProposable(
            f"{plain(note.payable, dispute.currency)} with tax is more than the"
            f" {plain(dispute.amount, dispute.currency)} {dispute.currency} in dispute.",
            field="credit",
            rule="no_more_is_credited_than_is_disputed",
            mend="Credit less, or write a credit note on the page of the invoice.",
        )
    return invoices.submit_invoice(note, actor=actor, now=now, barred=barred)


def _of_credit(refusal: DomainError) -> DomainError:
    """What the credit note says of its lines, said of the `credit` that was asked for."""
    if (refusal.field or "").startswith("lines"):
        same = Refused if isinstance(refusal, Refused) else Invalid
        return same(refusal.message, field="credit", rule=refusal.rule, mend=refusal.mend)
    return refusal


def _write_off(dispute: Dispute, proposal: Proposal, *, actor: User, now: datetime) -> WriteOff:
    small, books = limits_of(dispute.entity).small, dispute.entity.functional_currency
    if dispute.amount_functional > small:
        raise NotProposable(
            f"{plain(dispute.amount_functional, books)} {books} is above {plain(small, books)} {books},"
            " the most that is written off as small.",
            field="outcome",
            rule="a_small_write_off_is_small",
            mend="Credit it, reject it, or give it as goodwill.",
        )
    amount = min(dispute.amount, dispute.invoice.balance)
    return request_write_off(
        dispute.invoice,
        amount,
        reason=f"{dispute.reference}: {proposal.answer[:200]}",
        actor=actor,
        now=now,
        is_held=True,
        barred=sorted(authors_of(dispute.invoice)),
    )


def _refuse_above_limits(dispute: Dispute, proposal: Proposal, *, now: datetime) -> None:
    if proposal.outcome == rules.GOODWILL:
        left = goodwill_left(dispute.entity, now=now)
        if proposal.amount_functional > left:
            raise NotProposable(
                f"{left:,.2f} {dispute.entity.functional_currency} of this quarter's goodwill is left.",
                field="outcome",
                rule="goodwill_stays_within_its_budget",
                mend="Give less, or credit it with its real cause.",
            )


def _ask(proposal: Proposal, *, actor: User, now: datetime) -> None:
    """A rejection gives nothing away, but somebody else looks at it above the limit that needs nobody."""
    dispute = proposal.dispute
    if actor.pk in authors_of(dispute.invoice):
        raise NotProposable(
            "You wrote this invoice: somebody else judges the dispute about it.",
            field="outcome",
            rule="nobody_rejects_a_dispute_about_their_own_invoice",
            mend="Hand the dispute to a colleague.",
        )
    work.request_approval(
        proposal,
        Question(
            kind="dispute",
            label=f"{dispute.reference} of {dispute.customer.name}: reject",
            path=dispute.get_absolute_url(),
            snapshot=snapshot_of(proposal),
            entity=dispute.entity,
            customer_id=dispute.customer_id,
            amount=dispute.amount,
            currency=dispute.currency,
            amount_functional=dispute.amount_functional,
            barred=sorted(authors_of(dispute.invoice)),
        ),
        actor=actor,
        now=now,
    )


def snapshot_of(proposal: Proposal) -> dict[str, str]:
    """What a second person agrees to."""
    return {
        "dispute": str(proposal.dispute_id),
        "outcome": proposal.outcome,
        "answer": proposal.answer,
        "evidence": proposal.evidence,
    }


def _functional(dispute: Dispute, amount: Decimal) -> Decimal:
    return round_money(amount * dispute.invoice.fx_rate, dispute.entity.functional_currency)
