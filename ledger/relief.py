"""What an open item is worth in the books, and how much of that leaves when part of it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from core.errors import Invalid, Refused
from core.money import amount, round_money, split, times, unit, zero


@dataclass(frozen=True)
class Rate:
    """Functional units for one document unit: 1 USD = 1.10 EUR is Rate('USD', 'EUR', Decimal('1.10'))."""

    currency: str
    functional: str
    value: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if self.value <= 0 or (self.currency == self.functional and self.value != 1):
            raise Invalid(
                f"{self.value} is no exchange rate from {self.currency} to {self.functional}.",
                field="fx_rate",
                rule="rate_is_possible",
                mend="A rate is above zero, and 1 within one currency.",
            )

    def convert(self, value: Decimal) -> Decimal:
        """The amount in functional currency, rounded half up."""
        return round_money(times(value, self.value), self.functional)


@dataclass(frozen=True)
class Item:
    """An open item: its full and its open amount, in document and in functional currency; all >= 0.

    `ref` is the caller's name for it and comes back on the legs that touch it.
    """

    amount: Decimal
    functional: Decimal
    open_amount: Decimal
    open_functional: Decimal
    ref: str = ""

    def less(self, value: Decimal, functional: Decimal) -> Item:
        """The item after that much of it has been settled."""
        return replace(
            self, open_amount=self.open_amount - value, open_functional=self.open_functional - functional
        )


def relief(item: Item, value: Decimal, functional_currency: str) -> Decimal:
    """The functional amount that leaves the books when `value` (document currency) of the item is settled.

    Cumulative: after it, round(functional * settled / amount) has left in all, and the last part clears the
    rest, so an item that is settled has exactly 0 left. `Refused` unless 0 < value <= what is open.
    """
    if not 0 < value <= item.open_amount:
        raise Refused(
            f"{value} cannot be settled of {item.ref or 'this item'}: {item.open_amount} is open.",
            field="amount",
            rule="settled_within_open",
            mend=f"Settle at most {item.open_amount}.",
        )
    if value == item.open_amount:
        return item.open_functional
    settled = item.amount - item.open_amount + value
    target = round_money(
        Fraction(item.functional) * Fraction(settled) / Fraction(item.amount), functional_currency
    )
    # After a reversal the amount already relieved can lie a unit above the target: nothing flows back.
    return max(zero(functional_currency), target - (item.functional - item.open_functional))


@dataclass(frozen=True)
class Settlement:
    """One payment of a foreign currency invoice, in functional currency; `fx_gain` < 0 is a loss."""

    bank: Decimal
    ar_relieved: Decimal
    fx_gain: Decimal


@dataclass(frozen=True)
class FxSettlement:
    """An invoice in foreign currency from issue to its last payment; functional unless named `_doc`."""

    ar: Decimal
    tax: Decimal
    revenue: Decimal
    payments: tuple[Settlement, ...]
    ar_open_doc: Decimal
    ar_open_functional: Decimal


def fx_settle(
    *, total: Decimal, rate: Rate, payments: Sequence[tuple[Decimal, Decimal]], tax: Decimal = Decimal(0)
) -> FxSettlement:
    """Book an invoice at `rate` and settle it with (amount, payment-day rate) pairs.

    Tax is converted on its own and revenue takes the rounding, so the entry balances. A receivable leaves at
    the invoice's rate; the difference is realised gain or loss (IAS 21.28, ASC 830-20-35). What is paid above
    the total stays as credit at the payment's rate and makes no gain.
    """
    whole = amount(total, rate.currency, field="total")
    ar, tax_functional = rate.convert(whole), rate.convert(amount(tax, rate.currency, field="tax"))
    item = Item(whole, ar, whole, ar)
    settlements = []
    for paid, day_rate in payments:
        at = Rate(rate.currency, rate.functional, day_rate)
        used = min(amount(paid, rate.currency, field="payments"), item.open_amount)
        gone = relief(item, used, rate.functional) if used > 0 else zero(rate.functional)
        item = item.less(used, gone)
        settlements.append(Settlement(at.convert(paid), gone, at.convert(used) - gone))
    return FxSettlement(
        ar, tax_functional, ar - tax_functional, tuple(settlements), item.open_amount, item.open_functional
    )


@dataclass(frozen=True)
class WriteOff:
    """How a write-off is posted: bad debt + output tax given back = what leaves the receivables."""

    bad_debt: Decimal
    output_tax: Decimal
    receivable: Decimal


def write_off_split(
    *, open_amount: Decimal, gross: Decimal, tax: Decimal, tax_relief: bool, currency: str
) -> WriteOff:
    """Split what is written off into loss and output tax.

    With `tax_relief` the open amount contains tax as the invoice did (`tax` of `gross`; largest remainder);
    without it (India) all of it is loss. Directive 2006/112/EC art. 90; UK bad debt relief.
    """
    if not 0 <= open_amount <= gross or not 0 <= tax <= gross:
        raise Invalid(
            "What is written off lies between nothing and the invoice, and so does its tax.",
            field="amount",
            rule="write_off_within_invoice",
        )
    loss, given_back = open_amount, zero(currency)
    if tax_relief and gross:
        loss, given_back = split(open_amount, [gross - tax, tax], unit=unit(currency))
    return WriteOff(loss, given_back, open_amount)
