"""Rows in every state a list or a record can show, made through the product's operations.

The documents lie some weeks before the real clock, because the pages of a live server read that one.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from banking import operations as banking
from banking.models import Remittance
from banking.models import Statement as BankStatement
from cases import operations as collecting
from cases.models import Call, Case, HandOver, Plan, Promise
from catalogue.models import TaxRate
from charges import operations as charging
from charges.models import Charge
from checkout import operations as checkout
from checkout.models import Checkout, DemoPage
from closing import operations as closing
from contracts import operations as contracts
from contracts.inputs import ItemInput
from contracts.models import BillRun, Contract
from conversations import operations as conversations
from conversations.files import File
from conversations.models import Note, Thread
from core.dates import add_months
from correspondence import links
from correspondence import operations as correspondence
from correspondence.models import Message, Template
from customers import operations as customers
from customers.models import BillingRequirement, ChangeRequest, Customer, Segment
from disputes.models import Dispute
from disputes.operations import accept as accept_proposal
from disputes.operations import watch as watch_disputes
from entities import operations as entities
from entities.models import BankAccount, BankChange
from entities.queries import local_day
from feedback import operations as feedback
from feedback.models import Answer, Improvement, Suggestion
from integrations import uploads
from invoices import operations as invoices
from invoices.models import DueDateMove, Invoice
from ledger.models import Allocation, OpenItem
from notices import operations as notices
from notices.models import ChangeNotice, Notice
from payments import operations as payments
from payments.models import Payment, Refund, WriteOff
from payouts.models import PaymentFile
from policies import operations as policies
from policies.models import PolicyVersion
from portal import operations as portal
from statements import operations as statements
from statements.models import Statement
from team import operations as team
from team.absences import enter_absence
from team.models import APIKey, SavedView, User
from tests.banking.advices import advised
from tests.banking.statements import camt
from tests.charges.scene import LATER, late_invoice, late_world
from tests.contracts.scene import active, done, drafted, planned
from tests.correspondence.letters import make_letter
from tests.disputes.scene import proposed, raised
from tests.factories import make_user
from tests.feedback.scene import asked, entered, improved
from tests.payouts.scene import make_file
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
    moved: DueDateMove
    small_rest: Invoice
    yen: Invoice
    draft: Invoice
    waiting: Invoice
    approved: Invoice
    mailed: Invoice
    proforma: Invoice
    deposit: Invoice
    final: Invoice
    receipt: Payment
    statement: Statement
    unidentified: Payment
    allocation: Allocation
    credit: OpenItem
    thread: Thread
    stranger: Thread
    note: Note
    charge: Charge
    contract: Contract
    contract_draft: Contract
    run_done: BillRun
    run_planned: BillRun
    bank_statement: BankStatement
    payment_file: PaymentFile
    payment_file_ready: PaymentFile
    remittance: Remittance
    checkout: Checkout
    checkout_open: Checkout
    bank_account: BankAccount
    # The running month, one that is nearly closed and one that is closed, as addresses write them.
    months: tuple[str, ...]
    case: Case
    call: Call
    promise: Promise
    plan: Plan
    hand_over: HandOver
    dispute: Dispute
    dispute_proposed: Dispute
    dispute_ended: Dispute
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
    notice: Notice
    change_notice: ChangeNotice
    change_asked: ChangeNotice
    answer: Answer
    complaint: Answer
    suggestion: Suggestion
    improvement: Improvement
    improvement_told: Improvement
    survey_link: str
    link: str
    own_link: str
    confirm_link: str
    upload: str
    usage_upload: str


def make_everything() -> Everything:
    """A company in the middle of its work, and one person who has all roles."""
    world = make_world()
    now = timezone.now()
    people: dict[str, Any] = {"world": world, "everybody": _everybody(), "customer": world.customer}
    return Everything(
        **people,
        **_documents(world, now),
        **_bank(world, now),
        **_online(world, now),
        **_collecting(world, now),
        **_disputed(world, now),
        **_talk(world, now),
        **_feedback(world, now),
        **_contracts(world, now),
        **_masters(world, now),
        **_staff(world, people["everybody"], now),
        **_telling(world, people["everybody"], now),
        months=_months(world, now),
        rate=TaxRate.objects.order_by("pk")[0],
    )


def _bank(world: World, now: datetime) -> dict[str, Any]:
    """A statement with a line that is booked, one proposed, one nobody knows, and one that went out."""
    paid, meant = world.issued("410", now=now), world.issued("777", now=now)
    lines = camt(
        ("487.90", f"Invoice {paid.number}", world.customer.name),
        (str(meant.payable.quantize(Decimal("0.01"))), "Thank you", world.customer.name),
        ("61.00", "?", "Nobody"),
        ("-7.50", "Fee", "Hanse Bank"),
        day=now.date().isoformat(),
    )
    [statement] = banking.import_file("today.xml", lines, actor=world.cash, now=now).statements
    banking.match_statement(statement, actor=world.cash, now=now)
    return {"bank_statement": statement, "bank_account": statement.account}


def _online(world: World, now: datetime) -> dict[str, Any]:
    """An online payment that was paid and then disputed, and a page that is open."""
    paid, waiting = (
        checkout.begin_checkout(world.issued(net, now=now), link=None, language="en", now=now)
        for net in ("415", "416")
    )
    checkout.pay_demo(DemoPage.objects.get(handle=paid.handle), now=now)
    paid = Checkout.objects.get(pk=paid.pk)
    paid.disputes.create(
        gateway_id="dp_demo", amount=paid.amount, state="needs_response", reason="fraudulent", opened_at=now
    )
    return {
        "remittance": advised(world, now=now),
        "checkout": paid,
        "checkout_open": waiting,
        "payment_file": make_file(world, now=now),
        "payment_file_ready": make_file(world, now=now, approved=True),
    }


def _months(world: World, now: datetime) -> tuple[str, ...]:
    """Last of all: what the others date back is posted by then."""
    running = now.date().replace(day=1)
    last, before = add_months(running, -1), add_months(running, -2)
    for month in (before, last):
        closing.revalue_month(world.entity, month, actor=world.controller, now=now)
    closing.close_month(world.entity, before, reason="Looked at", actor=world.controller, now=now)
    closing.export_journal(world.entity, before, actor=world.controller, now=now)
    closing.ask_for_no_more(world.entity, last, actor=world.controller, now=now)
    return tuple(f"{month:%Y-%m}" for month in (running, last, before))


def _talk(world: World, now: datetime) -> dict[str, Any]:
    """An inquiry that is late, with a file and a note; one of a stranger; a late charge with its working."""
    contact = world.customer.contacts.order_by("pk")[0]
    post = conversations.receive_message(
        customer=world.customer,
        contact=contact,
        sender=contact.email,
        subject="Price of October",
        body="Why 120?\n\nOn 3 May 2026, Billing wrote:\n> Here is the invoice.",
        channel="email",
        external_id="<axe@customer.example>",
        faults=("Some characters could not be read and were replaced.",),
        files=(File("order.pdf", "application/pdf", b"%PDF-1.7"),),
        now=now - timedelta(days=9),
    )
    note = conversations.write_note(
        post.thread, body="Look at the contract", mentions=[world.lead], actor=world.clerk, now=now
    )
    other = conversations.receive_message(
        customer=None,
        entity=world.entity,
        sender="new@elsewhere.example",
        body="Who do we pay?",
        channel="email",
        now=now,
    )
    conversations.watch_clocks(now=now)
    late = late_world()
    made = charging.charge_late(
        late_invoice(late), kind="interest", on=date(2025, 4, 1), actor=late.clerk, now=LATER
    )
    return {"thread": post.thread, "stranger": other.thread, "note": note, "charge": made}


def _feedback(world: World, now: datetime) -> dict[str, Any]:
    """An answer, a complaint that is late, and a survey that waits."""
    survey = asked(world, now=now, invoice=world.issued("33.10", now=now), instrument="nps")
    late = {"comment": "You billed it twice.\nAgain.", "is_complaint": True, "now": now - timedelta(days=9)}
    return {
        "answer": entered(world, 5, now=now, comment="Clear and quick"),
        "complaint": entered(world, 1, **late),
        "survey_link": links.path_of(survey.link),
        "suggestion": feedback.make_suggestion(
            body="Fewer clicks", once="e" * 32, author=None, on=now.date()
        ),
        "improvement": improved(world, now=now),
        "improvement_told": improved(world, now=now, told=True),
    }


def _contracts(world: World, now: datetime) -> dict[str, Any]:
    """A contract with usage and missed periods, a draft with tiers, a run that is over and one that waits."""
    first = (now - timedelta(days=70)).date()
    tiers = ((Decimal(100), Decimal("0.1")), (None, Decimal("0.05")))
    by_use = ItemInput("Readings", code="readings", kind="usage", pricing="graduated", tiers=tiers)
    contract = active(world, ItemInput("Licence", Decimal(30)), by_use, starts_on=first, now=now)
    active(world, starts_on=first, now=now)
    run = done(world, now=now, scope={"contract": contract.pk}, as_of=local_day(world.entity, now))
    contracts.suspend_contract(
        contract, starts_on=first, ends_on=first, reason="A broken line", actor=world.clerk, now=now
    )
    contracts.ask_change(
        contract, "end", {"ends_on": now.date(), "reason": "They move"}, actor=world.clerk, now=now
    )
    contracts.repeat_invoice(
        world.issued("75", now=now), starts_on=now.date(), every_months=3, actor=world.clerk, now=now
    )
    return {
        "contract": contract,
        "contract_draft": drafted(world, by_use, starts_on=first, now=now),
        "run_done": run,
        "run_planned": planned(world, now=now, as_of=local_day(world.entity, now)),
    }


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
    moved = invoices.ask_due_date(
        held, ago(0).date() + timedelta(days=40), reason="Agreed by phone", actor=world.clerk, now=ago(1)
    )
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
    _letters(mailed, world.clerk, now)
    link = links.create_link(overdue, purpose=links.INVOICE, contact=None, actor=None, now=ago(1))
    waiting = invoices.write_draft(world.draft("16000", "310.05"), actor=world.clerk, now=ago(1))
    return {
        "overdue": overdue,
        "part_paid": part_paid,
        "credited": credited,
        "credit_note": note,
        "held": held,
        "moved": moved,
        "small_rest": small_rest,
        "yen": yen,
        "receipt": receipt,
        "statement": statements.make_statement(
            world.customer,
            world.entity,
            "EUR",
            form="movements",
            on=now.date(),
            since=ago(60).date(),
            actor=None,
            now=now,
        ),
        "unidentified": unidentified,
        "allocation": Allocation.objects.filter(credit=payment.open_item).get(),
        "credit": OpenItem.objects.get(kind=OpenItem.Kind.CREDIT_NOTE, reference=note.number),
        "refund": refund,
        "write_off": write_off,
        "mailed": mailed,
        "message": message,
        "link": links.path_of(link),
        **_own_page(world, now),
        "waiting": invoices.submit_invoice(waiting, actor=world.clerk, now=ago(1)),
        "approved": world.approved("900", "45.50", now=ago(1)),
        **_announced(world, now),
        "draft": invoices.write_draft(
            world.draft("1234.56", "80", discount_pct=Decimal(5), discount_reason="Volume"),
            actor=world.clerk,
            now=now,
        ),
    }


def _announced(world: World, now: datetime) -> dict[str, Invoice]:
    """A pro-forma invoice, a deposit, and the draft of its final invoice."""
    issued = {
        kind: invoices.issue_invoice(
            world.approve(
                invoices.write_draft(world.draft("5500"), actor=world.clerk, now=now, document_type=kind),
                now=now,
            ),
            actor=world.clerk,
            now=now,
        )
        for kind in (Invoice.Type.PROFORMA, Invoice.Type.DEPOSIT)
    }
    final = invoices.write_final_invoice(issued[Invoice.Type.DEPOSIT], actor=world.clerk, now=now)
    return {**{str(kind): made for kind, made in issued.items()}, "final": final}


def _own_page(world: World, now: datetime) -> dict[str, str]:
    """A contact's own page, and the page on which they confirm a new address."""
    contact = world.customer.contacts.order_by("pk")[0]
    own = links.create_link(world.customer, purpose=links.OVERVIEW, contact=contact, actor=None, now=now)
    change = portal.ask_new_email(contact, "new@customer.example", now=now)
    assert change is not None
    return {"own_link": links.path_of(own), "confirm_link": links.path_of(links.links_of(change)[0])}


def _disputed(world: World, now: datetime) -> dict[str, Any]:
    """One that is late, one that waits for a decision, one that ended."""
    first, second, third = (world.issued(net, now=now) for net in ("510", "520", "530"))
    late = raised(world, invoice=first, now=now)
    watch_disputes(now=now + timedelta(days=4))
    dispute = proposed(world, invoice=second, now=now)
    ended = proposed(world, invoice=third, now=now, reason="PON", root_cause="order-number")
    return {
        "dispute": late,
        "dispute_proposed": dispute,
        "dispute_ended": accept_proposal(ended, actor=world.director, now=now),
    }


def _collecting(world: World, now: datetime) -> dict[str, Any]:
    """The customer's overdue account: a call, a promise and a plan that wait, a hand-over."""
    invoice = world.issued("444", now=now)
    today = local_day(world.entity, now)
    collecting.go_round(world.entity, now=now)
    case = Case.objects.get(customer=world.customer)
    call = collecting.note_call(
        case,
        outcome="disputes",
        note="The meter reading is said to be wrong",
        next_action="settle_dispute",
        next_on=today,
        actor=world.clerk,
        now=now,
    )
    given: dict[str, Any] = {"currency": "EUR", "actor": world.clerk, "now": now}
    promise = collecting.make_promise(
        world.customer,
        amount=Decimal(100),
        promised_on=today + timedelta(days=20),
        invoices=[invoice],
        channel="phone",
        **given,
    )
    plan = collecting.offer_plan(
        world.customer, invoices=[], parts=3, rhythm="monthly", first_on=today + timedelta(days=9), **given
    )
    hand_over = collecting.ask_hand_over(
        case, kind="agency", recipient="Inkasso Nord", reason="Nobody answers any more", actor=world.clerk,
        now=now,
    )  # fmt: skip
    return {"case": case, "call": call, "promise": promise, "plan": plan, "hand_over": hand_over}


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


def _letters(invoice: Invoice, clerk: User, now: datetime) -> None:
    """One that waits, one that was posted, one that came back."""
    _waiting, posted, returned = (make_letter(invoice, printed=True, now=now) for _ in range(3))
    correspondence.mark_posted([posted, returned], actor=clerk, now=now)
    correspondence.return_letter(returned, reason="Moved, new address unknown", actor=clerk, now=now)


def _telling(world: World, reader: User, now: datetime) -> dict[str, Any]:
    """A notice that must be read, a watched record, a notice of change as a draft and one that waits."""
    notices.install_rules(now=now)
    entry = Entry.objects.filter(fact="requirement.created").latest("id")
    notice, other = (
        Notice.objects.create(
            person=person, entry=entry, title="New requirement", diff=[["Severity", "warn", "info"]],
            must_read=True, made_at=now,
        )
        for person in (reader, world.lead)
    )  # fmt: skip
    del other
    notices.watch(world.customer, path=world.customer.get_absolute_url(), actor=reader, now=now)
    given: dict[str, Any] = {"situation": "policy_changed", "entity": world.entity, "actor": world.lead}
    given |= {"policy": world.policy.policy, "changes": "Invoices are due after 14 days."}
    draft, asked = (
        notices.write_change(title=title, effective_on=now.date() + timedelta(days=200), now=now, **given)
        for title in ("Shorter terms", "Terms from spring")
    )
    return {
        "notice": notice,
        "change_notice": draft,
        "change_asked": notices.submit_change(asked, actor=world.lead, now=now),
    }


def _staff(world: World, reader: User, now: datetime) -> dict[str, Any]:
    """What a person has of their own."""
    days: dict[str, Any] = {"first_on": now.date(), "last_on": now.date() + timedelta(days=5)}
    for person in (reader, world.lead):
        enter_absence(person, **days, deputy=world.clerk, note="Holiday", actor=person, now=now)
    key, _text = team.create_key(
        reader, name="Shop", scopes=["invoices.view_invoice"], expires_at=now + timedelta(days=30),
        actor=reader, now=now,
    )  # fmt: skip
    fault = {"row": "INV-9", "field": "customer", "message": "It is blocked.", "mend": "Unblock it."}
    job = jobs.ask("invoices.bulk", title="Issue 3 invoices", arguments={}, total=3, actor=reader, now=now)
    job = jobs.advance(jobs.begin(job, now=now), done=3, failures=[fault], now=now)
    SavedView.objects.create(user=reader, page="invoices", name="Large ones", query="least=1000")
    file = SimpleUploadedFile("history.csv", HISTORY)
    usage = SimpleUploadedFile("usage.csv", b"contract,item,key,at,quantity\nCT-0,meter,k1,yesterday,1\n")
    return {
        "key": key,
        "job": jobs.end(job, now=now),
        "upload": uploads.keep(file, reader),
        "usage_upload": uploads.keep(usage, reader),
    }
