"""Writing the receivables book: post, open, allocate, undo. Called by the operations above, inside
their transaction and under their locks; the acts themselves are recorded on the trail by the caller.

No savepoints here: nothing of this is undone alone, and each would cost two more trips to the database.
"""

from ledger.operations._allocating import Match, allocate, allocate_all, undo_allocation
from ledger.operations._giving_up import cancel_receipt, give_up, pay_back
from ledger.operations._periods import (
    NotToReopen,
    PeriodNotOver,
    close_period,
    lock_periods,
    refuse_closing,
    reopen_period,
)
from ledger.operations._posting import (
    Posting,
    Source,
    legs_of,
    lock_items,
    open_items,
    post,
)
from ledger.periods import PeriodClosed

__all__ = [
    "Match",
    "NotToReopen",
    "PeriodClosed",
    "PeriodNotOver",
    "Posting",
    "Source",
    "allocate",
    "allocate_all",
    "cancel_receipt",
    "close_period",
    "give_up",
    "legs_of",
    "lock_items",
    "lock_periods",
    "open_items",
    "pay_back",
    "post",
    "refuse_closing",
    "reopen_period",
    "undo_allocation",
]
