"""Facts about the months of a company's book. Recorded on the month, a revaluation or an export."""

PERIOD_CLOSED = "period.closed"
PERIOD_NEARLY_CLOSED = "period.nearly_closed"
PERIOD_REOPENED = "period.reopened"
MONTH_REVALUED = "month.revalued"
JOURNAL_EXPORTED = "journal.exported"
