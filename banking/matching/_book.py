"""Open items and payers of one company in one currency, found by number, digits, account and name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from banking.matching._shapes import Advice, Item


@dataclass
class Book:
    """Open items and payers of one company in one currency, found by number, digits, account and name."""

    items: dict[int, Item] = field(default_factory=dict)
    names: dict[int, tuple[str, ...]] = field(default_factory=dict)
    accounts: dict[str, set[int]] = field(default_factory=dict)
    group: dict[int, int] = field(default_factory=dict)
    withholding: tuple[Decimal, ...] = ()
    most_fee: Decimal = Decimal(0)
    advices: tuple[Advice, ...] = ()

    def __post_init__(self) -> None:
        self.by_number: dict[str, list[int]] = defaultdict(list)
        self.by_digits: dict[str, list[int]] = defaultdict(list)
        self.by_customer: dict[int, list[int]] = defaultdict(list)
        for item in self.items.values():
            number = folded(item.number)
            self.by_number[number].append(item.id)
            self.by_digits[digits_of(number)].append(item.id)
            self.by_customer[item.customer].append(item.id)
        # What a number here is made of: what else a payer wrote is no slip of one.
        self.signs = "".join(sorted(set().union(*self.by_number)))
        self.lengths = {len(number) for number in self.by_number}
        self.by_total: dict[Decimal, list[Advice]] = defaultdict(list)
        for advice in self.advices:
            self.by_total[advice.total].append(advice)
        self.by_name: dict[str, list[int]] = defaultdict(list)
        self.by_word: dict[str, set[str]] = defaultdict(set)
        for customer, names in self.names.items():
            for name in names:
                plain = plain_name(name)
                self.by_name[plain].append(customer)
                for word in plain.split():
                    self.by_word[word].add(plain)

    def settle(self, parts: Iterable[tuple[int, Decimal]]) -> None:
        """Take what was paid off the items, so that the next line of the run does not pay it again."""
        for key, amount in parts:
            item = self.items[key]
            left = max(item.open_amount - amount, Decimal(0))
            self.items[key] = replace(item, open_amount=left, held=min(item.held, left), discounted=None)


def folded(text: str) -> str:
    """Letters and digits in capitals: payers and banks drop the rest."""
    return "".join(filter(str.isalnum, text.upper()))


def digits_of(number: str) -> str:
    return "".join(filter(str.isdigit, number))


_LEGAL = {
    *("GMBH", "AG", "KG", "LTD", "LIMITED", "INC", "LLC", "PVT", "PRIVATE", "SA", "SAS", "SARL", "BV", "NV"),
    *(
        "SPA",
        "SRL",
        "SL",
        "PLC",
        "CO",
        "COMPANY",
        "CORP",
        "THE",
        "AND",
        "UND",
        "ET",
        "MBH",
        "EK",
        "OHG",
        "LLP",
    ),
}


def words_of(name: str) -> set[str]:
    words = {folded(word) for word in re.split(r"[\s.,&/()-]+", name)}
    return {word for word in words if len(word) > 2 and word not in _LEGAL}


def plain_name(name: str) -> str:
    """A name as it is compared: its words in order, without its legal form."""
    return " ".join(sorted(words_of(name)))
