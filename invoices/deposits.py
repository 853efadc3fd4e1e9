"""What of a deposit an invoice may take off: never more than was billed, nor more than it bills itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from core.errors import Refused
from core.money import plain
from invoices.inputs import DraftInput
from invoices.models import Deduction
from invoices.pricing import Worked

Key = tuple[str, Decimal, str]


def refuse_over_deduction(rows: Sequence[Deduction], draft: DraftInput, worked: Worked) -> None:
    """Refuse an invoice that takes off more of a tax group than it bills, or deposits of somebody else."""
    for row in rows:
        deposit = row.deposit
        if (deposit.entity_id, deposit.customer_id, deposit.currency) != (
            draft.entity.pk,
            draft.customer.pk,
            worked.currency,
        ):
            raise Refused(
                f"{deposit} was billed to another customer, by another company or in another currency.",
                field="deposits",
                rule="a_deposit_is_deducted_from_its_customer",
                mend="Take the deposits off first.",
            )
    billed: dict[Key, tuple[Decimal, Decimal]] = {
        (group.category, group.rate, name): (group.taxable, tax)
        for group in worked.totals.groups
        for name, tax in group.components.items()
    }
    for (category, rate, component), (net, tax) in _sums(rows).items():
        most = billed.get((category, rate, component), (Decimal(0), Decimal(0)))
        if net > most[0] or tax > most[1]:
            name = f"{component or 'tax'} of {rate.normalize():f} %"
            raise Refused(
                f"The deposits come to {plain(net, worked.currency)} net and {plain(tax, worked.currency)} "
                f"{name}; this invoice bills {plain(most[0], worked.currency)} net and "
                f"{plain(most[1], worked.currency)}.",
                field="deposits",
                rule="a_deposit_is_deducted_within_its_tax_group",
                mend="Bill the whole supply in the lines, take a deposit off, or credit the deposit.",
            )


def _sums(rows: Iterable[Deduction]) -> Mapping[Key, tuple[Decimal, Decimal]]:
    found: dict[Key, tuple[Decimal, Decimal]] = {}
    for row in rows:
        for group in row.groups:
            key = (group["category"], Decimal(group["rate"]), group["component"])
            net, tax = found.get(key, (Decimal(0), Decimal(0)))
            found[key] = (net + Decimal(group["taxable"]), tax + Decimal(group["tax"]))
    return found
