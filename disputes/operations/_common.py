"""What the acts on disputes share: the lock, the step, the trail, the checks of texts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.errors import Invalid
from disputes import rules
from disputes.models import Clock, Dispute, Holding
from disputes.queries import Matrix, advice_key, limits_of
from invoices import operations as invoices
from team.models import User
from trail.operations import record

State = Dispute.State


def locked(dispute: Dispute) -> Dispute:
    """The dispute as it is now, held until the transaction ends."""
    rows = Dispute.objects.select_for_update(of=("self",))
    return rows.select_related("entity", "hours", "customer", "invoice", "owner", "thread", "contact").get(
        pk=dispute.pk
    )


def move(dispute: Dispute, state: str, *, now: datetime) -> None:
    """Take the locked dispute to another state, if the table has the step; saved with its next level."""
    rules.check_next(dispute.state, state)
    dispute.state, dispute.changed_at = state, now
    if state != State.WAITING:
        dispute.customer_due_at = None
    Matrix().plan(dispute)
    dispute.save()


def refuse_over(dispute: Dispute) -> None:
    """Refuse an act on a dispute that has ended."""
    if dispute.is_over:
        raise rules.NotAllowedNow(
            f"{dispute} is {dispute.get_state_display().lower()}.",
            rule="an_ended_dispute_rests",
            mend="Reopen it first.",
        )


def want_advice(dispute: Dispute, *, now: datetime) -> None:
    """From the legal limit on an adviser is asked before it is written off or goes to court."""
    if dispute.amount_functional >= limits_of(dispute.entity).legal and dispute.consulted_at is None:
        key = advice_key(dispute.pk)
        invoices.want_advice(dispute.invoice, dispute.amount, key=key, label=dispute.reference, now=now)


def end_advice(dispute: Dispute, *, now: datetime) -> None:
    """The adviser was asked, or the customer does not insist."""
    invoices.end_advice(advice_key(dispute.pk), now=now)


def meet(dispute: Dispute, *kinds: str, now: datetime) -> None:
    """Stop clocks of this round: what they waited for was done."""
    rows = Clock.objects.filter(dispute=dispute, round=dispute.round, met_at__isnull=True)
    (rows.filter(kind__in=kinds) if kinds else rows).update(met_at=now)


def hold_by(
    dispute: Dispute,
    accountable: User,
    *,
    reason: str,
    now: datetime,
    deputy_of: User | None = None,
) -> Holding:
    """From now on this person answers for it; who held it before, until now."""
    Holding.objects.filter(dispute=dispute, until_at__isnull=True).update(until_at=now)
    return Holding.objects.create(
        dispute=dispute,
        level=dispute.level,
        responsible=dispute.owner,
        accountable=accountable,
        deputy_of=deputy_of,
        consulted=rules.REASONS[dispute.reason].consults,
        informed=dispute.contact,
        from_at=now,
        reason=reason[:300],
    )


def worded(text: str, *, field: str, least: int, most: int = 5_000) -> str:
    """The text without control characters; refused when it says too little or too much."""
    clean = "".join(c for c in text.replace("\r\n", "\n") if c in "\n\t" or ord(c) >= 32).strip()
    if len(clean) < least:
        raise Invalid(
            "Say it in a sentence." if least < 20 else f"Write at least {least} characters.",
            field=field,
            rule="a_dispute_is_told_in_words",
            mend="Whoever reads it must understand it without asking.",
        )
    if len(clean) > most:
        raise Invalid(
            f"The text has {len(clean):,} characters; {most:,} are the most.",
            field=field,
            rule="a_text_has_a_largest_length",
            mend="Shorten it, or attach a file.",
        )
    return clean


def note_fact(fact: str, dispute: Dispute, *, actor: User | None, now: datetime, **payload: Any) -> None:
    """The act on the trail, with what lists and notices need of it."""
    record(
        fact,
        dispute,
        actor=actor,
        at=now,
        customer_id=dispute.customer_id,
        **{
            "invoice": dispute.invoice.number,
            "amount": dispute.amount,
            "currency": dispute.currency,
            "cause": dispute.reason,
            "level": dispute.level,
            **payload,
        },
    )
