"""The figures of the home page, from the sums per day the book keeps, and the rows behind each.

Amounts are gross (with tax) on both sides of every ratio. What is owed stands at the rate its documents were
booked with, in each company's functional currency; companies with another one are converted for the sum at
the day's rate. Every sum here is the sum of rows a page lists.
"""

from metrics.queries._disputes import DAYS as DISPUTE_DAYS
from metrics.queries._disputes import Behind, DisputeFigure, dispute_figures
from metrics.queries._figures import DSO_DAYS, figures
from metrics.queries._largest import largest_overdue
from metrics.queries._needs import needs_of
from metrics.queries._shapes import Age, Conversion, Debtor, Figure, Figures, Month, Row
from metrics.queries._steps import Step, first_steps

__all__ = [
    "DISPUTE_DAYS",
    "DSO_DAYS",
    "Age",
    "Behind",
    "Conversion",
    "Debtor",
    "DisputeFigure",
    "Figure",
    "Figures",
    "Month",
    "Row",
    "Step",
    "dispute_figures",
    "figures",
    "first_steps",
    "largest_overdue",
    "needs_of",
]
