"""Reading invoices. One import path; each file below holds one kind of question."""

from invoices.queries._list import (
    MOST_MATCHING,
    TABS,
    Filters,
    default_sort,
    due_date_moves_visible_to,
    ids_of,
    listing,
    sorts_of,
    tab_counts,
    visible_to,
)
from invoices.queries._record import (
    Neighbours,
    Settled,
    interest_day,
    kin_of,
    neighbours,
    record_of,
    settlements_of,
)
from invoices.queries._timeline import Event, timeline
from invoices.queries._totals import Total, totals, totals_of

__all__ = [
    "MOST_MATCHING",
    "TABS",
    "Event",
    "Filters",
    "Neighbours",
    "Settled",
    "Total",
    "default_sort",
    "due_date_moves_visible_to",
    "ids_of",
    "interest_day",
    "kin_of",
    "listing",
    "neighbours",
    "record_of",
    "settlements_of",
    "sorts_of",
    "tab_counts",
    "timeline",
    "totals",
    "totals_of",
    "visible_to",
]
