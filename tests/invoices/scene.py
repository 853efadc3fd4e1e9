"""A company that can bill: people, policy, price list, a customer with a contact; documents in each state."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from catalogue.models import Item, Price
from customers import operations as customers
from customers.models import Customer
from entities.models import BankAccount, Entity, TaxRegistration
from invoices import operations
from invoices.inputs import DraftInput, LineInput
from invoices.models import Invoice
from payments import operations as payments
from policies import operations as policies
from team.models import User
from tests.factories import make_customer, make_entity, make_user

BEGIN = datetime(2025, 11, 5, 9, tzinfo=UTC)


@dataclass
class Scene:
    """Who and what the tests of the pages work with."""

    clerk: User
    lead: User
    controller: User
    cash: User
    entity: Entity
    customer: Customer
    item: Item

    def input(self, *amounts: str, **changes: Any) -> DraftInput:
        """A draft at list price, or of typed amounts."""
        lines = tuple(LineInput(f"Work {n}", Decimal(1), Decimal(a)) for n, a in enumerate(amounts, 1))
        listed = (LineInput("Consulting", Decimal(4), Decimal(128), item=self.item, unit="h"),)
        draft = DraftInput(
            entity=self.entity, customer=self.customer, lines=lines or listed, po_number="PO-1"
        )
        return replace(draft, **changes)

    def draft(self, *amounts: str, **changes: Any) -> Invoice:
        """A draft of the clerk."""
        return operations.write_draft(self.input(*amounts, **changes), actor=self.clerk, now=timezone.now())

    def waiting(self, *amounts: str) -> Invoice:
        """A document that waits for approval."""
        invoice = self.draft(*(amounts or ("3000",)))
        return operations.submit_invoice(invoice, actor=self.clerk, now=timezone.now())

    def approved(self, *amounts: str) -> Invoice:
        """A document the controller approved."""
        invoice = self.waiting(*amounts)
        flags = [flag["key"] for flag in operations.pending_approval(invoice).flags]
        return operations.approve_invoice(invoice, actor=self.controller, now=timezone.now(), confirmed=flags)

    def issued(self, *amounts: str) -> Invoice:
        """An issued document."""
        return operations.issue_invoice(self.approved(*amounts), actor=self.clerk, now=timezone.now())

    def overdue(self, *amounts: str) -> Invoice:
        """One issued long ago; the numbers of the series must not be newer yet."""
        then = timezone.now() - timedelta(days=60)
        invoice = operations.write_draft(self.input(*(amounts or ("3000",))), actor=self.clerk, now=then)
        invoice = operations.submit_invoice(invoice, actor=self.clerk, now=then)
        flags = [flag["key"] for flag in operations.pending_approval(invoice).flags]
        invoice = operations.approve_invoice(invoice, actor=self.controller, now=then, confirmed=flags)
        return operations.issue_invoice(invoice, actor=self.clerk, now=then)

    def pay(self, invoice: Invoice) -> None:
        """Settle a document in full."""
        now = timezone.now()
        receipt = payments.Receipt(
            self.entity, now.date(), "EUR", invoice.payable, customer=self.customer, reference=invoice.number
        )
        payment = payments.record_payment(receipt, actor=self.cash, now=now)
        parts, _rest = payments.propose_allocation(payment)
        payments.allocate_payment(payment, parts, actor=self.cash, now=now)


def make_scene() -> Scene:
    """Everything a first invoice needs."""
    call_command("load_tax_rates", verbosity=0, stdout=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    people = {
        role: make_user(role) for role in ("specialist", "lead", "controller", "director", "cash_applier")
    }
    entity = make_entity()
    TaxRegistration.objects.create(
        entity=entity, scheme="VAT", country="DE", number="DE136695976", valid_from=date(2020, 1, 1)
    )
    BankAccount.objects.create(
        entity=entity,
        currency="EUR",
        holder=entity.legal_name,
        bank_name="Bank",
        iban="DE89370400440532013000",
        bic="COBADEFFXXX",
        since=date(2020, 1, 1),
    )
    controller = people["controller"]
    policy = policies.create_policy(
        code="eu",
        name="Terms EU",
        owner=controller,
        clauses={"terms": "NET 30"},
        actor=controller,
        now=BEGIN,
        default_for=entity,
        notice_days=0,
    )
    version = policy if hasattr(policy, "number") else policy.versions.get()
    version = policies.submit_version(version, actor=controller, now=BEGIN)
    version = policies.approve_version(version, actor=people["director"], now=BEGIN)
    policies.publish_version(version, actor=controller, now=BEGIN)
    customer = make_customer(entity=entity, actor=people["specialist"], name="Kestrel Robotics")
    customers.set_address(
        customer,
        lines=["Weg 1"],
        city="Berlin",
        country="DE",
        postal_code="10115",
        actor=people["specialist"],
        now=BEGIN,
    )
    customers.add_contact(
        customer,
        name="AP",
        email="ap@kestrel.example",
        purposes=["billing"],
        actor=people["specialist"],
        now=BEGIN,
    )
    item = Item.objects.create(code="CONS", name="Consulting", unit="h")
    Price.objects.create(item=item, currency="EUR", unit_price=Decimal(128), valid_from=date(2020, 1, 1))
    return Scene(
        people["specialist"], people["lead"], controller, people["cash_applier"], entity, customer, item
    )
