"""Bank files read: CAMT.053, MT940, OFX and CSV become the same `ReadStatement`s. No tables here."""

from banking.reading._detecting import FORMATS, MOST_BYTES, detect, read
from banking.reading._table import FIELDS, Columns

__all__ = ["FIELDS", "FORMATS", "MOST_BYTES", "Columns", "detect", "read"]
