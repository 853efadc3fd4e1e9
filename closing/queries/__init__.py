"""Reading month ends: the checklist, the revaluation, the journal, the tax report."""

from closing.queries._checklist import CODES, Point, checklist, point, ready
from closing.queries._given_back import Change
from closing.queries._journal import (
    COLUMNS,
    entries_of,
    exports_of,
    exports_visible_to,
    journal_bytes,
    journal_lines,
)
from closing.queries._months import (
    RUNNING,
    UNCLOSED,
    MonthState,
    history_of,
    months_of,
    period_of,
    periods_visible_to,
    posted_since,
)
from closing.queries._revaluation import CurrencyChange, ItemChange, revaluation_of, runs_of
from closing.queries._tax import (
    AccountCheck,
    Key,
    TaxDocument,
    TaxLine,
    TaxReport,
    changes_of_line,
    documents_of,
    tax_report,
)

__all__ = [
    "CODES",
    "COLUMNS",
    "RUNNING",
    "UNCLOSED",
    "AccountCheck",
    "Change",
    "CurrencyChange",
    "ItemChange",
    "Key",
    "MonthState",
    "Point",
    "TaxDocument",
    "TaxLine",
    "TaxReport",
    "changes_of_line",
    "checklist",
    "documents_of",
    "entries_of",
    "exports_of",
    "exports_visible_to",
    "history_of",
    "journal_bytes",
    "journal_lines",
    "months_of",
    "period_of",
    "periods_visible_to",
    "point",
    "posted_since",
    "ready",
    "revaluation_of",
    "runs_of",
    "tax_report",
]
