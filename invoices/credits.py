"""How much of an invoice may still be credited: per line and per tax group, never more than was billed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from core.errors import Problem, Refused, problem
from core.money import round_money, split, unit, zero
from invoices.totals import TaxRounding

Key = tuple[str, Decimal]


@dataclass(frozen=True)
class CreditLine:
    """What was billed or credited of one line: `net` after its share of document discounts, `tax` by
    component (needed where tax is rounded per line); amounts >= 0 but for a deduction not yet laid on
    others (`without_deductions`)."""

    position: int
    category: str
    rate: Decimal
    net: Decimal
    tax: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class CreditGroup:
    """What was billed or credited of one tax group, amounts >= 0; `component` "" or CGST, SGST ..."""

    category: str
    rate: Decimal
    taxable: Decimal
    tax: Decimal
    component: str = ""


@dataclass(frozen=True)
class Creditable:
    """An invoice, or a credit note to it, as far as limits go. Document charges are lines from -1 down."""

    lines: tuple[CreditLine, ...]
    groups: tuple[CreditGroup, ...]


def without_deductions(lines: Sequence[CreditLine], currency: str) -> tuple[CreditLine, ...]:
    """The lines with deductions (net < 0) laid on the other lines of their tax group, in proportion.

    What was taken off was never owed: a group can be credited for what it came to and no more, and a credit
    note has no line that charges. A group that came to nothing or less has nothing to credit.
    """
    result = list(lines)
    for key in {(line.category, line.rate) for line in lines if line.net < 0}:
        inside = [at for at, line in enumerate(lines) if (line.category, line.rate) == key]
        weights = [max(Decimal(0), lines[at].net) for at in inside]
        total = max(Decimal(0), sum((lines[at].net for at in inside), Decimal(0)))
        nets = split(total, weights, unit=unit(currency))
        shares: list[dict[str, Decimal]] = [{} for _ in inside]
        for name in {name for at in inside for name in lines[at].tax}:
            tax = sum((lines[at].tax.get(name, Decimal(0)) for at in inside), Decimal(0))
            parts = split(max(Decimal(0), tax), weights, unit=unit(currency))
            for share, part in zip(shares, parts, strict=True):
                share[name] = part
        for at, net, taxes in zip(inside, nets, shares, strict=True):
            result[at] = replace(lines[at], net=net, tax=taxes)
    return tuple(result)


def left_to_credit(invoice: Creditable, credited: Sequence[Creditable]) -> Creditable:
    """What is left of the invoice, line by line and group by group, after the credit notes so far."""
    lines = []
    for line in invoice.lines:
        before = [part for credit in credited for part in credit.lines if part.position == line.position]
        net = line.net - sum((part.net for part in before), Decimal(0))
        tax = {
            name: value - sum((part.tax.get(name, Decimal(0)) for part in before), Decimal(0))
            for name, value in line.tax.items()
        }
        lines.append(CreditLine(line.position, line.category, line.rate, net, tax))
    groups = []
    for group in invoice.groups:
        earlier = [other for credit in credited for other in credit.groups if _key(other) == _key(group)]
        taxable = group.taxable - sum((other.taxable for other in earlier), Decimal(0))
        group_tax = group.tax - sum((other.tax for other in earlier), Decimal(0))
        groups.append(CreditGroup(group.category, group.rate, taxable, group_tax, group.component))
    return Creditable(tuple(lines), tuple(groups))


def credit_groups(
    left: Creditable,
    wanted: Mapping[int, Decimal],
    currency: str,
    *,
    shares: Mapping[str, Fraction] | None = None,
    tax_rounding: TaxRounding = "group",
) -> tuple[CreditGroup, ...]:
    """The tax groups of a credit note that takes `wanted` (line position -> net amount, positive).

    Tax is at the invoice's own rate and rounded as on the invoice (`tax_rounding`); a credit that takes all
    that is left of a group, or of a line, takes all its tax, so that the last credit carries the rounding.
    `shares` (component -> share of the rate) for India. Raises `Refused`, one problem per line at fault.
    """
    check_credit(left, wanted)
    nets = {line.position: line for line in left.lines}
    taken: dict[Key, Decimal] = {}
    for position, net in wanted.items():
        key = (nets[position].category, nets[position].rate)
        taken[key] = taken.get(key, zero(currency)) + net
    groups = []
    for group in left.groups:
        taxable = taken.get((group.category, group.rate))
        if not taxable:
            continue
        share = (shares or {}).get(group.component, Fraction(1))
        if taxable == group.taxable:
            tax = group.tax
        elif tax_rounding == "group":
            tax = _tax(taxable, group.rate, share, currency)
        else:
            tax = _tax_by_line(group, nets, wanted, share, currency)
        groups.append(CreditGroup(group.category, group.rate, taxable, min(tax, group.tax), group.component))
    return tuple(groups)


def _tax_by_line(
    group: CreditGroup,
    lines: Mapping[int, CreditLine],
    wanted: Mapping[int, Decimal],
    share: Fraction,
    currency: str,
) -> Decimal:
    total = zero(currency)
    for position, net in wanted.items():
        line = lines[position]
        if (line.category, line.rate) == (group.category, group.rate):
            total += line_tax(line, net, group.component, share, currency)
    return total


def line_tax(line: CreditLine, net: Decimal, component: str, share: Fraction, currency: str) -> Decimal:
    """The tax of a credit of `net` where tax is rounded per line; `line` is what is left of it."""
    # Many small parts, each rounded up, must not take more tax than the line had.
    left = line.tax[component]
    return left if net == line.net else min(_tax(net, line.rate, share, currency), left)


def check_credit(left: Creditable, wanted: Mapping[int, Decimal]) -> None:
    """Refuse a credit of nothing, of a line that is not there, or of more than is left of a line or group."""
    nets = {line.position: line for line in left.lines}
    problems: list[Problem] = []
    for position, net in wanted.items():
        line = nets.get(position)
        if line is None:
            problems.append(
                _too_much(position, f"The invoice has no line {position}.", "Choose one of its lines.")
            )
        elif net <= 0:
            problems.append(
                _too_much(position, f"Line {position}: credit an amount above zero.", "Leave it out.")
            )
        elif net > line.net:
            text = f"Line {position}: {net} is more than the {line.net} that is left to credit."
            problems.append(_too_much(position, text, f"Credit at most {line.net}."))
    if not wanted:
        problems.append(_too_much(0, "The credit note credits nothing.", "Choose what to credit."))
    if problems:
        raise Refused(problems[0]["message"], problems=problems)


def _too_much(position: int, message: str, mend: str) -> Problem:
    return problem(message, field=f"lines[{position}].net", rule="credit_within_invoice", mend=mend)


def _tax(taxable: Decimal, rate: Decimal, share: Fraction, currency: str) -> Decimal:
    return round_money(Fraction(taxable) * Fraction(rate) * share / 100, currency)


def _key(group: CreditGroup) -> tuple[str, Decimal, str]:
    return group.category, group.rate, group.component
