"""What matching proposed for a line, with the names people know and the books as they stand now."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from banking.models import Line
from customers.models import Customer
from invoices.models import Instalment, Invoice


@dataclass(frozen=True)
class Goes:
    """One part of a proposal: the invoice, what is open of it now, and what it would get."""

    invoice: Invoice
    open_amount: Decimal
    pays: Decimal


@dataclass(frozen=True)
class Proposal:
    """What matching found, with the names people know."""

    number: int
    customer: Customer
    goes: tuple[Goes, ...]
    rest: Decimal
    fee: Decimal
    withheld: Decimal
    score: int
    terms: tuple[dict[str, object], ...]


def proposals_of(line: Line) -> list[Proposal]:
    """The proposals of a line, the best first, as the books stand now: two queries."""
    customers = Customer.objects.in_bulk({match["customer"] for match in line.matches})
    items = {part[0] for match in line.matches for part in match["parts"]}
    parts = {
        part.open_item.pk: (part.invoice, part.open_item.open_amount)
        for part in Instalment.objects.filter(open_item__in=items).select_related("invoice", "open_item")
        if part.open_item is not None
    }
    found = []
    for number, match in enumerate(line.matches):
        goes = tuple(Goes(*parts[item], Decimal(amount)) for item, amount in match["parts"] if item in parts)
        found.append(
            Proposal(
                number=number,
                customer=customers[match["customer"]],
                goes=goes,
                rest=Decimal(match["rest"]),
                fee=Decimal(match["fee"]),
                withheld=Decimal(match["withheld"]),
                score=match["score"],
                terms=tuple(match["terms"]),
            )
        )
    return found
