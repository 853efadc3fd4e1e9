"""Deciding a proposal, withdrawing, closing and coming back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.errors import Refused
from disputes import events, rules
from disputes.models import Dispute, Holding, Part, Pause, Proposal
from disputes.operations._clocks import start_clocks
from disputes.operations._common import (
    State,
    end_advice,
    hold_by,
    locked,
    meet,
    move,
    note_fact,
    refuse_over,
    want_advice,
    worded,
)
from disputes.operations._preventing import propose_prevention
from disputes.operations._proposing import authors_of
from feedback.models import Cause
from feedback.operations import note_cause
from invoices import operations as invoices
from invoices.models import Invoice
from payments import operations as payments
from payments.models import WriteOff
from team.models import User
from work import operations as work
from work.models import Approval
from work.queries import approvals_of


class NotYoursToDecide(Refused):
    """Whoever wrote the invoice, or proposed it, does not decide."""


@transaction.atomic
def accept(dispute: Dispute, *, actor: User | None, now: datetime, confirmed: Sequence[str] = ()) -> Dispute:
    """A second person agrees: documents are issued, the hold ends, the customer gets the answer.

    `actor` None finishes what was approved without a person. `confirmed` are the flags of the credit note.
    """
    work.one_at_a_time([dispute.customer_id])
    dispute = locked(dispute)
    rules.check_next(dispute.state, State.RESOLVED)
    proposal = _pending(dispute)
    _refuse_author(dispute, proposal, actor)
    # What is in dispute is asked for or given up in this transaction: nothing of it stays held.
    _release(dispute, actor=actor, now=now)
    if proposal.credit_note is not None:
        _issue(proposal.credit_note, actor=actor, confirmed=confirmed, now=now)
    # As with the credit note: what was booked on its own page is used.
    if (
        proposal.write_off is not None
        and actor is not None
        and proposal.write_off.state != WriteOff.State.BOOKED
    ):
        payments.approve_write_off(proposal.write_off, actor=actor, now=now)
    if proposal.outcome == rules.REBILL:
        proposal.new_invoice = invoices.rebill(dispute.invoice, None, actor=proposal.proposed_by, now=now)
    if proposal.outcome == rules.REJECT and (question := _question(proposal)) is not None and actor:
        work.approve(question, actor=actor, now=now)
    proposal.state, proposal.decided_by, proposal.decided_at = Proposal.State.ACCEPTED, actor, now
    proposal.save(update_fields=["state", "decided_by", "decided_at", "new_invoice"])
    dispute.credited = proposal.amount if proposal.outcome != rules.WRITE_OFF else Decimal(0)
    _close(
        dispute,
        State.RESOLVED,
        outcome=proposal.outcome,
        cause=proposal.root_cause,
        recap=_recap(proposal),
        actor=actor,
        now=now,
    )
    note_fact(
        events.DISPUTE_RESOLVED,
        dispute,
        actor=actor,
        now=now,
        outcome=proposal.outcome,
        root_cause=proposal.root_cause,
        is_ours=proposal.outcome in rules.UPHELD and proposal.root_cause in rules.BILLING_CAUSES,
        credited=dispute.credited,
    )
    propose_prevention(dispute, now=now)
    if proposal.outcome in rules.UPHELD:
        note_cause(
            Cause.objects.get(code=proposal.root_cause),
            dispute,
            actor=actor,
            now=now,
            entity=dispute.entity,
            customer_id=dispute.customer_id,
        )
    return dispute


@transaction.atomic
def decline(dispute: Dispute, *, reason: str, actor: User, now: datetime) -> Dispute:
    """A second person says no: its documents are taken back, and it is investigated on."""
    work.one_at_a_time([dispute.customer_id])
    dispute = locked(dispute)
    if dispute.state != State.PROPOSED:
        raise rules.NotAllowedNow(f"Nothing is proposed for {dispute}.", rule="a_proposal_is_decided_once")
    reason = worded(reason, field="reason", least=5, most=300)
    proposal = _pending(dispute)
    _refuse_author(dispute, proposal, actor)
    _take_back(proposal, reason=reason, actor=actor, now=now)
    move(dispute, State.INVESTIGATING, now=now)
    note_fact(events.DISPUTE_DECLINED, dispute, actor=actor, now=now, reason=reason)
    return dispute


@transaction.atomic
def withdraw(
    dispute: Dispute, *, reason: str, actor: User | None, now: datetime, by_customer: bool = False
) -> Dispute:
    """The customer does not insist: all of it is asked for again. `by_customer`: they said so themselves."""
    work.one_at_a_time([dispute.customer_id])
    dispute = locked(dispute)
    refuse_over(dispute)
    rules.check_next(dispute.state, State.WITHDRAWN)
    reason = worded(reason, field="reason", least=5, most=300)
    _release(dispute, actor=actor, now=now)
    end_advice(dispute, now=now)
    _close(
        dispute,
        State.WITHDRAWN,
        outcome=rules.GIVEN_UP,
        cause="customer",
        recap=reason,
        actor=actor,
        now=now,
    )
    note_fact(events.DISPUTE_WITHDRAWN, dispute, actor=actor, now=now, reason=reason, by_customer=by_customer)
    return dispute


@transaction.atomic
def close_unanswered(dispute: Dispute, *, now: datetime) -> Dispute:
    """Ten working days without an answer: it is closed, and the customer may say that it is not solved."""
    dispute = locked(dispute)
    due = dispute.customer_due_at
    if dispute.state != State.WAITING or due is None or due > now:
        raise rules.NotAllowedNow(f"{dispute} waits on.", rule="a_dispute_waits_its_time")
    _release(dispute, actor=None, now=now)
    _close(
        dispute,
        State.WITHDRAWN,
        outcome=rules.GIVEN_UP,
        cause="customer",
        recap=rules.UNANSWERED,
        actor=None,
        now=now,
    )
    note_fact(events.DISPUTE_UNANSWERED, dispute, actor=None, now=now)
    return dispute


@transaction.atomic
def reopen(dispute: Dispute, *, reason: str, actor: User | None, now: datetime) -> Dispute:
    """Take it up again: same owner, new clocks. The customer (no actor) may once, within 30 days."""
    dispute = locked(dispute)
    if not dispute.is_over:
        raise rules.NotAllowedNow(f"{dispute} is open.", rule="an_ended_dispute_is_reopened")
    if actor is None and not rules.may_reopen(
        closed_at=dispute.closed_at, was_reopened=dispute.was_reopened, now=now
    ):
        raise rules.NotAllowedNow(
            f"{dispute} was reopened before, or ended more than 30 days ago.",
            rule="a_customer_reopens_once_within_30_days",
            mend="Write to us about the invoice.",
        )
    reason = worded(reason, field="reason", least=3, most=2_000)
    dispute.round += 1
    dispute.level, dispute.breached_at, dispute.first_answered_at = 1, None, None
    dispute.closed_at, dispute.closed_by, dispute.reopened_at = None, None, now
    dispute.begun_at = now
    dispute.was_reopened = dispute.was_reopened or actor is None
    dispute.outcome, dispute.root_cause, dispute.recap = "", "", ""
    _hold_again(dispute, actor=actor, now=now)
    want_advice(dispute, now=now)
    move(dispute, State.INVESTIGATING, now=now)
    start_clocks(dispute, now=now)
    hold_by(dispute, dispute.owner, reason="Reopened", now=now)
    note_fact(
        events.DISPUTE_REOPENED, dispute, actor=actor, now=now, by_customer=actor is None, reason=reason[:300]
    )
    return dispute


def _pending(dispute: Dispute) -> Proposal:
    rows = Proposal.objects.select_related(
        "credit_note", "write_off__invoice", "proposed_by", "dispute__entity"
    )
    return rows.get(dispute=dispute, state=Proposal.State.PENDING)


def _question(proposal: Proposal) -> Approval | None:
    return approvals_of(proposal).filter(state=Approval.State.PENDING).first()


def _refuse_author(dispute: Dispute, proposal: Proposal, actor: User | None) -> None:
    if actor is None:
        return
    if actor.pk in authors_of(dispute.invoice):
        raise NotYoursToDecide(
            "You wrote this invoice, so somebody else decides what becomes of the dispute.",
            rule="the_author_of_an_invoice_decides_no_dispute_about_it",
            mend="Ask a colleague with the limit for it.",
        )
    if actor.pk == proposal.proposed_by_id and not _is_free(proposal):
        raise NotYoursToDecide(
            "You proposed this, so somebody else decides.",
            rule="nobody_approves_their_own_request",
            mend="Ask a colleague with the limit for it.",
        )


def _is_free(proposal: Proposal) -> bool:
    """Whether what is proposed needs nobody: a rejection within the limit that is passed without a person."""
    return proposal.outcome == rules.REJECT and _question(proposal) is None


def _issue(note: Invoice, *, actor: User | None, confirmed: Sequence[str], now: datetime) -> None:
    """Approve and issue the credit note, as far as somebody has not done it on its own page."""
    if note.document_status == Invoice.Status.PENDING and actor is not None:
        note = invoices.approve_invoice(note, actor=actor, now=now, confirmed=confirmed)
    if not note.is_issued:
        invoices.issue_invoice(note, actor=actor, now=now)


def _take_back(proposal: Proposal, *, reason: str, actor: User, now: datetime) -> None:
    note = proposal.credit_note
    if note is not None and note.is_issued:
        raise Refused(
            f"{note} is issued already.",
            rule="an_issued_document_stays",
            mend="Accept the proposal; what was too much can be billed anew.",
        )
    if note is not None:
        if note.document_status == Invoice.Status.PENDING:
            note = invoices.reject_invoice(note, actor=actor, now=now, reason=reason)
        invoices.discard_draft(note, actor=actor, now=now)
    if proposal.write_off is not None and proposal.write_off.state == WriteOff.State.BOOKED:
        raise Refused(
            f"The write-off of {proposal.write_off.invoice} is booked already.",
            rule="a_booked_write_off_stays",
            mend="Accept the proposal; what was too much can be taken back on the page of the write-off.",
        )
    if proposal.write_off is not None and proposal.write_off.state == WriteOff.State.PENDING:
        payments.reject_write_off(proposal.write_off, actor=actor, now=now, reason=reason)
    if (question := _question(proposal)) is not None:
        work.reject(question, actor=actor, now=now, reason=reason)
    proposal.state, proposal.why_not = Proposal.State.DECLINED, reason[:300]
    proposal.decided_by, proposal.decided_at = actor, now
    proposal.save(update_fields=["state", "why_not", "decided_by", "decided_at"])


def _recap(proposal: Proposal) -> str:
    return "\n\n".join(text for text in (proposal.answer, proposal.evidence) if text)


def _release(dispute: Dispute, *, actor: User | None, now: datetime) -> None:
    for part in Part.objects.filter(dispute=dispute, is_open=True).select_related("hold__invoice"):
        if part.hold is not None and part.hold.released_at is None:
            invoices.release(part.hold, actor=actor, now=now, kind="dispute")
    Part.objects.filter(dispute=dispute).update(is_open=False)


def _close(
    dispute: Dispute,
    state: str,
    *,
    outcome: str,
    cause: str,
    recap: str,
    actor: User | None,
    now: datetime,
) -> None:
    dispute.outcome, dispute.root_cause, dispute.recap = outcome, cause, recap
    dispute.closed_at, dispute.closed_by = now, actor
    move(dispute, state, now=now)
    meet(dispute, now=now)
    Pause.objects.filter(dispute=dispute, until_at__isnull=True).update(until_at=now)
    Holding.objects.filter(dispute=dispute, until_at__isnull=True).update(until_at=now)


def _hold_again(dispute: Dispute, *, actor: User | None, now: datetime) -> None:
    """Hold what is still open of each part; what was credited or paid meanwhile is not open any more."""
    taken = Part.objects.filter(invoice=dispute.invoice, is_open=True)
    if taken.filter(line__in=dispute.parts.values("line")).exists() or (
        dispute.parts.filter(line=None).exists() and taken.filter(line=None).exists()
    ):
        raise rules.NotAllowedNow(
            "A part of it is in another open dispute.",
            rule="one_open_dispute_per_line",
            mend="Go on in that one.",
        )
    for part in dispute.parts.all():
        invoice = Invoice.objects.get(pk=dispute.invoice_id)
        free = min(part.amount, invoice.balance - invoice.held_amount)
        part.is_open, part.hold = True, None
        if free > 0 and invoice.document_status == Invoice.Status.ISSUED:
            part.hold = invoices.hold(
                invoice,
                free,
                reason=f"Disputed again: {dispute.get_reason_display()}",
                line=part.line,
                kind="dispute",
                actor=actor,
                now=now,
            )
        part.save(update_fields=["is_open", "hold"])


def finish_free(dispute: Dispute, *, actor: User, now: datetime) -> Dispute:
    """Resolve at once what needs no second person: a small rejection. Everything else waits."""
    proposal = dispute.proposals.filter(state=Proposal.State.PENDING).first()
    if proposal is None or not _is_free(proposal):
        return dispute
    return accept(dispute, actor=actor, now=now)
