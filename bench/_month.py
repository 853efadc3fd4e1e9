"""A month of bank lines with what they truly pay: payers write numbers as payers do. Seeded, no database."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from banking.matching import Book, Incoming, Item, folded

_FIRST = [
    "Alder",
    "Birch",
    "Cedar",
    "Delta",
    "Ember",
    "Falcon",
    "Granite",
    "Harbor",
    "Indigo",
    "Juniper",
    "Kestrel",
    "Lumen",
    "Marble",
    "Nordic",
    "Orchid",
    "Pioneer",
    "Quarry",
    "River",
    "Summit",
    "Tundra",
    "Umbra",
    "Vector",
    "Willow",
    "Xenon",
    "Yarrow",
    "Zephyr",
]
_SECOND = [
    "Foods",
    "Logistics",
    "Systems",
    "Textiles",
    "Media",
    "Energy",
    "Optics",
    "Pharma",
    "Tools",
    "Print",
    "Marine",
    "Steel",
    "Design",
    "Labs",
    "Farms",
    "Works",
    "Trading",
    "Motors",
    "Paper",
    "Glass",
]
_PLACES = [
    "Aachen",
    "Bergen",
    "Cork",
    "Delft",
    "Essen",
    "Faro",
    "Gent",
    "Halle",
    "Izmir",
    "Jena",
    "Kiel",
    "Lyon",
    "Malmö",
    "Nantes",
    "Oulu",
    "Porto",
    "Riga",
    "Siena",
    "Turin",
    "Ulm",
    "Vigo",
    "Wroclaw",
    "York",
    "Zagreb",
]
_LEGAL = ["GmbH", "AG", "Ltd", "Inc", "BV", "SARL", "S.p.A.", "KG"]
_CENT = Decimal("0.01")
# What happens with a payment, and how often in a hundred.
KINDS = {
    "plain": 33,
    "merged": 8,
    "typo": 8,
    "no_prefix": 8,
    "tolerance": 4,
    "fee": 4,
    "discount": 5,
    "withheld": 2,
    "part": 6,
    "silent": 6,
    "on_account": 2,
    "wrong_reference": 3,
    "third_party": 2,
    "more": 1,
    "shorthand": 3,
    "names_more": 2,
    "other_of_mine": 2,
    "part_with_slip": 1,
}


@dataclass(frozen=True)
class Truth:
    """A line with the customer who paid it and the items they meant."""

    kind: str
    line: Incoming
    customer: int
    items: frozenset[int]


@dataclass
class Month:
    """Everything a test of matching needs."""

    items: list[Item] = field(default_factory=list)
    names: dict[int, tuple[str, ...]] = field(default_factory=dict)
    accounts: dict[int, str] = field(default_factory=dict)
    known: dict[str, set[int]] = field(default_factory=dict)
    lines: list[Truth] = field(default_factory=list)

    def book(self) -> Book:
        """The open items as matching reads them."""
        return Book(
            items={item.id: item for item in self.items},
            names=self.names,
            accounts=self.known,
            withholding=(Decimal(10), Decimal(2), Decimal(1)),
            most_fee=Decimal(25),
        )


def month(seed: int, lines: int = 5000, customers: int = 900) -> Month:
    """`lines` payments of `customers` customers with two and a half times as many invoices open."""
    dice = random.Random(seed)
    made = Month()
    _customers(made, dice, customers)
    _invoices(made, dice, int(lines * 2.5))
    free: dict[int, list[Item]] = {customer: [] for customer in made.names}
    for item in made.items:
        free[item.customer].append(item)
    kinds = dice.choices(list(KINDS), weights=list(KINDS.values()), k=lines)
    for kind in kinds:
        truth = _payment(made, dice, kind, free)
        made.lines.append(truth)
    return made


def called(dice: random.Random) -> str:
    """The name of a company of a large book."""
    return " ".join(dice.choice(words) for words in (_FIRST, _SECOND, _PLACES, _LEGAL))


def _customers(made: Month, dice: random.Random, count: int) -> None:
    for key in range(1, count + 1):
        name = f"{dice.choice(_FIRST)} {dice.choice(_SECOND)} {dice.choice(['', 'Group', 'Nord', 'West', 'Intl', 'Services'])}".strip()
        made.names[key] = (f"{name} {dice.choice(_LEGAL)}",)
        made.accounts[key] = f"DE{dice.randrange(10**19, 10**20)}"
        if dice.random() < 0.75:
            made.known.setdefault(folded(made.accounts[key]), set()).add(key)


def _invoices(made: Month, dice: random.Random, count: int) -> None:
    usual = [Decimal(n) for n in (49, 99, 120, 250, 480, 990)]
    for number in range(1, count + 1):
        net = dice.choice(usual) if dice.random() < 0.15 else Decimal(dice.randrange(2000, 2_000_000)) / 100
        gross = (net * Decimal("1.19")).quantize(Decimal("0.01"))
        discount = dice.random() < 0.25
        made.items.append(
            Item(
                id=number,
                number=f"INV-2026-{number + 10_000:05d}",
                customer=dice.randrange(1, len(made.names) + 1),
                open_amount=gross,
                due_on=date(2026, 10, 1) + timedelta(days=dice.randrange(60)),
                discounted=(gross * Decimal("0.98")).quantize(Decimal("0.01")) if discount else None,
                discount_until=date(2026, 11, 30) if discount else None,
                limit=min(Decimal("1.00"), gross / 100),
                net=net.quantize(Decimal("0.01")),
            )
        )


@dataclass
class _Payment:
    """A payment while it is thought up."""

    dice: random.Random
    made: Month
    items: list[Item]
    others: list[Item]
    amount: Decimal
    texts: list[str]
    name: str
    account: str
    meant: frozenset[int]

    def plain(self) -> None:
        """As it should be."""

    merged = plain

    def typo(self) -> None:
        self.texts = [_slip(self.items[0].number, self.dice)]

    def no_prefix(self) -> None:
        number = self.items[0].number
        self.texts = [self.dice.choice([number[4:], number[4:].replace("-", ""), number[9:]])]

    def tolerance(self) -> None:
        off = min(Decimal(self.dice.randrange(1, 90)) / 100, self.items[0].limit)
        self.amount -= off.quantize(_CENT)

    def fee(self) -> None:
        self.amount = max(
            self.amount - Decimal(self.dice.choice(["5", "7.5", "10", "12.5", "15"])), Decimal(1)
        )

    def discount(self) -> None:
        self.amount = self.items[0].discounted or self.amount

    def withheld(self) -> None:
        net = self.items[0].net or Decimal(0)
        self.amount -= (net * self.dice.choice([10, 2, 1]) / 100).quantize(_CENT)

    def part(self) -> None:
        self.amount = (self.amount * self.dice.choice([25, 40, 50, 60, 75]) / 100).quantize(_CENT)

    def silent(self) -> None:
        self.texts = [self.dice.choice(["", "Payment", "Thank you", "Rechnung", "transfer 2026"])]

    def on_account(self) -> None:
        self.texts, self.meant = ["on account"], frozenset()
        self.amount = Decimal(self.dice.randrange(50, 900) * 10)

    def wrong_reference(self) -> None:
        self.texts = [_written(self.dice.choice(self.made.items).number, self.dice)]

    def third_party(self) -> None:
        self.name, self.account = self.dice.choice(["Factor House AG", "Central Treasury BV", "J. Smith"]), ""

    def more(self) -> None:
        self.amount += Decimal(self.dice.randrange(5, 300))

    def shorthand(self) -> None:
        self.texts = ["/".join([self.items[0].number, *(item.number[-3:] for item in self.items[1:])])]

    def names_more(self) -> None:
        if self.others:
            self.texts += [self.dice.choice(self.others).number]

    def other_of_mine(self) -> None:
        if self.others:
            self.texts = [self.dice.choice(self.others).number]

    def part_with_slip(self) -> None:
        self.texts = [_slip(self.items[0].number, self.dice)]
        self.amount = (self.amount / 2).quantize(_CENT)


def _payment(made: Month, dice: random.Random, kind: str, free: dict[int, list[Item]]) -> Truth:
    some = [key for key in dice.sample(list(free), min(40, len(free))) if free[key]]
    customer = dice.choice(some or [key for key in free if free[key]])
    theirs = free[customer]
    many = dice.randrange(2, 5) if kind in ("merged", "shorthand") else 1
    items = [theirs.pop(dice.randrange(len(theirs))) for _ in range(min(many, len(theirs)))]
    payment = _Payment(
        dice=dice,
        made=made,
        items=items,
        others=theirs,
        amount=sum((item.open_amount for item in items), Decimal(0)),
        texts=[_written(item.number, dice) for item in items],
        name=made.names[customer][0],
        account=made.accounts[customer],
        meant=frozenset(item.id for item in items),
    )
    getattr(payment, kind)()
    if kind == "on_account":
        theirs.extend(items)
    before = dice.choice(["", "Re ", "Rechnung ", "Invoice ", "Your bill ", "Facture "])
    line = Incoming(
        amount=payment.amount,
        received_on=date(2026, 11, 1) + timedelta(days=dice.randrange(28)),
        texts=(" ".join([before, *payment.texts]),),
        payer_name=_called(payment.name, dice),
        payer_account=payment.account,
    )
    return Truth(kind, line, customer, payment.meant)


def _written(number: str, dice: random.Random) -> str:
    return dice.choice(
        [
            number,
            number,
            number.lower(),
            number.replace("-", ""),
            number.replace("-", " "),
            number.replace("-", "/"),
            f"{number}.",
        ]
    )


def _slip(number: str, dice: random.Random) -> str:
    at = dice.randrange(4, len(number))
    what = dice.randrange(4)
    if what == 0:
        return number[:at] + str(dice.randrange(10)) + number[at + 1 :]
    if what == 1:
        return number[:at] + number[at + 1 :]
    if what == 2 and at + 1 < len(number):
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    return number[:at] + number[at] + number[at:]


def _called(name: str, dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.45:
        return name.upper()
    if kind < 0.6:
        return name.rsplit(" ", 1)[0]
    if kind < 0.7:
        return name[:20]
    return name
