"""How money received is used: early discount, small differences, and which items it settles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from core.discount import EarlyDiscount, discounted, early_discount
from core.errors import Invalid
from core.money import amount, round_money, times, zero

__all__ = [
    "Allocation",
    "EarlyDiscount",
    "OpenItem",
    "Proposal",
    "Tolerance",
    "apply_oldest",
    "discounted",
    "early_discount",
    "propose",
    "tolerance",
]


@dataclass(frozen=True)
class Tolerance:
    """`limit` and `difference` (payment - open) in the currency; `action` is None for an exact payment."""

    limit: Decimal
    difference: Decimal
    action: str | None


def tolerance(
    *,
    open_amount: Decimal,
    payment: Decimal,
    currency: str,
    absolute: Decimal | None = None,
    pct: Decimal | None = None,
    absorb_over: bool = False,
) -> Tolerance:
    """What happens with the difference between a payment and what is open.

    The limit is the smaller of `absolute` and `pct` percent of the open amount, inclusive; neither given: 0.
    A shortfall within it is written off as small difference; an overpayment is the customer's, unless
    `absorb_over` lets a small one go to income (local law on unclaimed money permitting).
    """
    limits = [] if absolute is None else [amount(absolute, currency, field="abs")]
    if pct is not None:
        limits.append(round_money(times(open_amount, pct.scaleb(-2)), currency))
    limit = min(limits, default=zero(currency))
    difference = amount(payment, currency, field="payment") - amount(open_amount, currency, field="open")
    small = abs(difference) <= limit
    if not difference:
        action = None
    elif difference < 0:
        action = "write_off_small_difference" if small else "part_paid"
    else:
        action = "take_small_overpayment_to_income" if small and absorb_over else "customer_credit"
    return Tolerance(limit, difference, action)


@dataclass(frozen=True)
class OpenItem:
    """Something a customer owes: `reference` is what a payer would quote, `held` what is disputed of it."""

    id: str
    issued_on: date
    due_on: date
    open_amount: Decimal
    disputed: bool = False
    reference: str = ""
    held: Decimal = Decimal(0)


@dataclass(frozen=True)
class Allocation:
    """So much of a payment for one item, and why."""

    id: str
    amount: Decimal
    reason: str = ""


@dataclass(frozen=True)
class Proposal:
    """Allocations in the order they are made, and what is left of the payment."""

    allocations: tuple[Allocation, ...]
    unapplied: Decimal


def apply_oldest(
    payment: Decimal,
    items: Sequence[OpenItem],
    *,
    include_disputed: bool = False,
    reason: str = "oldest first",
) -> Proposal:
    """Use a payment for the oldest items: by due date, then issue date, then id; disputed ones are skipped.

    Only what is not held of an item is settled. A payment of nothing or less is refused with `Invalid`.
    """
    if payment < 0:
        raise Invalid("A payment is not negative.", field="payment", rule="payment_not_negative")
    left, allocations = payment, []
    for item in sorted(items, key=lambda item: (item.due_on, item.issued_on, item.id)):
        payable = item.open_amount if include_disputed else item.open_amount - item.held
        if left <= 0 or payable <= 0 or (item.disputed and not include_disputed):
            continue
        used = min(left, payable)
        allocations.append(Allocation(item.id, used, reason))
        left -= used
    return Proposal(tuple(allocations), left)


def propose(
    payment: Decimal,
    items: Sequence[OpenItem],
    *,
    text: str = "",
    remittance: Sequence[tuple[str, Decimal]] = (),
    include_disputed: bool = False,
) -> Proposal:
    """What a payment most likely settles; a person or the policy confirms it.

    The order: the payer's `remittance` advice (reference, amount) beats all; then references quoted in the
    payment `text`; then the one item with exactly this open amount; then the oldest first.
    """
    stages: list[tuple[str, Sequence[OpenItem], Sequence[Decimal]]] = []
    if remittance:
        named = [(item, value) for ref, value in remittance for item in items if _same(item.reference, ref)]
        stages.append(("remittance advice", [item for item, _ in named], [value for _, value in named]))
    quoted = [item for item in items if item.reference and _folded(item.reference) in _folded(text)]
    stages.append(("reference quoted", _without_parts(quoted), ()))
    exact = [item for item in items if item.open_amount == payment and not item.disputed]
    stages.append(("exact amount", exact if len(exact) == 1 and not (quoted or remittance) else [], ()))
    stages.append(("oldest first", items, ()))
    left = payment
    taken: dict[str, Decimal] = {}
    found: list[Allocation] = []
    for reason, group, caps in stages:
        for index, batch in enumerate([[item] for item in group] if caps else [group]):
            rests = [replace(item, open_amount=item.open_amount - taken.get(item.id, 0)) for item in batch]
            asked = min(left, caps[index]) if caps else left
            # What the payer names is theirs to decide, also where it is disputed.
            named_by_payer = include_disputed or reason in ("remittance advice", "reference quoted")
            step = apply_oldest(asked, rests, include_disputed=named_by_payer, reason=reason)
            for part in step.allocations:
                taken[part.id] = taken.get(part.id, Decimal(0)) + part.amount
            found += step.allocations
            left -= asked - step.unapplied
    return Proposal(tuple(_merged(found)), left)


def _merged(parts: Sequence[Allocation]) -> list[Allocation]:
    """One allocation per item, with its first reason."""
    sums: dict[str, Allocation] = {}
    for part in parts:
        first = sums.get(part.id)
        sums[part.id] = part if first is None else replace(first, amount=first.amount + part.amount)
    return list(sums.values())


def _folded(text: str) -> str:
    """The letters and digits of a text, upper case: banks drop hyphens, slashes and spaces."""
    return "".join(character for character in text.upper() if character.isalnum())


def _same(reference: str, other: str) -> bool:
    return bool(reference) and _folded(reference) == _folded(other)


def _without_parts(items: Sequence[OpenItem]) -> list[OpenItem]:
    """The items whose reference is not part of a longer one that was quoted: INV-1 is not meant by INV-12."""
    names = {item.id: _folded(item.reference) for item in items}
    return [
        item
        for item in items
        if not any(names[item.id] != name and names[item.id] in name for name in names.values())
    ]
