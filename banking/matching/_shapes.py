"""What is compared and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Item:
    """Something owed. `discounted` closes it until `discount_until`; `limit` is the policy's tolerance."""

    id: int
    number: str
    customer: int
    open_amount: Decimal
    due_on: date
    held: Decimal = Decimal(0)
    discounted: Decimal | None = None
    discount_until: date | None = None
    limit: Decimal = Decimal(0)
    net: Decimal | None = None

    @property
    def payable(self) -> Decimal:
        """What is asked for: the rest is disputed."""
        return self.open_amount - self.held


@dataclass(frozen=True)
class Incoming:
    """What the bank says of money that came. `texts` are all in which a payer may have written a number."""

    amount: Decimal
    received_on: date
    texts: tuple[str, ...] = ()
    structured: str = ""
    payer_name: str = ""
    payer_account: str = ""


@dataclass(frozen=True)
class Advice:
    """One payment as its payer announced it: `parts` are (item id, amount), `lines` the rows that say so."""

    customer: int
    reference: str
    parts: tuple[tuple[int, Decimal], ...]
    lines: tuple[int, ...]
    deducted: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """What the payment comes to."""
        return sum((amount for _, amount in self.parts), Decimal(0))


@dataclass(frozen=True)
class Term:
    """One piece of evidence: its code, what it counts, and it in words."""

    code: str
    points: int
    words: str


@dataclass(frozen=True)
class Match:
    """Who paid what, and why. `parts` are (item id, amount); `rest` stays the customer's credit.

    `fee` and `withheld` are what the bank or the payer kept and the customer is credited with all the same;
    `let_go` are items whose small rest the policy writes off.
    """

    customer: int
    parts: tuple[tuple[int, Decimal], ...]
    terms: tuple[Term, ...]
    rest: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    withheld: Decimal = Decimal(0)
    let_go: tuple[int, ...] = ()
    advice: tuple[int, ...] = ()

    @property
    def score(self) -> int:
        """The sum of its terms."""
        return sum(term.points for term in self.terms)
