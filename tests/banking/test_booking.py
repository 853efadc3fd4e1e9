"""A line becomes a receipt once; what is sure is used at once, what is not waits for a person."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections

from banking import operations
from banking.models import Line, Matching, Payer
from banking.operations import Choice, NotToBook
from core.errors import DomainError, Invalid
from invoices import operations as invoices
from ledger.queries import faults
from payments.models import Payment
from payments.operations import Part
from tests.banking.statements import camt
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def bring(world, *lines, **options):
    [statement] = operations.import_file(
        "november.xml", camt(*lines, **options), actor=world.cash, now=NOW
    ).statements
    return statement


def match(world, statement):
    return operations.match_statement(statement, actor=world.cash, now=NOW)


def lines(statement) -> list[Line]:
    return list(statement.lines.all())


def test_a_quoted_number_and_the_exact_amount_are_booked_without_a_person(world):
    invoice = world.issued("100.00")
    statement = bring(world, ("119.00", f"Re: {invoice.number}", world.customer.name))

    done = match(world, statement)

    [line] = lines(statement)
    invoice.refresh_from_db()
    assert (done.booked, done.proposed) == (1, 0)
    assert (line.state, invoice.balance, invoice.settlement_status) == ("booked", 0, "paid")
    assert line.payment.customer == world.customer
    assert not list(faults())


def test_two_invoices_in_one_payment_one_with_a_slip(world):
    first, second = world.issued("100.00"), world.issued("200.00")
    slip = second.number[:-1] + ("1" if second.number[-1] != "1" else "2")
    statement = bring(world, ("357.00", f"{first.number} and {slip}", world.customer.name))

    match(world, statement)

    [line] = lines(statement)
    assert line.state == Line.State.BOOKED
    for invoice in (first, second):
        invoice.refresh_from_db()
        assert invoice.balance == 0


def test_the_early_discount_is_granted(world):
    invoice = world.issued("100.00")
    statement = bring(world, ("116.62", invoice.number, world.customer.name))

    match(world, statement)

    invoice.refresh_from_db()
    assert (lines(statement)[0].state, invoice.balance) == ("booked", 0)


def test_a_shortfall_within_the_tolerance_is_let_go(world):
    invoice = world.issued("100.00", now=NOW - timedelta(days=20))
    statement = bring(world, ("118.50", invoice.number, world.customer.name))

    match(world, statement)

    invoice.refresh_from_db()
    assert (lines(statement)[0].state, invoice.balance) == ("booked", 0)


def test_what_the_bank_kept_is_booked_as_its_fee(world):
    Matching.objects.create(entity=world.entity, most_fee=Decimal(15))
    invoice = world.issued("100.00", now=NOW - timedelta(days=20))
    statement = bring(world, ("109.00", invoice.number, world.customer.name))

    match(world, statement)

    [line] = lines(statement)
    invoice.refresh_from_db()
    assert (line.payment.amount, line.payment.fee, invoice.balance) == (119, 10, 0)


def test_only_the_undisputed_rest_is_expected(world):
    invoice = world.issued("100.00", now=NOW - timedelta(days=20))
    invoices.hold(invoice, Decimal(19), reason="Price", actor=world.lead, now=NOW)
    statement = bring(world, ("100.00", invoice.number, world.customer.name))

    match(world, statement)

    assert lines(statement)[0].state == Line.State.BOOKED


def test_an_unclear_line_waits_with_its_proposals_and_one_key_books_it(world):
    invoice = world.issued("100.00", now=NOW - timedelta(days=20))
    statement = bring(world, ("119.00", "Thank you", world.customer.name))

    done = match(world, statement)
    [line] = lines(statement)
    assert (done.booked, done.proposed, line.state) == (0, 1, "new")
    assert line.payment is None
    assert [term["code"] for term in line.matches[0]["terms"]] == ["name", "only_exact"]

    line = operations.accept_match(line, 0, actor=world.cash, now=NOW)

    invoice.refresh_from_db()
    assert (line.state, invoice.balance) == ("booked", 0)


def test_what_a_person_said_is_learned(world):
    world.issued("100.00", now=NOW - timedelta(days=20))
    statement = bring(world, ("70.00", "Thank you", "Treasury X", "NL56AGDH9619008421"))
    match(world, statement)
    [line] = lines(statement)
    operations.book_line(line, Choice(world.customer), actor=world.cash, now=NOW)
    assert Payer.objects.get().account == "NL56AGDH9619008421"

    later = bring(
        world,
        ("119.00", "no word", "Treasury X", "NL56AGDH9619008421"),
        opening="1070.00",
        number="2",
        day="2026-11-16",
    )
    done = match(world, later)

    assert done.booked == 1
    assert lines(later)[0].payment.customer == world.customer


def test_an_unknown_payer_waits_on_the_account_for_unidentified_receipts(world):
    statement = bring(world, ("70.00", "?", "Nobody"))
    match(world, statement)

    line = operations.book_line(lines(statement)[0], Choice(None), actor=world.cash, now=NOW)

    assert line.payment.customer is None
    assert not list(faults())


def test_a_receipt_recorded_by_hand_is_not_booked_twice(world):
    invoice = world.issued("100.00")
    by_hand = world.pay(invoice, "119.00")
    statement = bring(world, ("119.00", invoice.number, world.customer.name))

    done = match(world, statement)
    [line] = lines(statement)
    assert (done.doubtful, line.state) == (1, "doubtful")
    line = operations.join_line(line, by_hand, actor=world.cash, now=NOW)

    assert line.payment == by_hand
    assert Payment.objects.count() == 1


def test_a_return_opens_the_invoice_again(world):
    invoice = world.issued("100.00")
    came = bring(world, ("119.00", invoice.number, world.customer.name))
    match(world, came)
    paid = lines(came)[0].payment
    went = bring(world, ("-119.00", "Rücklastschrift", "Bank"), opening="1119.00", number="2")

    operations.note_return(lines(went)[0], paid, actor=world.cash, now=NOW)

    invoice.refresh_from_db()
    assert invoice.balance == Decimal(119)
    assert lines(went)[0].state == Line.State.RETURN
    assert not list(faults())


def test_a_line_is_set_aside_with_a_reason_and_taken_up_again(world):
    [line] = lines(bring(world, ("-7.00", "fee", "Bank")))
    with pytest.raises(Invalid, match="Say what it is"):
        operations.set_aside(line, "  ", actor=world.cash, now=NOW)

    line = operations.set_aside(line, "Bank fee", actor=world.cash, now=NOW)
    assert (line.state, line.reason) == ("aside", "Bank fee")
    assert operations.take_up(line, actor=world.cash, now=NOW).state == "new"


REFUSALS = {
    "money that went out": lambda world, line: operations.book_line(
        line, Choice(None), actor=world.cash, now=NOW
    ),
    "a receipt of another amount": lambda world, line: operations.join_line(
        line, world.received("8.00"), actor=world.cash, now=NOW
    ),
    "a return of another amount": lambda world, line: operations.note_return(
        line, world.received("8.00"), actor=world.cash, now=NOW
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_leaves_the_line_as_it_was(world, name):
    [line] = lines(bring(world, ("-7.00", "fee", "Bank")))

    with pytest.raises(DomainError):
        REFUSALS[name](world, line)

    line.refresh_from_db()
    assert (line.state, line.payment, line.returned) == ("new", None, None)
    assert not Payment.objects.filter(state="bounced").exists()


def test_more_than_is_open_is_refused_and_no_receipt_is_left_behind(world):
    invoice = world.issued("100.00")
    item = invoice.instalments.get().open_item_id
    [line] = lines(bring(world, ("500.00", "x", "y")))

    with pytest.raises(DomainError):
        operations.book_line(
            line, Choice(world.customer, [Part(item, Decimal(300))]), actor=world.cash, now=NOW
        )

    line.refresh_from_db()
    assert line.state == Line.State.NEW
    assert not Payment.objects.exists()


def test_matching_again_changes_nothing_that_was_decided(world):
    invoice = world.issued("100.00")
    statement = bring(world, ("119.00", invoice.number, world.customer.name), ("-7.00", "fee", "Bank"))
    match(world, statement)
    before = [(line.state, line.payment_id) for line in lines(statement)]

    again = match(world, statement)

    assert again.looked_at == 0
    assert [(line.state, line.payment_id) for line in lines(statement)] == before
    assert Payment.objects.count() == 1


def test_a_line_decided_while_the_job_ran_keeps_its_decision(world):
    invoice = world.issued("100.00")
    statement = bring(
        world,
        ("119.00", invoice.number, world.customer.name),
        ("61.00", "?", "Nobody"),
        ("62.00", "?", "Nobody"),
    )
    _, second, third = lines(statement)

    def meanwhile() -> bool:
        for line, act in ((second, "book"), (third, "aside")):
            if Line.objects.get(pk=line.pk).state == Line.State.NEW:
                if act == "book":
                    operations.book_line(line, Choice(world.customer), actor=world.cash, now=NOW)
                else:
                    operations.set_aside(line, "Not ours", actor=world.cash, now=NOW)
        return True

    operations.match_statement(statement, actor=world.cash, now=NOW, after_line=meanwhile)

    assert [line.state for line in lines(statement)] == ["booked", "booked", "aside"]
    assert lines(statement)[1].payment.customer == world.customer


@pytest.mark.django_db(transaction=True)
def test_two_people_booking_one_line_record_one_receipt(world):
    invoice = world.issued("100.00")
    item = invoice.instalments.get().open_item_id
    [line] = lines(bring(world, ("119.00", "x", "y")))

    def run(_):
        try:
            operations.book_line(
                line, Choice(world.customer, [Part(item, Decimal(119))]), actor=world.cash, now=NOW
            )
        except NotToBook:
            return "refused"
        else:
            return "booked"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        results = sorted(threads.map(run, range(4)))

    assert results == ["booked", "refused", "refused", "refused"]
    assert Payment.objects.count() == 1
    assert not list(faults())
