"""A legal adviser is asked before what was disputed above the limit is written off or goes to court.

The one check of both doors, whoever comes through them: a page, the API or a job.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from core.errors import Refused
from core.money import named
from invoices.models import AdviceWanted, Invoice


class AdviceFirst(Refused):
    """A legal adviser was not asked yet."""


def want_advice(invoice: Invoice, amount: Decimal, *, key: str, label: str, now: datetime) -> AdviceWanted:
    """From now on advice is wanted before so much of it is given up. Asked again it is the same wish anew."""
    row, _ = AdviceWanted.objects.update_or_create(
        key=key,
        defaults={"invoice": invoice, "label": label, "amount": amount, "wanted_at": now, "ended_at": None},
    )
    return row


def end_advice(key: str, *, now: datetime) -> None:
    """The adviser was asked, or nobody insists any more. What nobody wanted is no fault."""
    AdviceWanted.objects.filter(key=key, ended_at=None).update(ended_at=now)


def refuse_without_advice(invoice: Invoice, *, giving: Decimal, of: Decimal) -> None:
    """Refuse to give up so much of what is open where that reaches into what a legal adviser sees first."""
    rows = AdviceWanted.objects.filter(invoice=invoice, ended_at=None)
    wanted = rows.aggregate(s=Sum("amount"))["s"]
    if wanted is not None and giving > of - wanted:
        labels = ", ".join(rows.values_list("label", flat=True))
        raise AdviceFirst(
            f"{named(wanted, invoice.currency)} of {invoice} was disputed ({labels}): a legal adviser is"
            " asked before it is written off or goes to court.",
            rule="a_legal_adviser_is_asked_first",
            mend=f"Note on the page of {labels} what the adviser said.",
        )
