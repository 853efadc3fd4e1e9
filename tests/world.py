"""A small billing department for tests: a company with a policy, prices and people, and acts in it.

Everything is made through the product's operations at `NOW`, a Monday; nothing depends on today.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import cycle
from typing import Any

from catalogue import operations as catalogue
from catalogue.models import Item, TaxRate
from catalogue.reference import tax_rates
from customers import operations as customers
from customers.models import Customer
from entities.models import BankAccount, Entity, ExchangeRate, TaxRegistration
from invoices import operations as invoices
from invoices.inputs import DraftInput, LineInput
from invoices.models import Invoice
from payments import operations as payments
from payments.models import Payment
from policies import operations as policies
from policies.models import PolicyVersion
from team.models import User
from tests.factories import make_customer, make_entity, make_user

NOW = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 16)
LONG_AGO = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
CLAUSES: dict[str, Any] = {
    "terms": "NET 30",
    "early_discount": {"pct": "2", "days": 10},
    "tolerance": {"absolute": "1.00", "pct": "1"},
}


_names = cycle(
    ("Kestrel Robotics", "Nordlys Media", "Polder Energie", "Quintero Alimentos", "Maison Verdier")
)


@dataclass
class World:
    """Who and what a test works with."""

    entity: Entity
    customer: Customer
    item: Item
    policy: PolicyVersion
    clerk: User
    lead: User
    controller: User
    director: User
    cash: User

    def draft(self, *amounts: str, **values: Any) -> DraftInput:
        """An input with one typed-in line per amount, for the world's customer unless told otherwise."""
        lines = tuple(
            LineInput(f"Work package {number}", Decimal(1), Decimal(amount))
            for number, amount in enumerate(amounts, start=1)
        )
        return DraftInput(**({"entity": self.entity, "customer": self.customer, "lines": lines} | values))

    def approved(self, *amounts: str, now: datetime = NOW, **values: Any) -> Invoice:
        """An approved document of these net amounts."""
        invoice = invoices.write_draft(self.draft(*amounts, **values), actor=self.clerk, now=now)
        return self.approve(invoice, now=now)

    def approve(self, invoice: Invoice, *, now: datetime = NOW) -> Invoice:
        """Submit as the clerk, approve as the director."""
        invoice = invoices.submit_invoice(invoice, actor=self.clerk, now=now)
        if invoice.document_status == Invoice.Status.APPROVED:
            return invoice
        flags = [flag["key"] for flag in invoices.pending_approval(invoice).flags]
        return invoices.approve_invoice(invoice, actor=self.director, now=now, confirmed=flags)

    def issued(self, *amounts: str, now: datetime = NOW, **values: Any) -> Invoice:
        """An issued document of these net amounts; 19 % German tax comes on top."""
        return invoices.issue_invoice(self.approved(*amounts, now=now, **values), actor=self.clerk, now=now)

    def received(self, amount: str, *, now: datetime = NOW, **values: Any) -> Payment:
        """A receipt of the world's customer on the day of `now`."""
        given = {
            "entity": self.entity,
            "customer": self.customer,
            "currency": "EUR",
            "received_on": now.date(),
        }
        return payments.record_payment(
            payments.Receipt(amount=Decimal(amount), **(given | values)), actor=self.cash, now=now
        )

    def pay(self, invoice: Invoice, amount: str, *, now: datetime = NOW, discount: bool = False) -> Payment:
        """Receive an amount and use it for one invoice."""
        payment = self.received(amount, now=now)
        part = payments.Part(invoice.instalments.get().open_item_id, Decimal(amount))
        return payments.allocate_payment(payment, [part], actor=self.cash, now=now, grant_discount=discount)


def make_world(*, clauses: dict[str, Any] | None = None, **entity: Any) -> World:
    """A German company in euros with a published policy (net 30, 2 % within 10 days, 1.00 tolerance)."""
    if not TaxRate.objects.exists():
        catalogue.load_tax_rates(tax_rates(), actor=None, now=LONG_AGO)
    seller = make_entity(**entity)
    registration = {"scheme": "VAT", "country": "DE", "number": "DE136695976"}
    if seller.country == "IN":
        registration = {"scheme": "GSTIN", "country": "IN", "number": "27AAPFU0939F1ZV", "state_code": "27"}
    TaxRegistration.objects.create(entity=seller, valid_from=date(2020, 1, 1), **registration)
    BankAccount.objects.create(
        entity=seller,
        currency=seller.functional_currency,
        holder=seller.legal_name,
        bank_name="Hanse Bank",
        iban="DE89370400440532013000",
        bic="COBADEFFXXX",
        since=date(2020, 1, 1),
    )
    for currency, rate in (("USD", "0.92"), ("GBP", "1.17"), ("JPY", "0.0061"), ("INR", "0.0108")):
        if currency != seller.functional_currency:
            ExchangeRate.objects.get_or_create(
                currency=currency,
                functional=seller.functional_currency,
                on=date(2024, 1, 1),
                defaults={"rate": Decimal(rate), "source": "test"},
            )
    people = {
        name: make_user(role)
        for name, role in {
            "clerk": "specialist",
            "lead": "lead",
            "controller": "controller",
            "director": "director",
            "cash": "cash_applier",
        }.items()
    }
    # Names that no gate takes for each other.
    name = f"{next(_names)} {secrets.token_hex(4)}"
    customer = make_customer(
        name=name, entity=seller, actor=people["lead"], country=seller.country, state_code=seller.state_code
    )
    furnish(customer, people["lead"])
    return World(
        entity=seller,
        customer=customer,
        item=make_item(),
        policy=make_policy(seller, people["controller"], people["director"], clauses=clauses),
        **people,
    )


def furnish(customer: Customer, actor: User) -> Customer:
    """Give a customer an address and a contact for invoices."""
    customers.set_address(
        customer,
        lines=["Werkstraße 7"],
        city="Bremen",
        country=customer.country,
        postal_code="28195",
        state_code=customer.state_code,
        actor=actor,
        now=LONG_AGO,
    )
    customers.add_contact(
        customer,
        name="Accounts payable",
        email=f"ap{customer.pk}@customer.example",
        purposes=["billing"],
        actor=actor,
        now=LONG_AGO,
    )
    return customer


def make_policy(
    entity: Entity,
    author: User,
    approver: User,
    *,
    clauses: dict[str, Any] | None = None,
    default: bool = True,
) -> PolicyVersion:
    """A published payment policy, in force since 2024."""
    policy = policies.create_policy(
        code=f"terms-{entity.pk}-{0 if default else author.pk}",
        name=f"Payment terms {entity.code}",
        owner=author,
        clauses=clauses or CLAUSES,
        actor=author,
        now=LONG_AGO - timedelta(days=60),
        default_for=entity if default else None,
        notice_days=0,
    )
    version = policy.versions.get()
    policies.submit_version(version, actor=author, now=LONG_AGO - timedelta(days=60))
    policies.approve_version(version, actor=approver, now=LONG_AGO - timedelta(days=60))
    return policies.publish_version(version, actor=author, now=LONG_AGO - timedelta(days=60))


def make_item(code: str = "CONS-1", price: str = "120", **values: Any) -> Item:
    """A service on the price list at a price in euros."""
    known = Item.objects.filter(code=code).first()
    if known:
        return known
    item = Item.objects.create(**({"code": code, "name": "Consulting hour", "unit": "h"} | values))
    item.prices.create(currency="EUR", unit_price=Decimal(price), valid_from=date(2020, 1, 1))
    return item
