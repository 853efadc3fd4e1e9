"""Many at once on one dispute, and the database asked behind our back (T12, T13)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DomainError
from disputes import events, operations
from disputes.models import Dispute, Part, Proposal
from disputes.operations import Claim
from invoices.models import Invoice
from ledger.queries import faults
from tests.book.test_concurrency import together
from tests.disputes.scene import ANSWER, investigated, proposed, raised
from tests.factories import make_user
from tests.world import NOW, make_world
from trail.models import Entry

LATER = NOW + timedelta(hours=2)


def facts(*names):
    return Entry.objects.filter(fact__in=names).count()


@pytest.mark.soak("T13")
@pytest.mark.django_db(transaction=True)
def test_of_parallel_decisions_one_wins_and_the_others_are_refused(size, figures):
    """T13: accepted, declined and withdrawn at the same moment; what is refused has changed nothing."""
    world = make_world()
    other = make_user("director")
    rounds, won = size(3, 60), 0
    for number in range(rounds):
        dispute = proposed(world, f"{100 + number}.00")
        acts = [
            lambda d=dispute: operations.accept(d, actor=world.director, now=LATER),
            lambda d=dispute: operations.accept(d, actor=other, now=LATER),
            lambda d=dispute: operations.decline(d, reason="Not proven", actor=other, now=LATER),
            lambda d=dispute: operations.withdraw(d, reason="They agree", actor=world.lead, now=LATER),
        ]
        refusals = together(4, lambda at, acts=acts: acts[at]())
        assert all(isinstance(one, DomainError) for one in refusals), refusals
        dispute.refresh_from_db()
        # Declining hands it back, and then it may be withdrawn; else exactly one was done.
        assert len(refusals) == (2 if dispute.state == "withdrawn" else 3)
        decided = Proposal.objects.get(dispute=dispute)
        notes = Invoice.objects.filter(pk=decided.credit_note_id)
        wanted = {"resolved": ("accepted", "issued"), "investigating": ("declined", "discarded")}
        state, note = wanted.get(dispute.state, ("declined", "discarded"))
        assert (decided.state, notes.get().document_status) == (state, note)
        won += 1
    assert facts(events.DISPUTE_RESOLVED, events.DISPUTE_DECLINED) == rounds == won
    assert faults() == []
    figures("T13", decisions=4 * rounds, won=won, lost_updates=0)


@pytest.mark.soak("T13")
@pytest.mark.django_db(transaction=True)
def test_six_people_propose_and_raise_at_once_and_one_does():
    world = make_world()
    dispute = investigated(world, "500.00")
    refusals = together(
        6,
        lambda _n: operations.propose(
            dispute, outcome="credit_note", root_cause="billing", answer=ANSWER, actor=world.clerk, now=LATER
        ),
    )
    assert len(refusals) == 5
    assert all(isinstance(one, DomainError) for one in refusals), refusals
    assert Proposal.objects.count() == Invoice.objects.filter(document_type="credit_note").count() == 1

    invoice = world.issued("700.00")
    refusals = together(6, lambda _n: raised(world, invoice=invoice))
    assert len(refusals) == 5
    # Whoever comes later finds nothing left of it, or finds it in dispute.
    refused = {"no_more_is_disputed_than_was_billed", "one_open_dispute_per_line"}
    assert {getattr(one, "rule", one) for one in refusals} <= refused
    assert Dispute.objects.filter(invoice=invoice).count() == 1
    invoice.refresh_from_db()
    assert invoice.held_amount == Decimal("833.00")


AMOUNTS = st.one_of(
    st.decimals("-2000", "0", places=2),
    st.decimals("119.01", "999999", places=2),
    st.decimals("0.001", "0.009", places=3),
)


@pytest.mark.soak("T12")
@pytest.mark.django_db
def test_no_amount_outside_the_invoice_is_disputed():
    """T12: nothing, less than nothing, more than was billed, parts of a cent."""
    world = make_world()
    invoice = world.issued("100.00")

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(amount=AMOUNTS, position=st.sampled_from([None, 1]))
    def attempt(amount, position):
        with pytest.raises(DomainError), transaction.atomic():
            raised(world, invoice=invoice, claims=[Claim(position, amount)])

    attempt()
    invoice.refresh_from_db()
    assert (Dispute.objects.count(), invoice.held_amount) == (0, 0)


RAW_HOLD = (
    "INSERT INTO invoices_hold (invoice_id, kind, amount, reason, placed_at)"
    " SELECT id, '{}', {}, 'Raw', now() FROM invoices_invoice"
)


@pytest.mark.soak("T12")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE disputes_dispute SET amount = amount + 1",
        "UPDATE disputes_dispute SET amount = -1",
        "UPDATE disputes_dispute SET amount = 0",
        "UPDATE disputes_dispute SET state = 'resolved'",
        "UPDATE disputes_dispute SET state = 'withdrawn', closed_at = now()",
        "UPDATE disputes_dispute SET level = 5",
        "UPDATE disputes_part SET amount = amount * 2",
        "UPDATE disputes_part SET amount = 0, net = 0, tax = 0",
        "UPDATE disputes_part SET is_open = false",
        "DELETE FROM disputes_part",
        "UPDATE invoices_hold SET released_at = now()",
        "UPDATE invoices_hold SET amount = amount + 1",
        "UPDATE invoices_hold SET amount = amount - 1",
        "UPDATE invoices_hold SET kind = 'manual'",
        "UPDATE invoices_hold SET line_id = NULL",
        "DELETE FROM invoices_hold",
        RAW_HOLD.format("manual", 1),
        RAW_HOLD.format("dispute", 500),
        "UPDATE invoices_invoice SET held_amount = held_amount + 1",
        "UPDATE invoices_invoice SET held_amount = held_amount - 1",
        "UPDATE invoices_invoice SET held_amount = 0",
        "UPDATE invoices_invoice SET held_amount = -1",
        "UPDATE ledger_openitem SET held_amount = held_amount - 1",
        "UPDATE ledger_openitem SET held_amount = 0",
        "UPDATE ledger_openitem SET held_amount = held_amount + 1",
    ],
)
def test_raw_sql_cannot_dispute_more_or_end_one_silently(change):
    world = make_world()
    dispute = raised(world, "100.00")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    dispute.refresh_from_db()
    part = Part.objects.get()
    assert (dispute.state, dispute.amount, part.amount) == ("raised", Decimal("119.00"), Decimal("119.00"))
    dispute.invoice.refresh_from_db()
    assert dispute.invoice.held_amount == Decimal("119.00")
    assert dispute.invoice.instalments.get().open_item.held_amount == Decimal("119.00")
    hold = dispute.invoice.holds.get()
    assert (hold, hold.amount, hold.kind, hold.released_at) == (part.hold, part.amount, "dispute", None)
