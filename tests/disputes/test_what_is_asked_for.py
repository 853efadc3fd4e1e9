"""Of 1,000 with 200 disputed, 800 are asked for: by reminder and digest, in interest, on the statement."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cases.models import Case
from cases.operations import refresh_cases
from charges import operations as charges
from correspondence.models import Message
from disputes import operations
from disputes.operations import Claim
from invoices.models import Invoice
from ledger.queries import faults
from reminders.models import Reminder
from statements.operations import make_statement
from tests.charges.scene import ISSUED, late_world
from tests.charges.test_charging import UNTIL
from tests.disputes.scene import raised
from tests.reminders.scenes import at, decide, make_scene
from tests.reminders.test_sending import DUE, send
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
NET = "840.34"  # 1,000.00 with 19 %
HELD = Decimal("200.00")


def disputed(world, *, now=NOW):
    invoice = world.issued(NET, now=now)
    dispute = raised(world, invoice=invoice, claims=[Claim(None, HELD)], now=now)
    invoice.refresh_from_db()
    assert (invoice.balance, invoice.held_amount) == (Decimal("1000.00"), HELD)
    return invoice, dispute


def test_a_reminder_asks_for_the_rest_and_names_what_is_left_out():
    world = make_scene()
    invoice, _ = disputed(world)
    other = world.issued("100.00", now=NOW)
    decide(world, DUE, hour=5)
    [digest] = send(world, at(DUE))

    asked = {row.invoice_id: row.asked for row in Reminder.objects.all()}
    assert asked == {invoice.pk: Decimal("800.00"), other.pk: Decimal("119.00")}
    assert Reminder.objects.filter(digest=digest).count() == 2
    text = Message.objects.get(situation="due_today").text
    for amount in ("800.00", "119.00", "200.00"):
        assert amount in text
    assert "1,000.00" not in text


def test_what_is_disputed_whole_is_not_reminded_of_until_it_is_over():
    world = make_scene()
    invoice = world.issued("100.00", now=NOW)
    dispute = raised(world, invoice=invoice, now=NOW)
    decide(world, DUE, hour=5)
    assert send(world, at(DUE)) == []
    assert not Reminder.objects.filter(state__in=["meant", "sent"]).exists()

    operations.withdraw(dispute, reason="They agree", actor=world.clerk, now=at(DUE, 10))
    after = DUE + timedelta(days=7)
    decide(world, after, hour=5)
    assert len(send(world, at(after))) == 1
    assert set(Reminder.objects.exclude(digest=None).values_list("asked", flat=True)) == {Decimal("119.00")}


@pytest.mark.parametrize("upheld", [False, True])
def test_interest_leaves_it_out_and_runs_from_the_due_day_when_it_is_rejected(upheld):
    world = late_world()
    invoice, dispute = disputed(world, now=ISSUED)
    now = at(UNTIL)
    first = charges.charge_late(invoice, kind="interest", on=UNTIL, actor=world.clerk, now=now)
    # 59 days at 11.27 percent of 800.
    assert first.amount == Decimal("14.57")

    later, on = now + timedelta(days=30), UNTIL + timedelta(days=30)
    dispute = operations.acknowledge(dispute, actor=world.lead, now=now)
    dispute = operations.investigate(dispute, actor=world.lead, now=now)
    if upheld:
        operations.propose(
            dispute, outcome="credit_note", root_cause="billing", actor=world.lead, now=later,
            answer="You are right, it is credited.",
        )  # fmt: skip
        operations.accept(dispute, actor=world.director, now=later)
    else:
        operations.withdraw(dispute, reason="They agree", actor=world.lead, now=later)
    second = charges.charge_late(
        Invoice.objects.get(pk=invoice.pk), kind="interest", on=on, actor=world.clerk, now=later
    )
    # 89 days of 1,000 from the due day, or of 800.
    assert first.amount + second.amount == (Decimal("21.98") if upheld else Decimal("27.48"))
    assert faults() == []


def test_the_ageing_shows_all_that_is_owed_and_how_much_of_it_is_disputed():
    world = make_world()
    disputed(world)
    later = NOW + timedelta(days=40)
    content = make_statement(
        world.customer, world.entity, "EUR", form="open_items", on=later.date(), actor=world.clerk, now=later
    ).content
    [row] = content["items"]
    assert (row["open"], row["held"], content["ageing"]["1-30"]) == ("1000.00", "200.00", "1000.00")
    assert content["outstanding"] == "1000.00"

    refresh_cases(world.entity, now=later)
    case = Case.objects.get()
    assert (case.overdue_30, case.held, case.shown_amount) == (Decimal("800.00"), HELD, Decimal("800.00"))
