"""A case goes to an agency or to lawyers: asked, approved, packed, and taken back."""

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from cases.events import (
    HAND_OVER_APPROVED,
    HAND_OVER_ASKED,
    HAND_OVER_PACKED,
    HAND_OVER_RECALLED,
    HAND_OVER_REFUSED,
)
from cases.models import Action, Case, HandOver
from cases.operations._standing import leave_stage, locked, plan_next, reach_stage
from cases.packing import build_pack
from cases.queries import open_items_of
from core.errors import Invalid, Refused
from entities.queries import calendar_of, local_day
from invoices.operations import refuse_without_advice
from reminders.operations import pause, resume
from team.models import User
from trail.operations import record
from work import jobs
from work import operations as work
from work.models import Approval, Job
from work.queries import approvals_of

JOB_KIND = "hand_over_pack"
_STAGE = {HandOver.Kind.AGENCY: Case.Stage.AGENCY, HandOver.Kind.LEGAL: Case.Stage.LEGAL}
_LOOK_AGAIN_DAYS = 20


@transaction.atomic
def ask_hand_over(
    case: Case, *, kind: str, recipient: str, reason: str, actor: User, now: datetime
) -> HandOver:
    """Propose to give the case away. Somebody who may decide that agrees first."""
    case = locked(case)
    if case.closed_at is not None:
        raise Refused(f"The case of {case.customer} is closed.", rule="an_open_case_is_worked")
    if kind not in HandOver.Kind.values:
        raise Invalid("Choose an agency or lawyers.", field="kind", rule="a_hand_over_has_a_kind")
    if len(reason.strip()) < 10 or not recipient.strip():
        raise Invalid(
            "Say to whom, and why now.",
            field="reason" if recipient.strip() else "recipient",
            rule="a_hand_over_has_a_reason",
            mend="What was tried, and why more of it will not help: at least 10 characters.",
        )
    if not case.overdue:
        raise Refused(
            "Nothing undisputed is overdue.", rule="something_is_owed", mend="Settle the dispute first."
        )
    _refuse_without_advice(case, kind)
    if case.hand_overs.filter(state__in=["waiting", "packing", "ready"]).exists():
        raise Refused("This case is handed over, or about to be.", rule="a_case_is_handed_over_once")
    row = HandOver.objects.create(
        case=case,
        kind=kind,
        recipient=recipient.strip()[:160],
        reason=reason.strip()[:500],
        amount=case.overdue,
        currency=case.entity.functional_currency,
        asked_by=actor,
        asked_at=now,
    )
    work.request_approval(
        row,
        work.Question(
            kind="hand_over",
            label=f"Hand-over of {case.customer.name} to {row.recipient}",
            path=f"/collect/hand-overs/{row.pk}/",
            snapshot=_snapshot(row),
            entity=case.entity,
            customer_id=case.customer_id,
            amount=row.amount,
            currency=row.currency,
            amount_functional=row.amount,
        ),
        actor=actor,
        now=now,
    )
    _record(HAND_OVER_ASKED, row, actor=actor, now=now, reason=row.reason)
    return row


@transaction.atomic
def approve_hand_over(row: HandOver, *, actor: User, now: datetime) -> HandOver:
    """Agree: nobody reminds any more, the pack is made. The caller queues the job's task."""
    row = _locked(row, HandOver.State.WAITING)
    case = locked(row.case)
    if case.closed_at is not None:
        raise Refused("The case was closed meanwhile: it is paid.", rule="an_open_case_is_worked")
    _refuse_without_advice(case, row.kind)
    work.approve(_question(row), actor=actor, now=now)
    row.state, row.approved_at = HandOver.State.PACKING, now
    row.job = jobs.ask(
        JOB_KIND,
        title=f"Hand-over pack of {case.customer.name}",
        arguments={"hand_over": row.pk},
        total=1,
        actor=row.asked_by,
        now=now,
    )
    row.save(update_fields=["state", "approved_at", "job"])
    reach_stage(case, _STAGE[HandOver.Kind(row.kind)])
    on = calendar_of(case.entity).add_business_days(local_day(case.entity, now), _LOOK_AGAIN_DAYS)
    plan_next(case, Action.FOLLOW_AGENCY, on, f"With {row.recipient}", worked_at=now)
    pause(
        case.customer,
        kind="agency",
        reason=f"{row.get_kind_display()}: {row.recipient}",
        invoices=[item.instalment.invoice for item in open_items_of(case)],
        key=f"hand_over:{row.pk}",
        actor=actor,
        now=now,
    )
    _record(HAND_OVER_APPROVED, row, actor=actor, now=now)
    return row


@transaction.atomic
def refuse_hand_over(row: HandOver, *, actor: User, now: datetime, reason: str) -> HandOver:
    """Keep the case; it is worked on here."""
    row = _locked(row, HandOver.State.WAITING)
    work.reject(_question(row), actor=actor, now=now, reason=reason)
    row.state, row.ended_at = HandOver.State.REFUSED, now
    row.save(update_fields=["state", "ended_at"])
    _record(HAND_OVER_REFUSED, row, actor=actor, now=now, reason=reason)
    return row


def make_pack(job: Job, *, now: datetime) -> HandOver:
    """Make and keep the file of an approved hand-over. Safe to run twice: it is kept once."""
    row = HandOver.objects.select_related("case__customer", "case__entity").get(pk=job.arguments["hand_over"])
    job = jobs.begin(job, now=now)
    if row.state != HandOver.State.PACKING:
        return row
    content, names = build_pack(row, now=now)
    with transaction.atomic():
        row = _locked(row, HandOver.State.PACKING)
        digest = hashlib.sha256(content).hexdigest()
        name = f"hand-overs/{digest[:2]}/{digest}.zip"
        if not default_storage.exists(name):
            name = default_storage.save(name, ContentFile(content))
        row.state, row.stored_name, row.sha256 = HandOver.State.READY, name, digest
        row.size, row.files = len(content), names
        row.save(update_fields=["state", "stored_name", "sha256", "size", "files"])
        _record(HAND_OVER_PACKED, row, actor=None, now=now, sha256=digest, files=len(names))
        jobs.advance(job, done=1, now=now)
    jobs.end(job, now=now, result={"url": f"/collect/hand-overs/{row.pk}/"})
    return row


@transaction.atomic
def recall_hand_over(row: HandOver, *, actor: User, now: datetime, reason: str) -> HandOver:
    """The case comes back to us; reminders may go on."""
    row = _locked(row, HandOver.State.READY)
    if len(reason.strip()) < 10:
        raise Invalid(
            "Say why it comes back.",
            field="reason",
            rule="a_recall_has_a_reason",
            mend="At least 10 characters.",
        )
    case = locked(row.case)
    resume(f"hand_over:{row.pk}", now=now, actor=actor)
    row.state, row.ended_at = HandOver.State.RECALLED, now
    row.save(update_fields=["state", "ended_at"])
    if case.closed_at is None:
        leave_stage(case, Case.Stage.AGENCY, Case.Stage.LEGAL)
        today = calendar_of(case.entity).following(local_day(case.entity, now))
        plan_next(case, Action.CALL, today, f"Back from {row.recipient}: {reason.strip()}", worked_at=now)
    _record(HAND_OVER_RECALLED, row, actor=actor, now=now, reason=reason.strip())
    return row


def _refuse_without_advice(case: Case, kind: str) -> None:
    """To lawyers goes only what was not disputed above the limit, or what an adviser has seen. What is held
    stays here, as with every hand-over."""
    if kind == HandOver.Kind.LEGAL:
        for invoice in {item.instalment.invoice: None for item in open_items_of(case)}:
            asked = invoice.balance - invoice.held_amount
            refuse_without_advice(invoice, giving=asked, of=invoice.balance)


def _locked(row: HandOver, *states: str) -> HandOver:
    row = (
        HandOver.objects.select_for_update(of=("self",))
        .select_related("case__customer", "case__entity", "asked_by")
        .get(pk=row.pk)
    )
    if row.state not in states:
        raise Refused(
            f"This hand-over is {row.get_state_display().lower()}.",
            rule="a_hand_over_is_decided_once",
            mend="Look at it again.",
        )
    return row


def _question(row: HandOver) -> Approval:
    question = approvals_of(row).filter(state=Approval.State.PENDING).first()
    if question is None or question.snapshot_hash != work.hash_of(_snapshot(row)):
        raise Refused("The hand-over is not the one that was asked about.", rule="approval_of_this_state")
    return question


def _snapshot(row: HandOver) -> dict[str, str]:
    return {
        "case": str(row.case_id),
        "kind": row.kind,
        "recipient": row.recipient,
        "amount": f"{row.amount:.4f}",
        "currency": row.currency,
    }


def _record(fact: str, row: HandOver, *, actor: User | None, now: datetime, **more: object) -> None:
    record(
        fact,
        row,
        actor=actor,
        at=now,
        customer_id=row.case.customer_id,
        amount=row.amount,
        currency=row.currency,
        recipient=row.recipient,
        kind=row.kind,
        **more,  # type: ignore[arg-type]
    )
