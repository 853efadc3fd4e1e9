"""T01: the worker is killed again and again while it numbers; every document is issued once, no gap."""

import contextlib
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from django.db import close_old_connections
from django.utils import timezone

from invoices import bulk, operations, tasks
from invoices.models import Invoice, Snapshot
from ledger.models import Entry as Posting
from ledger.queries import faults
from tests.world import World, make_world
from trail.models import Entry
from work.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
JOBS = 4


def approved(world: World, count: int) -> list[int]:
    """Approved documents, each of its own amount."""
    now = timezone.now()
    drafts = [
        operations.write_draft(world.draft(f"{100 + number}.00"), actor=world.clerk, now=now)
        for number in range(count)
    ]
    return [world.approve(draft, now=now).pk for draft in drafts]


def ask(world: World, ids: list[int]) -> list[Job]:
    """The documents in jobs of one bill run, asked for as the page does."""
    now = timezone.now()
    plans = [bulk.plan("issue", Invoice.objects.filter(pk__in=ids[n::JOBS]), now=now) for n in range(JOBS)]
    return [bulk.ask(plan, actor=world.clerk, now=now) for plan in plans]


def unfinished() -> list[int]:
    close_old_connections()
    return list(Job.objects.exclude(state=Job.State.DONE).order_by("pk").values_list("pk", flat=True))


def kill_one(parent: int, dice: random.Random) -> bool:
    """kill -9 one child of the worker, whichever; its task comes back to the queue."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(dice.choice(children)), signal.SIGKILL)
        return True
    return False


@pytest.mark.soak("T01")
@pytest.mark.timeout(3000)
def test_a_killed_worker_bills_nobody_twice_and_leaves_no_gap(start_worker, size, figures):
    kills, documents = size(3, 50), size(60, 2000)
    dice = random.Random(20261122)
    world = make_world()
    ids = approved(world, documents)
    jobs = ask(world, ids)
    began = time.monotonic()
    killed, mid_work = 0, 0
    worker = None
    while killed < kills:
        worker = worker or start_worker(concurrency=size(2, 4), VISIBILITY_TIMEOUT="3600")
        # Handed over again after every death, also while the first copy may still run: at least once.
        for pk in unfinished():
            tasks.run_bulk_job.delay(job_id=pk)
        time.sleep(dice.uniform(0, size(4, 8) / 10))
        if dice.random() < 0.5 and killed + 1 < kills:
            killed += kill_one(worker.pid, dice)
        else:
            worker.kill()
            worker = None
            killed += 1
        mid_work += bool(unfinished())
    worker = worker or start_worker(concurrency=size(2, 4), VISIBILITY_TIMEOUT="3600")
    for pk in unfinished():
        tasks.run_bulk_job.delay(job_id=pk)
    deadline = time.monotonic() + 600
    while unfinished() and time.monotonic() < deadline:
        time.sleep(0.1)
    seconds = time.monotonic() - began

    assert not unfinished(), worker.output()[-3000:]
    assert {(job.done, job.failed) for job in Job.objects.filter(pk__in=[j.pk for j in jobs])} == {
        (documents // JOBS, 0)
    }
    sequences = sorted(Invoice.objects.exclude(number=None).values_list("sequence", flat=True))
    assert sequences == list(range(1, documents + 1))
    assert Invoice.objects.filter(pk__in=ids, document_status="issued").count() == documents
    told = Counter(Entry.objects.filter(fact="invoice.issued").values_list("object_id", flat=True))
    assert (set(told), set(told.values())) == (set(ids), {1})
    assert Posting.objects.filter(kind="invoice_issued").count() == documents
    assert Snapshot.objects.count() == documents
    assert faults() == []
    figures(
        "T01",
        documents=documents,
        kills=killed,
        kills_with_work_left=mid_work,
        duplicates=len(sequences) - len(set(sequences)),
        gaps=documents - len(set(sequences)),
        seconds=round(seconds, 1),
    )
