"""The tables of the book: its rows, and which months of it are closed."""

from ledger.models._book import Account, Allocation, DaySum, Entry, Line, OpenItem
from ledger.models._periods import Period

__all__ = ["Account", "Allocation", "DaySum", "Entry", "Line", "OpenItem", "Period"]
