"""What a statement says, as one JSON value: frozen when it is made, and all its paper is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from core.money import plain
from customers.models import Customer
from entities.models import Entity
from entities.queries import bank_account, tax_numbers
from invoices.pricing import Book
from invoices.snapshots import buyer_part, payment_part, seller_part, sha256_of
from ledger.models import OpenItem
from ledger.queries import Movement
from payments.queries import Owed
from statements.queries import Promised, Reading
from statements.rules import OPEN_ITEMS, fold

Content = dict[str, Any]
ZERO = Decimal(0)
_PARTIES = ("seller", "buyer", "payment", "language")


def content_of(
    customer: Customer, entity: Entity, reading: Reading, *, form: str, language: str, on: date
) -> Content:
    """Everything the statement says. Amounts are text at the currency's exponent, days ISO."""
    account = reading.account
    currency = account.currency
    return {
        "schema": 1,
        "document_type": "statement",
        "form": form,
        "currency": currency,
        "language": language,
        "since": account.since.isoformat(),
        "as_of": on.isoformat(),
        **_parties(customer, entity, currency, on),
        "opening": plain(account.opening, currency),
        "closing": plain(account.closing, currency),
        "outstanding": plain(account.outstanding, currency),
        "overdue": plain(account.overdue, currency),
        "credit": plain(account.credit, currency),
        "ageing": {name: plain(value, currency) for name, value in account.ageing.buckets.items()},
        **_items(account.items, reading.held, reading.promised, currency),
        **_credits(account.credits, currency),
        **({} if form == OPEN_ITEMS else _movements(reading, account.movements, currency)),
    }


def facts_sha256(content: Mapping[str, Any]) -> str:
    """The hash of the account alone, without names, addresses and bank: they do not change what was owed."""
    return sha256_of({name: value for name, value in content.items() if name not in _PARTIES})


def _parties(customer: Customer, entity: Entity, currency: str, on: date) -> Content:
    address = customer.addresses.filter(kind="billing", is_active=True).first()
    numbers = list(customer.tax_ids.filter(is_active=True))
    book = Book()
    policy = book.policy(customer, entity, on)
    bank = bank_account(entity, currency)
    return {
        "seller": seller_part(entity, tax_numbers(entity, on)),
        "buyer": buyer_part(customer, address, numbers),
        "payment": payment_part(bank, book.clauses(policy) if policy else None, customer.number),
    }


def _items(
    rows: Sequence[Owed], held: Mapping[int, Decimal], promised: Sequence[Promised], currency: str
) -> Content:
    """Open documents by due day. What is under review or promised is spread over the documents in order."""
    rest = dict(held)
    promises = {invoice: promise for promise in promised for invoice in promise.invoices}
    left = {id(promise): promise.amount for promise in promised}
    said: list[Content] = []
    for row in rows:
        invoice = row.item.instalment.invoice_id if hasattr(row.item, "instalment") else 0
        under_review = min(rest.get(invoice, ZERO), row.open_amount)
        rest[invoice] = rest.get(invoice, ZERO) - under_review
        promise = promises.get(invoice)
        comes = min(left[id(promise)], row.open_amount - under_review) if promise else ZERO
        said.append(
            {
                "number": row.item.reference,
                "issued_on": row.item.opened_on.isoformat(),
                "due_on": (row.item.due_on or row.item.opened_on).isoformat(),
                "days_late": row.days_late,
                "amount": plain(row.item.amount, currency),
                "open": plain(row.open_amount, currency),
                "held": plain(under_review, currency),
            }
        )
        if promise and comes > 0:
            left[id(promise)] -= comes
            said[-1]["promised"] = {"amount": plain(comes, currency), "on": promise.on.isoformat()}
    listed, more = fold(said)
    return {"items": listed, "more_items": _sum(more, "open", currency)}


def _credits(rows: Sequence[Owed], currency: str) -> Content:
    said = [
        {
            "kind": row.item.kind,
            "number": _name_of(row.item),
            "on": row.item.opened_on.isoformat(),
            "amount": plain(row.item.amount, currency),
            "open": plain(row.open_amount, currency),
        }
        for row in rows
    ]
    listed, more = fold(said)
    return {"credits": listed, "more_credits": _sum(more, "open", currency)}


def _name_of(item: OpenItem) -> str:
    """What the customer knows the credit by: the credit note's number, what they wrote in the transfer."""
    payment = getattr(item, "payment", None)
    return payment.reference if payment is not None else item.reference


def _movements(reading: Reading, rows: Sequence[Movement], currency: str) -> Content:
    said = [
        {
            "on": row.on.isoformat(),
            "kind": row.kind,
            "number": reading.numbers[row.source_type, row.source_id],
            "amount": plain(row.amount, currency),
            "balance": plain(row.balance, currency),
        }
        for row in rows
    ]
    listed, earlier = fold(said, keep_last=True)
    folded = _sum(earlier, "amount", currency)
    if folded:
        folded["balance"] = earlier[-1]["balance"]
    return {"movements": listed, "earlier": folded}


def _sum(rows: Iterable[Mapping[str, Any]], name: str, currency: str) -> dict[str, Any] | None:
    """Folded rows as one: how many, and together how much; None for none."""
    amounts = [Decimal(row[name]) for row in rows]
    return {"count": len(amounts), "amount": plain(sum(amounts, ZERO), currency)} if amounts else None


def period_before(on: date) -> date:
    """The first day of a statement nobody gave a beginning: ninety days back."""
    return on - timedelta(days=90)
