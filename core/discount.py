"""Early payment discount: 2/10 is 2 percent off when paid within 10 days of the invoice date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from core.dates import add_days
from core.errors import Invalid
from core.money import amount, round_money, round_to, split, times, unit, zero


@dataclass(frozen=True)
class EarlyDiscount:
    """What a payment earns: discount = net + tax part; what stays open; what was paid beyond the invoice."""

    eligible: bool
    discount: Decimal
    discount_net: Decimal
    discount_tax: Decimal
    open_after: Decimal
    unapplied: Decimal


def last_day(invoice_date: date, days: int) -> date:
    """The last day that earns the discount: 2/10 dated 1 March is 11 March."""
    return add_days(invoice_date, days)


def discounted(gross: Decimal, pct: Decimal, currency: str) -> Decimal:
    """What has to be paid in time to close an invoice of `gross`: gross - round(gross * pct)."""
    return gross - round_money(times(gross, pct.scaleb(-2)), currency)


def early_discount(
    *,
    gross: Decimal,
    tax: Decimal,
    pct: Decimal,
    days: int,
    invoice_date: date,
    paid_on: date,
    payment: Decimal,
    currency: str,
    adjusts_tax: bool = True,
) -> EarlyDiscount:
    """The discount a payment earns on an invoice with `gross` open.

    In time, a part payment settles paid / (1 - pct), and paying `discounted(...)` closes the invoice; never
    more than closes it, and paying in full books none. The discount is split over net and tax as the invoice
    is, unless tax is not adjusted. Too late: the payment counts for what it is.
    """
    if not 0 <= pct < 100:
        raise Invalid(
            "An early payment discount is 0 to below 100 %.", field="pct", rule="discount_is_a_percentage"
        )
    owed, paid = amount(gross, currency, field="gross"), amount(payment, currency, field="payment")
    eligible = paid_on <= last_day(invoice_date, days)
    off = zero(currency)
    if eligible and 0 < paid < owed:
        settled = round_money(Fraction(paid) * 100 / (100 - Fraction(pct)), currency)
        closes = paid >= discounted(owed, pct, currency)
        off = (owed if closes else min(settled, owed)) - paid
    net, tax_part = off, zero(currency)
    if adjusts_tax and off:
        net, tax_part = split(off, [owed - tax, tax], unit=unit(currency))
    rest = owed - paid - off
    return EarlyDiscount(eligible, off, net, tax_part, max(rest, zero(currency)), max(-rest, zero(currency)))


def annual_cost(pct: Decimal, days: int, net_days: int) -> Decimal | None:
    """What not taking the discount costs in percent a year: 2/10 net 30 is 37.2. None if it never ends."""
    if net_days <= days or not 0 < pct < 100:
        return None
    return round_to(Fraction(pct) / (100 - Fraction(pct)) * 100 * 365 / (net_days - days), Decimal("0.1"))
