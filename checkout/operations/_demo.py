"""What a visitor does on the page of the demo's gateway."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from checkout.models import Checkout, DemoPage
from checkout.operations._asking import ask_again


@transaction.atomic
def pay_demo(page: DemoPage, *, now: datetime) -> DemoPage:
    """Say that it was paid; the book learns of it as of a real payment."""
    return _end(page, "paid", now=now)


@transaction.atomic
def cancel_demo(page: DemoPage, *, now: datetime) -> DemoPage:
    """Leave the page without paying."""
    return _end(page, "expired", now=now)


def _end(page: DemoPage, state: str, *, now: datetime) -> DemoPage:
    page = DemoPage.objects.select_for_update().get(pk=page.pk)
    if page.state == "open" and page.until > now:
        page.state, page.paid_at = state, now if state == "paid" else None
        page.save(update_fields=["state", "paid_at"])
    checkout = Checkout.objects.filter(handle=page.handle).select_related("entity").first()
    if checkout is not None:
        ask_again(checkout, now=now)
    return page
