"""Writing month ends: close, reopen, revalue, export."""

from closing.operations._closing import NotToClose, ask_for_no_more, close_month, reopen_month
from closing.operations._exporting import export_journal, hash_of
from closing.operations._revaluing import MonthNotOver, revalue_month

__all__ = [
    "MonthNotOver",
    "NotToClose",
    "ask_for_no_more",
    "close_month",
    "export_journal",
    "hash_of",
    "reopen_month",
    "revalue_month",
]
