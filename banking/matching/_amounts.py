"""What the amount pays: as asked, with discount, short, in part, or as a sum of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations

from banking.matching._book import Book
from banking.matching._shapes import Incoming, Item, Term

_SUM_AMONG = 14
_DIGITS = 4


@dataclass(frozen=True)
class Paid:
    """What the money pays, the piece of evidence that lies in the amount, and what somebody kept of it."""

    parts: tuple[tuple[int, Decimal], ...]
    term: Term
    fee: Decimal = Decimal(0)
    withheld: Decimal = Decimal(0)


def by_quotes(line: Incoming, book: Book, keys: Sequence[int]) -> Paid:
    """The payer named what is paid: is the amount theirs, with discount, short, or a part?"""
    items = sorted((book.items[key] for key in keys), key=lambda item: (item.due_on, item.id))
    known = _settles(line, items, book)
    if known is not None:
        return known
    chosen = _sum_of(line.amount, items) if len(items) > 1 else None
    if chosen is not None:
        words = f"It is exactly {', '.join(item.number for item in chosen)} of those named."
        return Paid(tuple((item.id, item.payable) for item in chosen), Term("some", 25, words))
    own = book.by_customer[items[0].customer]
    total = sum((item.payable for item in items), Decimal(0))
    # Naming one of several is common: the sum finds the others.
    others = [book.items[key] for key in own if key not in keys and book.items[key].payable > 0]
    more = _sum_of(line.amount - total, others) if line.amount > total else None
    if more is not None:
        both = [*items, *more]
        return Paid(
            tuple((item.id, item.payable) for item in both),
            Term("sum", 25, f"With {', '.join(item.number for item in more)} it is exact."),
        )
    elsewhere = [item for item in others if item.payable == line.amount]
    if elsewhere:
        return Paid(
            _oldest(line.amount, items),
            Term("other_exact", -30, f"The amount is exactly that of {elsewhere[0].number}."),
        )
    if line.amount > total:
        over = line.amount - total
        # A small rest is an overpayment; more than the invoice itself is probably for something else.
        points = 5 if over * 4 <= total else -20
        return Paid(
            tuple((item.id, item.payable) for item in items if item.payable > 0),
            Term("more", points, f"{over} more than is open: it stays as credit."),
        )
    return Paid(_oldest(line.amount, items), Term("part", 8, "A part of what is open."))


def _settles(line: Incoming, items: Sequence[Item], book: Book) -> Paid | None:
    """It closes exactly these: as asked, with discount, within tolerance, less a fee or tax withheld."""
    total = sum((item.payable for item in items), Decimal(0))
    asked = tuple((item.id, item.payable) for item in items if item.payable > 0)
    if line.amount == total:
        return Paid(asked, Term("exact", 30, "The amount is exactly what is open."))
    reduced = [_reduced(item, line.received_on) for item in items]
    if line.amount == sum(reduced, Decimal(0)):
        parts = tuple((item.id, amount) for item, amount in zip(items, reduced, strict=True))
        return Paid(parts, Term("discount", 28, "The amount is what is open less the early discount."))
    short = total - line.amount
    if short <= 0:
        return None
    for rate in book.withholding:
        nets = [item.net for item in items]
        if None not in nets:
            withheld = [_rounded(net * rate / 100, short) for net in nets if net is not None]
            if sum(withheld, Decimal(0)) == short:
                words = f"{rate.normalize():f} % tax was deducted at source."
                return Paid(asked, Term("withheld", 25, words), withheld=short)
    if short <= sum((item.limit for item in items), Decimal(0)):
        return Paid(_oldest(line.amount, items), Term("tolerance", 22, f"{short} short: tolerated."))
    if short <= book.most_fee:
        return Paid(asked, Term("fee", 20, f"{short} short, as a bank keeps it."), fee=short)
    return None


def by_amount(line: Incoming, book: Book, customer: int) -> Paid:
    """Nothing was quoted: does the amount say it?"""
    open_items = [book.items[key] for key in book.by_customer[customer] if book.items[key].payable > 0]
    exact = [item for item in open_items if line.amount in (item.payable, _reduced(item, line.received_on))]
    if len(exact) == 1:
        return Paid(
            ((exact[0].id, line.amount),),
            Term("only_exact", 52, f"Only {exact[0].number} is open with this amount."),
        )
    if exact:
        oldest = min(exact, key=lambda item: (item.due_on, item.id))
        return Paid(
            ((oldest.id, line.amount),),
            Term("same_amounts", 20, f"{len(exact)} invoices have this amount; the oldest is taken."),
        )
    total = sum((item.payable for item in open_items), Decimal(0))
    if open_items and line.amount == total:
        return Paid(
            tuple((item.id, item.payable) for item in open_items),
            Term("all", 50, "The amount is all that is open."),
        )
    found = _sum_of(line.amount, open_items)
    if found is not None:
        return Paid(
            tuple((item.id, item.payable) for item in found),
            Term("sum_alone", 42, f"Only {', '.join(item.number for item in found)} add up to it."),
        )
    return Paid((), Term("credit", 10, "Nothing open fits: it stays as credit."))


def _sum_of(amount: Decimal, items: Sequence[Item]) -> list[Item] | None:
    """The one set of up to four items that adds up to the amount; None for none or several."""
    among = sorted(items, key=lambda item: (item.due_on, item.id))[:_SUM_AMONG]
    # Whole numbers are added and looked up ten times as fast as decimals.
    wanted, *owed = [int(one.scaleb(_DIGITS)) for one in (amount, *(item.payable for item in among))]
    ones = [((at,), value) for at, value in enumerate(owed)]
    pairs = [((one, other), owed[one] + owed[other]) for one, other in combinations(range(len(owed)), 2)]
    sums: dict[int, list[tuple[int, ...]]] = {}
    for group, total in [*ones, *pairs]:
        sums.setdefault(total, []).append(group)
    found = list(sums.get(wanted, ()))
    # Three and four are a pair and what is missing: far fewer to look at than all sets of that many.
    for pair, total in pairs:
        if wanted - total in sums:
            found += [pair + rest for rest in sums[wanted - total] if rest[0] > pair[1]]
    return [among[at] for at in found[0]] if len(found) == 1 else None


def _oldest(amount: Decimal, items: Sequence[Item]) -> tuple[tuple[int, Decimal], ...]:
    parts = []
    for item in items:
        used = min(amount, item.payable)
        if used > 0:
            parts.append((item.id, used))
            amount -= used
    return tuple(parts)


def _reduced(item: Item, on: date) -> Decimal:
    """What closes the item that day: less while the early discount lasts."""
    if item.discounted is not None and item.discount_until is not None and on <= item.discount_until:
        return item.discounted
    return item.payable


def _rounded(value: Decimal, like: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(int(like.as_tuple().exponent)))
