"""Clocks and levels: warned at 75 %, up at 100 %, each once, whoever looks and however often."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from core.errors import DomainError, Refused
from disputes import events, operations, rules
from disputes.models import Dispute, Escalation, Holding, MatrixStep
from team.absences import enter_absence
from tests.disputes.scene import investigated, raised
from tests.world import NOW, make_world
from trail.models import Entry

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def facts(*names):
    names = names or (events.DISPUTE_WARNED, events.DISPUTE_BREACHED, events.DISPUTE_ESCALATED)
    return [Entry.objects.filter(fact=name).count() for name in names]


@pytest.mark.django_db
def test_warned_missed_and_raised_once():
    world = make_world()
    clock = raised(world).clocks.get(kind="acknowledge")

    seen = []
    for moment in (clock.warn_at - MINUTE, clock.warn_at, clock.due_at - MINUTE, clock.due_at, clock.due_at):
        operations.watch(now=moment)
        seen.append(facts())

    assert seen == [[0, 0, 0], [1, 0, 0], [1, 0, 0], [1, 1, 1], [1, 1, 1]]


@pytest.mark.django_db
def test_twelve_thousand_untouched_for_two_business_days_are_at_level_two_once():
    world = make_world()
    dispute = raised(world, "12000.00")
    for hours in range(50):
        operations.watch(now=NOW + timedelta(hours=hours))
    dispute.refresh_from_db()
    assert dispute.level == 2
    assert list(Escalation.objects.filter(dispute=dispute).values_list("level", flat=True)) == [2]
    holding = Holding.objects.get(dispute=dispute, until_at=None)
    assert (holding.level, holding.accountable, holding.responsible) == (2, world.lead, dispute.owner)


@pytest.mark.django_db
def test_left_alone_it_goes_through_every_level_in_order():
    world = make_world()
    dispute = raised(world)
    for days in range(30):
        operations.watch(now=NOW + days * DAY)
    rows = list(Escalation.objects.filter(dispute=dispute).order_by("id").values_list("level", "to"))
    assert rows == [(2, world.lead.pk), (3, world.controller.pk), (4, world.director.pk)]


@pytest.mark.django_db
def test_after_a_long_outage_one_look_passes_no_level_by():
    world = make_world()
    dispute = raised(world)
    operations.watch(now=NOW + 60 * DAY)
    assert list(Escalation.objects.filter(dispute=dispute).values_list("level", flat=True)) == [2, 3, 4]


@pytest.mark.django_db
def test_the_deputy_of_an_absent_lead_gets_it_for_them():
    world = make_world()
    dispute = raised(world)
    enter_absence(
        world.lead,
        first_on=NOW.date(),
        last_on=NOW.date() + 5 * DAY,
        deputy=world.clerk,
        actor=world.lead,
        now=NOW,
    )
    operations.watch(now=NOW + DAY)
    row = Escalation.objects.get(dispute=dispute)
    assert (row.to, row.deputy_of) == (world.clerk, world.lead)
    assert Entry.objects.get(fact=events.DISPUTE_ESCALATED).additional_data["deputy_of"] == world.lead.pk


@pytest.mark.django_db
def test_by_hand_with_a_reason():
    world = make_world()
    dispute = raised(world)
    with pytest.raises(DomainError):
        operations.escalate(dispute, reason="now", actor=world.clerk, now=NOW)
    dispute = operations.escalate(
        dispute, reason="The customer threatens to leave", actor=world.clerk, now=NOW
    )
    assert dispute.level == 2
    assert Escalation.objects.get().by == world.clerk
    operations.watch(now=NOW + DAY)
    assert list(Escalation.objects.values_list("level", flat=True)) == [2]


@pytest.mark.django_db
def test_nothing_rings_while_the_customer_is_waited_for():
    world = make_world()
    dispute = investigated(world)
    operations.ask_customer(dispute, body="Which day?", actor=world.clerk, now=NOW)
    operations.watch(now=NOW + 5 * DAY)
    assert facts() == [0, 0, 0]


@pytest.mark.django_db
def test_ten_working_days_without_an_answer_close_it():
    world = make_world()
    dispute = investigated(world)
    dispute = operations.ask_customer(dispute, body="Which day?", actor=world.clerk, now=NOW)
    assert dispute.customer_due_at == NOW + 14 * DAY
    operations.watch(now=dispute.customer_due_at - MINUTE)
    dispute.refresh_from_db()
    assert dispute.state == "waiting_customer"
    assert operations.watch(now=dispute.customer_due_at)["closed"] == 1
    dispute.refresh_from_db()
    assert (dispute.state, dispute.outcome) == ("withdrawn", "withdrawn")
    dispute.invoice.refresh_from_db()
    assert dispute.invoice.held_amount == 0
    assert facts(events.DISPUTE_UNANSWERED) == [1]


@pytest.mark.django_db
def test_a_changed_matrix_holds_for_what_is_open():
    world = make_world()
    dispute = raised(world)
    steps = [
        rules.Step(2, "controller", "raised", 2, reasons=frozenset({"PRC"})),
        rules.Step(2, "lead", "breach", 0),
    ]
    operations.set_matrix(steps, actor=world.controller, now=NOW)
    dispute.refresh_from_db()
    assert (dispute.escalate_at, dispute.escalate_to) == (NOW + timedelta(hours=2), 2)
    operations.watch(now=NOW + timedelta(hours=2))
    assert Escalation.objects.get(dispute=dispute).to == world.controller


@pytest.mark.django_db
@pytest.mark.parametrize(
    "steps",
    [
        [],
        [rules.Step(5, "lead", "breach", 0)],
        [rules.Step(2, "nobody", "breach", 0)],
        [rules.Step(3, "lead", "breach", 0)],
        [rules.Step(2, "lead", "breach", -1)],
        [rules.Step(2, "lead", "breach", 0, reasons=frozenset({"ZZZ"}))],
    ],
)
def test_a_bad_matrix_is_refused(steps):
    world = make_world()
    before = list(MatrixStep.objects.values_list("pk", flat=True))
    with pytest.raises(DomainError):
        operations.set_matrix(steps, actor=world.controller, now=NOW)
    assert list(MatrixStep.objects.values_list("pk", flat=True)) == before


@pytest.mark.django_db
def test_an_ended_dispute_goes_nowhere():
    world = make_world()
    dispute = investigated(world)
    operations.withdraw(dispute, reason="They agree", actor=world.clerk, now=NOW)
    operations.watch(now=NOW + 60 * DAY)
    assert facts() == [0, 0, 0]
    with pytest.raises(Refused):
        operations.escalate(dispute, reason="But I want it up", actor=world.clerk, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_raise_each_dispute_once():
    world = make_world()
    for number in range(8):
        raised(world, f"{100 + number}.00")
    late = NOW + 3 * DAY
    gate, faults = threading.Barrier(4), []

    def look():
        try:
            gate.wait()
            for _ in range(3):
                operations.watch(now=late)
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)
        finally:
            connection.close()

    workers = [threading.Thread(target=look) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    operations.watch(now=late)

    assert not faults
    pairs = list(Escalation.objects.values_list("dispute", "level"))
    assert len(pairs) == len(set(pairs))
    assert {pk for pk, level in pairs if level == 2} == set(Dispute.objects.values_list("pk", flat=True))
    assert facts(events.DISPUTE_ESCALATED) == [len(pairs)]
    assert Holding.objects.filter(until_at=None).count() == 8


@pytest.mark.django_db(transaction=True)
def test_a_killed_leader_leaves_nothing_half_done():
    """The work of a chunk is one transaction: what a killed worker began is done whole by the next."""
    world = make_world()
    raised(world)
    late = NOW + DAY
    from disputes.operations import _escalating

    real = _escalating.record_all
    try:
        _escalating.record_all = lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            operations.watch(now=late)
    finally:
        _escalating.record_all = real
    assert facts() == [0, 0, 0]
    assert not Escalation.objects.exists()
    operations.watch(now=late)
    assert facts()[2] == 1
    assert Escalation.objects.count() == 1
