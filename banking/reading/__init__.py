"""Bank files read: CAMT.053, MT940, OFX and CSV become the same `ReadStatement`s. No tables here."""

from banking.reading._advice import ADVICE_FIELDS, AdviceLine, line_fault, read_advice, refuse
from banking.reading._detecting import FORMATS, MOST_BYTES, detect, read
from banking.reading._table import FIELDS, Columns

__all__ = [
    "ADVICE_FIELDS",
    "FIELDS",
    "FORMATS",
    "MOST_BYTES",
    "AdviceLine",
    "Columns",
    "detect",
    "line_fault",
    "read",
    "read_advice",
    "refuse",
]
