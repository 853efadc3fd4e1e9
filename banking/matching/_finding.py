"""The best explanation of a line: evidence is scored term by term, contradictions cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from banking.matching._advices import by_advice, with_advices
from banking.matching._amounts import by_amount, by_quotes
from banking.matching._book import Book
from banking.matching._payers import payers_of
from banking.matching._references import Quote, quoted
from banking.matching._shapes import Incoming, Match, Term

AUTOMATIC = 80
"""From here on a match is booked without asking; a policy may ask for more."""
PROPOSED = 35
"""From here on a match is shown as a proposal."""
# A contradiction costs more than any single piece of evidence gives.
_CONTRADICTION = -45


def find(line: Incoming, book: Book) -> list[Match]:
    """Every match worth showing, the best first. The first is sure only where it leaves the second behind."""
    quotes = quoted(line, book)
    payers = payers_of(line, book)
    customers = {book.items[key].customer for key in quotes} | set(payers)
    found = [
        match
        for customer in customers
        if (match := _best(line, book, customer, quotes, payers)).score >= PROPOSED
    ]
    found = with_advices(found, by_advice(line, book, payers))
    found.sort(key=lambda match: (-match.score, match.customer))
    if len(found) > 1 and found[0].score - found[1].score < 15:
        doubt = Term("rival", _CONTRADICTION, "Another customer fits nearly as well.")
        found[:2] = [replace(match, terms=(*match.terms, doubt)) for match in found[:2]]
    return found[:5]


def _best(
    line: Incoming, book: Book, customer: int, quotes: Mapping[int, Quote], payers: Mapping[int, Term]
) -> Match:
    """What this customer would have paid with the line."""
    group = book.group.get(customer, customer)
    terms: list[Term] = []
    mine = [key for key in quotes if book.items[key].customer == customer]
    if mine:
        weakest = min((quotes[key] for key in mine), key=lambda quote: quote.points)
        numbers = ", ".join(book.items[key].number for key in mine[:4])
        terms.append(Term(f"reference_{weakest.how}", weakest.points, f"The payer wrote {numbers}."))
        if any(book.items[key].customer != customer for key in quotes):
            terms.append(Term("quotes_others", -25, "Invoices of other customers are named too."))
    payer = payers.get(customer)
    if payer is not None:
        terms.append(payer)
    elif any(
        term.code == "account" and book.group.get(other, other) != group for other, term in payers.items()
    ):
        terms.append(Term("other_payer", _CONTRADICTION, "The account belongs to another customer."))
    elif payers and all(book.group.get(other, other) != group for other in payers):
        terms.append(Term("other_name", -30, "The payer has another customer's name."))
    paid = by_quotes(line, book, mine) if mine else by_amount(line, book, customer)
    return Match(
        customer=customer,
        parts=paid.parts,
        terms=(*terms, paid.term),
        rest=line.amount + paid.fee + paid.withheld - sum((amount for _, amount in paid.parts), Decimal(0)),
        fee=paid.fee,
        withheld=paid.withheld,
        let_go=tuple(key for key, _ in paid.parts) if paid.term.code == "tolerance" else (),
    )
