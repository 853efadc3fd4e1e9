"""T20 for disputes: four worker processes and two clocks, whose leaders are killed amid their work."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from billing_ops import processes
from billing_ops.celery import app
from disputes import events
from disputes.models import Dispute, Escalation, Holding
from ledger.queries import faults
from tests.disputes.scene import raised
from tests.processes import Process, free_port
from tests.world import NOW, make_world
from trail.models import Announcement, Entry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
# A day later: acknowledging was missed, so each goes to level 2 and, within the hour of the test, no further.
LATE = NOW + timedelta(hours=6)


@pytest.fixture
def start(transactional_db: None) -> Iterator[Callable[[str], Process]]:
    """A beat or a worker with one child whose clock shows `LATE`; all end with the test."""
    started: list[Process] = []
    began = time.monotonic()

    def run(kind: str) -> Process:
        argv = processes.beat() if kind == "beat" else processes.worker(1)
        if kind == "worker":
            argv.append(f"--hostname=escalating-{free_port()}@%h")
        instant: datetime = LATE + timedelta(seconds=time.monotonic() - began)
        process = Process(
            [sys.executable, "-m", "tests.clocked", instant.replace(tzinfo=None).isoformat(), *argv],
            {"DISPUTE_SECONDS": "1", "RELAY_SECONDS": "600", "REMINDER_SECONDS": "600"},
            ready=r"\bready\." if kind == "worker" else "",
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()


def until(condition: Callable[[], bool], timeout: float = 150) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if not connection.in_atomic_block:
            close_old_connections()
        assert time.monotonic() < deadline, Counter(Dispute.objects.values_list("level", flat=True))
        time.sleep(0.05)


@contextmanager
def nobody_writes_escalations() -> Iterator[None]:
    """Whoever takes disputes up stands still in the middle of their transaction."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE disputes_escalation IN SHARE MODE")
        yield


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'disputes_escalation'::regclass"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.soak("T20")
@pytest.mark.timeout(900)
def test_each_dispute_goes_up_once_with_four_workers_whose_leaders_are_killed(start, size, figures):
    """T20: the leader dies between claim and commit, and so does the first clock; the others go on."""
    world = make_world()
    count = size(6, 400)
    for number in range(count):
        raised(world, f"{100 + number}.00", external_id=f"one-{number}")
    Announcement.objects.update(handed_over_at=timezone.now())
    kills = 0

    leaders = size(1, 3)
    for _ in range(leaders):
        leader = start("worker")
        with nobody_writes_escalations():
            app.send_task("disputes.tasks.watch")
            until(somebody_waits)
            leader.kill()
            kills += 1
        assert not Escalation.objects.exists()

    clocks = [start("beat"), start("beat")]
    for _ in range(4):
        start("worker")
    for _ in range(20):
        app.send_task("disputes.tasks.watch")
    clocks[0].kill()
    until(lambda: Dispute.objects.filter(level=2).count() == count, size(150, 400))
    time.sleep(3)  # the second clock ticks on, and nobody goes up again

    rows = Counter(Escalation.objects.values_list("dispute", "level"))
    assert set(rows.values()) == {1}
    assert {pk for pk, level in rows if level == 2} == set(Dispute.objects.values_list("pk", flat=True))
    assert len(rows) == count
    assert Entry.objects.filter(fact=events.DISPUTE_ESCALATED).count() == count
    assert Entry.objects.filter(fact=events.DISPUTE_BREACHED).count() == count
    assert Holding.objects.filter(until_at=None).count() == count
    assert faults() == []
    figures("T20", workers=4, killed_leaders=kills + 1, disputes=count, double_escalations=len(rows) - count)
