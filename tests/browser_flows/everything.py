"""Rows in every state a list or a record can show, made through the product's operations.

The documents lie some weeks before the real clock, because the pages of a live server read that one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalogue.models import TaxRate
from correspondence import links
from correspondence.models import Message, Template
from customers import operations as customers
from customers.models import BillingRequirement, ChangeRequest, Customer, Segment
from entities import operations as entities
from entities.models import BankChange
from integrations import uploads
from invoices import operations as invoices
from invoices.models import Invoice
from ledger.models import Allocation, OpenItem
from payments import operations as payments
from payments.models import Payment, Refund, WriteOff
from policies import operations as policies
from policies.models import PolicyVersion
from team import operations as team
from team.models import APIKey, SavedView, User
from tests.factories import make_user
from tests.world import World, make_world
from trail.models import Entry
from work import jobs
from work.models import Job

HISTORY = b"""customer,invoice,issued,due,amount,settled
Polder Energie,R-1001,2025-03-04,2025-04-03,1190.00,2025-04-01
Polder Energie,R-1002,2025-05-06,2025-06-05,238.00,
"""
PASSWORD = "a long enough password"


@dataclass
class Everything:
    """The rows by what is special about them."""

    world: World
    everybody: User
    overdue: Invoice
    part_paid: Invoice
    credited: Invoice
    credit_note: Invoice
    held: Invoice
    small_rest: Invoice
    yen: Invoice
    draft: Invoice
    waiting: Invoice
    approved: Invoice
    mailed: Invoice
    receipt: Payment
    unidentified: Payment
    allocation: Allocation
    credit: OpenItem
    refund: Refund
    write_off: WriteOff
    customer: Customer
    segment: Segment
    requirement: BillingRequirement
    change: ChangeRequest
    bank_change: BankChange
    policy_draft: PolicyVersion
    message: Message
    text: Template
    key: APIKey
    job: Job
    rate: TaxRate
    link: str
    upload: str


def make_everything() -> Everything:
    """A company in the middle of its work, and one person who has all roles."""
    world = make_world()
    now = timezone.now()
    people: dict[str, Any] = {"world": world, "everybody": _everybody(), "customer": world.customer}
    return Everything(
        **people,
        **_documents(world, now),
        **_masters(world, now),
        **_staff(world, people["everybody"], now),
        rate=TaxRate.objects.order_by("pk")[0],
    )


def _everybody() -> User:
    """All roles at once: every page opens, and every act on it is there."""
    user = make_user(name="Maya Köhler", password=PASSWORD)
    user.groups.set(Group.objects.all())
    return user


def _documents(world: World, now: datetime) -> dict[str, Any]:
    """From the oldest to the newest, because numbers follow days."""

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    overdue = world.issued("4200", "99.90", now=ago(70))
    part_paid = world.issued("3000", now=ago(50))
    payment = world.pay(part_paid, "1000.00", now=ago(40))
    credited = world.issued("2500", now=ago(30))
    world.pay(credited, "2975.00", now=ago(12))
    held = world.issued("1800", now=ago(20))
    invoices.hold(held, Decimal(100), reason="The quantity is in doubt.", actor=world.clerk, now=ago(10))
    small_rest = world.issued("1000", now=ago(19))
    world.pay(small_rest, "1189.50", now=ago(9))
    yen = world.issued("120000", now=ago(18), currency="JPY")
    note = invoices.write_credit_note(
        credited, {1: Decimal(500)}, reason_code="PRC", reason="Price agreed lower", actor=world.clerk,
        now=ago(8),
    )  # fmt: skip
    note = invoices.issue_invoice(world.approve(note, now=ago(8)), actor=world.clerk, now=ago(8))
    receipt = world.received("750.00", now=ago(6), reference="ON ACCOUNT")
    refund = payments.request_refund(
        receipt.open_item, Decimal(50), reason="Paid twice by mistake.", actor=world.cash, now=ago(5)
    )
    write_off = payments.request_write_off(
        overdue, Decimal(100), reason="Below the cost of collecting it.", actor=world.clerk, now=ago(5)
    )
    unidentified = world.received(
        "312.40", now=ago(4), customer=None, payer_name="H. Unknown", reference="RE 4711"
    )
    mailed, message = _mailed(world, ago(3))
    link = links.create_link(overdue, purpose=links.INVOICE, contact=None, actor=None, now=ago(1))
    waiting = invoices.write_draft(world.draft("16000", "310.05"), actor=world.clerk, now=ago(1))
    return {
        "overdue": overdue,
        "part_paid": part_paid,
        "credited": credited,
        "credit_note": note,
        "held": held,
        "small_rest": small_rest,
        "yen": yen,
        "receipt": receipt,
        "unidentified": unidentified,
        "allocation": Allocation.objects.filter(credit=payment.open_item).get(),
        "credit": OpenItem.objects.get(kind=OpenItem.Kind.CREDIT_NOTE, reference=note.number),
        "refund": refund,
        "write_off": write_off,
        "mailed": mailed,
        "message": message,
        "link": links.path_of(link),
        "waiting": invoices.submit_invoice(waiting, actor=world.clerk, now=ago(1)),
        "approved": world.approved("900", "45.50", now=ago(1)),
        "draft": invoices.write_draft(
            world.draft("1234.56", "80", discount_pct=Decimal(5), discount_reason="Volume"),
            actor=world.clerk,
            now=now,
        ),
    }


def _mailed(world: World, now: datetime) -> tuple[Invoice, Message]:
    invoice = invoices.send_invoice(world.issued("640", now=now), actor=world.clerk, now=now)
    wish = Entry.objects.filter(fact="invoice.queued_for_sending", object_id=invoice.pk).latest("id")
    message = invoices.write_message(wish, now=now)
    assert message is not None
    return invoice, message


def _masters(world: World, now: datetime) -> dict[str, Any]:
    """Customers, companies, policies: settings with something to decide."""
    lead, controller = world.lead, world.controller
    segment = customers.add_segment(name="Public sector", actor=lead, now=now)
    customers.edit_contact(world.customer.contacts.get(), phone="+49 40 5550199", actor=lead, now=now)
    customers.set_tax_id(
        world.customer, scheme="VAT", number="DE811569869", country="DE", actor=lead, now=now
    )
    change = customers.request_change(
        world.customer, subject="credit_limit", proposed={"credit_limit": "100"}, reason="It grows",
        actor=lead, now=now,
    )  # fmt: skip
    bank_change = entities.request_bank_change(
        world.entity,
        currency="EUR",
        proposed={
            "holder": world.entity.legal_name,
            "bank_name": "Nordbank",
            "iban": "DE02120300000000202051",
        },
        reason="The account moves.",
        actor=lead,
        now=now,
    )
    return {
        "segment": segment,
        # Of kind info: it shows everywhere and stops nothing.
        "requirement": customers.add_requirement(
            kind="po_required", customer=world.customer, severity="info", valid_from=now.date(), actor=lead,
            now=now,
        ),
        "change": change,
        "bank_change": bank_change,
        "policy_draft": policies.draft_version(world.policy.policy, actor=controller, now=now),
        "text": Template.objects.order_by("pk")[0],
    }  # fmt: skip


def _staff(world: World, reader: User, now: datetime) -> dict[str, Any]:
    """What a person has of their own."""
    key, _text = team.create_key(
        reader, name="Shop", scopes=["invoices.view_invoice"], expires_at=now + timedelta(days=30),
        actor=reader, now=now,
    )  # fmt: skip
    fault = {"row": "INV-9", "field": "customer", "message": "It is blocked.", "mend": "Unblock it."}
    job = jobs.ask("invoices.bulk", title="Issue 3 invoices", arguments={}, total=3, actor=reader, now=now)
    job = jobs.advance(jobs.begin(job, now=now), done=3, failures=[fault], now=now)
    SavedView.objects.create(user=reader, page="invoices", name="Large ones", query="least=1000")
    file = SimpleUploadedFile("history.csv", HISTORY)
    return {"key": key, "job": jobs.end(job, now=now), "upload": uploads.keep(file, reader)}
