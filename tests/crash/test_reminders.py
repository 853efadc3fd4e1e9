"""T04 to T07, T18, T20: reminders by a real clock, real workers and a real mail server that fail on purpose.

The processes' clock shows a working day in winter, so that the day of the test run does not matter.
"""

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import close_old_connections
from django.utils import timezone

from billing_ops import embedded, processes
from billing_ops.celery import app
from correspondence.models import Delivery, Message
from reminders.models import Decision, Digest, Reminder, Round
from tests.factories import make_customer
from tests.processes import Process, free_port
from tests.reminders.scenes import make_scene
from tests.world import NOW, World, furnish
from trail.models import Announcement

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
MORNING = datetime(2026, 12, 16, 9, tzinfo=UTC)  # invoices of 16 November are due today
Start = Callable[..., Process]


@pytest.fixture
def start(transactional_db: None, mail_sink: Any) -> Iterator[Start]:
    """`start("beat", MORNING)`: a beat or worker whose clock began then; all end with the test."""
    started: list[Process] = []
    clocks: dict[datetime, float] = {}

    def run(kind: str, at: datetime, **environment: str) -> Process:
        argv = processes.beat() if kind == "beat" else processes.worker(int(environment.pop("children", "1")))
        if kind == "worker":
            argv.append(f"--hostname=clocked-{free_port()}@%h")
        # Processes of one clock agree, however long each of them takes to start.
        began = clocks.setdefault(at, time.monotonic())
        instant = (at + timedelta(seconds=time.monotonic() - began)).replace(tzinfo=None).isoformat()
        settings = {"EMAIL_URL": mail_sink.url, "REMINDER_SECONDS": "1", "RELAY_SECONDS": "1"} | environment
        process = Process(
            [sys.executable, "-m", "tests.clocked", instant, *argv],
            settings,
            ready=r"\bready\." if kind == "worker" else "",
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()


def owing(count: int, *, paid: int = 0, now: datetime = NOW) -> World:
    """So many customers who owe one invoice each, of whom some paid on the morning of the day it is due."""
    world = make_scene()
    for number in range(count + paid):
        name = f"{world.customer.name} {number}"
        customer = furnish(make_customer(entity=world.entity, actor=world.lead, name=name), world.lead)
        invoice = world.issued(f"{100 + number}", customer=customer, now=now, overrides=_ANY)
        if number >= count:
            theirs = replace(world, customer=customer)
            theirs.pay(invoice, str(invoice.payable), now=MORNING - timedelta(hours=1))
    # What issuing announced is another test's.
    Announcement.objects.update(handed_over_at=timezone.now())
    return world


_ANY = {"similar-customer": "Another company, checked", "unusual-amount": "Agreed"}


def until(condition: Callable[[], bool], timeout: float = 150) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        close_old_connections()
        said = list(Reminder.objects.values("state", "rule")), list(Delivery.objects.values("state", "error"))
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


def sent() -> int:
    return Reminder.objects.filter(state="sent").count()


def assert_each_once(sink: Any, count: int) -> None:
    """One mail for each reminder, none for anybody who paid."""
    to = Counter(recipients[0] for recipients in sink.recipients)
    wanted = set(Delivery.objects.values_list("email", flat=True))
    assert set(to) == wanted
    assert set(to.values()) == {1}, to
    assert len(to) == count == Digest.objects.count() == Message.objects.count()
    assert Reminder.objects.filter(state="sent").count() == count == Reminder.objects.count()


@pytest.mark.soak("T04")
@pytest.mark.timeout(900)
def test_two_beats_and_workers_that_pick_the_same_reminder_send_it_once(start, mail_sink, size, figures):
    """T04: everything is queued many times over, and the mail server lets all wait for each other first."""
    customers = size(4, 100)
    world = owing(customers, paid=size(2, 20))
    for _ in range(2):
        start("beat", MORNING)
    for _ in range(2):
        start("worker", MORNING, children=str(2))
    every = list(world.entity.customers.values_list("pk", flat=True))
    for _ in range(8):
        app.send_task("reminders.tasks.decide_round", kwargs={"entity_id": world.entity.pk})
        app.send_task("reminders.tasks.send", kwargs={"entity_id": world.entity.pk, "customers": every})
    until(lambda: sent() == customers, size(150, 300))
    for pk in Delivery.objects.values_list("pk", flat=True):
        app.send_task("correspondence.tasks.deliver", kwargs={"delivery_id": pk})
    time.sleep(1.5)

    assert_each_once(mail_sink, customers)
    figures("T04", reminders=customers, mails_per_reminder=f"{len(mail_sink.messages) / customers:.3f}")


@pytest.mark.soak("T05")
@pytest.mark.timeout(900)
def test_a_worker_killed_between_hand_over_and_commit_repeats_the_same_mail(start, mail_sink, size, figures):
    """T05: kill -9 while the mail server says yes. At most one repeat, with the same Message-ID."""
    rounds = size(1, 10)
    owing(rounds)
    has_it, may_answer = threading.Event(), threading.Event()

    def hold(message: object) -> None:
        has_it.set()
        may_answer.wait(60)

    clock = MORNING
    for _ in range(rounds):
        has_it.clear()
        may_answer.clear()
        mail_sink.before_answer = hold
        victim, beat = start("worker", clock), start("beat", clock)
        assert has_it.wait(150), victim.output()[-2000:]
        victim.kill()
        beat.kill()
        mail_sink.before_answer = None
        may_answer.set()
        assert Delivery.objects.filter(state="sending").count() >= 1
        cache.clear()
        clock += timedelta(minutes=12)  # the claim is stale now
    cache.clear()
    start("worker", clock)
    start("beat", clock)
    until(lambda: sent() == rounds)

    seen = Counter(message["Message-ID"] for message in mail_sink.messages)
    assert set(seen) == set(Delivery.objects.values_list("mail_id", flat=True))
    assert max(seen.values()) >= 2
    assert Message.objects.count() == rounds
    figures("T05", kills=rounds, duplicates_with_new_message_id=len(seen) - rounds)


@pytest.mark.soak("T06")
@pytest.mark.timeout(600)
def test_a_hand_over_longer_than_the_visibility_timeout_happens_once(start, mail_sink, size, figures):
    """T06: the queue gives the job out again while it runs; the second copy finds it claimed and ends."""
    owing(1)
    began, seconds = threading.Event(), size(3, 12)  # less than our mail program waits

    def slow(message: object) -> None:
        began.set()
        time.sleep(seconds)

    mail_sink.before_answer = slow
    worker = start("worker", MORNING, children="2", VISIBILITY_TIMEOUT="3")
    start("beat", MORNING)
    assert began.wait(150), worker.output()[-2000:]
    for _ in range(size(3, 0)):  # in the stated size the queue itself gives it out again
        app.send_task("correspondence.tasks.deliver", kwargs={"delivery_id": Delivery.objects.get().pk})
    until(lambda: sent() == 1)
    time.sleep(1)

    assert_each_once(mail_sink, 1)
    assert Delivery.objects.get().attempts == 1
    figures("T06", effects=len(mail_sink.messages))


@pytest.mark.soak("T07")
@pytest.mark.timeout(900)
def test_a_queue_that_restarts_empty_loses_no_reminder(start, mail_sink, size, figures):
    """T07: Valkey is stopped and comes back empty; the rows in the database are queued again."""
    customers, restarts = size(4, 60), size(2, 10)
    owing(customers, paid=1)
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="valkey-") as folder:
        Path(folder).chmod(0o711)
        queue = embedded.Valkey(Path(folder), durable=False)
        queue.start()
        try:
            for kind in ("worker", "beat"):
                start(kind, MORNING, REDIS_URL=queue.url(), REDIS_DB="0")
            for _ in range(restarts):
                time.sleep(size(10, 20) / 10)
                queue.stop()
                queue.start()
            began = time.monotonic()
            until(lambda: sent() == customers, size(150, 300))
            recovery = time.monotonic() - began
        finally:
            queue.stop()

    assert_each_once(mail_sink, customers)
    figures("T07", restarts=restarts, lost=customers - sent(), recovery_s=round(recovery, 1))


@pytest.mark.soak("T18")
@pytest.mark.timeout(900)
def test_each_day_of_a_company_has_one_round_whatever_the_clock_does(start, mail_sink, size, figures):
    """T18: across the night of 23 or 25 hours, two hours back, and a day ahead."""
    nights = [date(2026, 3, 29), date(2026, 10, 25)]
    runs = []
    for sunday in nights[: size(1, 2)]:
        midnight = datetime(
            sunday.year, sunday.month, sunday.day, 22 if sunday.month == 3 else 23, tzinfo=UTC
        )
        issued = midnight - timedelta(days=29, hours=-12)  # net 30: due on the Tuesday
        world = owing(1, now=issued)
        tuesday = midnight + timedelta(hours=34)
        clocks = [
            (midnight - timedelta(seconds=4), sunday + timedelta(days=1)),
            (midnight - timedelta(hours=2), sunday),
            (tuesday, sunday + timedelta(days=2)),
        ]
        for clock, day in clocks:
            pair = [start("worker", clock), start("beat", clock)]
            until(lambda day=day, world=world: _is_decided(world, day))
            if clock == tuesday:
                until(lambda world=world: Reminder.objects.filter(entity=world.entity, state="sent").exists())
            time.sleep(1.2)
            for process in pair:
                process.kill()
            cache.clear()
        rounds = Counter(Round.objects.filter(entity=world.entity).values_list("on", flat=True))
        assert set(rounds.values()) == {1}
        assert set(rounds) == {sunday + timedelta(days=n) for n in range(3)}
        # The Sunday that came after its Monday decided nothing: what was decided for later covers it.
        found = Round.objects.filter(entity=world.entity, on__gt=sunday)
        runs += [sum(row.counts.values()) for row in found]
        assert Decision.objects.filter(entity=world.entity).count() <= 3
        # The company of the spring still owes in autumn, and is reminded as well: count this one's mails.
        theirs = Delivery.objects.filter(message__entity=world.entity).values_list("email", flat=True)
        assert [to for to in mail_sink.recipients if to[0] in set(theirs)] == [[theirs[0]]]
    assert set(runs) == {1}
    figures("T18", nights=size(1, 2), runs_per_day=max(runs))


def _is_decided(world: World, day: date) -> bool:
    return Round.objects.filter(entity=world.entity, on=day, ended_at__isnull=False).exists()


@pytest.mark.soak("T20")
@pytest.mark.timeout(600)
def test_two_clocks_of_which_one_dies_have_one_effect(start, mail_sink, size, figures):
    """T20: both tick at once; the first is killed, the other goes on."""
    customers = size(3, 60)
    owing(customers)
    first, _ = start("beat", MORNING), start("beat", MORNING)
    start("worker", MORNING, children="2")
    until(Round.objects.exists)
    first.kill()
    until(lambda: sent() == customers, size(150, 300))
    time.sleep(1.5)

    assert_each_once(mail_sink, customers)
    assert Decision.objects.count() == customers
    [row] = Round.objects.all()
    assert sum(row.counts.values()) == customers
    figures("T20", beats=2, double_schedules=Decision.objects.count() - customers)
