"""Writing bank statements. One import path; each file below holds one act and what it needs."""

from banking.operations._booking import (
    Choice,
    NotToBook,
    book_line,
    forget_payer,
    join_line,
    learn_payer,
    note_payout,
    note_return,
    set_aside,
    take_up,
)
from banking.operations._importing import Imported, NotOurs, NotProven, import_file
from banking.operations._layouts import save_layout, save_matching
from banking.operations._matching import Matched, accept_match, match_statement
from banking.operations._remitting import Advised, import_remittance

__all__ = [
    "Advised",
    "Choice",
    "Imported",
    "Matched",
    "NotOurs",
    "NotProven",
    "NotToBook",
    "accept_match",
    "book_line",
    "forget_payer",
    "import_file",
    "import_remittance",
    "join_line",
    "learn_payer",
    "match_statement",
    "note_payout",
    "note_return",
    "save_layout",
    "save_matching",
    "set_aside",
    "take_up",
]
