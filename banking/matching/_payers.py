"""Who paid: by an account they paid from before, or by their name."""

from __future__ import annotations

from rapidfuzz import fuzz, process

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
    names = set().union(*(book.by_word.get(word, ()) for word in payer.split()))
    # The most alike first: a customer of several names is weighed by the best of them.
    for name, likeness, _ in process.extract(
        payer, names, scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=None
    ):
        points = 22 if likeness >= _SAME else 15
        for customer in book.by_name[name]:
            found.setdefault(customer, Term("name", points, f"The payer is called “{line.payer_name}”."))
    return found
