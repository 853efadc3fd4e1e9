"""A disputed cent never blocks the rest: exactly the disputed amount is held, once, with one owner."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from core.errors import Invalid, Refused
from customers import operations as customers
from disputes import events, operations
from disputes.models import Clock, Dispute, Holding, Part
from disputes.operations import Claim, NotDisputable
from invoices import operations as invoices
from invoices.models import Hold, Invoice
from team.absences import enter_absence
from tests.disputes.scene import WHY, raised
from tests.factories import make_user
from tests.world import NOW, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db


def counts():
    return (
        Dispute.objects.count(),
        Hold.objects.count(),
        Entry.objects.filter(fact__startswith="dispute.").count(),
    )


def test_a_line_is_held_with_its_tax_and_the_rest_stays_due():
    world = make_world()

    dispute = raised(world, "800.00", "200.00", claims=[Claim(2)])

    invoice = Invoice.objects.get(pk=dispute.invoice_id)
    part = dispute.parts.get()
    assert (part.amount, part.net, part.tax) == (Decimal("238.00"), Decimal("200.00"), Decimal("38.00"))
    assert (invoice.balance, invoice.held_amount) == (Decimal("1190.00"), Decimal("238.00"))
    assert part.hold.kind == "dispute"
    assert part.hold.line == part.line
    assert dispute.amount == Decimal("238.00")
    assert Entry.objects.filter(fact=events.DISPUTE_RAISED).count() == 1


def test_a_part_of_a_line_and_of_the_whole_invoice():
    world = make_world()
    invoice = world.issued("800.00", "200.00", now=NOW - timedelta(days=3))

    dispute = raised(
        world, invoice=invoice, claims=[Claim(1, Decimal("100.00")), Claim(None, Decimal("50.00"))]
    )

    nets = [(part.amount, part.net + part.tax) for part in dispute.parts.all()]
    assert nets == [(Decimal("100.00"), Decimal("100.00")), (Decimal("50.00"), Decimal("50.00"))]
    invoice.refresh_from_db()
    assert invoice.held_amount == Decimal("150.00")


def test_it_has_one_owner_one_holder_and_three_clocks_in_office_hours():
    world = make_world()

    dispute = raised(world)

    assert dispute.owner in (world.clerk, world.lead)
    assert Holding.objects.get(dispute=dispute).accountable == dispute.owner
    clocks = {clock.kind: clock for clock in dispute.clocks.all()}
    assert {kind: clock.minutes for kind, clock in clocks.items()} == {
        "acknowledge": 240,
        "answer": 960,
        "resolve": 2400,
    }
    assert clocks["acknowledge"].due_at - NOW == timedelta(hours=4)
    assert clocks["acknowledge"].warn_at - NOW == timedelta(hours=3)


def test_large_amounts_have_a_short_clock_and_fraud_a_long_one():
    world = make_world()

    large = raised(world, "12000.00")
    fraud = raised(world, "100.00", reason="FRD")

    assert large.clocks.get(kind="resolve").minutes == 16 * 60
    assert fraud.clocks.get(kind="resolve").minutes == 80 * 60


def test_the_customers_own_person_owns_it_unless_they_are_away():
    world = make_world()
    own = make_user("specialist")
    customers.edit_customer(world.customer, owner=own, actor=world.lead, now=NOW, expected_version=None)
    assert raised(world).owner == own

    enter_absence(
        own,
        first_on=NOW.date(),
        last_on=NOW.date() + timedelta(days=5),
        deputy=world.clerk,
        actor=own,
        now=NOW,
    )
    assert raised(world, "900.00").owner != own


@pytest.mark.parametrize(
    ("claims", "given", "rule"),
    [
        ([Claim(1, Decimal("1190.01"))], {}, "no_more_is_disputed_than_was_billed"),
        ([Claim(1, Decimal(0))], {}, "no_more_is_disputed_than_was_billed"),
        ([Claim(9)], {}, "a_dispute_is_about_a_line_of_its_invoice"),
        ([], {}, "a_dispute_has_parts"),
        ([Claim(1), Claim(1)], {}, "one_open_dispute_per_line"),
        ([Claim(1)], {"reason": "XXX"}, "a_dispute_has_a_reason"),
        ([Claim(1)], {"detail": "no"}, "a_dispute_is_told_in_words"),
        ([Claim(1)], {"reason": "OTH", "detail": "Something else"}, "a_dispute_is_told_in_words"),
        ([Claim(1), Claim(None, Decimal("1.00"))], {}, "no_more_is_held_than_is_open"),
    ],
)
def test_what_cannot_be_disputed_changes_nothing(claims, given, rule):
    world = make_world()
    invoice = world.issued("1000.00", now=NOW - timedelta(days=3))
    before = counts()

    with pytest.raises((Refused, Invalid)) as refusal:
        operations.raise_dispute(
            invoice,
            claims,
            **(
                {"reason": "PRC", "detail": WHY, "channel": "staff", "actor": world.clerk, "now": NOW} | given
            ),
        )

    assert refusal.value.rule == rule
    assert counts() == before
    invoice.refresh_from_db()
    assert invoice.held_amount == 0


def test_a_line_in_an_open_dispute_is_not_disputed_again_and_paid_invoices_not_at_all():
    world = make_world()
    dispute = raised(world, "100.00", "50.00")
    with pytest.raises(NotDisputable, match="already"):
        raised(world, invoice=dispute.invoice)

    paid = world.issued("100.00", now=NOW - timedelta(days=3))
    world.pay(paid, "119.00")
    with pytest.raises(NotDisputable):
        raised(world, invoice=Invoice.objects.get(pk=paid.pk))


def test_a_draft_and_a_credit_note_are_not_disputed():
    world = make_world()
    draft = invoices.write_draft(world.draft("10.00"), actor=world.clerk, now=NOW)
    with pytest.raises(NotDisputable):
        raised(world, invoice=draft)


def test_the_same_message_from_outside_is_taken_once():
    world = make_world()
    first = raised(world, external_id="erp-77")
    again = raised(world, invoice=first.invoice, external_id="erp-77")

    assert again == first
    assert Dispute.objects.count() == 1


def test_the_hold_of_a_dispute_is_not_released_by_hand():
    world = make_world()
    part = raised(world).parts.get()
    with pytest.raises(Refused, match="in dispute"):
        invoices.release(part.hold, actor=world.lead, now=NOW)


def test_the_database_keeps_sum_and_hold():
    world = make_world()
    dispute = raised(world)
    with pytest.raises(IntegrityError, match="a_dispute_is_the_sum_of_its_parts"):
        _now(lambda: Part.objects.filter(dispute=dispute).update(amount=10, net=10, tax=0))
    with pytest.raises(IntegrityError, match="ends_its_own_hold|what_the_holds_say"):
        _now(lambda: Hold.objects.filter(invoice=dispute.invoice).update(released_at=NOW))


@transaction.atomic
def _now(act):
    act()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_late_disputes_are_taken_and_marked():
    world = make_world()
    old = world.issued("100.00", now=NOW - timedelta(days=40))
    assert raised(world, invoice=old).is_in_time is False
    assert raised(world).is_in_time is True


@pytest.mark.parametrize(
    ("raised_at", "due"),
    [
        (datetime(2026, 11, 13, 15, 0, tzinfo=UTC), datetime(2026, 11, 16, 11, 0, tzinfo=UTC)),
        (datetime(2026, 11, 13, 20, 0, tzinfo=UTC), datetime(2026, 11, 16, 12, 0, tzinfo=UTC)),
    ],
)
def test_the_clock_rests_over_the_weekend(raised_at, due):
    """Raised on a Friday at 16:00, or at 21:00, in Germany; office hours are 9 to 17."""
    world = make_world()
    clock = Clock.objects.get(dispute=raised(world, now=raised_at), kind="acknowledge")
    assert clock.due_at == due


def test_an_external_id_names_one_dispute_of_one_invoice():
    world = make_world()
    first = raised(world, external_id="crm-1")
    assert raised(world, invoice=first.invoice, external_id="crm-1") == first

    with pytest.raises(Refused) as refused:
        raised(world, "77.00", external_id="crm-1")

    assert (refused.value.rule, refused.value.field) == ("a_dispute_is_taken_once", "external_id")
    assert Dispute.objects.count() == 1
