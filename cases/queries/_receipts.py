"""Money that came in for certain invoices: what promises and plans are judged by."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal

from django.db.models import F, QuerySet, Sum

from ledger.models import Allocation
from payments.models import Payment


def receipts_for(
    invoice_ids: Collection[int], *, customer_id: int, entity_id: int, currency: str, since: date
) -> list[tuple[date, Decimal]]:
    """(day received, amount) of receipts dated from `since`: used for these invoices, or not used yet.

    Money the customer sent and nobody applied yet counts for them: that it waits is not their fault. What
    was returned or used for other invoices does not.
    """
    used = (
        Allocation.objects.filter(
            kind=Allocation.Kind.PAYMENT,
            debit__instalment__invoice__in=list(invoice_ids),
            credit__payment__state=Payment.State.RECEIVED,
            credit__payment__received_on__gte=since,
        )
        .order_by()
        .values(received_on=F("credit__payment__received_on"))
        .annotate(total=Sum("amount"))
    )
    waiting = _unapplied(customer_id, entity_id, currency, since).values_list(
        "received_on", "open_item__open_amount"
    )
    found = [(row["received_on"], row["total"]) for row in used if row["total"]]
    return sorted([*found, *waiting])


def unapplied_of(customer_id: int, entity_id: int, currency: str, *, since: date) -> Decimal:
    """Money received from the customer from a day on that nobody applied yet."""
    rows = _unapplied(customer_id, entity_id, currency, since)
    return rows.aggregate(total=Sum("open_item__open_amount"))["total"] or Decimal(0)


def _unapplied(customer_id: int, entity_id: int, currency: str, since: date) -> QuerySet[Payment]:
    return Payment.objects.filter(
        customer_id=customer_id,
        entity_id=entity_id,
        currency=currency,
        state=Payment.State.RECEIVED,
        received_on__gte=since,
        open_item__open_amount__gt=0,
    )
