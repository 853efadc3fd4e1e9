"""What receipts left open of the invoices they paid, beyond what the policy lets go of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from banking.models import RemittanceLine
from disputes import rules
from disputes.models import Dispute
from invoices.models import Instalment, Invoice
from ledger.models import Allocation
from payments.models import Payment
from payments.operations import small_difference_limit


@dataclass(frozen=True)
class Short:
    """A rest of one invoice: how much nobody disputes yet, what the payer said, and the reason in it.

    `deducted` is what their advice deducts for that reason; None where only the transfer speaks of it.
    """

    invoice: Invoice
    rest: Decimal
    said: str
    reason: str
    deducted: Decimal | None = None


def short_paid(payment: Payment) -> list[Short]:
    """The invoices a receipt paid and did not pay in full, by number; a rest within the tolerance is none."""
    if payment.open_item is None or payment.state != Payment.State.RECEIVED:
        return []
    used = Allocation.objects.filter(
        credit=payment.open_item,
        kind=Allocation.Kind.PAYMENT,
        reversal_of=None,
        reversed_by=None,
        debit__open_amount__gt=0,
        debit__instalment__invoice__document_status=Invoice.Status.ISSUED,
    ).select_related(
        "debit__instalment__invoice__entity",
        "debit__instalment__invoice__customer",
        "debit__instalment__invoice__policy_version",
    )
    items = {row.debit_id: row.debit for row in used if row.debit is not None}
    rests: dict[int, tuple[Invoice, Decimal]] = {}
    for item in items.values():
        invoice = item.instalment.invoice
        if item.open_amount > small_difference_limit(item, invoice):
            _, before = rests.get(invoice.pk, (invoice, Decimal(0)))
            rests[invoice.pk] = (invoice, before + item.open_amount)
    told = _told(payment)
    only = len({item.instalment.invoice_id for item in items.values()}) == 1
    found = []
    for invoice, rest in rests.values():
        free = min(rest, invoice.balance - invoice.held_amount)
        if free > 0:
            found.append(_short(payment, invoice, free, told.get(invoice.pk, []), only=only))
    return sorted(found, key=lambda one: str(one.invoice))


def once(payment: Payment, invoice_id: int) -> str:
    """The external id of the dispute about what a receipt left open of an invoice."""
    return f"short:{payment.pk}:{invoice_id}"


def disputed_short(payment: Payment) -> list[Dispute]:
    """The disputes about what a receipt left open, open or not."""
    paid = Instalment.objects.filter(open_item__settlements__credit__payment=payment)
    names = {once(payment, pk) for pk in paid.values_list("invoice_id", flat=True)}
    return list(Dispute.objects.filter(external_id__in=names).select_related("invoice").order_by("pk"))


def _told(payment: Payment) -> dict[int, list[RemittanceLine]]:
    """Invoice -> the lines of the payer's advice that deduct something of it."""
    rows = RemittanceLine.objects.filter(paid_by__payment=payment, deduction__gt=0).exclude(reason="")
    found: dict[int, list[RemittanceLine]] = {}
    for row in rows.select_related("item__instalment").order_by("pk"):
        found.setdefault(row.item.instalment.invoice_id, []).append(row)
    return found


def _short(
    payment: Payment, invoice: Invoice, rest: Decimal, told: list[RemittanceLine], *, only: bool
) -> Short:
    if told:
        said = "; ".join(dict.fromkeys(row.reason for row in told))
        deducted = sum((row.deduction for row in told), Decimal(0))
        return Short(invoice, rest, said, rules.reason_said(said, is_reason=True), min(deducted, rest))
    line = getattr(payment, "bank_line", None)
    text = line.text if line is not None else payment.reference
    # Of several invoices nobody can say which one the transfer speaks of.
    return Short(invoice, rest, text, rules.reason_said(text) if only else "")
