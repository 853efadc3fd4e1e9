"""What waits on the desks of the demo company today: something for every role."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from customers import operations as customers
from customers.models import Customer
from entities import operations as entities
from integrations.demo.tables import NEW_ACCOUNT
from integrations.demo.year import Year
from invoices import operations as invoices
from invoices.inputs import DraftInput, LineInput
from invoices.models import Invoice
from ledger.models import OpenItem
from payments import operations as payments
from policies import operations as policies
from policies.models import PolicyVersion
from team.models import User
from work.operations import NotYours


@dataclass
class Desk:
    """The company at the moment the demo was loaded."""

    year: Year
    now: datetime

    def customer(self, name: str) -> Customer:
        return self.year.company.customers[name][1]

    def person(self, role: str) -> User:
        return self.year.company.role(role)

    def announce(self, name: str, what: str, amount: int, kind: Invoice.Type) -> Invoice:
        """A pro-forma or deposit, approved and issued."""
        draft = self._typed(name, what, amount)
        biller = self.year.company.biller(draft.entity)
        made = invoices.write_draft(draft, actor=biller, now=self.now, document_type=kind)
        return invoices.issue_invoice(self.year.approved(made, biller, self.now), actor=biller, now=self.now)

    def typed_in(self, name: str, what: str, amount: int) -> Invoice:
        """A draft with one line whose price somebody typed in."""
        draft = self._typed(name, what, amount)
        return invoices.write_draft(draft, actor=self.year.company.biller(draft.entity), now=self.now)

    def _typed(self, name: str, what: str, amount: int) -> DraftInput:
        party, customer = self.year.company.customers[name]
        draft = self.year.draft(party, customer, self.now.date())
        line = LineInput(what, Decimal(1), Decimal(amount), unit="unit", hsn="998332")
        return replace(draft, lines=(line,), discount_pct=None, discount_reason="")

    def bought(self, name: str, **changes: object) -> Invoice:
        """A draft of things from the price list."""
        party, customer = self.year.company.customers[name]
        draft = replace(self.year.draft(party, customer, self.now.date()), **changes)  # type: ignore[arg-type]
        return invoices.write_draft(draft, actor=self.year.company.biller(draft.entity), now=self.now)


def leave_on_desks(year: Year, now: datetime) -> None:
    """Drafts, approvals for each role, holds, changes that wait, receipts nobody knows, mails to send."""
    desk = Desk(year, now)
    _drafts(desk)
    _approvals(desk)
    _announced(desk)
    _overdue(desk)
    _money(desk)
    _changes(desk)
    _policies(desk)
    _mails(desk)


# ------------------------------------------------------------------------------------------------ invoices
def _drafts(desk: Desk) -> None:
    """Six in work; one lacks the order its customer asks for."""
    for name in ("Polder Energie", "Hansewerk Hafenbetriebe", "Kaveri Cold Chain", "Thar Solar Parks"):
        desk.bought(name)
    desk.bought("Kestrel Robotics", po_number="")
    desk.typed_in("Bluebonnet Foods", "Emergency repair of the feeder", 1250)
    # Approved by nobody's leave but the limits; ready to be issued together.
    for name in ("Clonmore Dairy", "Liffey Harbour Logistics", "Puget Ferry Lines"):
        invoice = desk.bought(name)
        desk.year.approved(invoice, desk.year.company.biller(invoice.entity), desk.now)


def _announced(desk: Desk) -> None:
    """A pro-forma the customer looks at, a deposit somebody pays, and a draft that takes one off."""
    desk.announce("Galway Bay Hotels", "Heat pumps for the spa, as offered", 18_400, Invoice.Type.PROFORMA)
    desk.announce("Lakeshore Castings", "First third of the new switch room", 12_000, Invoice.Type.DEPOSIT)
    paid = desk.announce("Maison Verdier", "Deposit on the new lighting", 6_000, Invoice.Type.DEPOSIT)
    final = desk.typed_in("Maison Verdier", "New lighting of the flagship store", 21_500)
    invoices.deduct_deposits(final, [paid], actor=desk.year.company.biller(paid.entity), now=desk.now)


# Customer, what for, net amount: small ones go to a colleague, the largest to the director.
_WAITING = (
    ("Nordlys Media", "Key cards for the switch room", 240),
    ("Galway Bay Hotels", "Replacement of the heat meter", 310),
    ("Maison Verdier", "Energy audit of the flagship store", 3200),
    ("Lakeshore Castings", "Furnace load study", 4100),
    ("Ganga Weaving Mills", "Power factor correction", 280_000),
    ("Thornbury Vale Water", "Pumping station retrofit, second stage", 32_500),
    ("Redwood Valley Hospitals", "Backup power for the east wing", 41_000),
    ("Hansewerk Hafenbetriebe", "Shore power for berth 4", 84_000),
    ("Sonoran Data Storage", "Switchgear replacement", 126_000),
)


def _approvals(desk: Desk) -> None:
    for name, what, amount in _WAITING:
        invoice = desk.typed_in(name, what, amount)
        biller = desk.year.company.biller(invoice.entity)
        invoices.submit_invoice(invoice, actor=biller, now=desk.now)
    for invoice in _open(desk, newest=True)[:2]:
        line = invoice.lines.order_by("-taxable")[0]
        biller = desk.year.company.biller(invoice.entity)
        note = invoices.write_credit_note(
            invoice,
            {line.position: line.taxable},
            reason_code="QTY",
            reason="The customer counted fewer units; the meter log agrees",
            actor=biller,
            now=desk.now,
        )
        invoices.submit_invoice(note, actor=biller, now=desk.now)


def _open(desk: Desk, *, newest: bool = False, names: Iterable[str] = ()) -> list[Invoice]:
    rows = Invoice.objects.filter(
        document_status=Invoice.Status.ISSUED, document_type=Invoice.Type.INVOICE, balance__gt=0
    ).select_related("customer", "entity")
    if names:
        rows = rows.filter(customer__in=[desk.customer(name) for name in names])
    # By company and number: ids depend on which company's process was faster.
    if newest:
        rows = rows.filter(credit_notes=None)
    return list(rows.order_by("-issued_on" if newest else "issued_on", "entity__code", "number")[:12])


def _overdue(desk: Desk) -> None:
    """Held amounts, a write-off done and one that waits, customers nobody bills any more."""
    reasons = (
        "The customer disputes the meter reading",
        "Waiting for the signed service report",
        "Price under discussion with sales",
        "The order number was wrong; a new one is promised",
    )
    late = [invoice for invoice in _open(desk) if invoice.due_on and invoice.due_on < desk.now.date()]
    for invoice, reason in zip(late[4:8] or late, reasons, strict=False):
        amount = invoice.balance if reason == reasons[0] else invoice.balance.quantize(Decimal(1)) // 2
        if amount > 0:
            invoices.hold(
                invoice,
                amount,
                reason=reason,
                until=desk.now.date() + timedelta(days=14),
                actor=desk.person("collector"),
                now=desk.now,
            )
    lost = _open(desk, names=("Azulejos Ribeiro", "Howrah Jute Company", "Bayou Rail Cars"))
    for number, invoice in enumerate(lost[:2]):
        row = payments.request_write_off(
            invoice,
            invoice.balance - invoice.held_amount,
            reason="Closed its plant; three letters came back, the court found no assets",
            actor=desk.person("lead"),
            now=desk.now,
        )
        if number == 0:
            _by_whoever_may(("controller", "director"), payments.approve_write_off, row, desk)
    customers.block_customer(
        desk.customer("Azulejos Ribeiro"),
        reason="Pays nothing since the summer",
        actor=desk.person("lead"),
        now=desk.now,
    )
    customers.edit_customer(
        desk.customer("Howrah Jute Company"), insolvent=True, actor=desk.person("lead"), now=desk.now
    )


def _by_whoever_may(roles: Iterable[str], act: Callable[..., Any], row: Any, desk: Desk) -> None:
    for role in roles:
        try:
            act(row, actor=desk.person(role), now=desk.now)
        except NotYours:
            continue
        return
    raise NotYours(f"None of {roles} may decide.")


# --------------------------------------------------------------------------------------------------- money
_STRANGERS = (
    ("NWE", "EUR", "1840.00", "Contoso Treasury Services", "INVOICE MARCH"),
    ("NWE", "EUR", "412.50", "A. Byrne", "thank you"),
    ("NWE", "GBP", "2650.00", "PRS Payments", "see remittance"),
    ("NWI", "INR", "96400.00", "UPI 98450xxxxx", ""),
    ("NWU", "USD", "3300.00", "Lockbox 7", "check 10442"),
)


def _money(desk: Desk) -> None:
    """Receipts nobody knows, one refund paid and one that waits."""
    cash, company = desk.person("cash_applier"), desk.year.company
    for number, (code, currency, amount, payer, text) in enumerate(_STRANGERS):
        receipt = payments.Receipt(
            entity=company.entities[code],
            received_on=desk.now.date() - timedelta(days=2 + 3 * number),
            currency=currency,
            amount=Decimal(amount),
            payer_name=payer,
            reference=text,
        )
        payment = payments.record_payment(receipt, actor=cash, now=desk.now)
        if payer == "PRS Payments":
            payments.identify_payment(
                payment, desk.customer("Pennine Rail Services"), actor=cash, now=desk.now
            )
    overpaid = OpenItem.objects.filter(kind=OpenItem.Kind.RECEIPT, open_amount__gt=0).order_by(
        "opened_on", "reference"
    )
    for number, credit in enumerate(overpaid[:2]):
        refund = payments.request_refund(
            credit,
            credit.open_amount,
            reason="The customer asks for its overpayment back",
            actor=cash,
            now=desk.now,
        )
        if number == 0:
            _by_whoever_may(("lead", "controller", "director"), payments.approve_refund, refund, desk)


# ------------------------------------------------------------------------------------------------- changes
def _changes(desk: Desk) -> None:
    """A bank letter nobody has called about yet, terms that were called about, our own new bank."""
    polder = desk.customer("Polder Energie")
    customers.request_change(
        polder,
        subject="bank",
        proposed={"holder": "Polder Energie B.V.", "iban": "NL91ABNA0417164300"},
        reason="Letter of this week, signed by a new treasurer",
        actor=desk.person("specialist"),
        now=desk.now,
    )
    verdier = desk.customer("Maison Verdier")
    change = customers.request_change(
        verdier,
        subject="terms",
        proposed={"terms_override": "NET 45"},
        reason="Agreed at the yearly meeting",
        actor=desk.person("specialist"),
        now=desk.now,
    )
    contact = verdier.contacts.exclude(phone="").order_by("id")[0]
    customers.record_call_back(
        change, person=contact.name, number=contact.phone, actor=desk.person("lead"), now=desk.now
    )
    entity = desk.year.company.entities["NWE"]
    entities.request_bank_change(
        entity,
        currency="EUR",
        proposed={"holder": entity.legal_name, **NEW_ACCOUNT},
        reason="Corrib Bank charges less for incoming transfers",
        actor=desk.person("controller"),
        now=desk.now,
    )


def _policies(desk: Desk) -> None:
    """A next version being written and one that waits for its second signature."""
    author, known = desk.person("controller"), desk.year.company.policies
    draft = policies.draft_version(known["net30-discount"], actor=author, now=desk.now)
    clauses = {**draft.clauses, "early_discount": {"pct": "1.5", "days": 14}}
    policies.edit_version(
        draft,
        clauses=clauses,
        change_note="A smaller discount, and four more days to earn it",
        actor=author,
        now=desk.now,
    )
    review = policies.draft_version(known["india-net15"], actor=author, now=desk.now)
    review = policies.edit_version(
        review,
        clauses={**review.clauses, "terms": "NET 21/F"},
        change_note="Six more days, as the customers' association asked",
        actor=author,
        now=desk.now,
    )
    policies.submit_version(review, actor=author, now=desk.now)
    published = PolicyVersion.objects.get(policy=known["net30-discount"], number=1)
    policies.acknowledge_version(published, actor=desk.person("collector"), now=desk.now)


def _mails(desk: Desk) -> None:
    """The newest invoices go out; the worker writes the mails when it starts.

    A reminder that came back may have taken a customer's only address; those wait for a new one.
    """
    rows = Invoice.objects.filter(
        document_status=Invoice.Status.ISSUED, issued_on__gte=desk.now.date() - timedelta(days=4)
    )
    for invoice in rows.order_by("-issued_on", "entity__code", "number")[:20]:
        with suppress(invoices.NotSendable):
            invoices.send_invoice(invoice, actor=desk.person("specialist"), now=desk.now)
