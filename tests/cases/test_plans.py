"""Payment plans: offered after approval, accepted with evidence, followed, in default."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from cases import operations
from cases.models import Case, Plan, PlannedInvoice, PlanPart
from core.errors import DomainError
from ledger.models import Entry as LedgerEntry
from tests.factories import make_user
from tests.world import NOW, TODAY, make_world
from trail.models import Entry
from work.operations import NotYours

pytestmark = pytest.mark.django_db
D = Decimal
EVIDENCE = "Signed offer came back by e-mail"


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def invoice(world):
    """1,190.00 due 15 days ago."""
    return world.issued("1000", now=NOW - timedelta(days=45))


def offer(world, *, parts=3, rhythm="monthly", **values):
    given = {
        "first_on": date(2026, 12, 1),
        "invoices": [],
        "currency": "EUR",
        "actor": world.clerk,
        "now": NOW,
    }
    return operations.offer_plan(world.customer, parts=parts, rhythm=rhythm, **(given | values))


def running(world, **values):
    plan = operations.approve_plan(offer(world, **values), actor=world.lead, now=NOW)
    return operations.accept_plan(plan, contact=None, evidence=EVIDENCE, actor=world.clerk, now=NOW)


def follow(plan: Plan, on: date) -> Plan:
    return operations.follow_plan(plan, now=NOW + (on - TODAY))


def test_an_offered_plan_adds_up_and_touches_no_ledger(world, invoice):
    before = LedgerEntry.objects.count()

    plan = running(world)

    parts = list(plan.parts.all())
    assert [part.principal for part in parts] == [D("396.67"), D("396.67"), D("396.66")]
    assert [part.due_on for part in parts] == [date(2026, 12, 1), date(2027, 1, 4), date(2027, 2, 1)]
    assert sum(part.amount for part in parts) == plan.total == D("1190")
    assert LedgerEntry.objects.count() == before
    names = ["plan.asked", "plan.offered", "plan.accepted"]
    assert list(Entry.objects.filter(fact__in=names).order_by("id").values_list("fact", flat=True)) == names


@pytest.mark.parametrize(
    ("parts", "months", "who"),
    [(3, 3, "specialist"), (4, 4, "lead"), (6, 6, "lead"), (7, 7, "controller")],
)
def test_who_approves_depends_on_the_months(world, invoice, parts, months, who):
    plan = offer(world, parts=parts)
    ranks = ["specialist", "lead", "controller"]

    assert plan.months == months
    for role in ranks[: ranks.index(who)]:
        with pytest.raises(NotYours, match=rf"{months} months; you may approve up to \d\."):
            operations.approve_plan(plan, actor=make_user(role), now=NOW)
        plan.refresh_from_db()
        assert plan.state == "waiting"
    assert operations.approve_plan(plan, actor=make_user(who), now=NOW).state == "offered"


def test_months_of_a_day_are_not_added_up(world, invoice):
    """Two short plans on one day are not one long one: months are no money."""
    clerk = make_user("specialist")
    operations.approve_plan(offer(world, parts=3), actor=clerk, now=NOW)
    operations.withdraw_plan(Plan.objects.get(), actor=world.controller, now=NOW, reason="Another one")

    again = offer(world, parts=3)
    assert operations.approve_plan(again, actor=clerk, now=NOW).state == "offered"


def test_nobody_approves_their_own_plan(world, invoice):
    plan = offer(world, actor=world.controller)

    with pytest.raises(NotYours):
        operations.approve_plan(plan, actor=world.controller, now=NOW)
    plan.refresh_from_db()
    assert plan.state == "waiting"


@pytest.mark.parametrize("evidence", ["", "  yes  "])
def test_a_plan_without_evidence_does_not_run(world, invoice, evidence):
    plan = operations.approve_plan(offer(world), actor=world.lead, now=NOW)

    with pytest.raises(DomainError) as refusal:
        operations.accept_plan(plan, contact=None, evidence=evidence, now=NOW)

    assert refusal.value.rule == "a_plan_runs_once_accepted_with_evidence"
    plan.refresh_from_db()
    assert plan.state == "offered"


def test_a_plan_is_not_accepted_before_approval_twice_or_after_a_payment(world, invoice):
    plan = offer(world)
    with pytest.raises(DomainError, match="waiting for approval"):
        operations.accept_plan(plan, contact=None, evidence=EVIDENCE, now=NOW)
    operations.approve_plan(plan, actor=world.lead, now=NOW)
    world.pay(invoice, "100")
    with pytest.raises(DomainError, match="changed since"):
        operations.accept_plan(plan, contact=None, evidence=EVIDENCE, now=NOW)
    operations.withdraw_plan(plan, actor=world.clerk, now=NOW, reason="Part was paid")

    again = running(world)

    assert again.principal == D("1090")
    with pytest.raises(DomainError, match="current"):
        operations.accept_plan(again, contact=None, evidence=EVIDENCE, now=NOW)


def test_an_invoice_is_in_one_plan_or_promise(world, invoice):
    offer(world)

    with pytest.raises(DomainError) as twice:
        offer(world)
    with pytest.raises(DomainError) as promised:
        operations.make_promise(
            world.customer,
            amount=D(10),
            currency="EUR",
            promised_on=TODAY,
            invoices=[invoice],
            channel="portal",
            now=NOW,
        )

    assert {twice.value.rule, promised.value.rule} == {"one_live_plan_per_invoice"}
    assert Plan.objects.count() == 1


def test_a_plan_stays_current_while_its_instalments_come(world, invoice):
    operations.refresh_cases(world.entity, now=NOW)
    plan = running(world)
    assert Case.objects.get().stage == "plan"
    world.pay(invoice, "396.67", now=NOW + timedelta(days=20))

    assert follow(plan, date(2026, 12, 9)).state == "current"
    assert Case.objects.get().next_on == date(2027, 1, 12)
    assert follow(plan, date(2027, 1, 11)).state == "current"
    assert follow(plan, date(2027, 1, 12)).state == "defaulted"


def test_default_comes_five_working_days_after_a_missed_instalment_and_once(world, invoice):
    operations.refresh_cases(world.entity, now=NOW)
    plan = running(world)

    assert follow(plan, date(2026, 12, 8)).state == "current"
    follow(plan, date(2026, 12, 9))
    plan = follow(plan, date(2026, 12, 9))

    case = Case.objects.get()
    assert plan.state == "defaulted"
    assert not PlannedInvoice.objects.filter(is_live=True).exists()
    assert (case.stage, case.next_action, case.next_on) == ("called", "call", date(2026, 12, 9))
    assert "all €1,190.00" in case.next_note
    assert Entry.objects.filter(fact="plan.defaulted").count() == 1


def test_a_paid_plan_ends(world, invoice):
    plan = running(world)
    world.pay(invoice, "1190", now=NOW + timedelta(days=1))

    plan = follow(plan, date(2026, 11, 17))

    assert (plan.state, plan.received) == ("completed", D("1190"))


def test_money_not_applied_yet_counts_for_the_plan(world, invoice):
    plan = running(world)
    world.received("400", now=NOW + timedelta(days=3))

    assert follow(plan, date(2026, 12, 9)).state == "current"


def test_the_database_refuses_a_plan_that_does_not_add_up(world, invoice):
    plan = offer(world)

    PlanPart.objects.filter(plan=plan, number=1).update(principal=D("396.66"))
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="a_plan_adds_up"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
