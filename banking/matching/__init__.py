"""Whose money it is and what it pays. Pure: a line is compared with a `Book` loaded once for a statement."""

from banking.matching._book import Book, folded
from banking.matching._finding import AUTOMATIC, PROPOSED, find
from banking.matching._shapes import Advice, Incoming, Item, Match, Term

__all__ = ["AUTOMATIC", "PROPOSED", "Advice", "Book", "Incoming", "Item", "Match", "Term", "find", "folded"]
