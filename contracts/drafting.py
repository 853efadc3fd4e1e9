"""From what is owed to what an invoice says: which bills share one, and its positions in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from contracts.billing import Bill, Rest, due_bills
from contracts.loading import Book
from contracts.models import Contract
from contracts.owing import USAGE
from contracts.words import Words
from core.money import round_money
from customers.queries import billing_profile, requirements_of_many
from entities.models import Entity
from invoices.gate import ONE_A_MONTH
from invoices.inputs import DraftInput, LineInput


@dataclass(frozen=True)
class Part:
    """One contract's bill; `is_late` when a later one is due too, so this period was missed."""

    book: Book
    bill: Bill
    is_late: bool

    @property
    def contract(self) -> Contract:
        return self.book.contract


@dataclass(frozen=True)
class Group:
    """The bills that make one invoice: of one customer, currency and billing day."""

    parts: tuple[Part, ...]

    @property
    def net(self) -> Decimal:
        return sum((part.bill.amount for part in self.parts), Decimal(0))

    def positions(self) -> Iterator[tuple[Part, Rest]]:
        """What each position of the invoice bills, in its order."""
        for part in self.parts:
            for rest in part.bill.rests:
                yield part, rest


def billed_together(contracts: Sequence[Contract], entity: Entity, on: date) -> frozenset[int]:
    """The customers of the contracts that take one invoice a month, whatever their contracts say."""
    customers = list({contract.customer_id: contract.customer for contract in contracts}.values())
    asked = requirements_of_many(customers, entity, on)
    return frozenset(pk for pk, rows in asked.items() if any(row.kind == ONE_A_MONTH for row in rows))


def groups_of(books: Sequence[Book], until: date, together: Collection[int] = ()) -> list[Group]:
    """The invoices these contracts are due for by the day, the oldest first. `together` are customers that
    take one invoice a month."""
    found: dict[tuple[object, ...], list[Part]] = {}
    for book in books:
        bills = due_bills(book.facts, book.billed, book.done, until)
        last = max((bill.period.number for bill in bills), default=0)
        for bill in bills:
            part = Part(book, bill, bill.period.number < last)
            found.setdefault(_shared(part, together), []).append(part)
    groups = [Group(tuple(parts)) for parts in found.values()]
    return sorted(groups, key=lambda group: (group.parts[0].bill.period.bills_on, group.parts[0].contract.pk))


def _shared(part: Part, together: Collection[int]) -> tuple[object, ...]:
    """Bills with the same answer share an invoice."""
    contract, day = part.contract, part.bill.period.bills_on
    if contract.customer_id in together:
        return (contract.customer_id, contract.currency, day.year, day.month)
    who = (contract.customer_id, contract.currency, day)
    by = contract.consolidate_by
    if by == Contract.Consolidate.CUSTOMER:
        return (*who, by)
    if by == Contract.Consolidate.PO and contract.po_number:
        return (*who, by, contract.po_number)
    if by == Contract.Consolidate.SITE and contract.site:
        return (*who, by, contract.site)
    return (*who, "contract", contract.pk)


def draft_of(group: Group) -> DraftInput:
    """What the invoice of the group says."""
    first = group.parts[0].contract
    language = billing_profile(first.customer, first.entity, group.parts[0].bill.period.bills_on).language
    words = Words(language)
    many = len(group.parts) > 1
    lines = tuple(_line(part, rest, words, many=many) for part, rest in group.positions())
    days = [(rest.period.start, rest.period.end) for _, rest in group.positions()]
    missed = [part for part in group.parts if part.is_late]
    orders = {part.contract.po_number for part in group.parts}
    return DraftInput(
        entity=first.entity,
        customer=first.customer,
        lines=lines,
        currency=first.currency,
        language=language,
        supply_from=min(start for start, _ in days),
        supply_to=max(end for _, end in days),
        po_number=first.po_number if len(orders) == 1 else "",
        contract_reference=", ".join(part.contract.number for part in group.parts)[:60],
        notes=words.missed(missed[0].bill.period.start, missed[0].bill.period.end) if missed else "",
    )


def _line(part: Part, rest: Rest, words: Words, *, many: bool) -> LineInput:
    row = part.book.items[rest.item.key]
    name = f"{part.contract.number} {row.description}" if many else row.description
    quantity, price = _measure(part, rest)
    whole = quantity not in (1, -1) or price == rest.item.price
    return LineInput(
        description=words.title(part.book.facts, rest, name)[:300],
        detail=words.detail(rest, row.unit)[:300],
        quantity=quantity,
        unit_price=price,
        item=row.item,
        unit=row.unit if whole else "unit",
        tax_class=row.tax_class,
        kind=row.supply,
        exemption_reason=row.exemption_reason,
        hsn=row.hsn,
        period_from=max(rest.period.start, min(rest.item.starts_on, rest.period.end)),
        period_to=rest.period.end,
        is_deduction=rest.amount < 0,
    )


def _measure(part: Part, rest: Rest) -> tuple[Decimal, Decimal]:
    """Quantity and unit price: as agreed where they make the amount, else one time the amount."""
    what = rest.owed
    if not rest.billed and what.unit_price is not None and what.quantity > 0:
        made = round_money(what.quantity * what.unit_price, part.book.facts.currency)
        if made == rest.amount:
            return what.quantity, what.unit_price
    return (Decimal(1), rest.amount) if rest.amount > 0 else (Decimal(-1), -rest.amount)


def used_quantity(rest: Rest) -> Decimal:
    """The usage a bill line stands for."""
    return rest.owed.quantity if rest.item.kind == USAGE else Decimal(0)
