"""What customers of the demo company asked, what colleagues noted, and who was charged for paying late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.db import transaction

from charges import operations as charging
from charges.models import Charge
from charges.reference import Published, reference_rates
from conversations import operations
from conversations.files import File
from conversations.models import Channel, Thread
from core.errors import DomainError
from customers.models import Contact, Customer
from entities.queries import local_day, visible_to
from invoices.models import Invoice
from team.models import User

logger = structlog.get_logger(__name__)
_CHARGED = 4

# What was asked, how many hours ago, by which channel.
_ASKED = (
    ("Price of the October maintenance", "The invoice says 1,250, our contract 1,180. Which is right?", 2),
    ("Copy of the delivery note", "Please send us the signed delivery note, we cannot book without it.", 5),
    ("New address from January", "We move on 2 January. Which address do you need on the invoices?", 26),
    ("Two invoices for one order", "We got two invoices for order BL-2208. Is one of them a copy?", 30),
    ("Which account do we pay to?", "Our bank says the account number changed. Did it?", 24 * 9),
    ("Payment of last week", "We paid on Monday but your reminder says it is open.", 50),
    ("Instalments", "Could we pay the large invoice in three parts?", 75),
)


def talk(people: dict[str, User], now: datetime) -> None:
    """Leave inquiries in every state, notes that name colleagues, and a few late charges."""
    threads = list(_ask(people, now))
    _answer(threads, people, now)
    _unknown(now)
    _note(threads, people, now)
    operations.watch_clocks(now=now)
    _charge(people, now)


def _ask(people: dict[str, User], now: datetime) -> Iterator[Thread]:
    """One inquiry per line of _ASKED, each of another customer, some about an invoice of theirs."""
    for (subject, body, hours), contact in zip(_ASKED, contacts_of(people, len(_ASKED)), strict=False):
        invoice = _newest(contact.customer)
        is_mail = hours % 2 == 0
        post = operations.receive_message(
            customer=contact.customer,
            contact=contact,
            sender=contact.email,
            subject=subject,
            body=f"Hello,\n\n{body}\n\nKind regards\n{contact.name}",
            about=invoice if not is_mail else None,
            channel=Channel.EMAIL if is_mail else Channel.PORTAL,
            external_id=f"<demo-{contact.pk}-{hours}@mail.example>",
            files=(File("order.pdf", "application/pdf", b"%PDF-1.4\n% the order\n"),) if hours == 30 else (),
            now=now - timedelta(hours=hours),
        )
        yield post.thread


def contacts_of(people: dict[str, User], count: int) -> list[Contact]:
    """Contacts for invoices, one per customer, of companies all these people work for."""
    found = Contact.objects.filter(purposes__contains=["billing"], is_active=True, bounced_at=None)
    for person in people.values():
        found = found.filter(customer__entity__in=visible_to(person))
    rows = found.exclude(email="").select_related("customer__entity").order_by("customer_id", "id")
    first: dict[int, Contact] = {}
    for contact in rows:
        first.setdefault(contact.customer_id, contact)
    return list(first.values())[:count]


def _newest(customer: Customer) -> Invoice | None:
    found = Invoice.objects.filter(customer=customer, document_status=Invoice.Status.ISSUED)
    return found.filter(document_type=Invoice.Type.INVOICE).order_by("-issued_on", "-pk").first()


def _answer(threads: list[Thread], people: dict[str, User], now: datetime) -> None:
    """Some are owned, answered, merged or closed; the late one waits for somebody."""
    collector, lead = people["collector"], people["lead"]
    price, note, address, double, _late, paid, parts = threads
    operations.assign_thread(price, owner=people["specialist"], actor=lead, now=now - timedelta(hours=1))
    operations.assign_thread(note, owner=collector, actor=lead, now=now - timedelta(hours=4))
    _reply(address, "Both: the new one from the first invoice of January on.", collector, now, hours=20)
    _reply(
        paid, "May we have the day and the reference of your transfer?", collector, now, hours=48, ask=True
    )
    again = operations.receive_message(
        customer=double.customer,
        contact=double.contact,
        sender=double.sender,
        subject="Order BL-2208 again",
        body="We found the second invoice in the portal too.",
        channel=Channel.PORTAL,
        now=now - timedelta(hours=28),
    )
    operations.merge_threads(again.thread, into=double, actor=collector, now=now - timedelta(hours=27))
    operations.close_thread(
        parts,
        said="They want to pay the large invoice in three parts.",
        understood="Their own customer pays them in January.",
        agreed="A plan of three months, offered today.",
        actor=collector,
        now=now - timedelta(hours=70),
    )


def _reply(thread: Thread, body: str, actor: User, now: datetime, *, hours: int, ask: bool = False) -> None:
    at = now - timedelta(hours=hours)
    try:
        operations.reply(thread, body=body, actor=actor, now=at, ask=ask)
    except DomainError as refusal:
        logger.info("demo_without", what="reply", why=str(refusal))


def _unknown(now: datetime) -> None:
    """A mail from an address nobody knows, as it comes through the folder."""
    operations.take_mail(
        b"From: Tessa Vermeer <t.vermeer@new-office.example>\nTo: billing@northwind.example\n"
        b"Subject: Invoice for our new office\nMessage-ID: <first@new-office.example>\n"
        b"Content-Type: text/plain; charset=utf-8\n\n"
        b"We took over the office at the harbour. Can you send the November invoice to us?\n",
        source="maildir",
        now=now - timedelta(hours=3),
    )


def _note(threads: list[Thread], people: dict[str, User], now: datetime) -> None:
    """Colleagues talk about a thread, an invoice and a customer."""
    price, note = threads[0], threads[1]
    operations.write_note(
        price,
        body="The contract was renewed in September with the old price. Can you check the item?",
        mentions=[people["lead"]],
        actor=people["specialist"],
        now=now - timedelta(minutes=50),
    )
    if note.about is not None:
        operations.write_note(
            note.about,
            body="The driver keeps the note until Friday.",
            actor=people["collector"],
            now=now - timedelta(hours=3),
        )
    if price.customer is not None:
        operations.write_note(
            price.customer,
            body="Always asks for Ms Byrne; calls before nine are welcome.",
            mentions=[people["collector"]],
            actor=people["lead"],
            now=now - timedelta(days=2),
        )


def _charge(people: dict[str, User], now: datetime) -> None:
    """Interest and fixed sums for a few of the longest overdue invoices; one waiver waits."""
    charging.load_rates([*reference_rates(), *_made_up(now)], actor=people["controller"], now=now)
    charges = list(_charges(people["specialist"], now))
    if charges:
        charging.waive_charge(
            charges[-1],
            reason="Our bank account on the invoice was hard to find; they paid at once when told.",
            actor=people["specialist"],
            now=now,
        )


def _made_up(now: datetime) -> Iterator[Published]:
    """Rates of half-years after those we ship, so that the demo can charge: the last one goes on."""
    last: dict[str, Published] = {row.source: row for row in reference_rates()}
    for source in ("ECB", "DE", "BOE"):
        row = last[source]
        day = row.valid_from
        while True:
            day = day.replace(month=7) if day.month == 1 else day.replace(year=day.year + 1, month=1)
            if day > now.date():
                break
            yield Published(source, day, row.rate, "Demo: the rate before, not looked up")


def _charges(actor: User, now: datetime) -> Iterator[Charge]:
    late = Invoice.objects.filter(
        document_status=Invoice.Status.ISSUED,
        document_type=Invoice.Type.INVOICE,
        balance__gt=Decimal(500),
        is_imported=False,
        next_due_on__lt=now.date() - timedelta(days=14),
    )
    made = 0
    for number, invoice in enumerate(late.select_related("entity").order_by("next_due_on", "pk")[:40]):
        kind = "fixed_sum" if number % 3 == 2 else "interest"
        try:
            with transaction.atomic():
                charge = charging.charge_late(
                    invoice, kind=kind, on=local_day(invoice.entity, now), actor=actor, now=now
                )
        except DomainError:
            continue
        if charge.document.document_status == Invoice.Status.ISSUED:
            yield charge
            made += 1
        if made == _CHARGED:
            return
