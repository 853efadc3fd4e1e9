"""What happens to an active contract: another plan, days of rest, its end, its renewal.

Each writes down what was agreed and nothing else; the next bill asks for, or takes off, what follows.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max, Sum

from contracts import events
from contracts.inputs import ItemInput
from contracts.models import Contract, ContractItem, Suspension
from contracts.operations._faults import item_faults
from contracts.operations._writing import ContractRefused, add_item, lock, refuse_unless
from core.dates import add_months
from core.errors import Invalid, Refused
from team.models import User
from trail.operations import record

_ACTIVE = "Only an active contract is changed; a draft is edited."


@transaction.atomic
def change_plan(
    item: ContractItem, new: ItemInput, *, on: date, actor: User | None, now: datetime
) -> ContractItem:
    """Replace an item from a day on. The next bill gives back what is unused of the old one and asks for the
    new one, each for its days."""
    contract = lock(item.contract)
    refuse_unless(contract, Contract.State.ACTIVE, _ACTIVE)
    item = ContractItem.objects.select_for_update().get(pk=item.pk)
    if item.kind == ContractItem.Kind.ONE_OFF:
        raise Invalid(
            f"“{item}” is charged once; another plan would charge it a second time.",
            field="on",
            rule="what_is_charged_once_has_no_other_plan",
            mend="Credit its invoice, or write a contract for what comes on top.",
        )
    _refuse_day(contract, on, field="on")
    if on <= item.starts_on or (item.ends_on is not None and on > item.ends_on):
        raise Invalid(
            f"“{item}” runs from {item.starts_on} to {item.ends_on or 'no agreed end'}.",
            field="on",
            rule="a_plan_changes_while_it_runs",
            mend="Choose a day after its first one.",
        )
    _refuse_used(item, on)
    for fault in item_faults(new, "item", on):
        raise Invalid(fault["message"], field=fault["field"], rule=fault["rule"], mend=fault["mend"])
    ends_on = item.ends_on
    item.ends_on = on - timedelta(days=1)
    item.save(update_fields=["ends_on"])
    code = new.code.strip() or f"{item.code}-{on:%Y%m%d}"
    given = ItemInput(**{**vars(new), "starts_on": on, "ends_on": new.ends_on or ends_on})
    try:
        with transaction.atomic():
            made = add_item(contract, given, code=code[:30], replaces=item)
    except IntegrityError as fault:
        raise Refused(
            f"The code {code} is used in this contract.",
            field="code",
            rule="an_item_code_is_used_once_in_a_contract",
            mend="Choose another code.",
        ) from fault
    _touch(contract, actor, now)
    record(
        events.PLAN_CHANGED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        on=on,
        before=f"{item.description} {item.price}",
        after=f"{made.description} {made.price}",
    )
    return made


@transaction.atomic
def suspend_contract(
    contract: Contract,
    *,
    starts_on: date,
    ends_on: date | None,
    reason: str,
    actor: User | None,
    now: datetime,
) -> Suspension:
    """Let the contract rest. Nothing is charged for these days; what was billed of them is taken off."""
    contract = lock(contract)
    refuse_unless(contract, Contract.State.ACTIVE, _ACTIVE)
    if not reason.strip():
        raise Invalid(
            "Say why it rests.", field="reason", rule="a_suspension_has_a_reason", mend="Write why."
        )
    if ends_on is not None and ends_on < starts_on:
        raise Invalid(
            "The pause ends before it starts.",
            field="ends_on",
            rule="a_suspension_ends_after_it_starts",
            mend="Swap the two days.",
        )
    _refuse_day(contract, starts_on, field="starts_on")
    try:
        with transaction.atomic():
            made = Suspension.objects.create(
                contract=contract,
                starts_on=starts_on,
                ends_on=ends_on,
                reason=reason.strip(),
                entered_by=actor,
                entered_at=now,
            )
    except IntegrityError as fault:
        raise Refused(
            f"{contract} rests on some of these days already.",
            field="starts_on",
            rule="suspensions_of_a_contract_do_not_overlap",
            mend="Choose other days.",
        ) from fault
    _touch(contract, actor, now)
    record(
        events.CONTRACT_SUSPENDED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason,
    )
    return made


@transaction.atomic
def resume_contract(contract: Contract, *, last_day: date, actor: User | None, now: datetime) -> Suspension:
    """Say which day is the last one of the pause that has no end yet."""
    contract = lock(contract)
    rest = contract.suspensions.select_for_update().filter(ends_on=None).first()
    if rest is None:
        raise ContractRefused(f"{contract} does not rest.", rule="a_pause_is_open")
    if last_day < rest.starts_on:
        raise Invalid(
            f"The pause began on {rest.starts_on}.",
            field="last_day",
            rule="a_suspension_ends_after_it_starts",
            mend="Choose that day or a later one.",
        )
    rest.ends_on = last_day
    rest.save(update_fields=["ends_on"])
    _touch(contract, actor, now)
    record(
        events.CONTRACT_RESUMED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        last_day=last_day,
    )
    return rest


@transaction.atomic
def end_contract(
    contract: Contract, *, ends_on: date, reason: str, actor: User | None, now: datetime
) -> Contract:
    """Agree on the last day, also one in the past; it is not renewed any more. What was billed beyond it is
    taken off the next bill, or waits to be credited."""
    contract = lock(contract)
    refuse_unless(contract, Contract.State.ACTIVE, _ACTIVE)
    if not reason.strip():
        raise Invalid("Say why it ends.", field="reason", rule="an_end_has_a_reason", mend="Write why.")
    if ends_on < contract.starts_on:
        raise Invalid(
            f"The contract started on {contract.starts_on}.",
            field="ends_on",
            rule="a_contract_ends_after_it_starts",
            mend="Choose that day or a later one.",
        )
    before = contract.ends_on
    contract.ends_on, contract.end_reason, contract.renews_months = ends_on, reason.strip(), 0
    _touch(contract, actor, now, "ends_on", "end_reason", "renews_months")
    record(
        events.CONTRACT_ENDED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        changes={"ends_on": (before, ends_on)},
        reason=reason,
    )
    return contract


@transaction.atomic
def renew_contract(contract: Contract, *, actor: User | None, now: datetime, today: date) -> Contract:
    """Let it run on by its renewal term once the day for notice is over."""
    contract = lock(contract)
    before = contract.ends_on
    if before is None or not is_renewed(contract, today):
        raise ContractRefused(
            f"{contract} is not renewed now.",
            rule="a_contract_renews_when_notice_is_over",
            mend="It renews by itself when the day for notice has passed.",
        )
    contract.ends_on = add_months(before + timedelta(days=1), contract.renews_months) - timedelta(days=1)
    _touch(contract, actor, now, "ends_on")
    record(
        events.CONTRACT_RENEWED,
        contract,
        actor=actor,
        at=now,
        customer_id=contract.customer_id,
        changes={"ends_on": (before, contract.ends_on)},
    )
    return contract


def is_renewed(contract: Contract, today: date) -> bool:
    """Whether the day for notice is over and the contract runs on."""
    return (
        contract.state == Contract.State.ACTIVE
        and contract.ends_on is not None
        and contract.renews_months > 0
        and today > contract.ends_on - timedelta(days=contract.notice_days)
    )


def _refuse_day(contract: Contract, day: date, *, field: str) -> None:
    if day < contract.starts_on or (contract.ends_on is not None and day > contract.ends_on):
        raise Invalid(
            f"{contract} runs from {contract.starts_on} to {contract.ends_on or 'no agreed end'}.",
            field=field,
            rule="a_change_lies_within_the_contract",
            mend="Choose a day within it.",
        )


def _refuse_used(item: ContractItem, on: date) -> None:
    """What was used belongs to the item it named: the old price would hold where the new one was agreed."""
    later = item.usage.filter(on__gte=on).aggregate(sum=Sum("quantity"), last=Max("on"))
    if later["sum"]:
        raise Invalid(
            f"Use of “{item}” is recorded up to {later['last']}, at its old price.",
            field="on",
            rule="a_plan_changes_after_what_was_used",
            mend="Choose a day after it, or take that use back with events of the other sign.",
        )


def _touch(contract: Contract, actor: User | None, now: datetime, *names: str) -> None:
    contract.edited_by, contract.edited_at = actor, now
    contract.lock_version += 1
    contract.save(update_fields=["edited_by", "edited_at", "lock_version", *names])
