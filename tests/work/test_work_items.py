"""Work items: one owner or a queue, once per reason, and every change of hands written down."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from core.errors import DomainError, Invalid, Refused
from team.absences import enter_absence
from tests.book.test_concurrency import together
from tests.factories import make_entity, make_user
from tests.world import NOW
from trail.models import Entry
from work import operations
from work.models import HandOver, WorkItem
from work.operations import finish_work, open_work
from work.rules import NEXT

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 16)


def given(key: str = "k1", **values) -> WorkItem:
    subject = make_entity()
    values = {"kind": "data_fix", "label": "Find a contact", "path": "/", "why": "The mail bounced."} | values
    return open_work(key=key, subject=subject, now=NOW, **values)


def away(person, deputy, first=TODAY, last=TODAY):
    return enter_absence(person, first_on=first, last_on=last, deputy=deputy, actor=person, now=NOW)


def test_the_named_person_owns_the_work():
    person = make_user("collector")

    item = given(owner=person, role="collector")

    assert (item.owner, item.state) == (person, "assigned")
    assert HandOver.objects.get().to_person == person
    assert Entry.objects.get(fact="work.opened").additional_data["owner"] == str(person)


def test_an_absent_persons_deputy_owns_it_for_them():
    person, deputy = make_user("collector"), make_user("collector")
    away(person, deputy)

    item = given(owner=person, role="collector")

    assert (item.owner, item.on_behalf_of) == (deputy, person)
    assert str(person) in item.why_owner


def test_a_deputy_of_a_deputy_is_not_asked():
    person, deputy, third, free = (make_user("collector") for _ in range(4))
    away(person, deputy)
    away(deputy, third)
    for n in range(2):
        given(f"load{n}", owner=third, role="collector")

    item = given(owner=person, role="collector")

    assert (item.owner, item.on_behalf_of) == (free, None)


def test_without_a_named_person_it_goes_to_who_has_least():
    busy, idle = make_user("collector"), make_user("collector")
    given("a", owner=busy)

    assert given("b", role="collector").owner == idle
    assert given("c", owner=idle).owner == idle
    assert given("d", role="collector").owner == busy


def test_inactive_and_absent_people_get_nothing_and_the_queue_is_announced():
    gone, ill = make_user("collector", is_active=False), make_user("collector")
    away(ill, make_user("auditor"))

    item = given(owner=gone, role="collector")

    assert (item.owner, item.state, item.role) == (None, "new", "collector")
    assert Entry.objects.filter(fact="work.unassigned", object_id=item.pk).count() == 1


def test_the_same_reason_makes_one_open_item_and_a_new_one_after_it_is_done():
    make_user("lead")
    first = given("bounce:1")

    assert given("bounce:1") == first
    assert finish_work("bounce:1", outcome="Contact found", actor=None, now=NOW) == 1
    assert finish_work("bounce:1", outcome="Contact found", actor=None, now=NOW) == 0
    assert given("bounce:1") != first


def test_two_declines_lead_to_a_lead_who_was_not_asked_before():
    people = [make_user("collector") for _ in range(3)]
    lead = make_user("lead")
    item = given(role="collector")

    operations.decline(item, reason="Not my language", actor=item.owner, now=NOW)
    item.refresh_from_db()
    assert item.owner == people[1]
    operations.decline(item, reason="On a course", actor=item.owner, now=NOW)
    item.refresh_from_db()

    assert (item.owner, item.role, item.declined) == (lead, "lead", 2)
    assert [h.reason for h in item.hand_overs.all()][1:] == [
        f"Declined by {people[0]}: Not my language",
        f"Declined by {people[1]}: On a course",
    ]


def test_a_stranger_does_nothing_with_the_work_of_others():
    owner, stranger = make_user("collector"), make_user("specialist")
    item = given(owner=owner, role="collector")

    for act in (
        lambda: operations.accept(item, actor=stranger, now=NOW),
        lambda: operations.start(item, actor=stranger, now=NOW),
        lambda: operations.block(item, reason="x", actor=stranger, now=NOW),
        lambda: operations.snooze(item, until=NOW + timedelta(days=1), actor=stranger, now=NOW),
        lambda: operations.finish(item, actor=stranger, now=NOW),
        lambda: operations.return_item(item, reason="x", actor=stranger, now=NOW),
        lambda: operations.hand_over(item, to=stranger, reason="x", actor=stranger, now=NOW),
        lambda: operations.take(item, actor=stranger, now=NOW),
        lambda: operations.decline(item, reason="x", actor=stranger, now=NOW),
    ):
        with pytest.raises(DomainError):
            act()

    item.refresh_from_db()
    assert (item.owner, item.state, item.snoozed_until) == (owner, "assigned", None)
    assert item.hand_overs.count() == 1


def test_the_deputy_works_on_the_absent_persons_items_and_both_names_stand_on_the_trail():
    person, deputy = make_user("collector"), make_user("collector")
    item = given(owner=person)
    away(person, deputy)

    operations.finish(item, outcome="Called", actor=deputy, now=NOW)

    entry = Entry.objects.get(fact="work.finished")
    assert (entry.actor, entry.additional_data["stands_in_for"]) == (deputy, str(person))


def test_handing_over_needs_a_reason_and_can_be_undone_until_the_colleague_begins():
    owner, colleague = make_user("collector"), make_user("collector")
    item = given(owner=owner)

    with pytest.raises(Invalid):
        operations.hand_over(item, to=colleague, reason=" ", actor=owner, now=NOW)
    operations.hand_over(item, to=colleague, reason="Speaks French", actor=owner, now=NOW)
    assert operations.take_back(item, actor=owner, now=NOW).owner == owner
    operations.hand_over(item, to=colleague, reason="Speaks French", actor=owner, now=NOW)
    operations.start(item, actor=colleague, now=NOW)
    with pytest.raises(Refused):
        operations.take_back(item, actor=owner, now=NOW)

    item.refresh_from_db()
    assert (item.owner, item.state) == (colleague, "in_progress")


@pytest.mark.parametrize("state", ["done", "returned"])
def test_nothing_happens_to_finished_work_but_its_reopening_by_who_finished_it(state):
    owner, other = make_user("collector"), make_user("lead")
    item = given(owner=owner)
    if state == "done":
        operations.finish(item, actor=owner, now=NOW)
    else:
        operations.return_item(item, reason="No longer true", actor=owner, now=NOW)

    for act in (operations.accept, operations.start, operations.finish, operations.wake):
        with pytest.raises(Refused):
            act(item, actor=owner, now=NOW)
    with pytest.raises(Refused):
        operations.reopen(item, actor=other, now=NOW)
    with pytest.raises(Refused):
        operations.reopen(item, actor=owner, now=NOW + timedelta(days=2))
    assert operations.reopen(item, actor=owner, now=NOW).state == "assigned"


def test_work_is_not_reopened_beside_its_successor():
    owner = make_user("collector")
    item = given("one", owner=owner)
    operations.finish(item, actor=owner, now=NOW)
    given("one", owner=owner)

    with pytest.raises(Refused, match="opened again"):
        operations.reopen(item, actor=owner, now=NOW)


def test_snoozing_ends_and_has_a_limit():
    owner = make_user("collector")
    item = given(owner=owner)

    for until in (NOW, NOW + timedelta(days=31)):
        with pytest.raises(Invalid):
            operations.snooze(item, until=until, actor=owner, now=NOW)
    operations.snooze(item, until=NOW + timedelta(days=1), actor=owner, now=NOW)
    assert operations.wake(item, actor=owner, now=NOW).snoozed_until is None


def test_every_state_leads_somewhere_and_only_open_states_to_the_end():
    states = set(WorkItem.State.values)
    assert set(NEXT) == states
    assert all(NEXT[state] and NEXT[state] <= states for state in states)
    assert all({"done", "returned"} <= NEXT[state] for state in states - {"done", "returned"})


def test_the_database_keeps_one_owner_or_a_queue():
    item = given(owner=make_user("collector"))

    for change in ({"owner": None}, {"state": "new"}, {"state": "done"}, {"state": "blocked"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            WorkItem.objects.filter(pk=item.pk).update(**change)
    with pytest.raises(InternalError), transaction.atomic():
        HandOver.objects.update(reason="other")


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_open_one_item():
    owner, entity = make_user("collector"), make_entity()

    def act(_: int) -> None:
        open_work(
            kind="data_fix",
            key="once",
            subject=entity,
            label="One",
            path="/",
            why="Once",
            now=NOW,
            owner=owner,
        )

    assert together(8, act) == []
    assert WorkItem.objects.get().hand_overs.count() == 1
    assert Entry.objects.filter(fact="work.opened").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_four_who_take_one_item_one_gets_it():
    people = [make_user("collector", is_active=False) for _ in range(4)]
    item = given(role="collector")
    type(people[0]).objects.update(is_active=True)
    for person in people:
        person.refresh_from_db()

    raised = together(4, lambda n: operations.take(item, actor=people[n], now=NOW))

    assert [type(error).__name__ for error in raised] == ["NotYourWork"] * 3
    assert WorkItem.objects.get().hand_overs.count() == 2
    assert connection.connection is not None
