"""Owners, merging, closing and reopening."""

from datetime import timedelta

import pytest

from conversations import events, operations, queries
from conversations.models import Recap
from core.errors import DomainError
from tests.conversations.test_receiving import ask
from tests.factories import make_customer, make_user
from tests.world import NOW, furnish, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def world():
    return make_world()


def close(thread, world, now=NOW):
    recap = {"said": "It is too high", "understood": "The meter was misread", "agreed": "A credit note"}
    return operations.close_thread(thread, **recap, actor=world.clerk, now=now, send=False)


def test_a_thread_goes_to_one_who_may_answer(world):
    thread = ask(world).thread

    operations.assign_thread(thread, owner=world.lead, actor=world.clerk, now=NOW)

    assert list(queries.inbox(world.lead, tab="mine", now=NOW)) == [thread]
    with pytest.raises(operations.CannotOwn):
        operations.assign_thread(thread, owner=make_user("auditor"), actor=world.clerk, now=NOW)
    thread.refresh_from_db()
    assert thread.owner == world.lead


def test_merging_keeps_both_threads_and_their_posts(world):
    first, second = ask(world, body="one").thread, ask(world, body="two", now=NOW + DAY).thread

    operations.merge_threads(second, into=first, actor=world.clerk, now=NOW + DAY)

    second.refresh_from_db()
    assert (second.state, second.merged_into) == ("closed", first)
    assert [post.body for post in queries.posts_of(first)] == ["one", "two"]
    assert [post.body for post in second.posts.all()] == ["two"]


def test_what_comes_to_a_merged_thread_lands_on_the_living_one(world):
    first, second, third = (ask(world, body=str(n)).thread for n in range(3))
    operations.merge_threads(second, into=first, actor=world.clerk, now=NOW)
    operations.merge_threads(first, into=third, actor=world.clerk, now=NOW)

    assert ask(world, subject=second.reference).thread == third
    assert ask(world, subject=first.reference).thread == third
    assert queries.posts_of(third).count() == 5


def test_merging_wins_no_time(world):
    old, new = ask(world).thread, ask(world, now=NOW + DAY).thread
    due = old.answer_due_at

    operations.merge_threads(old, into=new, actor=world.clerk, now=NOW + DAY)

    new.refresh_from_db()
    assert new.answer_due_at == due


def test_threads_of_two_customers_are_never_merged(world):
    first = ask(world).thread
    other = furnish(make_customer(entity=world.entity), world.lead)
    second = ask(world, customer=other, contact=other.contacts.get()).thread

    with pytest.raises(operations.NotMergeable):
        operations.merge_threads(second, into=first, actor=world.clerk, now=NOW)
    second.refresh_from_db()
    assert (second.state, second.merged_into) == ("open", None)


@pytest.mark.parametrize("missing", ["said", "understood", "agreed"])
def test_closing_needs_a_whole_recap(world, missing):
    thread = ask(world).thread
    recap = {"said": "a", "understood": "b", "agreed": "c"} | {missing: " "}

    with pytest.raises(operations.NothingWritten) as refusal:
        operations.close_thread(thread, **recap, actor=world.clerk, now=NOW, send=False)

    assert refusal.value.field == missing
    thread.refresh_from_db()
    assert thread.state == "open"
    assert not Recap.objects.exists()


def test_the_customer_gets_all_three_parts_and_the_way_to_their_page(world):
    thread = ask(world).thread
    recap = {"said": "It is too high", "understood": "The meter was misread", "agreed": "A credit note"}
    message = operations.close_thread(thread, **recap, actor=world.clerk, now=NOW).message
    assert (message.situation, message.link.purpose) == ("inquiry_closed", "overview")
    assert thread.reference in message.subject
    at = [message.text.index(words) for words in recap.values()]
    assert at == sorted(at)


def test_not_solved_brings_it_back_to_the_same_owner_once(world):
    thread = ask(world).thread
    operations.assign_thread(thread, owner=world.lead, actor=world.clerk, now=NOW)
    close(thread, world)

    operations.reopen_thread(thread, now=NOW + 30 * DAY)

    thread.refresh_from_db()
    assert (thread.state, thread.owner) == ("open", world.lead)
    assert thread.answer_due_at > NOW + 30 * DAY
    close(thread, world, NOW + 31 * DAY)
    with pytest.raises(DomainError, match="reopened before"):
        operations.reopen_thread(thread, now=NOW + 32 * DAY)
    assert Entry.objects.filter(fact=events.INQUIRY_REOPENED).count() == 1
    operations.reopen_thread(thread, actor=world.lead, now=NOW + 32 * DAY)


def test_not_solved_after_30_days_is_refused(world):
    thread = ask(world).thread
    close(thread, world)

    with pytest.raises(DomainError, match="30 days"):
        operations.reopen_thread(thread, now=NOW + 30 * DAY + timedelta(seconds=1))
    thread.refresh_from_db()
    assert thread.state == "closed"
