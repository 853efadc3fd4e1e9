"""Payment plans: offered after approval, accepted with evidence."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from cases import queries, rules
from cases.events import (
    PLAN_ACCEPTED,
    PLAN_ASKED,
    PLAN_OFFERED,
    PLAN_REFUSED,
    PLAN_WITHDRAWN,
)
from cases.models import Action, Case, Plan, PlannedInvoice, PlanPart
from cases.operations._covering import company_of, cover, refuse_covered
from cases.operations._plan_rows import check_on, end_plan, locked_plan, plan_key, record_plan, terms_of
from cases.operations._standing import open_case_of, plan_next, reach_stage
from core.errors import Invalid, Refused
from core.money import zero
from customers.models import Contact, Customer
from entities.models import Entity
from entities.queries import calendar_of, local_day
from invoices.models import Invoice
from reminders.operations import pause
from team.models import User
from work import operations as work
from work.models import Approval
from work.queries import approvals_of

_OFFER_DAYS = 14


@transaction.atomic
def offer_plan(
    customer: Customer,
    *,
    currency: str,
    invoices: Sequence[Invoice],
    parts: int,
    rhythm: str,
    first_on: date,
    yearly_rate: Decimal = Decimal(0),
    note: str = "",
    actor: User,
    now: datetime,
) -> Plan:
    """Put what is open of the invoices into instalments; who may approve depends on how long it takes.

    The customer hears of it once it is approved. Without `invoices` it covers everything overdue.
    """
    covered = cover(customer, currency, invoices, on=local_day(customer.entity, now))
    refuse_covered(covered)
    entity = company_of(covered)
    shares = preview_plan(
        entity,
        covered.total,
        currency=currency,
        parts=parts,
        rhythm=rhythm,
        first_on=first_on,
        yearly_rate=yearly_rate,
        now=now,
    )
    plan = Plan.objects.create(
        customer=customer,
        entity=entity,
        currency=currency,
        principal=covered.total,
        interest=sum((share.interest for share in shares), zero(currency)),
        yearly_rate=yearly_rate,
        rhythm=rhythm,
        months=rules.months_of(local_day(entity, now), shares[-1].due_on),
        note=note.strip()[:500],
        offered_by=actor,
        offered_at=now,
        terms_hash=work.hash_of({}),
    )
    PlanPart.objects.bulk_create(
        PlanPart(
            plan=plan,
            number=share.number,
            due_on=share.due_on,
            principal=share.principal,
            interest=share.interest,
        )
        for share in shares
    )
    PlannedInvoice.objects.bulk_create(
        PlannedInvoice(plan=plan, invoice=invoice, open_amount=covered.open_amounts[invoice.pk])
        for invoice in covered.invoices
    )
    plan.terms_hash = work.hash_of(terms_of(plan))
    plan.save(update_fields=["terms_hash"])
    _ask(plan, actor=actor, now=now)
    return plan


def preview_plan(
    entity: Entity,
    principal: Decimal,
    *,
    currency: str,
    parts: int,
    rhythm: str,
    first_on: date,
    yearly_rate: Decimal = Decimal(0),
    now: datetime,
) -> list[rules.Part]:
    """The instalments such a plan would have: what is shown before it is offered is what is offered."""
    today = local_day(entity, now)
    if not today <= first_on <= today + timedelta(days=92):
        raise Invalid(
            "The first instalment is due within three months from today.",
            field="first_on",
            rule="a_plan_begins_soon",
            mend="Choose an earlier day.",
        )
    if not 0 <= yearly_rate <= 30:
        raise Invalid(
            "Interest is 0 to 30 % a year.",
            field="yearly_rate",
            rule="interest_is_bounded",
            mend="Enter a smaller rate.",
        )
    return rules.plan_parts(
        principal,
        parts=parts,
        rhythm=rhythm,
        start=today,
        first_on=first_on,
        calendar=calendar_of(entity),
        currency=currency,
        yearly_rate=yearly_rate,
    )


def _ask(plan: Plan, *, actor: User, now: datetime) -> None:
    work.request_approval(
        plan,
        work.Question(
            kind="payment_plan",
            label=f"Payment plan of {plan.customer.name}, {plan.months} months",
            path=f"/collect/plans/{plan.pk}/",
            snapshot=json.loads(json.dumps(terms_of(plan))),
            entity=plan.entity,
            customer_id=plan.customer_id,
            amount=plan.total,
            currency=plan.currency,
            # The right to approve a plan is measured in months, not money.
            amount_functional=Decimal(plan.months),
        ),
        actor=actor,
        now=now,
    )
    record_plan(PLAN_ASKED, plan, actor=actor, now=now)


@transaction.atomic
def approve_plan(plan: Plan, *, actor: User, now: datetime) -> Plan:
    """A second person agrees: now it is offered to the customer."""
    plan = locked_plan(plan, Plan.State.WAITING)
    work.approve(_question(plan), actor=actor, now=now)
    plan.state = Plan.State.OFFERED
    plan.save(update_fields=["state"])
    case = open_case_of(plan.customer, plan.entity)
    if case is not None:
        days = timedelta(days=_OFFER_DAYS // 2)
        plan_next(
            case,
            Action.CHECK_PLAN,
            calendar_of(plan.entity).following(local_day(plan.entity, now) + days),
            "The plan was offered; ask for the answer",
            worked_at=now,
        )
    record_plan(PLAN_OFFERED, plan, actor=actor, now=now)
    return plan


@transaction.atomic
def refuse_plan(plan: Plan, *, actor: User, now: datetime, reason: str) -> Plan:
    """The plan is not approved; the customer never heard of it."""
    plan = locked_plan(plan, Plan.State.WAITING)
    work.reject(_question(plan), actor=actor, now=now, reason=reason)
    end_plan(plan, Plan.State.REFUSED, now=now, actor=actor)
    record_plan(PLAN_REFUSED, plan, actor=actor, now=now, reason=reason)
    return plan


@transaction.atomic
def withdraw_plan(plan: Plan, *, actor: User | None, now: datetime, reason: str) -> Plan:
    """The offer is taken back, or the customer says no."""
    plan = locked_plan(plan, Plan.State.WAITING, Plan.State.OFFERED)
    if not reason.strip():
        raise Invalid("Say why it is withdrawn.", field="reason", rule="a_withdrawal_has_a_reason")
    work.void_approvals(plan, reason="The plan was withdrawn.", now=now)
    end_plan(plan, Plan.State.WITHDRAWN, now=now, actor=actor)
    record_plan(PLAN_WITHDRAWN, plan, actor=actor, now=now, reason=reason.strip())
    return plan


@transaction.atomic
def accept_plan(
    plan: Plan, *, contact: Contact | None, evidence: str, actor: User | None = None, now: datetime
) -> Plan:
    """The customer agrees: by their link, or to us, with `evidence` of how. Reminders pause while it is kept.

    What is owed must still be what was offered; otherwise a new plan is needed.
    """
    plan = locked_plan(plan, Plan.State.OFFERED)
    if len(evidence.strip()) < 10:
        raise Invalid(
            "Say how the customer agreed.",
            field="evidence",
            rule="a_plan_runs_once_accepted_with_evidence",
            mend="For example: “Signed offer received by e-mail on 3 March from Ms Byrne”.",
        )
    if contact is not None and contact.customer_id != plan.customer_id:
        raise Invalid("This contact is of another customer.", field="contact", rule="an_own_contact_agrees")
    if queries.open_of(plan) != plan.principal:
        raise Refused(
            "What is open has changed since the plan was offered.",
            rule="a_plan_covers_what_is_open",
            mend="Withdraw it and offer a new plan.",
        )
    plan.state, plan.evidence = Plan.State.CURRENT, evidence.strip()
    plan.accepted_at, plan.accepted_on = now, local_day(plan.entity, now)
    plan.accepted_contact, plan.accepted_by = contact, actor
    plan.save(
        update_fields=[
            "state", "evidence", "accepted_at", "accepted_on", "accepted_contact", "accepted_by"
        ]
    )  # fmt: skip
    case = open_case_of(plan.customer, plan.entity)
    if case is not None:
        reach_stage(case, Case.Stage.PLAN)
        first = plan.parts.all()[0]
        plan_next(case, Action.CHECK_PLAN, check_on(plan, first.due_on), "First instalment", worked_at=now)
    pause(
        plan.customer,
        kind="plan",
        reason=f"A payment plan of {plan.parts.count()} instalments runs",
        invoices=[row.invoice for row in plan.covers.select_related("invoice")],
        key=plan_key(plan),
        actor=actor,
        now=now,
    )
    record_plan(PLAN_ACCEPTED, plan, actor=actor, now=now, terms=plan.terms_hash, evidence=plan.evidence)
    return plan


def _question(plan: Plan) -> Approval:
    question = approvals_of(plan).filter(state=Approval.State.PENDING).first()
    if question is None or question.snapshot_hash != work.hash_of(terms_of(plan)):
        raise Refused("The plan is not the one that was asked about.", rule="approval_of_this_state")
    return question
