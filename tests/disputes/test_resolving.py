"""How disputes end: documents by the operations of invoices, limits, four eyes, and what stays owed."""

from datetime import timedelta
from decimal import Decimal

import pytest

from charges import queries as charges
from core.errors import DomainError, Refused
from disputes import events, operations, rules
from disputes.models import Dispute, Prevention, Proposal
from feedback.models import Cause, Improvement
from invoices import operations as invoices
from invoices.models import Invoice
from ledger.queries import faults
from payments import operations as payments
from payments.models import WriteOff
from tests.disputes.scene import ANSWER, PROOF, investigated, money, proposed, raised
from tests.factories import make_user
from tests.world import NOW, make_world
from trail.models import Entry
from work.models import Approval
from work.queries import approvals_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=3)


def fresh(dispute):
    return Invoice.objects.get(pk=dispute.invoice_id)


def test_a_credit_of_all_that_is_disputed():
    world = make_world()
    dispute = proposed(world, "800.00", "200.00")

    dispute = operations.accept(dispute, actor=world.director, now=LATER)

    invoice = fresh(dispute)
    note = Proposal.objects.get(dispute=dispute).credit_note
    assert (dispute.state, dispute.outcome, dispute.root_cause) == (
        "resolved",
        "credit_note",
        "contract-data",
    )
    assert (note.document_status, note.payable, note.credit_reason_code) == (
        "issued",
        Decimal("952.00"),
        "PRC",
    )
    assert (invoice.balance, invoice.held_amount) == (Decimal("238.00"), 0)
    assert dispute.recap.startswith(ANSWER)
    fact = Entry.objects.get(fact=events.DISPUTE_RESOLVED)
    assert fact.additional_data["is_ours"] is True
    assert not list(faults())


def test_a_partial_credit_leaves_the_rest_to_pay():
    world = make_world()
    dispute = proposed(world, credit={1: Decimal("100.00")})
    operations.accept(dispute, actor=world.director, now=LATER)
    assert (fresh(dispute).balance, fresh(dispute).held_amount) == (Decimal("1071.00"), 0)


@pytest.mark.parametrize("cents", range(0, 100, 7))
def test_whatever_is_disputed_can_be_credited_and_never_a_cent_more(cents):
    """Net and tax of a gross amount, each rounded, may come to a cent more than the amount."""
    world = make_world()
    asked = money(f"500.{cents:02}")
    dispute = proposed(world, "1000.00", claims=[operations.Claim(1, asked)])
    note = dispute.proposals.get().credit_note
    assert asked - money("0.01") <= note.payable <= asked


def test_a_line_that_was_credited_is_not_disputed():
    world = make_world()
    invoice = world.issued("1000.00", "200.00", now=NOW)
    note = invoices.write_credit_note(
        invoice, {1: money("1000.00")}, reason_code="PRC", reason="Wrong price", actor=world.clerk, now=NOW
    )
    world.approve(note)
    note.refresh_from_db()
    invoices.issue_invoice(note, actor=world.clerk, now=NOW)
    with pytest.raises(Refused, match="Line 1 was credited already"):
        raised(world, invoice=invoice)
    assert not Dispute.objects.exists()
    assert raised(world, invoice=invoice, claims=[operations.Claim(2)]).amount == money("238.00")


def test_a_rebill_credits_the_invoice_and_drafts_another():
    world = make_world()
    dispute = proposed(world, "800.00", "200.00", outcome="rebill")
    operations.accept(dispute, actor=world.director, now=LATER)
    proposal = Proposal.objects.get(dispute=dispute)
    assert fresh(dispute).document_status == "cancelled"
    assert (proposal.new_invoice.document_status, proposal.new_invoice.replaces_id) == (
        "draft",
        dispute.invoice_id,
    )


def test_goodwill_is_coded_and_counts_as_no_fault_of_ours():
    world = make_world()
    dispute = proposed(world, outcome="goodwill", credit={1: Decimal("50.00")}, root_cause="billing")
    operations.accept(dispute, actor=world.director, now=LATER)
    assert Proposal.objects.get(dispute=dispute).credit_note.credit_reason_code == "GDW"
    assert Entry.objects.get(fact=events.DISPUTE_RESOLVED).additional_data["is_ours"] is False


def test_goodwill_stays_within_the_budget_of_the_quarter():
    world = make_world()
    limits = rules.Limits(goodwill=Decimal(100))
    operations.set_limits(world.entity, limits, actor=world.controller, now=NOW)
    proposed(world, outcome="goodwill", credit={1: Decimal("50.00")})
    with pytest.raises(Refused, match="goodwill is left"):
        proposed(world, "900.00", outcome="goodwill", credit={1: Decimal("50.00")})
    assert Proposal.objects.count() == 1


def test_a_small_rejection_needs_nobody_but_not_the_author():
    world = make_world()
    other = make_user("specialist")
    dispute = investigated(world, "100.00")
    given = {"outcome": "reject", "root_cause": "customer", "answer": ANSWER, "evidence": PROOF, "now": LATER}
    with pytest.raises(Refused, match="wrote this invoice"):
        operations.propose(dispute, actor=world.clerk, **given)

    operations.propose(dispute, actor=other, **given)
    dispute = operations.finish_free(dispute, actor=other, now=LATER)

    assert (dispute.state, dispute.outcome) == ("resolved", "reject")
    assert PROOF in dispute.recap
    assert (fresh(dispute).balance, fresh(dispute).held_amount) == (Decimal("119.00"), 0)


def test_a_larger_rejection_is_decided_by_a_second_person():
    world = make_world()
    other = make_user("specialist")
    dispute = investigated(world, "6000.00")
    operations.propose(
        dispute,
        outcome="reject",
        root_cause="customer",
        answer=ANSWER,
        evidence=PROOF,
        actor=other,
        now=LATER,
    )
    assert operations.finish_free(dispute, actor=other, now=LATER).state != "resolved"
    for person in (other, world.clerk):
        with pytest.raises(Refused):
            operations.accept(dispute, actor=person, now=LATER)
    assert operations.accept(dispute, actor=world.lead, now=LATER).state == "resolved"


def test_the_author_of_the_invoice_decides_nothing():
    world = make_world()
    dispute = investigated(world)
    author = make_user("director")
    operations.propose(
        dispute, outcome="credit_note", root_cause="billing", answer=ANSWER, actor=author, now=LATER
    )
    for person in (world.clerk, author):
        with pytest.raises(Refused):
            operations.accept(dispute, actor=person, now=LATER)
    assert Dispute.objects.get(pk=dispute.pk).state == "proposed"
    assert fresh(dispute).held_amount == Decimal("1190.00")
    # Nor on the page of the credit note, which is a way to the same end.
    note = Proposal.objects.get(dispute=dispute).credit_note
    assert {world.clerk.pk, author.pk} <= set(approvals_of(note).get(state="pending").barred)


def test_a_small_amount_is_written_off_and_a_larger_one_not():
    world = make_world()
    dispute = proposed(world, "1000.00", "20.00", outcome="write_off_small", claims=[operations.Claim(2)])
    operations.accept(dispute, actor=world.lead, now=LATER)
    assert WriteOff.objects.get().state == WriteOff.State.BOOKED
    assert (fresh(dispute).balance, fresh(dispute).held_amount) == (Decimal("1190.00"), 0)
    with pytest.raises(Refused, match="small"):
        proposed(world, "500.00", outcome="write_off_small")


def test_what_is_in_dispute_is_not_written_off_beside_it():
    world = make_world()
    dispute = investigated(world, "1000.00", "500.00")
    given = {"reason": "They will never pay it", "actor": world.lead, "now": LATER}
    for amount in ("1785.00", "595.01"):
        with pytest.raises(Refused) as refusal:
            payments.request_write_off(dispute.invoice, Decimal(amount), **given)
        assert refusal.value.rule == "what_is_held_is_not_written_off"
    assert not WriteOff.objects.exists()

    row = payments.request_write_off(dispute.invoice, Decimal("595.00"), **given)
    raised(world, invoice=dispute.invoice, claims=[operations.Claim(2)], now=LATER)
    with pytest.raises(Refused, match="in dispute or on hold"):
        payments.approve_write_off(row, actor=world.director, now=LATER)
    row.refresh_from_db()
    assert (row.state, fresh(dispute).balance) == ("pending", Decimal("1785.00"))


def test_a_write_off_decided_on_its_own_page_leaves_no_dispute_stuck():
    world = make_world()
    wholly = proposed(world, "20.00", outcome="write_off_small")
    row = WriteOff.objects.get()
    with pytest.raises(Refused, match="in dispute or on hold"):
        payments.approve_write_off(row, actor=world.lead, now=LATER)
    payments.reject_write_off(row, actor=world.lead, now=LATER, reason="Ask them once more")
    operations.decline(wholly, reason="Ask them once more", actor=world.lead, now=LATER)
    assert operations.withdraw(wholly, reason="They pay", actor=world.lead, now=LATER).is_over

    partly = proposed(world, "1000.00", "20.00", outcome="write_off_small", claims=[operations.Claim(2)])
    row = WriteOff.objects.get(state="pending")
    assert world.clerk.pk in Approval.objects.get(kind="write_off", state="pending").barred
    payments.approve_write_off(row, actor=world.lead, now=LATER)
    with pytest.raises(Refused, match="booked already"):
        operations.decline(partly, reason="No, they pay", actor=world.lead, now=LATER)
    operations.accept(partly, actor=world.lead, now=LATER)
    assert (fresh(partly).balance, fresh(partly).held_amount) == (Decimal("1190.00"), 0)


def test_above_the_legal_limit_a_legal_adviser_is_asked_before_a_write_off():
    world = make_world()
    limits = rules.Limits(legal=Decimal(20))
    operations.set_limits(world.entity, limits, actor=world.controller, now=NOW)
    dispute = investigated(world, "1000.00", "20.00", claims=[operations.Claim(2)])
    given = {
        "outcome": "write_off_small",
        "root_cause": "billing",
        "answer": ANSWER,
        "actor": world.clerk,
        "now": NOW,
    }
    with pytest.raises(Refused, match="legal adviser"):
        operations.propose(dispute, **given)
    operations.note_consultation(dispute, advice="Not worth a claim in court.", actor=world.lead, now=NOW)
    operations.propose(dispute, **given)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"outcome": "withdrawn"}, "a_dispute_ends_with_an_outcome"),
        ({"root_cause": ""}, "a_dispute_ends_with_a_root_cause"),
        ({"answer": "No."}, "a_dispute_is_told_in_words"),
        ({"outcome": "reject", "evidence": ""}, "a_dispute_is_told_in_words"),
        ({"credit": {1: Decimal("900.00")}}, "no_more_is_credited_than_is_disputed"),
    ],
)
def test_an_end_without_what_it_needs_is_refused(given, rule):
    world = make_world()
    dispute = investigated(world, claims=[operations.Claim(1, Decimal("500.00"))])
    usual = {"outcome": "credit_note", "root_cause": "billing", "answer": ANSWER}
    with pytest.raises(DomainError) as refusal:
        operations.propose(dispute, actor=world.lead, now=LATER, **(usual | given))
    assert refusal.value.rule == rule
    assert Dispute.objects.get(pk=dispute.pk).state == "investigating"
    assert not Invoice.objects.filter(document_type="credit_note").exists()


def test_a_declined_proposal_takes_its_credit_note_back():
    world = make_world()
    dispute = proposed(world)
    operations.decline(dispute, reason="The contract says otherwise", actor=world.director, now=LATER)
    note = Proposal.objects.get(dispute=dispute).credit_note
    assert note.document_status == "discarded"
    dispute.refresh_from_db()
    assert dispute.state == "investigating"
    operations.propose(
        dispute, outcome="credit_note", root_cause="billing", answer=ANSWER, actor=world.clerk, now=LATER
    )


def test_a_credit_note_approved_on_its_own_page_is_used():
    from invoices import operations as invoices

    world = make_world()
    dispute = proposed(world)
    note = Proposal.objects.get(dispute=dispute).credit_note
    note = invoices.approve_invoice(note, actor=world.director, now=LATER)
    invoices.issue_invoice(note, actor=world.lead, now=LATER)
    operations.accept(dispute, actor=world.director, now=LATER)
    assert fresh(dispute).balance == 0


def test_withdrawing_releases_and_reopening_holds_again():
    world = make_world()
    dispute = investigated(world)
    operations.withdraw(dispute, reason="They agree now", actor=world.clerk, now=LATER)
    assert fresh(dispute).held_amount == 0
    world.pay(fresh(dispute), "1000.00", now=LATER)
    operations.reopen(dispute, reason="Not solved", actor=None, now=LATER)
    assert fresh(dispute).held_amount == Decimal("190.00")


def test_a_rejected_dispute_bears_interest_from_the_due_day_and_an_upheld_one_none():
    """The debt excludes what is held; a rejection ends the hold, a credit note says it was never owed."""
    world = make_world()
    held = investigated(world)
    [(_, debt)] = charges.debts_of(fresh(held))
    assert (debt.amount, debt.excluded) == (Decimal("1190.00"), Decimal("1190.00"))

    operations.withdraw(held, reason="They agree now", actor=world.clerk, now=LATER)
    [(part, debt)] = charges.debts_of(fresh(held))
    assert (debt.amount, debt.excluded, debt.due) == (Decimal("1190.00"), 0, part.due_on)

    upheld = proposed(world, "500.00")
    operations.accept(upheld, actor=world.director, now=LATER)
    [(_, debt)] = charges.debts_of(fresh(upheld))
    assert (debt.amount, debt.excluded) == (0, 0)


def test_an_upheld_dispute_proposes_a_requirement_taken_by_one_click():
    world = make_world()
    dispute = proposed(world, reason="PON", root_cause="order-number")
    operations.accept(dispute, actor=world.director, now=LATER)

    row = Prevention.objects.get(dispute=dispute)
    row = operations.accept_prevention(row, actor=world.lead, now=LATER)

    assert (row.requirement.kind, row.requirement.customer) == ("po_required", world.customer)
    assert row.requirement.valid_from == LATER.date()
    assert dispute.reference in row.requirement.source
    with pytest.raises(Refused, match="before"):
        operations.decline_prevention(row, actor=world.lead, now=LATER)
    with pytest.raises(DomainError, match="purchase order"):
        world.issued("77.00", now=LATER)


def test_causes_are_the_list_that_feedback_keeps():
    assert dict(Cause.objects.values_list("code", "name")) == dict(rules.CAUSES)


def test_the_third_time_of_one_cause_makes_one_correction():
    world = make_world()
    for number in range(4):
        dispute = proposed(world, root_cause="order-number", now=NOW + timedelta(days=number))
        operations.accept(dispute, actor=world.director, now=NOW + timedelta(days=number, hours=3))
        assert Improvement.objects.count() == (1 if number >= 2 else 0)
