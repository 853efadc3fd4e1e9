"""What an invoice comes to, in the order of EN 16931 (BT numbers in brackets).

Every piece is rounded half up to the currency before it is added; sums of rounded pieces are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from catalogue.rules import COMPONENTS, Regime, gst_regime
from core.errors import Invalid
from core.money import added, amount, apportion, round_money, round_to, split, times, unit, zero

TaxRounding = Literal["group", "line"]
Key = tuple[str, Decimal]
ONE_TAX: Mapping[str, Fraction] = {"": Fraction(1)}
RUPEE = Decimal(1)
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """What is billed. `price` per `base_qty` units, without tax, never negative (a deduction has a negative
    quantity); `rate` and `discount_pct` in percent; `discount` and `charge` amounts in the currency."""

    qty: Decimal
    price: Decimal
    category: str = "S"
    rate: Decimal = Decimal(0)
    base_qty: Decimal = Decimal(1)
    discount_pct: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    charge: Decimal = Decimal(0)


@dataclass(frozen=True)
class Adjustment:
    """A document-level charge, or the part of a document discount that falls on one tax group."""

    category: str
    rate: Decimal
    amount: Decimal
    reason: str = ""


@dataclass(frozen=True)
class LineTotal:
    """A line worked out: `net` = gross - discount + charge (BT-131); `taxable` also bears its share of the
    document discount; `tax` shares add up, with those of the charges, to the tax of the group."""

    gross: Decimal
    discount: Decimal
    net: Decimal
    taxable: Decimal
    tax: Decimal
    components: Mapping[str, Decimal]


@dataclass(frozen=True)
class Group:
    """One line of the tax breakdown: (category, rate), taxable (BT-116), tax (BT-117) and its components."""

    category: str
    rate: Decimal
    taxable: Decimal
    tax: Decimal
    components: Mapping[str, Decimal]


@dataclass(frozen=True)
class Totals:
    """All figures of a document; every amount is at the currency's exponent."""

    lines: tuple[LineTotal, ...]
    sum_lines: Decimal  # BT-106
    allowances: tuple[Adjustment, ...]
    allowance_total: Decimal  # BT-107
    charges: tuple[Adjustment, ...]
    charge_total: Decimal  # BT-108
    net: Decimal  # BT-109
    groups: tuple[Group, ...]
    tax: Decimal  # BT-110
    gross: Decimal  # BT-112
    prepaid: Decimal  # BT-113
    rounding: Decimal  # BT-114
    due: Decimal  # BT-115


@dataclass
class _Piece:
    """Something that is taxed: a line (its index) or a charge."""

    key: Key
    taxable: Decimal
    line: int | None = None
    components: dict[str, Decimal] = field(default_factory=dict)


def invoice_totals(
    lines: Sequence[Line],
    *,
    currency: str,
    discount_pct: Decimal = Decimal(0),
    discount: Decimal = Decimal(0),
    charges: Sequence[Adjustment] = (),
    prepaid: Decimal = Decimal(0),
    cash_round_to: Decimal | None = None,
    tax_rounding: TaxRounding = "group",
    components: Mapping[str, Fraction] = ONE_TAX,
) -> Totals:
    """Work out a document.

    The document discount is `discount_pct` of the sum of the lines, or the amount `discount`, not both; it is
    spread over the tax groups by largest remainder. Tax is rounded once per group, or per line
    (`tax_rounding`), for each of `components` (name -> share of the rate). `cash_round_to` rounds the amount
    due only. Sources: EN 16931 BR-CO-10 to -17; a negative price or an impossible discount is `Invalid`.
    """
    nets = [_line_net(line, number, currency) for number, line in enumerate(lines, start=1)]
    sum_lines = sum((net for _, _, net in nets), zero(currency))
    keys = [(line.category, line.rate) for line in lines]
    total_discount = _document_discount(sum_lines, discount_pct, discount, currency)
    allowances = _spread(total_discount, keys, [net for _, _, net in nets], currency)
    taxable = _taxable_lines(allowances, keys, [net for _, _, net in nets], currency)
    checked = tuple(_checked_charge(charge, currency) for charge in charges)
    pieces = [_Piece(key, value, index) for index, (key, value) in enumerate(zip(keys, taxable, strict=True))]
    pieces += [_Piece((charge.category, charge.rate), charge.amount) for charge in checked]
    groups = tuple(_tax_groups(pieces, currency, tax_rounding, components))
    charge_total = sum((charge.amount for charge in checked), zero(currency))
    net = sum_lines - total_discount + charge_total
    tax = sum((group.tax for group in groups), zero(currency))
    paid = amount(prepaid, currency, field="prepaid")
    before_rounding = net + tax - paid
    rounding = zero(currency)
    if cash_round_to is not None:
        rounding = (
            amount(round_to(before_rounding, cash_round_to), currency, field="cash_round_to")
            - before_rounding
        )
    return Totals(
        lines=tuple(
            LineTotal(
                gross,
                off,
                line_net,
                piece.taxable,
                sum(piece.components.values(), zero(currency)),
                piece.components,
            )
            for (gross, off, line_net), piece in zip(nets, pieces[: len(nets)], strict=True)
        ),
        sum_lines=sum_lines,
        allowances=allowances,
        allowance_total=total_discount,
        charges=checked,
        charge_total=charge_total,
        net=net,
        groups=groups,
        tax=tax,
        gross=net + tax,
        prepaid=paid,
        rounding=rounding,
        due=before_rounding + rounding,
    )


def _line_net(line: Line, number: int, currency: str) -> tuple[Decimal, Decimal, Decimal]:
    """Gross, discount and net of a line; each is rounded before the next is made."""
    where = f"lines[{number - 1}]"
    if line.price < 0:
        raise Invalid(
            f"Line {number}: the price is negative.",
            field=f"{where}.price",
            rule="BR-27",
            mend="Use a negative quantity or a discount.",
        )
    if line.base_qty <= 0:
        raise Invalid(
            f"Line {number}: the base quantity must be above zero.",
            field=f"{where}.base_qty",
            rule="base_qty_is_positive",
        )
    if not 0 <= line.discount_pct <= 100:
        raise Invalid(
            f"Line {number}: a discount is 0 to 100 %.",
            field=f"{where}.discount_pct",
            rule="discount_is_a_percentage",
        )
    if line.rate < 0:
        raise Invalid(
            f"Line {number}: a tax rate is not negative.", field=f"{where}.rate", rule="rate_not_negative"
        )
    if line.base_qty == 1:
        gross = round_money(times(line.qty, line.price), currency)
    else:
        gross = round_money(Fraction(line.qty) * Fraction(line.price) / Fraction(line.base_qty), currency)
    off = _percent(gross, line.discount_pct, currency)
    off += amount(line.discount, currency, field=f"{where}.discount")
    if gross >= 0 and off > gross:
        raise Invalid(
            f"Line {number}: the discount {off} is more than the line's {gross}.",
            field=f"{where}.discount",
            rule="discount_within_amount",
            mend="Credit the difference in a credit note instead.",
        )
    return gross, off, gross - off + amount(line.charge, currency, field=f"{where}.charge")


def _percent(value: Decimal, pct: Decimal, currency: str) -> Decimal:
    return round_money(times(times(value, pct), _HUNDREDTH), currency)


def _document_discount(sum_lines: Decimal, pct: Decimal, fixed: Decimal, currency: str) -> Decimal:
    if pct and fixed:
        raise Invalid(
            "Give the document discount in percent or as an amount, not both.",
            field="discount",
            rule="one_discount",
        )
    if not 0 <= pct <= 100:
        raise Invalid("A discount is 0 to 100 %.", field="discount_pct", rule="discount_is_a_percentage")
    result = _percent(sum_lines, pct, currency) if pct else amount(fixed, currency, field="discount")
    if sum_lines >= 0 and result > sum_lines:
        raise Invalid(
            f"The discount {result} is more than the lines' {sum_lines}.",
            field="discount",
            rule="discount_within_amount",
        )
    return result


def _spread(
    total: Decimal, keys: Sequence[Key], nets: Sequence[Decimal], currency: str
) -> tuple[Adjustment, ...]:
    """The document discount over the (category, rate) groups, by largest remainder on their nets."""
    if not total:
        return ()
    sums: dict[Key, Decimal] = {}
    for key, net in zip(keys, nets, strict=True):
        sums[key] = sums.get(key, zero(currency)) + net
    parts = _split_by_size(total, list(sums.values()), currency)
    return tuple(Adjustment(category, rate, part) for (category, rate), part in zip(sums, parts, strict=True))


def _taxable_lines(
    allowances: Sequence[Adjustment], keys: Sequence[Key], nets: Sequence[Decimal], currency: str
) -> list[Decimal]:
    """What is taxed of each line once its group's discount is shared out within the group."""
    taxable = list(nets)
    for allowance in allowances:
        members = [index for index, key in enumerate(keys) if key == (allowance.category, allowance.rate)]
        parts = _split_by_size(allowance.amount, [nets[index] for index in members], currency)
        for index, part in zip(members, parts, strict=True):
            taxable[index] -= part
    return taxable


def _split_by_size(total: Decimal, nets: Sequence[Decimal], currency: str) -> list[Decimal]:
    # Amounts of the other sign (a deduction among sales) bear no discount, else they would grow by it.
    sign = -1 if sum(nets) < 0 else 1
    return split(total, [max(Decimal(0), sign * net) for net in nets], unit=unit(currency))


def _checked_charge(charge: Adjustment, currency: str) -> Adjustment:
    return Adjustment(
        charge.category, charge.rate, amount(charge.amount, currency, field="charges"), charge.reason
    )


def _tax_groups(
    pieces: Sequence[_Piece], currency: str, tax_rounding: TaxRounding, components: Mapping[str, Fraction]
) -> list[Group]:
    """Tax per group, in order of first appearance; fills in the tax of each piece."""
    members: dict[Key, list[_Piece]] = {}
    for piece in pieces:
        members.setdefault(piece.key, []).append(piece)
    groups = []
    for (category, rate), inside in members.items():
        taxable = sum((piece.taxable for piece in inside), zero(currency))
        whole = [times(times(piece.taxable, rate), _HUNDREDTH) for piece in inside]
        taxes = {}
        for name, share in components.items():
            exact = [Fraction(tax) * share if share != 1 else tax for tax in whole]
            if tax_rounding == "line":
                parts = [round_money(part, currency) for part in exact]
            else:
                rounded = round_money(added(whole) if share == 1 else sum(exact, Fraction(0)), currency)
                parts = apportion(exact, rounded, unit=unit(currency)) if len(exact) > 1 else [rounded]
            for piece, part in zip(inside, parts, strict=True):
                piece.components[name] = part
            taxes[name] = sum(parts, zero(currency))
        groups.append(Group(category, rate, taxable, sum(taxes.values(), zero(currency)), taxes))
    return groups


@dataclass(frozen=True)
class InclusivePrice:
    """A price that contains its tax, taken apart: net + tax = gross."""

    net: Decimal
    tax: Decimal
    gross: Decimal


def tax_inclusive(gross: Decimal, rate: Decimal, currency: str) -> InclusivePrice:
    """Take the tax out of a consumer price: tax = round(gross * rate / (100 + rate)), net = the rest."""
    if rate < 0:
        raise Invalid("A tax rate is not negative.", field="rate", rule="rate_not_negative")
    total = amount(gross, currency, field="gross")
    tax = round_money(Fraction(total) * Fraction(rate) / (100 + Fraction(rate)), currency)
    return InclusivePrice(total - tax, tax, total)


@dataclass(frozen=True)
class GstTotals:
    """An Indian document: its regime, and its totals with components CGST and SGST or UTGST, or IGST."""

    regime: Regime
    totals: Totals


def gst_totals(
    lines: Sequence[Line],
    *,
    supplier_state: str,
    pos_state: str,
    sez: bool = False,
    round_to_rupee: bool = False,
    discount_pct: Decimal = Decimal(0),
    discount: Decimal = Decimal(0),
    charges: Sequence[Adjustment] = (),
    prepaid: Decimal = Decimal(0),
    currency: str = "INR",
) -> GstTotals:
    """Totals with GST per line and component, each rounded on its own: 10.05 at 18 % is 0.90 + 0.90.

    `round_to_rupee` adds one round-off amount to the document (`totals.rounding`); tax is not touched.
    """
    regime = gst_regime(supplier_state, pos_state, sez=sez)
    totals = invoice_totals(
        lines,
        currency=currency,
        discount_pct=discount_pct,
        discount=discount,
        charges=charges,
        prepaid=prepaid,
        cash_round_to=RUPEE if round_to_rupee else None,
        tax_rounding="line",
        components=COMPONENTS[regime],
    )
    return GstTotals(regime, totals)
