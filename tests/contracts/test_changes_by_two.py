"""Changes of active contracts by two persons, recurring invoices, and plans that a worker makes."""

from datetime import date
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, transaction

from contracts import operations
from contracts.inputs import ItemInput
from contracts.models import BillRun, Contract, ContractBill, ContractChange
from contracts.operations import _planning
from contracts.operations._sharing import SHARES, shares
from core.errors import DomainError, Refused
from invoices.inputs import ChargeInput
from invoices.models import Invoice
from tests.book.test_concurrency import together
from tests.contracts.scene import JANUARY, active, at, done, lines_of, planned
from tests.factories import make_customer
from tests.world import furnish, make_world
from work.models import Job
from work.operations import hash_of

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def world(db):
    return make_world()


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(JANUARY, tick=False) as traveller:
        yield traveller


def test_what_changes_the_bill_waits_for_a_second_person(world):
    contract = active(world)
    item = contract.items.get()
    better = ItemInput("Licence Plus", D(60), code="plus")

    change = operations.ask_plan_change(item, better, on=date(2026, 1, 16), actor=world.clerk, now=JANUARY)

    assert (change.state, contract.items.count()) == ("waiting", 1)
    assert operations.yearly_value(contract) == 360
    for act, rule in (
        (lambda: operations.approve_change(change, actor=world.clerk, now=JANUARY), None),
        (
            lambda: operations.ask_change(
                contract, "end", {"ends_on": date(2026, 3, 31), "reason": "Moved"},
                actor=world.clerk, now=JANUARY,
            ),
            "one_change_of_a_contract_waits",
        ),
    ):  # fmt: skip
        with pytest.raises(DomainError) as refusal:
            act()
        assert rule is None or refusal.value.rule == rule
        assert (contract.items.count(), ContractChange.objects.count()) == (1, 1)
    with pytest.raises(IntegrityError, match="one_change_of_a_contract_waits"), transaction.atomic():
        ContractChange.objects.create(contract=contract, kind="end", summary="x", asked_at=JANUARY)

    operations.approve_change(change, actor=world.controller, now=JANUARY)

    assert operations.yearly_value(contract) == 720
    done(world, now=JANUARY)
    assert sum(net for _, net in lines_of(Invoice.objects.get())) == D("45.49")
    with pytest.raises(Refused) as refusal:
        operations.approve_change(change, actor=world.controller, now=JANUARY)
    assert refusal.value.rule == "a_change_is_decided_once"


def test_a_rejected_change_leaves_the_contract_and_other_words_hold_at_once(world):
    contract = active(world)
    ended = {"ends_on": date(2026, 3, 31), "reason": "Moved"}
    change = operations.ask_change(contract, "end", ended, actor=world.clerk, now=JANUARY)
    change = operations.reject_change(change, actor=world.controller, now=JANUARY, reason="Not agreed")
    contract.refresh_from_db()
    assert (change.state, contract.ends_on) == ("rejected", None)
    # What cannot be done is refused at once, and leaves no question behind.
    with pytest.raises(DomainError) as refusal:
        operations.ask_change(
            contract, "suspend", {"starts_on": date(2025, 1, 1), "ends_on": None, "reason": "Too early"},
            actor=world.clerk, now=JANUARY,
        )  # fmt: skip
    assert refusal.value.rule == "a_change_lies_within_the_contract"
    assert ContractChange.objects.count() == 1
    renamed = operations.ask_plan_change(
        contract.items.get(), ItemInput("Licence, renamed", D(30)), on=date(2026, 2, 1),
        actor=world.clerk, now=JANUARY,
    )  # fmt: skip
    assert (renamed.state, contract.items.count()) == ("applied", 2)
    pause = {"starts_on": date(2026, 3, 1), "ends_on": None, "reason": "Rebuilding"}
    for kind, given in (("suspend", pause), ("resume", {"last_day": date(2026, 3, 10)}), ("end", ended)):
        asked = operations.ask_change(contract, kind, given, actor=world.clerk, now=JANUARY)
        assert operations.approve_change(asked, actor=world.controller, now=JANUARY).state == "applied"
    contract.refresh_from_db()
    assert (contract.suspensions.get().ends_on, contract.ends_on) == (date(2026, 3, 10), date(2026, 3, 31))


def test_an_invoice_comes_again_once_a_period_and_a_missed_one_later_with_the_reason(world, clock):
    first = world.issued(
        "100.00",
        "20.00",
        now=JANUARY,
        discount_pct=D(10),
        discount_reason="Volume",
        charges=(ChargeInput("Freight", D(9)),),
    )
    contract = operations.repeat_invoice(
        first, starts_on=date(2026, 1, 31), every_months=1, actor=world.clerk, now=JANUARY
    )
    assert (contract.repeats, contract.state) == (first, "draft")
    contract = operations.submit_contract(contract, actor=world.clerk, now=JANUARY)
    operations.approve_contract(contract, actor=world.controller, now=JANUARY)
    clock.move_to(at(3, 31))

    [run] = operations.plan_by_clock(now=at(3, 31))
    run = operations.approve_run(run, actor=world.controller, now=at(3, 31))
    operations.do_run(run.job_id)

    assert [row.fault for row in run.rows.all()] == [{}] * 3
    bills = list(ContractBill.objects.values_list("period_start", "net", "is_late"))
    assert bills == [
        (date(2026, 1, 31), D(117), True),
        (date(2026, 2, 28), D(117), True),
        (date(2026, 3, 31), D(117), False),
    ]
    assert Invoice.objects.get(pk=ContractBill.objects.first().invoice_id).notes
    assert operations.plan_by_clock(now=at(3, 31)) == []
    note = Invoice(document_type="proforma", entity=world.entity, customer=world.customer)
    with pytest.raises(Refused) as refusal:
        operations.repeat_invoice(
            note, starts_on=date(2026, 1, 31), every_months=1, actor=world.clerk, now=JANUARY
        )
    assert refusal.value.rule == "an_invoice_is_repeated"


def test_a_worker_plans_what_the_page_would_and_goes_on_after_another(world, monkeypatch):
    monkeypatch.setattr(_planning, "_CHUNK", 1)
    for number in range(3):
        other = make_customer(
            name=f"Customer {number}", entity=world.entity, actor=world.lead, country=world.entity.country
        )
        active(world, customer=furnish(other, world.lead))
    run = operations.ask_plan(world.entity, as_of=JANUARY.date(), actor=world.clerk, now=JANUARY)
    assert (run.state, run.job.total, run.rows.count()) == ("planning", 3, 0)
    assert operations.plan_by_clock(now=JANUARY) == []
    # The first worker dies after its first chunk.
    job = _planning.jobs.begin(Job.objects.get(pk=run.job_id), now=JANUARY)
    for share in shares(SHARES):
        if run.rows.count() == 0:
            _planning._plan_step(job, share, JANUARY)
    assert run.rows.count() == 1

    job = operations.do_plan(run.job_id)
    assert (job.state, job.done) == ("done", 3)
    run.refresh_from_db()
    assert (run.state, run.rows.count(), run.job) == ("planned", 3, None)
    rows = [[one.parts, one.currency, f"{one.net:.2f}"] for one in run.rows.order_by("id")]
    approved = {"entity": run.entity_id, "as_of": run.as_of.isoformat(), "rows": rows}
    assert run.plan_hash == hash_of(approved)
    # The copy that was handed over twice finds nothing to do.
    operations.do_plan(job.pk)
    assert (BillRun.objects.count(), run.rows.count()) == (1, 3)
    with pytest.raises(Refused):
        operations.retry_run(run, actor=world.clerk, now=JANUARY)
    operations.discard_run(run, actor=world.clerk, now=JANUARY)
    by_page = planned(world, now=JANUARY)
    assert by_page.totals == run.totals
    operations.discard_run(by_page, actor=world.clerk, now=JANUARY)

    stopped = operations.ask_plan(world.entity, as_of=JANUARY.date(), actor=world.clerk, now=JANUARY)
    operations.stop_run(stopped, actor=world.clerk, now=JANUARY)
    operations.do_plan(stopped.job_id)
    assert BillRun.objects.get(pk=stopped.pk).state == "discarded"
    early = date(2025, 12, 1)
    nothing = operations.ask_plan(world.entity, as_of=early, actor=world.clerk, now=JANUARY)
    job = operations.do_plan(nothing.job_id)
    assert job.state == "failed"
    assert "Nothing is due" in job.failures[0]["message"]
    assert BillRun.objects.get(pk=nothing.pk).state == "discarded"


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_plan_every_contract_once(monkeypatch):
    monkeypatch.setattr(_planning, "_CHUNK", 2)
    world = make_world()
    for number in range(12):
        other = make_customer(
            name=f"Customer {number}", entity=world.entity, actor=world.lead, country=world.entity.country
        )
        active(world, customer=furnish(other, world.lead))
    run = operations.ask_plan(world.entity, as_of=JANUARY.date(), actor=world.clerk, now=JANUARY)

    assert together(3, lambda _: operations.do_plan(run.job_id, now=JANUARY)) == []

    job = Job.objects.get(pk=run.job_id)
    run.refresh_from_db()
    billed = sorted(key for row in run.rows.all() for key, _ in row.parts)
    assert (job.state, job.done, run.state, billed) == (
        "done",
        12,
        "planned",
        sorted(Contract.objects.values_list("pk", flat=True)),
    )
