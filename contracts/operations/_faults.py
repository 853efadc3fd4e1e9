"""What cannot be right about a contract somebody writes, each fault with its field and mend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from contracts.inputs import ContractInput, ItemInput
from contracts.rules import Tier, tiered_usage
from core.errors import Invalid, Problem, problem
from core.money import LARGEST

# A year of it, in the books of a company of another currency, is still an amount.
_MOST = LARGEST / 10_000


def refuse_faults(given: ContractInput) -> None:
    """Refuse with every fault at once; the first one is the message."""
    problems = [*_own_faults(given)]
    for number, one in enumerate(given.items):
        problems += item_faults(one, f"items[{number}]", given.starts_on)
    if problems:
        first = problems[0]
        raise Invalid(
            first["message"], field=first["field"], rule=first["rule"], mend=first["mend"], problems=problems
        )


def _own_faults(given: ContractInput) -> Iterator[Problem]:
    if len(given.name.strip()) < 3:
        yield problem(
            "The name says too little.", field="name", rule="a_contract_has_a_name", mend="Name it."
        )
    if given.ends_on and given.ends_on < given.starts_on:
        yield problem(
            "The contract ends before it starts.",
            field="ends_on",
            rule="a_contract_ends_after_it_starts",
            mend="Swap the two days.",
        )
    if given.anchor and given.anchor > given.starts_on:
        yield problem(
            "Periods are counted from a day after the start.",
            field="anchor",
            rule="a_contract_starts_after_its_anchor",
            mend="Choose a day on or before the start.",
        )
    if not 1 <= given.every_months <= 60:
        yield problem(
            "A contract recurs every 1 to 60 months.",
            field="every_months",
            rule="a_contract_recurs_in_months",
            mend="Enter a number of months.",
        )
    if not given.items:
        yield problem(
            "The contract has no items.", field="items", rule="a_contract_has_items", mend="Add an item."
        )
    codes = [one.code.strip().casefold() for one in given.items if one.code.strip()]
    if len(codes) != len(set(codes)):
        yield problem(
            "Two items have the same code.",
            field="items",
            rule="an_item_code_is_used_once_in_a_contract",
            mend="Name one of them differently.",
        )
    if len({day for day, _ in given.steps}) != len(given.steps):
        yield problem(
            "Prices move twice on one day.",
            field="steps",
            rule="prices_move_once_on_a_day",
            mend="Add the two up.",
        )


def item_faults(one: ItemInput, where: str, starts_on: date) -> Iterator[Problem]:
    """What cannot be right about an item."""
    if len(one.description.strip()) < 3:
        yield problem(
            "An item says too little.", field=f"{where}.description", rule="EU-6", mend="Describe it."
        )
    if one.price < 0 or one.minimum < 0 or one.quantity <= 0:
        yield problem(
            f"“{one.description}” has a negative price or no quantity.",
            field=f"{where}.price",
            rule="a_contract_price_is_not_negative",
            mend="Enter a price of zero or more and a quantity.",
        )
    prices = [one.price, one.minimum, *(price for _, price in one.tiers)]
    if max(one.quantity, Decimal(1)) >= _MOST or max(prices) * max(one.quantity, Decimal(1)) >= _MOST:
        yield problem(
            f"“{one.description}” comes to more than anybody bills.",
            field=f"{where}.price",
            rule="an_amount_can_be_kept",
            mend="Check price and quantity.",
        )
    if one.ends_on and one.ends_on < (one.starts_on or starts_on):
        yield problem(
            f"“{one.description}” ends before it starts.",
            field=f"{where}.ends_on",
            rule="a_contract_item_ends_after_it_starts",
            mend="Swap the two days.",
        )
    if one.kind != "usage" and (one.pricing != "flat" or one.minimum or one.tiers):
        yield problem(
            "Only what is charged by use has tiers and a minimum.",
            field=f"{where}.pricing",
            rule="only_usage_has_tiers_and_a_minimum",
            mend="Choose one price.",
        )
    if one.kind == "usage" and one.pricing != "flat":
        yield from _tier_faults(one, where)


def _tier_faults(one: ItemInput, where: str) -> Iterator[Problem]:
    try:
        tiered_usage(Decimal(0), [Tier(up_to, price) for up_to, price in one.tiers], "EUR")
        whole = bool(one.tiers) and one.tiers[-1][0] is None
    except Invalid as fault:
        yield problem(
            fault.message, field=f"{where}.tiers", rule="tiers_rise", mend="Order the tiers from low to high."
        )
        return
    if not whole:
        yield problem(
            f"“{one.description}” has no price for use above its last tier.",
            field=f"{where}.tiers",
            rule="tiers_cover_usage",
            mend="Add a last tier without an end.",
        )
