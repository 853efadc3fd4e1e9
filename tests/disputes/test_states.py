"""The table of states: every step it has works, every other is refused and changes nothing."""

from datetime import timedelta

import pytest

from core.errors import DomainError, Refused
from disputes import operations, rules
from disputes.models import Dispute, Holding
from disputes.rules import NEXT
from team.absences import enter_absence
from tests.disputes.scene import ANSWER, investigated, proposed, raised
from tests.factories import make_user
from tests.world import NOW, make_world
from trail.models import Entry

LATER = NOW + timedelta(hours=2)


def test_every_state_of_the_model_is_in_the_table_and_ends_can_be_reached():
    assert set(NEXT) == set(Dispute.State.values)
    assert set().union(*NEXT.values()) <= set(NEXT)
    seen, todo = set(), ["raised"]
    while todo:
        state = todo.pop()
        if state not in seen:
            seen.add(state)
            todo += NEXT[state]
    assert seen == set(NEXT)


def lead_to(state, world):
    dispute = raised(world)
    if state == "raised":
        return dispute
    dispute = operations.acknowledge(dispute, actor=world.clerk, now=NOW)
    if state == "acknowledged":
        return dispute
    if state == "waiting_customer":
        return operations.ask_customer(dispute, body="Can you send the slip?", actor=world.clerk, now=NOW)
    dispute = operations.investigate(dispute, actor=world.clerk, now=NOW)
    if state == "investigating":
        return dispute
    if state == "withdrawn":
        return operations.withdraw(dispute, reason="They agree now", actor=world.clerk, now=NOW)
    operations.propose(
        dispute, outcome="credit_note", root_cause="billing", answer=ANSWER, actor=world.clerk, now=NOW
    )
    dispute.refresh_from_db()
    return dispute if state == "proposed" else operations.accept(dispute, actor=world.director, now=NOW)


ACTS = {
    "acknowledge": (lambda d, w: operations.acknowledge(d, actor=w.clerk, now=LATER), {"raised"}),
    "investigate": (lambda d, w: operations.investigate(d, actor=w.clerk, now=LATER), {"acknowledged"}),
    "ask": (
        lambda d, w: operations.ask_customer(d, body="Which one?", actor=w.clerk, now=LATER),
        {"acknowledged", "investigating"},
    ),
    "resume": (lambda d, w: operations.resume(d, actor=w.clerk, now=LATER), {"waiting_customer"}),
    "propose": (
        lambda d, w: operations.propose(
            d, outcome="credit_note", root_cause="billing", answer=ANSWER, actor=w.clerk, now=LATER
        ),
        {"investigating"},
    ),
    "accept": (lambda d, w: operations.accept(d, actor=w.director, now=LATER), {"proposed"}),
    "decline": (
        lambda d, w: operations.decline(d, reason="Not proven", actor=w.director, now=LATER),
        {"proposed"},
    ),
    "withdraw": (
        lambda d, w: operations.withdraw(d, reason="They agree", actor=w.clerk, now=LATER),
        {"raised", "acknowledged", "investigating", "waiting_customer"},
    ),
    "reopen": (
        lambda d, w: operations.reopen(d, reason="Not solved", actor=w.clerk, now=LATER),
        {"resolved", "withdrawn"},
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("state", sorted(NEXT))
def test_acts_by_state(state):
    world = make_world()
    dispute = lead_to(state, world)
    assert dispute.state == state
    for name, (act, possible) in ACTS.items():
        if state in possible:
            continue
        facts = Entry.objects.count()
        with pytest.raises(DomainError):
            act(dispute, world)
        dispute.refresh_from_db()
        assert (dispute.state, Entry.objects.count()) == (state, facts), name
    possible = [act for act, states in ACTS.values() if state in states]
    assert possible
    possible[0](dispute, world)
    dispute.refresh_from_db()
    assert dispute.state in NEXT[state]


@pytest.mark.django_db
def test_handing_over_keeps_the_clocks_and_writes_who_held_it_how_long():
    world = make_world()
    dispute = investigated(world)
    due = dispute.clocks.get(kind="resolve").due_at

    operations.assign(dispute, to=world.lead, reason="Knows the contract", actor=world.clerk, now=LATER)

    dispute.refresh_from_db()
    assert dispute.owner == world.lead
    assert dispute.clocks.get(kind="resolve").due_at == due
    rows = list(Holding.objects.filter(dispute=dispute))
    assert rows[0].until_at == rows[1].from_at == LATER
    assert rows[1].accountable == world.lead
    assert rows[1].until_at is None


@pytest.mark.django_db
def test_it_is_given_to_somebody_who_works_on_disputes_and_is_there():
    world = make_world()
    dispute = raised(world)
    with pytest.raises(DomainError, match="does not work on disputes"):
        operations.assign(dispute, to=make_user("auditor"), reason="Please", actor=world.lead, now=NOW)
    enter_absence(
        world.lead,
        first_on=NOW.date(),
        last_on=NOW.date() + timedelta(days=3),
        deputy=world.clerk,
        actor=world.lead,
        now=NOW,
    )
    with pytest.raises(Refused, match="away"):
        operations.assign(dispute, to=world.lead, reason="Please", actor=world.clerk, now=NOW)


@pytest.mark.django_db
def test_the_customer_reopens_once_within_thirty_days_with_the_same_owner():
    world = make_world()
    dispute = proposed(world)
    owner = dispute.owner
    dispute = operations.accept(dispute, actor=world.director, now=NOW)
    late = NOW + rules.REOPEN_WITHIN + timedelta(minutes=1)
    with pytest.raises(Refused, match="30 days"):
        operations.reopen(dispute, reason="Not solved", actor=None, now=late)

    dispute = operations.reopen(dispute, reason="Not solved", actor=None, now=LATER)
    assert (dispute.state, dispute.owner, dispute.round) == ("investigating", owner, 2)
    assert {clock.kind for clock in dispute.clocks.filter(round=2)} == {"answer", "resolve"}

    operations.withdraw(dispute, reason="They agree", actor=world.clerk, now=LATER)
    with pytest.raises(Refused, match="before"):
        operations.reopen(dispute, reason="Not solved", actor=None, now=LATER)


@pytest.mark.django_db
def test_one_day_of_waiting_moves_the_deadline_by_one_day():
    """Raised on a Friday at 16:00 local, 16 h in 9 to 17: due on Tuesday 16:00; a day paused: Wednesday."""
    world = make_world()
    friday = NOW.replace(day=13, hour=15, minute=0)
    dispute = operations.acknowledge(raised(world, "12000.00", now=friday), actor=world.clerk, now=friday)
    clock = dispute.clocks.get(kind="resolve")
    assert clock.due_at == friday + timedelta(days=4)

    monday = friday.replace(day=16, hour=10)
    operations.ask_customer(dispute, body="Which day?", actor=world.clerk, now=monday)
    clock.refresh_from_db()
    assert clock.due_at is None
    operations.resume(dispute, actor=None, now=monday + timedelta(days=1))
    clock.refresh_from_db()
    assert clock.due_at == friday + timedelta(days=5)
