"""Which payment file or refund a debit paid: by the names we gave them, which banks repeat."""

from __future__ import annotations

from django.db.models import Q

from banking.models import Line
from payments.models import Refund
from payouts.models import PaymentFile, Transfer

_READY = PaymentFile.State.READY


def payout_of(line: Line) -> PaymentFile | Refund | None:
    """What the line names and pays exactly; None where it names nothing, or another sum."""
    said = f"{line.end_to_end} {line.text} {line.bank_reference}"
    for file in PaymentFile.objects.filter(
        account=line.account_id, state=_READY, total=-line.amount
    ).select_related("account"):
        if file.message_id in said and (file.count > 1 or f"{file.message_id}-R" not in said):
            return file
    names = [word.strip(".,;:") for word in said.split()]
    row = (
        Transfer.objects.filter(
            Q(end_to_end__in=names), file__account=line.account_id, is_dropped=False, amount=-line.amount
        )
        .select_related("refund__credit", "file__account")
        .first()
    )
    if row is None or row.refund.left_on is not None:
        return None
    return row.file if row.file.count == 1 and row.file.state == _READY else row.refund


def payouts_for(line: Line) -> list[PaymentFile]:
    """Files of the account over exactly what the line took, for a person to choose."""
    if line.amount >= 0:
        return []
    found = PaymentFile.objects.filter(account=line.account_id, state=_READY, total=-line.amount)
    return list(found.select_related("account")[:10])
