"""Who paid: by an account they paid from before, or by their name."""

from __future__ import annotations

from rapidfuzz import fuzz

from banking.matching._book import Book, folded, plain_name
from banking.matching._shapes import Incoming, Term

_ALIKE = 80
_SAME = 95


def payers_of(line: Incoming, book: Book) -> dict[int, Term]:
    """Customer -> what says that they paid: an account they paid from before, or their name."""
    found: dict[int, Term] = {}
    known = book.accounts.get(folded(line.payer_account), set()) if line.payer_account else set()
    for customer in known:
        points = 30 if len(known) == 1 else 18
        found[customer] = Term("account", points, "Paid from this account before.")
    if not line.payer_name:
        return found
    payer = plain_name(line.payer_name)
    for customer in {customer for word in payer.split() for customer in book.by_word.get(word, ())}:
        likeness = max(fuzz.ratio(payer, name) for name in book.plain_names[customer])
        if likeness >= _ALIKE and customer not in found:
            points = 22 if likeness >= _SAME else 15
            found[customer] = Term("name", points, f"The payer is called “{line.payer_name}”.")
    return found
