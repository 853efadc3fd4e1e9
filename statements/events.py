"""Facts about statements of account."""

STATEMENT_MADE = "statement.made"
STATEMENT_REFUSED = "statement.refused"
"""It did not foot: something is wrong in the book, and somebody must look."""
STATEMENT_SENT = "statement.sent"
STATEMENT_SCHEDULED = "statement.scheduled"
STATEMENT_NOT_SENT = "statement.not_sent"
"""A period of the schedule that reached nobody, or could not be made."""
