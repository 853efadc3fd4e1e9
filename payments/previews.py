"""What an allocation would do before anybody does it: parts, reasons, discounts, what stays open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.errors import DomainError, Invalid
from core.locale import UnreadableNumber, parse_number
from customers.models import Customer
from entities.models import Entity
from invoices.models import Invoice
from ledger.models import OpenItem
from payments.models import Payment
from payments.operations import (
    Part,
    earned_discount,
    propose_allocation,
    small_difference_limit,
)
from payments.queries import payable_with

PART, LET_GO = "part-", "letgo-"
_MOST_ROWS = 60
ZERO = Decimal(0)


@dataclass(frozen=True)
class Row:
    """One open item beside the part of the money it would get."""

    item: OpenItem
    invoice: Invoice | None
    open_amount: Decimal
    amount: Decimal
    why: str
    discount: Decimal
    days_late: int
    small: bool
    let_go: bool
    typed: str = ""
    fault: str = ""

    @property
    def rest(self) -> Decimal:
        """What stays open after the part, the discount and a small difference that is let go."""
        left = self.open_amount - self.amount - self.discount
        return ZERO if self.let_go else left

    @property
    def difference(self) -> Decimal:
        """What would be let go."""
        return self.open_amount - self.amount - self.discount


@dataclass(frozen=True)
class Preview:
    """The whole proposal. `unapplied` stays on the account as credit; negative: more than is there."""

    currency: str
    available: Decimal
    rows: Sequence[Row]
    hidden: int

    @property
    def used(self) -> Decimal:
        return sum((row.amount for row in self.rows), ZERO)

    @property
    def unapplied(self) -> Decimal:
        return self.available - self.used

    @property
    def discount(self) -> Decimal:
        return sum((row.discount for row in self.rows), ZERO)

    @property
    def let_go(self) -> Decimal:
        return sum((row.difference for row in self.rows if row.let_go), ZERO)

    @property
    def settled(self) -> int:
        """How many items would be closed."""
        return sum(1 for row in self.rows if row.amount and not row.rest)


def imagined(
    *, entity: Entity, customer: Customer, currency: str, amount: Decimal, on: date, reference: str, note: str
) -> Payment:
    """A receipt that is not recorded yet, for its proposal."""
    return Payment(
        entity=entity,
        customer=customer,
        currency=currency,
        amount=amount,
        received_on=on,
        reference=reference,
        note=note,
        open_item=OpenItem(side="credit", currency=currency, amount=amount, open_amount=amount),
    )


def of_credit(credit: OpenItem, on: date) -> Payment:
    """A credit note seen as money to use, for its proposal."""
    return Payment(
        entity=credit.entity,
        customer=credit.customer,
        currency=credit.currency,
        amount=credit.open_amount,
        received_on=on,
        open_item=credit,
    )


def preview(
    payment: Payment,
    *,
    data: Mapping[str, str] | None = None,
    discounts: bool = True,
    first: Sequence[int] = (),
) -> Preview:
    """The parts typed in `data`, else those the rules propose; `first` names items to settle first."""
    if payment.customer is None or payment.open_item is None:
        return Preview(payment.currency, payment.amount, (), 0)
    items = list(payable_with(payment.customer, payment.entity, payment.currency))
    typed = typed_parts(data) if data is not None else None
    reasons: dict[int, str] = {}
    if typed is None:
        parts = _first(payment, items, first) if first else propose_allocation(payment)[0]
        amounts = {part.item_id: part.amount for part in parts}
        reasons = {part.item_id: part.why for part in parts}
        texts: dict[int, str] = {}
    else:
        amounts, texts = _read(typed)
    chosen = [item for item in items if item.pk in amounts or item.pk in texts]
    others = [item for item in items if item.pk not in amounts and item.pk not in texts]
    shown = chosen + others[: max(0, _MOST_ROWS - len(chosen))]
    let_go = let_go_ids(data) if data is not None else set()
    return Preview(
        currency=payment.currency,
        available=payment.open_item.open_amount,
        rows=[
            _row(
                payment,
                item,
                amounts.get(item.pk),
                reasons=reasons,
                texts=texts,
                let_go=let_go,
                discounts=discounts,
            )
            for item in shown
        ],
        hidden=len(items) - len(shown),
    )


def _first(payment: Payment, items: Sequence[OpenItem], first: Sequence[int]) -> list[Part]:
    """The items a person came from, as far as the money reaches."""
    left = payment.open_item.open_amount if payment.open_item else ZERO
    parts = []
    for item in items:
        if item.pk in first and left > 0:
            parts.append(Part(item.pk, min(left, item.open_amount), "chosen by you"))
            left -= parts[-1].amount
    return parts


def _row(
    payment: Payment,
    item: OpenItem,
    amount: Decimal | None,
    *,
    reasons: Mapping[int, str],
    texts: Mapping[int, str],
    let_go: set[int],
    discounts: bool,
) -> Row:
    invoice = item.instalment.invoice if hasattr(item, "instalment") else None
    part = amount or ZERO
    discount, limit, fault = ZERO, ZERO, ""
    if part:
        if discounts:
            earned = earned_discount(
                item, part, open_before=item.open_amount, paid_on=payment.received_on
            )  # fmt: skip
            discount = earned.discount if earned else ZERO
        if part > item.open_amount:
            fault = "More than is open."
        if invoice is not None:
            limit = small_difference_limit(item, invoice)
    if item.pk in texts and amount is None:
        fault = "This is not an amount."
    left = item.open_amount - part - discount
    small = bool(part) and 0 < left <= limit and _alone(item, invoice)
    return Row(
        item=item,
        invoice=invoice,
        open_amount=item.open_amount,
        amount=part,
        why=reasons.get(item.pk, ""),
        discount=discount,
        days_late=max(0, (payment.received_on - (item.due_on or item.opened_on)).days),
        small=small,
        let_go=small and item.pk in let_go,
        typed=texts.get(item.pk, ""),
        fault=fault,
    )


def _alone(item: OpenItem, invoice: Invoice | None) -> bool:
    """Whether the item is all that is open of its invoice: a small difference is let go per invoice."""
    return invoice is not None and invoice.balance == item.open_amount


def typed_parts(data: Mapping[str, str]) -> dict[int, str]:
    """Item id -> what was typed for it; empty texts are left out."""
    found = {}
    for name, text in data.items():
        number = name.removeprefix(PART)
        if name.startswith(PART) and number.isascii() and number.isdigit() and text.strip():
            found[int(number)] = text.strip()
    return found


def let_go_ids(data: Mapping[str, str]) -> set[int]:
    """The items whose small difference was ticked."""
    ids = (name.removeprefix(LET_GO) for name in data if name.startswith(LET_GO))
    return {int(text) for text in ids if text.isascii() and text.isdigit()}


def parts_of(data: Mapping[str, str]) -> list[Part]:
    """The parts a form sends, nothing left out silently: what cannot be read is refused at its field."""
    parts = []
    for item_id, text in typed_parts(data).items():
        try:
            amount = parse_number(text)
        except UnreadableNumber as fault:
            raise Invalid(
                fault.message, field=f"{PART}{item_id}", rule=fault.rule, mend=fault.mend
            ) from fault
        if amount:
            parts.append(Part(item_id, amount))
    return parts


def _read(typed: Mapping[int, str]) -> tuple[dict[int, Decimal], dict[int, str]]:
    amounts, texts = {}, {}
    for item_id, text in typed.items():
        try:
            amounts[item_id] = parse_number(text)
        except DomainError:
            texts[item_id] = text
    return amounts, texts


def let_go_invoices(data: Mapping[str, str], parts: Sequence[Part]) -> list[Invoice]:
    """The invoices whose small difference is let go: ticked, and part of this allocation."""
    wanted = let_go_ids(data) & {part.item_id for part in parts}
    return list(Invoice.objects.filter(instalments__open_item__in=wanted).distinct()) if wanted else []
