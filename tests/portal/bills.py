"""Issued invoices for the customer's page, made row by row: what the page reads, without the road to it."""

import copy
import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from customers.models import Contact, Customer
from entities.models import Entity, Series
from invoices.documents.sample import SAMPLE
from invoices.models import Instalment, Invoice, Snapshot
from ledger.models import Allocation, OpenItem
from ledger.operations import Source, allocate, lock_items, open_items
from policies.models import Policy, PolicyVersion
from team.models import User

NOW = datetime(2026, 10, 20, 9, 30, tzinfo=UTC)
_numbers = itertools.count(1)


def make_user(**fields: Any) -> User:
    n = next(_numbers)
    return User.objects.create_user(email=f"person{n}@northwind.example", name=f"Person {n}", **fields)


def make_entity(**fields: Any) -> Entity:
    values = {
        "code": f"E{next(_numbers)}",
        "name": "Northwind Energy",
        "legal_name": "Northwind Energy Ireland Ltd",
        "address_lines": ["4 Hanover Quay"],
        "city": "Dublin 2",
        "country": "IE",
        "email": "billing@northwind.example",
        "time_zone": "Europe/Dublin",
        "functional_currency": "EUR",
    }
    return Entity.objects.create(**values | fields)


def make_customer(entity: Entity, **fields: Any) -> Customer:
    n = next(_numbers)
    values = {
        "number": f"C-{n:04}",
        "name": "Brightwater Logistics",
        "entity": entity,
        "country": "IE",
        "since": date(2024, 1, 1),
        "created_at": NOW,
    }
    return Customer.objects.create(**values | fields)


def make_contact(customer: Customer, **fields: Any) -> Contact:
    n = next(_numbers)
    values = {
        "customer": customer,
        "name": "Orla Byrne",
        "email": f"orla{n}@brightwater.example",
        "purposes": ["billing"],
    }
    return Contact.objects.create(**values | fields)


def make_policy_version() -> PolicyVersion:
    n = next(_numbers)
    author = make_user()
    policy = Policy.objects.create(code=f"standard-{n}", name="Standard terms", owner=author)
    return PolicyVersion.objects.create(policy=policy, number=1, author=author, public_ref=f"ref{n}")


@transaction.atomic
def make_bill(
    customer: Customer | None = None, *, parts: list[tuple[str, str]] | None = None, **changes: Any
) -> Invoice:
    """An issued invoice of 12,840.50 EUR due 9 November 2026, or in `parts` of (day, amount).

    `changes` replace keys of its snapshot.
    """
    customer = customer or make_customer(make_entity())
    entity, n = customer.entity, next(_numbers)
    content = copy.deepcopy(SAMPLE) | {"number": f"INV-2026-{n:05}"} | changes
    content["payment"] = {**content["payment"], "reference": content["number"]}
    parts = parts or [(content["due_on"], content["totals"]["due"])]
    content["instalments"] = [{"n": i, "due_on": d, "amount": a} for i, (d, a) in enumerate(parts, 1)]
    series, _ = Series.objects.get_or_create(
        entity=entity, document_type="invoice", fiscal_year="2026", pattern="INV-{FY}-{N:05}"
    )
    totals = content["totals"]
    invoice = Invoice.objects.create(
        public_ref=f"bill{n}",
        entity=entity,
        customer=customer,
        currency=content["currency"],
        net_total=Decimal(totals["net"]),
        tax_total=Decimal(totals["tax"]),
        gross_total=Decimal(totals["gross"]),
        payable=Decimal(totals["due"]),
        created_at=NOW,
        edited_at=NOW,
    )
    items = open_items(
        [
            OpenItem(
                entity=entity,
                customer=customer,
                side="debit",
                kind="invoice",
                reference=content["number"],
                currency=content["currency"],
                amount=Decimal(amount),
                functional_amount=Decimal(amount),
                opened_on=date.fromisoformat(content["issued_on"]),
                due_on=date.fromisoformat(day),
            )
            for day, amount in parts
        ]
    )
    for i, item in enumerate(items, 1):
        Instalment.objects.create(
            invoice=invoice, number=i, due_on=item.due_on, amount=item.amount, open_item=item
        )
    Snapshot.objects.create(invoice=invoice, content=content, sha256="0" * 64)
    issued = {
        "document_status": "issued",
        "series": series,
        "sequence": n,
        "number": content["number"],
        "issued_on": date.fromisoformat(content["issued_on"]),
        "issued_at": NOW,
        "due_on": max(item.due_on for item in items),
        "next_due_on": items[0].due_on,
        "policy_version": make_policy_version(),
        "balance": Decimal(totals["due"]),
    }
    Invoice.objects.filter(pk=invoice.pk).update(**issued)
    return Invoice.objects.get(pk=invoice.pk)


@transaction.atomic
def pay(invoice: Invoice, amount: str, *, on: date = date(2026, 10, 19)) -> None:
    """Settle so much of the invoice, oldest instalment first, and keep its columns as an operation would."""
    n = next(_numbers)
    [receipt] = open_items(
        [
            OpenItem(
                entity=invoice.entity,
                customer=invoice.customer,
                side="credit",
                kind="receipt",
                reference=f"R{n}",
                currency=invoice.currency,
                amount=Decimal(amount),
                functional_amount=Decimal(amount),
                opened_on=on,
            )
        ]
    )
    ids = list(invoice.instalments.order_by("number").values_list("open_item_id", flat=True))
    items = lock_items([*ids, receipt.pk])
    left, shares = Decimal(amount), []
    for pk in ids:
        share = min(left, items[pk].open_amount)
        left -= share
        shares += [(items[pk], share)] if share else []
    allocate(
        items[receipt.pk],
        shares,
        kind=Allocation.Kind.PAYMENT,
        functional="EUR",
        source=Source("test", n, f"test:{n}"),
        text="Payment",
        on=on,
        actor=None,
        now=NOW,
    )
    balance = invoice.balance - Decimal(amount)
    Invoice.objects.filter(pk=invoice.pk).update(
        balance=balance,
        settlement_status="part_paid" if balance else "paid",
        settled_on=None if balance else on,
    )
    invoice.refresh_from_db()
