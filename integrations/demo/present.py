"""What waits on the desks of the demo company today."""

from datetime import datetime

from integrations.demo.year import Year


def leave_on_desks(year: Year, now: datetime) -> None:
    """Drafts, approvals for each role, holds, changes that wait, receipts nobody knows."""
