"""Reading bank statements. One import path; each file below holds one kind of question."""

from banking.queries._book import book_of, matching_of
from banking.queries._lists import (
    MOST_LINES,
    TO_DO,
    Sums,
    accounts_for,
    alike,
    continued_by,
    counts_of,
    headings_of,
    keys_here,
    layout_of,
    lines_of,
    lines_visible_to,
    listing,
    receipts_for,
    statement_before,
    sums_of,
    twin_of,
    visible_to,
)
from banking.queries._payouts import payout_of, payouts_for
from banking.queries._proposals import Goes, Proposal, proposals_of
from banking.queries._remittances import advices_of, mapping_for, remittances_visible_to

__all__ = [
    "MOST_LINES",
    "TO_DO",
    "Goes",
    "Proposal",
    "Sums",
    "accounts_for",
    "advices_of",
    "alike",
    "book_of",
    "continued_by",
    "counts_of",
    "headings_of",
    "keys_here",
    "layout_of",
    "lines_of",
    "lines_visible_to",
    "listing",
    "mapping_for",
    "matching_of",
    "payout_of",
    "payouts_for",
    "proposals_of",
    "receipts_for",
    "remittances_visible_to",
    "statement_before",
    "sums_of",
    "twin_of",
    "visible_to",
]
