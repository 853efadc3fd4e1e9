"""The bell rings once: at 75 % for the owner, at 100 % for the lead, whoever looks and however often."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from conversations import events, operations
from conversations.models import Escalation
from tests.conversations.test_receiving import ask
from tests.world import NOW, make_world
from trail.models import Entry

MINUTE = timedelta(minutes=1)


def facts():
    return [
        Entry.objects.filter(fact=fact).count() for fact in (events.INQUIRY_WARNED, events.INQUIRY_ESCALATED)
    ]


@pytest.mark.django_db
def test_warned_at_three_quarters_and_escalated_at_the_end():
    thread = ask(make_world()).thread

    seen = []
    for moment in (
        thread.warn_at - MINUTE,
        thread.warn_at,
        thread.answer_due_at - MINUTE,
        thread.answer_due_at,
        thread.answer_due_at + timedelta(days=9),
    ):
        operations.watch_clocks(now=moment)
        seen.append(facts())

    assert seen == [[0, 0], [1, 0], [1, 0], [1, 1], [1, 1]]


@pytest.mark.django_db
def test_a_system_that_was_down_escalates_without_warning_first():
    thread = ask(make_world()).thread

    assert operations.watch_clocks(now=thread.answer_due_at + MINUTE) == 1
    assert facts() == [0, 1]


@pytest.mark.django_db
def test_what_is_not_open_rings_no_bell_and_a_new_wait_rings_its_own():
    world = make_world()
    thread = ask(world).thread
    operations.watch_clocks(now=thread.answer_due_at)
    operations.write_to_customer(
        thread, body="We called", channel="phone", contact=None, actor=world.clerk, now=thread.answer_due_at
    )
    assert operations.watch_clocks(now=thread.answer_due_at + timedelta(days=30)) == 0

    ask(world, subject=thread.reference, now=NOW + timedelta(days=40))
    thread.refresh_from_db()
    operations.watch_clocks(now=thread.answer_due_at)

    assert facts() == [0, 2]
    assert sorted(Escalation.objects.values_list("round", flat=True)) == [1, 2]


@pytest.mark.django_db
def test_a_merged_wait_is_not_escalated_again():
    world = make_world()
    old = ask(world).thread
    new = ask(world, now=NOW + timedelta(hours=1)).thread
    operations.watch_clocks(now=old.answer_due_at)

    operations.merge_threads(old, into=new, actor=world.clerk, now=old.answer_due_at)
    operations.watch_clocks(now=new.answer_due_at + timedelta(days=1))

    assert facts()[1] == 1


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_escalate_each_thread_once():
    world = make_world()
    threads = [ask(world, body=str(n)).thread for n in range(6)]
    late = threads[0].answer_due_at + MINUTE
    gate = threading.Barrier(4)
    rung, faults = [], []

    def look():
        try:
            gate.wait()
            for _ in range(3):
                rung.append(operations.watch_clocks(now=late))
        except Exception as fault:  # noqa: BLE001
            faults.append(fault)
        finally:
            connection.close()

    workers = [threading.Thread(target=look) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    operations.watch_clocks(now=late)
    assert not faults
    assert Escalation.objects.count() == len(threads)
    assert facts() == [0, len(threads)]
