"""What a payer's remittance advice says a line pays: the strongest word there is, where it fits exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from banking.matching._book import Book, folded
from banking.matching._shapes import Advice, Incoming, Match, Term

_LISTED, _REFERENCE = 65, 30
_SHORTEST = 4


def by_advice(line: Incoming, book: Book, payers: Mapping[int, Term]) -> list[Match]:
    """A match for each advice over exactly this sum whose invoices are still open."""
    return [
        _match(line, book, advice, payers)
        for advice in book.by_total.get(line.amount, ())
        if all(key in book.items and book.items[key].open_amount >= amount for key, amount in advice.parts)
    ]


def _match(line: Incoming, book: Book, advice: Advice, payers: Mapping[int, Term]) -> Match:
    count = len(advice.parts)
    words = f"The payer's advice lists exactly this sum for {count} invoice{'s' if count > 1 else ''}."
    if advice.deducted:
        words += f" It deducts {advice.deducted}: that stays open."
    terms = [Term("advice", _LISTED, words)]
    reference = folded(advice.reference)
    if len(reference) >= _SHORTEST and reference in folded(" ".join((*line.texts, line.structured))):
        terms.append(
            Term("advice_reference", _REFERENCE, f"The payment names the advice {advice.reference}.")
        )
    if advice.customer in payers:
        terms.append(payers[advice.customer])
    elif payers and all(
        book.group.get(one, one) != book.group.get(advice.customer, advice.customer) for one in payers
    ):
        terms.append(Term("other_payer", -45, "The payer is another customer."))
    return Match(
        customer=advice.customer, parts=advice.parts, terms=tuple(terms), rest=Decimal(0), advice=advice.lines
    )


def with_advices(found: list[Match], advised: list[Match]) -> list[Match]:
    """The best match of each customer: what they advised beats what we would guess."""
    best: dict[int, Match] = {}
    for match in [*found, *advised]:
        known = best.get(match.customer)
        if known is None or match.score > known.score:
            best[match.customer] = match
        elif match.advice and known.advice and match.score == known.score:
            # Two of the same sum: nobody can say which.
            best[match.customer] = replace(
                known, terms=(*known.terms, Term("rival", -45, "Another advice lists the same sum."))
            )
    return list(best.values())
