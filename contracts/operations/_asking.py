"""Changes of an active contract by two persons: tried, asked about, and applied once somebody else agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from catalogue.models import Item
from contracts import events
from contracts.inputs import ItemInput
from contracts.models import Contract, ContractChange, ContractItem
from contracts.operations._changing import change_plan, end_contract, resume_contract, suspend_contract
from contracts.operations._writing import KIND, ContractRefused, lock, yearly_value
from core.errors import Refused
from core.money import round_money
from entities import queries as entities
from team.models import User
from trail.operations import record
from work import operations as work
from work.models import Approval
from work.queries import approvals_of

_AMOUNTS = ("price", "quantity", "minimum")
# Of a plan, what raises or lowers what is billed; a better description does not.
_BILLED = ("kind", "pricing", "price", "quantity", "minimum", "tax_class", "free_until", "ends_on")


@transaction.atomic
def ask_plan_change(
    item: ContractItem, new: ItemInput, *, on: date, actor: User, now: datetime
) -> ContractChange:
    """Ask for another plan of an item from a day on."""
    given = {"on": on.isoformat(), "new": _packed(new)}
    year = Decimal(12) / item.contract.every_months
    amount = abs(_period(new) - _period(item)) * year
    text = f"{item.description}: {item.price.normalize():f} → {new.description} {new.price.normalize():f}"
    bills = not _bills_the_same(item, new)
    return _ask(
        item.contract,
        ContractChange.Kind.PLAN,
        given,
        f"{text} from {on}",
        amount,
        actor,
        now,
        item=item,
        bills=bills,
    )


@transaction.atomic
def ask_change(
    contract: Contract, kind: str, given: Mapping[str, Any], *, actor: User, now: datetime
) -> ContractChange:
    """Ask for days of rest, their end, or the end of the contract: `given` is what that operation takes."""
    packed = {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}
    told = ", ".join(str(value) for value in packed.values() if value)
    text = f"{ContractChange.Kind(kind).label}: {told}"
    return _ask(contract, ContractChange.Kind(kind), packed, text, yearly_value(contract), actor, now)


@transaction.atomic
def approve_change(change: ContractChange, *, actor: User, now: datetime) -> ContractChange:
    """A second person says yes; it holds from now on, or says why it cannot any more."""
    contract, change = _locked(change)
    work.approve(_question(change), actor=actor, now=now)
    return _in_force(contract, change, now)


@transaction.atomic
def reject_change(change: ContractChange, *, actor: User, now: datetime, reason: str) -> ContractChange:
    """A second person says no; the contract stays as it is."""
    contract, change = _locked(change)
    work.reject(_question(change), actor=actor, now=now, reason=reason)
    change.state, change.decided_at = ContractChange.State.REJECTED, now
    change.save(update_fields=["state", "decided_at"])
    record(
        events.CHANGE_REJECTED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        change=change.summary,
        reason=reason,
    )
    return change


def _ask(  # noqa: PLR0917 (a row of a table)
    contract: Contract,
    kind: ContractChange.Kind,
    given: Mapping[str, Any],
    summary: str,
    amount: Decimal,
    actor: User,
    now: datetime,
    *,
    item: ContractItem | None = None,
    bills: bool = True,
) -> ContractChange:
    contract = lock(contract)
    change = ContractChange(
        contract=contract,
        kind=kind,
        item=item,
        given=dict(given),
        summary=summary[:300],
        asked_by=actor,
        asked_at=now,
    )
    _try(change, now)
    try:
        with transaction.atomic():
            change.save(force_insert=True)
    except IntegrityError as fault:
        raise ContractRefused(
            f"A change of {contract} waits already.",
            rule="one_change_of_a_contract_waits",
            mend="Have it decided first.",
        ) from fault
    if not bills:
        return _in_force(contract, change, now)
    value = round_money(amount, contract.currency)
    books = contract.entity.functional_currency
    rate = entities.rate_on(contract.currency, books, entities.local_day(contract.entity, now))
    approval = work.request_approval(
        change,
        work.Question(
            kind=KIND,
            label=f"Change of contract {contract.number}: {change.summary}"[:160],
            path=contract.get_absolute_url(),
            snapshot={"contract": contract.pk, "kind": kind.value, "given": change.given},
            entity=contract.entity,
            customer_id=contract.customer_id,
            amount=value,
            currency=contract.currency,
            amount_functional=round_money(value * rate.rate, books),
            barred=[actor.pk],
        ),
        actor=actor,
        now=now,
    )
    record(
        events.CHANGE_ASKED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        change=change.summary,
    )
    return _in_force(contract, change, now) if approval.state == Approval.State.APPROVED else change


def _try(change: ContractChange, now: datetime) -> None:
    """What cannot be done is refused when it is asked for, not when somebody agrees."""
    point = transaction.savepoint()
    try:
        _apply(change, now)
    finally:
        transaction.savepoint_rollback(point)


def _in_force(contract: Contract, change: ContractChange, now: datetime) -> ContractChange:
    change.contract = contract
    _apply(change, now)
    change.state, change.decided_at = ContractChange.State.APPLIED, now
    change.save(update_fields=["state", "decided_at"])
    return change


def _apply(change: ContractChange, now: datetime) -> None:
    given = change.given
    who: dict[str, Any] = {"actor": change.asked_by, "now": now}
    match change.kind:
        case ContractChange.Kind.PLAN:
            assert change.item is not None  # noqa: S101 (a constraint)
            change_plan(change.item, _unpacked(given["new"]), on=date.fromisoformat(given["on"]), **who)
        case ContractChange.Kind.SUSPEND:
            suspend_contract(
                change.contract,
                starts_on=date.fromisoformat(given["starts_on"]),
                ends_on=_day(given.get("ends_on")),
                reason=given["reason"],
                **who,
            )
        case ContractChange.Kind.RESUME:
            resume_contract(change.contract, last_day=date.fromisoformat(given["last_day"]), **who)
        case _:
            end_contract(
                change.contract,
                ends_on=date.fromisoformat(given["ends_on"]),
                reason=given["reason"],
                **who,
            )


def _locked(change: ContractChange) -> tuple[Contract, ContractChange]:
    contract = lock(change.contract)
    change = ContractChange.objects.select_for_update(of=("self",)).select_related("item").get(pk=change.pk)
    change.contract = contract
    if change.state != ContractChange.State.WAITING:
        raise ContractRefused(
            f"This change is {change.get_state_display().lower()} already.", rule="a_change_is_decided_once"
        )
    return contract, change


def _question(change: ContractChange) -> Approval:
    found = approvals_of(change).filter(state=Approval.State.PENDING).first()
    if found is None:
        raise Refused("This change waits for nobody's approval.", rule="a_question_is_open")
    return found


def _bills_the_same(item: ContractItem, new: ItemInput) -> bool:
    tiers = tuple((tier.up_to, tier.price) for tier in item.tiers.all())
    ends_on = new.ends_on or item.ends_on
    same = all(
        getattr(item, name) == (ends_on if name == "ends_on" else getattr(new, name) or getattr(item, name))
        for name in _BILLED
        if name not in _AMOUNTS
    )
    return same and tiers == new.tiers and all(getattr(item, name) == getattr(new, name) for name in _AMOUNTS)


def _period(item: ContractItem | ItemInput) -> Decimal:
    """What it comes to in a period, without use above the minimum."""
    return item.price * item.quantity if item.kind == ContractItem.Kind.FIXED else item.minimum


def _packed(new: ItemInput) -> dict[str, Any]:
    packed: dict[str, Any] = {}
    for name in (field.name for field in fields(new)):
        value = getattr(new, name)
        if isinstance(value, Item):
            value = value.pk
        elif isinstance(value, Decimal):
            value = str(value)
        elif isinstance(value, date):
            value = value.isoformat()
        elif name == "tiers":
            value = [[None if up_to is None else str(up_to), str(price)] for up_to, price in value]
        packed[name] = value
    return packed


def _unpacked(given: Mapping[str, Any]) -> ItemInput:
    values = dict(given)
    for name in _AMOUNTS:
        values[name] = Decimal(values[name])
    for name in ("starts_on", "ends_on", "free_until"):
        values[name] = _day(values[name])
    values["item"] = Item.objects.get(pk=values["item"]) if values["item"] else None
    values["tiers"] = tuple(
        (None if up_to is None else Decimal(up_to), Decimal(price)) for up_to, price in values["tiers"]
    )
    return ItemInput(**values)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
