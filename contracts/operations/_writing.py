"""Writing a contract and having it approved."""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from contracts import events
from contracts.inputs import ContractInput, ItemInput
from contracts.models import Contract, ContractItem, ContractTier, PriceStep
from contracts.operations._faults import refuse_faults
from core.errors import Refused, Stale
from core.money import exponent, round_money
from customers.queries import billing_profile
from entities import queries as entities
from team.models import User
from trail.operations import record
from work import operations as work
from work.models import Approval
from work.queries import approvals_of

KIND = "contract"
_PLAIN = ("name", "starts_on", "ends_on", "every_months", "timing", "consolidate_by", "po_number", "site",
          "renews_months", "notice_days")  # fmt: skip


class ContractRefused(Refused):
    """The contract is not in a state that allows this."""


@transaction.atomic
def write_contract(given: ContractInput, *, actor: User | None, now: datetime) -> Contract:
    """A new contract as a draft. Nothing is billed before a second person approved it."""
    refuse_faults(given)
    contract = Contract(
        entity=given.entity,
        customer=given.customer,
        number=given.number.strip() or f"new-{secrets.token_hex(8)}",
        created_by=actor,
        created_at=now,
        edited_by=actor,
        edited_at=now,
    )
    _apply(contract, given, now)
    _insert(contract)
    if not given.number.strip():
        contract.number = f"CT-{contract.pk:05d}"
        contract.save(update_fields=["number"])
    _write_parts(contract, given)
    record(
        events.CONTRACT_CREATED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        number=contract.number,
        name=contract.name,
    )
    return contract


@transaction.atomic
def edit_contract(
    contract: Contract,
    given: ContractInput,
    *,
    actor: User,
    now: datetime,
    expected_version: int | None = None,
) -> Contract:
    """Replace what a draft says. An active contract is changed by a change of plan, a pause or an end."""
    contract = lock(contract)
    refuse_stale(contract, expected_version)
    refuse_unless(contract, Contract.State.DRAFT, "Change the plan, suspend it or end it instead.")
    refuse_faults(given)
    before = {name: getattr(contract, name) for name in _PLAIN}
    contract.entity, contract.customer = given.entity, given.customer
    contract.number = given.number.strip() or contract.number
    _apply(contract, given, now)
    contract.edited_by, contract.edited_at = actor, now
    contract.lock_version += 1
    try:
        with transaction.atomic():
            contract.save()
    except IntegrityError as fault:
        raise _taken(contract) from fault
    ContractTier.objects.filter(item__contract=contract).delete()
    ContractItem.objects.filter(contract=contract).delete()
    PriceStep.objects.filter(contract=contract).delete()
    _write_parts(contract, given)
    changes = {n: (before[n], getattr(contract, n)) for n in _PLAIN if before[n] != getattr(contract, n)}
    record(
        events.CONTRACT_EDITED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        changes=changes,
    )
    return contract


@transaction.atomic
def submit_contract(contract: Contract, *, actor: User, now: datetime) -> Contract:
    """Ask a second person to approve the contract as it stands."""
    contract = lock(contract)
    refuse_unless(contract, Contract.State.DRAFT, "Look at the contract's state.")
    value = yearly_value(contract)
    rate = entities.rate_on(
        contract.currency, contract.entity.functional_currency, entities.local_day(contract.entity, now)
    )
    work.request_approval(
        contract,
        work.Question(
            kind=KIND,
            label=f"Contract {contract.number} for {contract.customer.name}",
            path=contract.get_absolute_url(),
            snapshot=content_of(contract),
            entity=contract.entity,
            customer_id=contract.customer_id,
            amount=value,
            currency=contract.currency,
            amount_functional=round_money(value * rate.rate, contract.entity.functional_currency),
            barred=[pk for pk in (contract.created_by_id, contract.edited_by_id) if pk],
        ),
        actor=actor,
        now=now,
    )
    _move(contract, Contract.State.WAITING)
    record(events.CONTRACT_SUBMITTED, contract, actor=actor, at=now, customer_id=contract.customer_id)
    return contract


@transaction.atomic
def approve_contract(contract: Contract, *, actor: User, now: datetime) -> Contract:
    """A second person says yes to exactly what was submitted: from now on it is billed."""
    contract = lock(contract)
    refuse_unless(contract, Contract.State.WAITING, "Submit it first.")
    approval = pending_approval(contract)
    if work.hash_of(content_of(contract)) != approval.snapshot_hash:
        raise ContractRefused(
            "The contract is not the one that was submitted.",
            rule="approval_is_for_what_was_submitted",
            mend="Reject it and submit it again.",
        )
    work.approve(approval, actor=actor, now=now)
    contract.approved_hash = approval.snapshot_hash
    _move(contract, Contract.State.ACTIVE)
    record(events.CONTRACT_ACTIVATED, contract, actor=actor, at=now, customer_id=contract.customer_id)
    return contract


@transaction.atomic
def reject_contract(contract: Contract, *, actor: User, now: datetime, reason: str) -> Contract:
    """A second person says no; the contract is a draft again."""
    contract = lock(contract)
    refuse_unless(contract, Contract.State.WAITING, "Look at the contract's state.")
    work.reject(pending_approval(contract), actor=actor, now=now, reason=reason)
    _move(contract, Contract.State.DRAFT)
    record(
        events.CONTRACT_REJECTED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        reason=reason,
    )
    return contract


@transaction.atomic
def cancel_contract(contract: Contract, *, actor: User, now: datetime) -> Contract:
    """Give up a contract that never was active. Its row stays."""
    contract = lock(contract)
    if contract.state not in (Contract.State.DRAFT, Contract.State.WAITING):
        raise _not_now(contract, "End it instead.")
    work.void_approvals(contract, reason="The contract was cancelled.", now=now)
    _move(contract, Contract.State.CANCELLED)
    record(events.CONTRACT_CANCELLED, contract, actor=actor, at=now, customer_id=contract.customer_id)
    return contract


def pending_approval(contract: Contract) -> Approval:
    """The open question about the contract."""
    found = approvals_of(contract).filter(state=Approval.State.PENDING).first()
    if found is None:
        raise ContractRefused(f"{contract} waits for nobody's approval.", rule="a_question_is_open")
    return found


def content_of(contract: Contract) -> dict[str, Any]:
    """What a person approves."""
    return {
        **{name: getattr(contract, name) for name in _PLAIN},
        "entity": contract.entity_id,
        "customer": contract.customer_id,
        "currency": contract.currency,
        "anchor": contract.anchor,
        "items": [
            [
                item.code, item.description, item.kind, item.pricing, f"{item.price:.6f}",
                f"{item.quantity:.6f}", f"{item.minimum:.4f}", item.tax_class, item.starts_on, item.ends_on,
                item.free_until, [[str(tier.up_to), f"{tier.price:.6f}"] for tier in item.tiers.all()],
            ]
            for item in contract.items.prefetch_related("tiers")
        ],
        "steps": [[step.on, f"{step.percent:.4f}"] for step in contract.steps.all()],
    }  # fmt: skip


def yearly_value(contract: Contract) -> Decimal:
    """What the items of every period and the minimums come to in a year, before tax."""
    total = sum(
        (
            (item.price * item.quantity if item.kind == ContractItem.Kind.FIXED else item.minimum)
            for item in contract.items.filter(replaced_by=None)
        ),
        Decimal(0),
    )
    return round_money(total * 12 / contract.every_months, contract.currency)


def lock(contract: Contract) -> Contract:
    """The row, locked and fresh, with its company and customer."""
    return (
        Contract.objects.select_for_update(of=("self",))
        .select_related("entity", "customer")
        .get(pk=contract.pk)
    )


def refuse_stale(contract: Contract, expected_version: int | None) -> None:
    """Refuse when somebody saved since the version the caller has seen; None does not ask."""
    if expected_version is not None and expected_version != contract.lock_version:
        who = str(contract.edited_by) if contract.edited_by else "The system"
        raise Stale(
            f"{who} changed this contract meanwhile.",
            current={name: str(getattr(contract, name) or "") for name in _PLAIN},
            changed_by=who,
            changed_at=contract.edited_at,
        )


def refuse_unless(contract: Contract, state: str, mend: str) -> None:
    """Refuse a contract in another state."""
    if contract.state != state:
        raise _not_now(contract, mend)


def _not_now(contract: Contract, mend: str) -> ContractRefused:
    return ContractRefused(
        f"{contract} is {contract.get_state_display().lower()}.",
        field="state",
        rule="a_contract_allows_this_now",
        mend=mend,
    )


def _move(contract: Contract, state: str) -> None:
    contract.state = state
    contract.lock_version += 1
    contract.save(update_fields=["state", "approved_hash", "lock_version"])


def _insert(contract: Contract) -> None:
    try:
        with transaction.atomic():
            contract.save(force_insert=True)
    except IntegrityError as fault:
        raise _taken(contract) from fault


def _taken(contract: Contract) -> Refused:
    return Refused(
        f"The number {contract.number} belongs to another contract.",
        field="number",
        rule="a_contract_number_is_unique_in_its_entity",
        mend="Choose another number, or leave it empty.",
    )


def _apply(contract: Contract, given: ContractInput, now: datetime) -> None:
    for name in _PLAIN:
        setattr(contract, name, getattr(given, name))
    contract.anchor = given.anchor or given.starts_on
    day = entities.local_day(given.entity, now)
    contract.currency = given.currency or billing_profile(given.customer, given.entity, day).currency
    exponent(contract.currency)


def _write_parts(contract: Contract, given: ContractInput) -> None:
    for number, one in enumerate(given.items, start=1):
        add_item(contract, one, code=one.code.strip() or f"item-{number}")
    PriceStep.objects.bulk_create(
        PriceStep(contract=contract, on=day, percent=percent) for day, percent in given.steps
    )


def add_item(
    contract: Contract, one: ItemInput, *, code: str, replaces: ContractItem | None = None
) -> ContractItem:
    """Write an item with its tiers."""
    listed = one.item
    row = ContractItem.objects.create(
        contract=contract,
        item=listed,
        code=code,
        description=one.description.strip(),
        kind=one.kind,
        pricing=one.pricing,
        price=one.price,
        quantity=one.quantity,
        unit=one.unit or (listed.unit if listed else "unit"),
        minimum=one.minimum,
        tax_class=one.tax_class or (listed.tax_class if listed else "standard"),
        supply=one.supply or (listed.kind if listed else "service"),
        exemption_reason=listed.exemption_reason if listed else "",
        hsn=listed.hsn if listed else "",
        starts_on=one.starts_on or contract.starts_on,
        ends_on=one.ends_on,
        free_until=one.free_until,
        replaces=replaces,
    )
    ContractTier.objects.bulk_create(
        ContractTier(item=row, up_to=up_to, price=price) for up_to, price in one.tiers
    )
    return row
