"""T01 in bill runs: the worker is killed again and again; every period is billed once, without a gap."""

import random
import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import close_old_connections
from django.utils import timezone

from contracts import operations, tasks
from contracts.inputs import ContractInput, ItemInput
from contracts.models import BillLine, BillRun, Contract, ContractBill
from contracts.operations._sharing import SHARES
from invoices.models import Invoice, Snapshot
from ledger.models import Entry as Posting
from ledger.queries import faults
from tests.crash.test_killed_worker import kill_one
from tests.factories import make_customer
from tests.world import furnish, make_world
from trail.models import Entry
from work.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def unfinished(run: BillRun) -> bool:
    close_old_connections()
    return Job.objects.filter(pk=run.job_id).exclude(state=Job.State.DONE).exists()


@pytest.mark.soak("T01")
@pytest.mark.timeout(3000)
def test_a_killed_worker_bills_every_contract_once_and_leaves_no_gap(start_worker, size, figures):
    kills, contracts = size(3, 50), size(60, 2000)
    dice = random.Random(20261126)
    world, now = make_world(), timezone.now()
    first = now.date() - timedelta(days=3)
    # As many as a run has shares, so that two workers are in it at the same time.
    customers = [
        world.customer,
        *(furnish(make_customer(entity=world.entity), world.clerk) for _ in range(SHARES - 1)),
    ]
    for number in range(contracts):
        customer = customers[number % len(customers)]
        one = ContractInput(
            world.entity, customer, "Licence", first, (ItemInput("Licence", Decimal(100 + number)),)
        )
        operations.write_contract(one, actor=world.clerk, now=now)
    # The approval of each is not what this is about.
    Contract.objects.update(state=Contract.State.ACTIVE)
    run = operations.plan_run(world.entity, as_of=now.date(), actor=world.clerk, now=now)
    run = operations.approve_run(run, actor=world.director, now=now)
    killed, mid_work = 0, 0
    worker = None
    while killed < kills:
        worker = worker or start_worker(concurrency=size(2, 4), VISIBILITY_TIMEOUT="3600")
        # Handed over twice after every death, also while the first copy may still run: at least once.
        for _ in range(2):
            tasks.do_run.delay(job_id=run.job_id)
        time.sleep(dice.uniform(0, size(4, 8) / 10))
        if dice.random() < 0.5 and killed + 1 < kills:
            killed += kill_one(worker.pid, dice)
        else:
            worker.kill()
            worker = None
            killed += 1
        mid_work += unfinished(run)
    worker = worker or start_worker(concurrency=size(2, 4), VISIBILITY_TIMEOUT="3600")
    tasks.do_run.delay(job_id=run.job_id)
    deadline = time.monotonic() + 600
    while unfinished(run) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert not unfinished(run), worker.output()[-3000:]
    run.refresh_from_db()
    assert (run.state, run.rows.exclude(state="billed").count()) == ("done", 0)
    sequences = sorted(Invoice.objects.exclude(number=None).values_list("sequence", flat=True))
    assert sequences == list(range(1, contracts + 1))
    assert Invoice.objects.count() == contracts
    billed = Counter(ContractBill.objects.values_list("contract_id", "period_start"))
    assert (len(billed), set(billed.values())) == (contracts, {1})
    assert {start for _, start in billed} == {first}
    assert BillLine.objects.count() == contracts
    told = Counter(Entry.objects.filter(fact="invoice.issued").values_list("object_id", flat=True))
    assert (len(told), set(told.values())) == (contracts, {1})
    assert Posting.objects.filter(kind="invoice_issued").count() == contracts
    assert Snapshot.objects.count() == contracts
    assert faults() == []
    figures(
        "T01 in bill runs",
        contracts=contracts,
        kills=killed,
        kills_with_work_left=mid_work,
        duplicates=len(sequences) - len(set(sequences)),
        gaps=contracts - len(set(sequences)),
    )
