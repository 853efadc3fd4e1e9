"""Facts the receivables book announces."""

ALLOCATION_REVERSED = "allocation.reversed"
