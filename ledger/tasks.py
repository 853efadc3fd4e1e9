"""The clock's edge of the book."""

from celery import shared_task

from ledger.day_sums import fold_day_sums


@shared_task
def fold_sums() -> int:
    """Join what writers added since the last tick. Safe to run beside itself and beside them."""
    return fold_day_sums()
