"""A receipt pays less than was asked: exactly its rest is disputed, by a click or by the payer's words."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from banking import operations as banking
from billing_ops.subscriptions import SUBSCRIPTIONS
from core.errors import DomainError
from disputes import events, operations, queries, rules, tasks
from disputes.models import Dispute
from invoices.models import Invoice
from payments import operations as payments
from payments.models import Payment
from tests.banking.advices import advice
from tests.banking.statements import camt
from tests.disputes.scene import raised
from tests.factories import make_user
from tests.world import NOW, make_world
from trail.models import Entry


def fresh(invoice):
    return Invoice.objects.get(pk=invoice.pk)


def refused(rule, act):
    before = (Dispute.objects.count(), Entry.objects.count())
    with pytest.raises(DomainError) as refusal:
        act()
    assert refusal.value.rule == rule
    assert (Dispute.objects.count(), Entry.objects.count()) == before


@pytest.mark.parametrize(
    ("text", "is_reason", "code"),
    [
        ("Price too high", True, "PRC"),
        ("Preisdifferenz", True, "PRC"),
        ("nicht geliefert: 2 Paletten", True, "NDL"),
        ("Ware beschädigt", True, "QLT"),
        ("scratched", True, "QLT"),
        ("See our letter", True, ""),
        ("INV-000123 abzgl. Fehlmenge", False, ""),
        ("INV-000123 abzgl. Mengendifferenz", False, "QTY"),
        ("INV-000123 less damaged goods", False, "QLT"),
        ("INV-000123 damaged goods", False, ""),
        ("VAT DE136695976 INV-000123", False, ""),
        ("", True, ""),
    ],
)
def test_what_payers_call_a_reason(text, is_reason, code):
    assert rules.reason_said(text, is_reason=is_reason) == code


@pytest.mark.django_db
def test_the_rest_and_only_the_rest_is_disputed_in_one_step():
    world = make_world()
    invoice = world.issued("1000.00", now=NOW - timedelta(days=12))
    payment = world.pay(invoice, "990.00")
    client = Client()
    client.force_login(world.cash)
    address = reverse("disputes:short", args=[payment.pk])
    shown = client.get(address).content.decode()
    assert str(invoice.number) in shown
    assert "€200.00 of €1,190.00 is open." in shown
    assert address in client.get(payment.get_absolute_url()).content.decode()

    for _ in range(2):
        answer = client.post(address, {"invoice": invoice.pk, "reason": "QTY"})
        assert answer["Location"] == Dispute.objects.get().get_absolute_url()

    dispute = Dispute.objects.get()
    assert (dispute.amount, dispute.channel, dispute.reason) == (Decimal("200.00"), "bank", "QTY")
    assert (fresh(invoice).balance, fresh(invoice).held_amount) == (Decimal("200.00"), Decimal("200.00"))
    assert payment.number in dispute.detail
    panel = client.get(address).content.decode()
    assert dispute.reference in panel
    assert "<form" not in panel


@pytest.mark.django_db
@pytest.mark.parametrize("sent", [{}, {"invoice": "x", "reason": "PRC"}, {"invoice": 1, "reason": "NOPE"}])
def test_a_bad_form_is_refused_with_the_reason(sent):
    world = make_world()
    payment = world.pay(world.issued("1000.00", now=NOW - timedelta(days=12)), "990.00")
    client = Client()
    client.force_login(world.cash)
    answer = client.post(reverse("disputes:short", args=[payment.pk]), sent)
    assert answer.status_code == 422
    assert "Choose a reason" in answer.content.decode()
    assert not Dispute.objects.exists()


@pytest.mark.django_db
def test_what_is_held_already_is_not_disputed_again_and_the_rest_of_it_is():
    world = make_world()
    now = NOW - timedelta(days=12)
    invoice = world.issued("1000.00", "200.00", now=now)
    raised(world, invoice=invoice, claims=[operations.Claim(2)])
    payment = world.pay(invoice, "1000.00")
    dispute = operations.dispute_rest(payment, invoice, reason="PRC", actor=world.cash, now=NOW)
    assert dispute.amount == Decimal("190.00")
    assert fresh(invoice).held_amount == fresh(invoice).balance == Decimal("428.00")


@pytest.mark.django_db
def test_a_rest_within_the_tolerance_or_paid_by_another_receipt_is_refused():
    world = make_world()
    long_ago = NOW - timedelta(days=12)
    small, other, full = (world.issued(net, now=long_ago) for net in ("100.00", "200.00", "300.00"))
    tolerated = world.pay(small, "118.50")
    paid = world.pay(full, "357.00")
    for payment, invoice in ((tolerated, small), (paid, full), (paid, other)):
        refused(
            "a_short_payment_leaves_a_rest",
            lambda payment=payment, invoice=invoice: operations.dispute_rest(
                payment, invoice, reason="PRC", actor=world.cash, now=NOW
            ),
        )
    short = world.pay(other, "200.00")
    payments.bounce_payment(short, on=NOW.date(), reason="No cover", actor=world.cash, now=NOW)
    short.refresh_from_db()
    refused(
        "a_short_payment_leaves_a_rest",
        lambda: operations.dispute_rest(short, other, reason="PRC", actor=world.cash, now=NOW),
    )


@pytest.mark.django_db
def test_a_rest_that_was_settled_once_is_not_raised_a_second_time():
    world = make_world()
    invoice = world.issued("1000.00", now=NOW - timedelta(days=12))
    payment = world.pay(invoice, "990.00")
    dispute = operations.dispute_rest(payment, invoice, reason="QTY", actor=world.cash, now=NOW)
    operations.withdraw(dispute, reason="They pay the rest", actor=world.clerk, now=NOW)
    refused(
        "a_short_payment_is_disputed_once",
        lambda: operations.dispute_rest(payment, invoice, reason="QTY", actor=world.cash, now=NOW),
    )
    assert operations.dispute_short_payment(payment, now=NOW) == []


@pytest.mark.django_db
def test_who_may_not_raise_disputes_sees_and_does_nothing():
    world = make_world()
    invoice = world.issued("1000.00", now=NOW - timedelta(days=12))
    payment = world.pay(invoice, "990.00")
    client = Client()
    client.force_login(make_user("auditor"))
    address = reverse("disputes:short", args=[payment.pk])
    assert client.get(address).status_code == 403
    assert client.post(address, {"invoice": invoice.pk, "reason": "QTY"}).status_code == 403
    assert not Dispute.objects.exists()


def advised(world, why, paid="1000.00", deducted="190.00"):
    """An invoice of 1,190 whose payer announces and sends less, with words beside the deduction."""
    invoice = world.issued("1000.00", now=NOW - timedelta(days=12))
    rows = advice((invoice.number, paid, deducted, why, "P-77"))
    banking.import_remittance(world.entity, "a.csv", rows, actor=world.cash, now=NOW, decimal=".")
    data = camt((paid, "P-77 as advised", world.customer.name))
    [statement] = banking.import_file("a.xml", data, actor=world.cash, now=NOW).statements
    assert banking.match_statement(statement, actor=world.cash, now=NOW).booked == 1
    return invoice


def told(monkeypatch, *, now=NOW):
    monkeypatch.setattr(tasks.timezone, "now", lambda: now)
    entry = Entry.objects.filter(fact="payment.allocated").latest("id")
    assert "disputes.tasks.note_short_payment" in SUBSCRIPTIONS[entry.fact]
    for _ in range(2):
        tasks.note_short_payment(entry_id=entry.pk)


@pytest.mark.django_db
def test_a_deduction_with_a_known_reason_is_disputed_once_without_asking(monkeypatch):
    world = make_world()
    invoice = advised(world, "Price of the second shift")
    told(monkeypatch)
    dispute = Dispute.objects.get()
    assert (dispute.reason, dispute.channel, dispute.amount) == ("PRC", "bank", Decimal("190.00"))
    assert "Price of the second shift" in dispute.detail
    assert fresh(invoice).held_amount == Decimal("190.00")
    fact = Entry.objects.get(fact=events.DISPUTE_RAISED)
    assert fact.actor is None


@pytest.mark.django_db
def test_only_what_was_deducted_is_disputed_the_rest_stays_due(monkeypatch):
    world = make_world()
    invoice = advised(world, "Damaged", paid="900.00", deducted="100.00")
    told(monkeypatch)
    assert Dispute.objects.get().amount == Decimal("100.00")
    assert fresh(invoice).balance - fresh(invoice).held_amount == Decimal("190.00")


@pytest.mark.django_db
def test_without_a_known_reason_a_person_decides(monkeypatch):
    world = make_world()
    advised(world, "See our letter")
    told(monkeypatch)
    assert not Dispute.objects.exists()
    [short] = queries.short_paid(Payment.objects.get())
    assert (short.rest, short.said, short.reason) == (Decimal("190.00"), "See our letter", "")


@pytest.mark.django_db
def test_a_company_switches_it_off(monkeypatch):
    world = make_world()
    limits = rules.Limits(disputes_short_payments=False)
    operations.set_limits(world.entity, limits, actor=world.controller, now=NOW)
    advised(world, "Price")
    told(monkeypatch)
    assert not Dispute.objects.exists()
