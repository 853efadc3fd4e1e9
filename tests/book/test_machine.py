"""The whole book as a state machine: any order of acts keeps every invariant (T15, T16).

Hypothesis issues, pays, allocates, undoes, credits, writes off, recovers, refunds, holds, disputes and
returns payments in random order; a model in plain Decimals follows, and after every step the database must
say the same. What the rules refuse must change nothing.
"""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.errors import DomainError
from disputes import operations as disputes
from disputes.models import Dispute
from disputes.models import Part as Disputed
from invoices import operations as invoices
from invoices.models import Invoice
from invoices.states import settlement_status
from ledger.models import Allocation, OpenItem
from ledger.queries import faults
from payments import operations as payments
from payments.models import Payment, WriteOff
from payments.operations import Part
from tests.plugin import SOAK
from tests.world import NOW, TODAY, make_world

CENTS = st.integers(1, 300_00).map(lambda cents: Decimal(cents).scaleb(-2))
CURRENCIES = st.sampled_from(["EUR", "USD", "JPY"])


class Book(RuleBasedStateMachine):
    """Acts of a billing department on one customer."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.world = make_world()
        self.issued: list[Invoice] = []
        self.payments: list[Payment] = []
        self.received: dict[str, Decimal] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    # ------------------------------------------------------------------------------------------ acts

    @rule(net=CENTS, currency=CURRENCIES)
    def issue(self, net: Decimal, currency: str) -> None:
        net = net if currency != "JPY" else net.quantize(Decimal(1)) + 1
        known = {"duplicate": "meant", "near-duplicate": "meant", "unusual-amount": "meant"}
        self.issued.append(
            self.world.issued(str(net), currency=currency, overrides=known, po_number=str(len(self.issued)))
        )

    @rule(amount=CENTS, currency=CURRENCIES)
    def receive(self, amount: Decimal, currency: str) -> None:
        amount = amount if currency != "JPY" else amount.quantize(Decimal(1)) + 1
        self.payments.append(self.world.received(str(amount), currency=currency))
        self.received[currency] = self.received.get(currency, Decimal(0)) + amount

    @precondition(lambda self: self.issued and self.payments)
    @rule(data=st.data(), amount=CENTS, discount=st.booleans())
    def allocate(self, data: Any, amount: Decimal, discount: bool) -> None:
        payment, invoice = data.draw(st.sampled_from(self.payments)), data.draw(st.sampled_from(self.issued))
        part = Part(invoice.instalments.get().open_item_id, amount)
        self.attempt(
            lambda: payments.allocate_payment(
                payment, [part], actor=self.world.cash, now=NOW, grant_discount=discount
            )
        )

    @precondition(lambda self: self.payments)
    @rule(data=st.data())
    def allocate_as_proposed(self, data: Any) -> None:
        payment = Payment.objects.get(pk=data.draw(st.sampled_from(self.payments)).pk)
        parts, rest = payments.propose_allocation(payment)
        assert sum((part.amount for part in parts), rest) == payment.open_item.open_amount
        self.attempt(
            lambda: payments.allocate_payment(
                payment, parts, actor=self.world.cash, now=NOW, grant_discount=False
            )
        )

    @precondition(lambda self: Allocation.objects.exists())
    @rule(data=st.data())
    def undo(self, data: Any) -> None:
        rows = list(Allocation.objects.order_by("pk"))
        row = data.draw(st.sampled_from(rows))
        self.attempt(
            lambda: payments.undo_allocation(row, reason="Tried out", actor=self.world.cash, now=NOW)
        )

    @precondition(lambda self: self.payments)
    @rule(data=st.data())
    def bounce(self, data: Any) -> None:
        payment = data.draw(st.sampled_from(self.payments))
        self.attempt(
            lambda: payments.bounce_payment(
                payment, on=TODAY, reason="Account closed", actor=self.world.cash, now=NOW
            )
        )

    @precondition(lambda self: self.issued)
    @rule(data=st.data(), share=st.integers(1, 100))
    def credit(self, data: Any, share: int) -> None:
        invoice = Invoice.objects.get(pk=data.draw(st.sampled_from(self.issued)).pk)

        def act() -> None:
            left = invoices.creditable(invoice)
            net = left.lines[0].net
            part = net if share == 100 else (net * share / 100).quantize(Decimal("0.01"))
            if invoice.currency == "JPY":
                part = part.quantize(Decimal(1))
            note = invoices.write_credit_note(
                invoice, {1: part}, reason_code="PRC", reason="Price", actor=self.world.clerk, now=NOW
            )
            note = self.world.approve(note)
            invoices.issue_invoice(note, actor=self.world.clerk, now=NOW)

        self.attempt(act)

    @precondition(lambda self: self.issued)
    @rule(data=st.data())
    def write_off(self, data: Any) -> None:
        invoice = Invoice.objects.get(pk=data.draw(st.sampled_from(self.issued)).pk)

        def act() -> None:
            row = payments.request_write_off(
                invoice, invoice.balance, reason="Given up after all", actor=self.world.lead, now=NOW
            )
            payments.approve_write_off(row, actor=self.world.director, now=NOW)

        self.attempt(act)

    @precondition(lambda self: WriteOff.objects.filter(state="booked").exists())
    @rule()
    def recover(self) -> None:
        row = WriteOff.objects.filter(state="booked").first()
        self.attempt(lambda: payments.recover_write_off(row, actor=self.world.lead, now=NOW))

    @precondition(lambda self: self.issued)
    @rule(data=st.data())
    def let_go(self, data: Any) -> None:
        invoice = Invoice.objects.get(pk=data.draw(st.sampled_from(self.issued)).pk)
        self.attempt(lambda: payments.write_off_difference(invoice, actor=self.world.cash, now=NOW))

    @precondition(lambda self: self.payments)
    @rule(data=st.data(), amount=CENTS)
    def refund(self, data: Any, amount: Decimal) -> None:
        payment = Payment.objects.get(pk=data.draw(st.sampled_from(self.payments)).pk)

        def act() -> None:
            refund = payments.request_refund(
                payment.open_item, amount, reason="Asked for", actor=self.world.cash, now=NOW
            )
            payments.approve_refund(refund, actor=self.world.director, now=NOW)

        self.attempt(act)

    @precondition(lambda self: self.issued)
    @rule(data=st.data(), amount=CENTS)
    def hold(self, data: Any, amount: Decimal) -> None:
        invoice = Invoice.objects.get(pk=data.draw(st.sampled_from(self.issued)).pk)
        self.attempt(
            lambda: invoices.hold(invoice, amount, reason="Asked for", actor=self.world.lead, now=NOW)
        )

    @precondition(lambda self: self.issued)
    @rule(data=st.data(), amount=CENTS)
    def dispute(self, data: Any, amount: Decimal) -> None:
        invoice = Invoice.objects.get(pk=data.draw(st.sampled_from(self.issued)).pk)
        self.attempt(
            lambda: disputes.raise_dispute(
                invoice,
                [disputes.Claim(1, amount)],
                reason="PRC",
                detail="Not what we ordered",
                channel="staff",
                actor=self.world.clerk,
                now=NOW,
            )
        )

    @precondition(lambda self: Dispute.objects.filter(closed_at=None).exists())
    @rule(data=st.data(), how=st.sampled_from(["withdrawn", "credit_note", "goodwill", "rebill", "reject"]))
    def end_dispute(self, data: Any, how: str) -> None:
        row = data.draw(st.sampled_from(list(Dispute.objects.filter(closed_at=None).order_by("pk"))))
        # A rejection is judged by somebody who did not write the invoice.
        actor = self.world.lead if how == "reject" else self.world.clerk

        def act() -> None:
            if how == "withdrawn":
                disputes.withdraw(row, reason="They agree now", actor=actor, now=NOW)
                return
            if row.state == "raised":
                disputes.acknowledge(row, actor=actor, now=NOW)
                disputes.investigate(row, actor=actor, now=NOW)
            made = disputes.propose(
                row,
                outcome=how,
                root_cause="billing",
                answer="We looked into it together.",
                evidence="The signed order names this price.",
                actor=actor,
                now=NOW,
            )
            note = made.credit_note
            flags = [flag["key"] for flag in invoices.pending_approval(note).flags] if note else []
            disputes.accept(row, actor=self.world.director, now=NOW, confirmed=flags)

        self.attempt(act)

    @precondition(lambda self: Dispute.objects.exclude(closed_at=None).exists())
    @rule(data=st.data(), by_customer=st.booleans())
    def reopen_dispute(self, data: Any, by_customer: bool) -> None:
        row = data.draw(st.sampled_from(list(Dispute.objects.exclude(closed_at=None).order_by("pk"))))
        actor = None if by_customer else self.world.clerk
        self.attempt(lambda: disputes.reopen(row, reason="Not solved", actor=actor, now=NOW))

    def attempt(self, act: Any) -> None:
        """Do it, or be refused and find everything as it was."""
        before = self.picture()
        try:
            with transaction.atomic():
                act()
        except DomainError:
            assert self.picture() == before

    # ------------------------------------------------------------------------------------ invariants

    def picture(self) -> list[Any]:
        return [
            list(OpenItem.objects.order_by("pk").values_list("pk", "open_amount", "open_functional")),
            list(Invoice.objects.order_by("pk").values_list("pk", "balance", "settlement_status", "number")),
            Allocation.objects.count(),
        ]

    @invariant()
    def the_book_is_sound(self) -> None:
        assert faults() == []

    @invariant()
    def every_invoice_says_what_the_ledger_says(self) -> None:
        """I5 and I12: balance and settlement are functions of the allocations."""
        for invoice in Invoice.objects.filter(document_type="invoice", number__isnull=False):
            item = invoice.instalments.get().open_item
            sums = {"paid": Decimal(0), "credited": Decimal(0), "written_off": Decimal(0)}
            names = {"credit": "credited", "write_off": "written_off"}
            for row in item.settlements.all():
                sums[names.get(row.kind, "paid")] += row.amount
            assert invoice.balance == item.open_amount == invoice.payable - sum(sums.values())
            holds = sum((one.amount for one in invoice.holds.filter(released_at=None)), Decimal(0))
            assert invoice.held_amount == item.held_amount == min(holds, invoice.balance)
            assert invoice.settlement_status == settlement_status(invoice.payable, **sums)
            assert (invoice.next_due_on is None) == (invoice.balance == 0)

    @invariant()
    def an_open_dispute_holds_its_parts_and_an_ended_one_nothing(self) -> None:
        for part in Disputed.objects.select_related("dispute", "hold"):
            runs = part.hold is not None and part.hold.released_at is None
            assert part.is_open == (not part.dispute.is_over)
            assert not runs or (part.is_open and part.hold.amount <= part.amount)

    @invariant()
    def no_more_is_credited_than_was_billed(self) -> None:
        """I7: per invoice, and what is left per line is never negative."""
        for invoice in self.issued:
            left = invoices.creditable(invoice)
            assert all(line.net >= 0 for line in left.lines)
            assert all(group.tax >= 0 and group.taxable >= 0 for group in left.groups)

    @invariant()
    def numbers_have_no_gap(self) -> None:
        for kind in ("invoice", "credit_note"):
            rows = Invoice.objects.filter(document_type=kind, number__isnull=False)
            taken = sorted(rows.values_list("sequence", flat=True))
            assert taken == list(range(1, len(taken) + 1))


Book.TestCase.settings = settings(
    max_examples=1000 if SOAK else 6,
    stateful_step_count=50 if SOAK else 14,
    deadline=None,
    # Shrinking replays hundreds of acts; the steps printed are short enough to read as they are.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.soak("T16")
@pytest.mark.soak("T15")
class TestBook(Book.TestCase):
    """T15 and T16."""
