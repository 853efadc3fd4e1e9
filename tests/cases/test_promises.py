"""Promises: made, refused, approved, judged by what came in."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cases import operations, queries
from cases.models import Case, Promise, PromisedInvoice
from core.errors import DomainError
from tests.factories import make_customer, make_user
from tests.world import NOW, TODAY, make_world
from trail.models import Entry
from work.models import WorkItem
from work.operations import NotYours

pytestmark = pytest.mark.django_db
D = Decimal
LATE = NOW - timedelta(days=45)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def invoice(world):
    """1,190.00 due 15 days ago."""
    return world.issued("1000", now=LATE)


def promise(world, *, amount="1190", days=7, invoices=(), now=NOW, **values):
    return operations.make_promise(
        world.customer,
        amount=D(amount),
        currency="EUR",
        promised_on=now.date() + timedelta(days=days),
        invoices=invoices,
        channel="phone",
        actor=world.clerk,
        now=now,
        **values,
    )


def facts(*names: str) -> list[str]:
    return list(Entry.objects.filter(fact__in=names).order_by("id").values_list("fact", flat=True))


def judge(row: Promise, on: date) -> Promise:
    return operations.judge_promise(row, now=NOW + (on - TODAY))


def test_a_promise_stands_at_once_and_leads_the_case(world, invoice):
    operations.refresh_cases(world.entity, now=NOW)

    row = promise(world)

    case = Case.objects.get()
    assert (row.state, row.promised_on) == ("open", date(2026, 11, 23))
    assert row.evaluate_after == date(2026, 11, 25)
    assert [cover.invoice for cover in row.covers.all()] == [invoice]
    assert (case.stage, case.next_action, case.next_on) == ("promised", "check_promise", row.evaluate_after)
    assert facts("promise.made", "promise.asked") == ["promise.made"]


def test_the_customer_promises_without_a_member_of_staff(world, invoice):
    row = operations.make_promise(
        world.customer,
        amount=D("500"),
        currency="EUR",
        promised_on=TODAY + timedelta(days=3),
        invoices=[invoice],
        channel="portal",
        now=NOW,
    )

    assert (row.state, row.made_by) == ("open", None)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"amount": "0"}, "a_promise_is_within_what_is_open"),
        ({"amount": "-1"}, "a_promise_is_within_what_is_open"),
        ({"amount": "1190.01"}, "a_promise_is_within_what_is_open"),
        ({"amount": "10.001"}, None),
        ({"days": -1}, "a_promise_looks_ahead"),
        ({"days": 400}, "a_promise_is_within_a_year"),
    ],
)
def test_a_promise_that_cannot_be_meant_is_refused(world, invoice, values, rule):
    with pytest.raises(DomainError) as refusal:
        promise(world, **values)

    assert rule is None or refusal.value.rule == rule
    assert not Promise.objects.exists()
    assert not PromisedInvoice.objects.exists()


def test_nothing_is_promised_on_invoices_of_others_or_twice(world, invoice):
    other = make_customer(entity=world.entity)
    with pytest.raises(DomainError, match="not an invoice of"):
        operations.make_promise(
            other,
            amount=D(1),
            currency="EUR",
            promised_on=TODAY,
            invoices=[invoice],
            channel="phone",
            actor=world.clerk,
            now=NOW,
        )
    promise(world)
    with pytest.raises(DomainError) as refusal:
        promise(world, amount="10")

    assert refusal.value.rule == "one_live_promise_per_invoice"
    assert Promise.objects.count() == 1


def test_far_ahead_waits_for_a_second_person(world, invoice):
    row = promise(world, days=15)

    assert row.state == "waiting"
    assert facts("promise.made", "promise.asked") == ["promise.asked"]
    with pytest.raises(NotYours):
        operations.approve_promise(row, actor=make_user("collector"), now=NOW)
    row.refresh_from_db()
    assert row.state == "waiting"

    operations.approve_promise(row, actor=world.lead, now=NOW)
    row.refresh_from_db()
    assert row.state == "open"
    assert facts("promise.made", "promise.asked") == ["promise.asked", "promise.made"]


def test_a_refused_promise_frees_its_invoices(world, invoice):
    row = promise(world, days=20)

    operations.refuse_promise(row, actor=world.lead, now=NOW, reason="Too far away for this customer")

    row.refresh_from_db()
    assert row.state == "refused"
    assert promise(world).state == "open"


def test_after_two_broken_promises_the_next_one_asks(world, invoice):
    for _ in range(2):
        row = promise(world, days=0)
        row = operations.judge_promise(row, now=NOW + timedelta(days=3))
        assert row.state == "broken"

    assert promise(world, now=NOW + timedelta(days=3)).state == "waiting"
    assert queries.broken_in_last_year(world.customer.pk, now=NOW + timedelta(days=3)) == 2
    assert queries.broken_in_last_year(world.customer.pk, now=NOW + timedelta(days=400)) == 0


@pytest.mark.parametrize(
    ("paid", "paid_on", "judged_on", "state"),
    [
        ("1190", date(2026, 11, 20), date(2026, 11, 20), "kept"),
        ("1190", date(2026, 11, 25), date(2026, 11, 26), "kept"),
        ("1190", date(2026, 11, 26), date(2026, 11, 26), "broken"),
        ("500", date(2026, 11, 20), date(2026, 11, 25), "open"),
        ("500", date(2026, 11, 20), date(2026, 11, 26), "partly_kept"),
        (None, None, date(2026, 11, 25), "open"),
        (None, None, date(2026, 11, 26), "broken"),
    ],
)
def test_a_promise_for_the_23rd_is_judged_after_two_working_days(
    world, invoice, paid, paid_on, judged_on, state
):
    row = promise(world)
    if paid:
        world.pay(invoice, paid, now=NOW + (paid_on - TODAY))

    assert judge(row, judged_on).state == state


def test_money_before_the_promise_or_for_another_invoice_does_not_keep_it(world, invoice):
    other = world.issued("300", now=NOW)
    world.pay(invoice, "100", now=NOW - timedelta(days=1))
    row = promise(world, amount="1000", invoices=[invoice])
    world.pay(other, "357", now=NOW)

    assert judge(row, date(2026, 11, 26)).state == "broken"


def test_money_nobody_applied_yet_keeps_a_promise(world, invoice):
    row = promise(world)
    world.received("1190", now=NOW + timedelta(days=2))

    assert judge(row, date(2026, 11, 18)).state == "kept"


def test_a_broken_promise_is_called_about_and_goes_one_level_up_once(world, invoice):
    operations.refresh_cases(world.entity, now=NOW)
    row = promise(world)

    judge(row, date(2026, 11, 26))
    judge(row, date(2026, 11, 26))

    case = Case.objects.get()
    assert (case.level, case.next_on) == (1, date(2026, 11, 26))
    assert [(one.level, one.to) for one in case.escalations.all()] == [(1, world.lead)]
    assert facts("promise.broken", "case.escalated") == ["promise.broken", "case.escalated"]


def test_what_follows_up_a_broken_promise_ends_by_itself_when_all_is_paid(world, invoice):
    operations.refresh_cases(world.entity, now=NOW)
    judge(promise(world), date(2026, 11, 26))
    later = NOW + timedelta(days=11)
    work = WorkItem.objects.filter(kind="broken_promise")
    operations.go_round(world.entity, now=later)
    assert not work.filter(state="done").exists()

    world.pay(invoice, str(invoice.payable), now=later)
    operations.go_round(world.entity, now=later)

    assert (work.get().state, work.get().outcome) == ("done", "All of it is settled.")


def test_a_withdrawn_promise_is_not_broken(world, invoice):
    row = promise(world)
    with pytest.raises(DomainError):
        operations.withdraw_promise(row, actor=world.clerk, now=NOW, reason=" ")

    operations.withdraw_promise(row, actor=world.clerk, now=NOW, reason="Noted for the wrong customer")

    assert judge(row, date(2026, 11, 26)).state == "withdrawn"
    assert promise(world).state == "open"
