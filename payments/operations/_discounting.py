"""The early payment discount that an allocation earns, under the policy pinned to the invoice."""

from datetime import date, datetime
from decimal import Decimal

from core.money import round_money
from core.rows import rows_of
from invoices.models import Instalment, Invoice
from invoices.operations import taxes_of
from ledger import operations as ledger
from ledger.models import Allocation, OpenItem
from ledger.rules import Rate
from payments import rules
from payments.events import DISCOUNT_GRANTED
from policies.models import PolicyVersion
from policies.queries import clauses_of
from team.models import User
from trail.operations import record


def invoice_of(debit: OpenItem) -> Invoice | None:
    """The invoice an open item is a part of, with its pinned policy; None when it is no invoice's."""
    parts = rows_of(Instalment, "open_item_id", [debit.pk])
    if not parts:
        return None
    [invoice] = rows_of(Invoice, "id", [parts[0].invoice_id])
    if invoice.policy_version_id is not None:
        [invoice.policy_version] = rows_of(PolicyVersion, "id", [invoice.policy_version_id])
    return invoice


def earned_discount(
    debit: OpenItem, amount: Decimal, *, open_before: Decimal, paid_on: date
) -> rules.EarlyDiscount | None:
    """What paying `amount` that day earns under the policy pinned to the invoice; None: nothing."""
    if amount >= open_before:
        return None
    invoice = invoice_of(debit)
    version = invoice.policy_version if invoice is not None else None
    offer = clauses_of(version).early_discount if version is not None else None
    if invoice is None or offer is None or invoice.document_type != Invoice.Type.INVOICE:
        # Only an invoice offers it: see what its document says.
        return None
    earned = rules.early_discount(
        gross=open_before,
        tax=round_money(invoice.tax_payable * open_before / invoice.payable, invoice.currency),
        pct=offer.pct,
        days=offer.days,
        invoice_date=debit.opened_on,
        paid_on=paid_on,
        payment=amount,
        currency=debit.currency,
        adjusts_tax=invoice.entity.discount_adjusts_tax,
    )
    return earned if earned.eligible and earned.discount else None


def book_discount(
    debit: OpenItem,
    amount: Decimal,
    open_before: Decimal,
    *,
    key: str,
    paid_on: date,
    on: date,
    actor: User | None,
    now: datetime,
) -> list[dict[str, str]]:
    """Settle the discount that paying `amount` earned, if any; what was granted, for the trail."""
    earned = earned_discount(debit, amount, open_before=open_before, paid_on=paid_on)
    if earned is None:
        return []
    invoice = invoice_of(debit)
    assert invoice is not None  # noqa: S101 (it earned the discount)
    ledger.give_up(
        debit,
        kind=Allocation.Kind.DISCOUNT,
        net=earned.discount_net,
        taxes=taxes_of(invoice, earned.discount_tax),
        rate=Rate(invoice.currency, invoice.entity.functional_currency, invoice.fx_rate),
        source=ledger.Source("discount", invoice.pk, f"{key}:discount:{debit.pk}"),
        text=f"Early payment discount on {invoice.number}",
        on=on,
        actor=actor,
        now=now,
    )
    record(
        DISCOUNT_GRANTED,
        invoice,
        actor=actor,
        at=now,
        customer_id=invoice.customer_id,
        amount=earned.discount,
        currency=invoice.currency,
        paid_on=paid_on,
    )
    return [{"invoice": str(invoice), "amount": str(earned.discount)}]
