"""Bill runs on the database: planned, approved by a second person, done once; what is issued stays."""

from datetime import date

import pytest
import time_machine
from django.db import IntegrityError, transaction

from contracts import operations
from contracts.inputs import ItemInput
from contracts.models import BillLine, BillRun, ContractBill, ContractChange, RunRow
from contracts.operations import _planning
from core.errors import Invalid, Refused
from customers import operations as customers
from customers.models import Customer
from invoices import operations as invoices
from invoices.models import Invoice, Snapshot
from ledger.queries import faults
from tests.contracts.scene import JANUARY, D, active, at, done, drafted, lines_of, planned
from tests.factories import make_customer
from tests.world import furnish, make_world
from trail.models import Entry
from work.models import Job
from work.operations import NotYours

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(JANUARY, tick=False) as traveller:
        yield traveller


def test_a_contract_is_active_once_a_second_person_approved_it(world):
    contract = drafted(world)
    assert contract.number == f"CT-{contract.pk:05d}"
    contract = operations.submit_contract(contract, actor=world.clerk, now=JANUARY)
    with pytest.raises(NotYours):
        operations.approve_contract(contract, actor=world.clerk, now=JANUARY)
    contract.refresh_from_db()
    assert contract.state == "waiting"

    operations.approve_contract(contract, actor=world.lead, now=JANUARY)

    contract.refresh_from_db()
    assert contract.state == "active"
    with pytest.raises(operations.ContractRefused):
        operations.cancel_contract(contract, actor=world.clerk, now=JANUARY)


def test_a_run_bills_what_is_due_and_a_second_one_finds_nothing(world, clock):
    contract = active(world)
    run = planned(world, now=JANUARY)
    assert run.totals == {"EUR": {"invoices": 1, "net": "30.00", "payable": "35.70"}}
    assert Invoice.objects.count() == 0
    with pytest.raises(NotYours):
        operations.approve_run(run, actor=world.clerk, now=JANUARY)
    run = operations.approve_run(run, actor=world.controller, now=JANUARY)

    operations.do_run(run.job_id)

    invoice = Invoice.objects.get()
    assert (invoice.document_status, invoice.payable, invoice.contract_reference) == (
        "issued", D("35.70"), contract.number,
    )  # fmt: skip
    assert lines_of(invoice) == [("Licence", D(30))]
    run.refresh_from_db()
    assert run.state == "done"
    assert ContractBill.objects.get().period_start == date(2026, 1, 1)
    assert BillLine.objects.get().amount == 30
    assert Entry.objects.filter(fact="invoice.approved", object_id=invoice.pk).count() == 1
    assert faults() == []
    with pytest.raises(operations.NothingDue):
        planned(world, now=JANUARY)
    assert BillRun.objects.count() == 1
    # The worker asks again after it was lost: nothing more is made.
    operations.do_run(run.job_id)
    assert Invoice.objects.count() == 1


def test_changes_come_as_lines_of_the_next_invoice_and_the_issued_one_stays(world, clock):
    contract = active(world)
    done(world, now=JANUARY)
    frozen = Snapshot.objects.get().sha256
    new = ItemInput("Licence plus", D(60))
    operations.change_plan(contract.items.get(), new, on=date(2026, 1, 16), actor=world.clerk, now=at(1, 20))
    clock.move_to(at(2))

    run = done(world, now=at(2))

    invoice = run.rows.get().invoice
    assert lines_of(invoice) == [
        ("Unused part of Licence from 16 January 2026", D("-15.48")),
        ("Licence plus from 16 January 2026", D("30.97")),
        ("Licence plus", D(60)),
    ]
    assert invoice.net_total == D("75.49")
    assert Snapshot.objects.earliest("pk").sha256 == frozen
    assert faults() == []


def test_changes_at_the_edges_of_a_contract_and_in_months_that_are_billed(world, clock):
    contract = active(world, ends_on=date(2026, 3, 31))
    done(world, now=JANUARY)
    clock.move_to(at(2))
    done(world, now=at(2))
    new = ItemInput("Licence plus", D(60))
    for on in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 4, 1)):
        with pytest.raises(Invalid):
            operations.change_plan(contract.items.get(), new, on=on, actor=world.clerk, now=at(2))
    assert contract.items.count() == 1
    plus = operations.change_plan(
        contract.items.get(), new, on=date(2026, 1, 16), actor=world.clerk, now=at(2)
    )
    operations.suspend_contract(
        contract, starts_on=date(2026, 1, 10), ends_on=date(2026, 1, 17), reason="Moving", actor=world.clerk,
        now=at(2),
    )  # fmt: skip
    operations.change_plan(
        plus, ItemInput("Licence max", D(120)), on=date(2026, 3, 31), actor=world.clerk, now=at(2)
    )
    clock.move_to(at(3))

    invoice = done(world, now=at(3)).rows.get().invoice

    # January: 9 days of the old plan, 14 of the new one; March: 30 days, and its last one.
    january, march = D("8.71") + D("27.10"), D("58.06") + D("3.87")
    assert invoice.net_total == january - 30 + (60 - 30) + march
    billed = sum(BillLine.objects.filter(contract=contract).values_list("amount", flat=True))
    assert billed == january + 60 + march
    clock.move_to(at(5))
    with pytest.raises(operations.NothingDue):
        planned(world, now=at(5))
    assert faults() == []


def test_what_is_charged_once_has_no_other_plan(world, client):
    contract = active(world, ItemInput("Set-up", D(500), kind="one_off"))
    client.force_login(world.clerk)
    page = f"/contracts/{contract.pk}/plan/{contract.items.get().pk}/"

    answer = client.post(page, {"on": "2026-01-16", "description": "Set-up again", "price": "600"})

    assert answer.status_code == 422
    assert "another plan would charge it a second time" in answer.content.decode()
    assert (contract.items.get().ends_on, ContractChange.objects.count()) == (None, 0)


def test_missed_periods_have_an_invoice_each_with_the_reason(world, clock):
    active(world)
    clock.move_to(at(3, 5))

    run = done(world, now=at(3, 5))

    rows = list(run.rows.all())
    assert [(row.period_start.month, row.is_late, row.state) for row in rows] == [
        (1, True, "billed"), (2, True, "billed"), (3, False, "billed"),
    ]  # fmt: skip
    assert rows[0].invoice.notes == "This period was not billed in its time: January 2026."
    assert sorted(Invoice.objects.values_list("sequence", flat=True)) == [1, 2, 3]


def test_contracts_of_a_customer_share_an_invoice_where_that_was_agreed(world):
    for _ in range(2):
        active(world, consolidate_by="customer")
    active(world)

    run = done(world, now=JANUARY)

    assert sorted(len(row.parts) for row in run.rows.all()) == [1, 2]
    assert sorted(invoice.net_total for invoice in Invoice.objects.all()) == [30, 60]
    assert ContractBill.objects.count() == 3


def test_a_customer_that_takes_one_invoice_a_month_gets_one_whatever_its_contracts_say(world):
    customers.add_requirement(
        kind="consolidated_invoice", severity="block", valid_from=date(2026, 1, 1), customer=world.customer,
        actor=world.clerk, now=JANUARY,
    )  # fmt: skip
    active(world, starts_on=date(2026, 1, 1))
    active(world, starts_on=date(2026, 1, 2))

    run = done(world, now=JANUARY)

    assert [len(row.parts) for row in run.rows.all()] == [2]
    # What is written by hand in the same month is stopped by the gate.
    draft = invoices.write_draft(world.draft("10.00"), actor=world.clerk, now=JANUARY)
    findings, _lines = invoices.check_invoice(draft, today=JANUARY.date())
    assert "customer.consolidated_invoice" in {row["rule"] for row in findings if row["severity"] == "block"}


def test_a_row_the_gate_stops_is_told_mended_and_tried_again(world):
    active(world)
    other = make_customer(entity=world.entity, actor=world.lead, name="Zephyr Glaswerke")
    furnish(other, world.lead)
    active(world, customer=other)
    Customer.objects.filter(pk=other.pk).update(status="blocked", status_reason="Fraud")
    run = planned(world, now=JANUARY)
    stopped = run.rows.get(customer=other)
    assert [one["rule"] for one in stopped.warnings] == ["customer-active"]
    assert run.changes["stopped"] == 1
    run = operations.approve_run(run, actor=world.controller, now=JANUARY)

    operations.do_run(run.job_id)

    stopped.refresh_from_db()
    assert (stopped.state, "blocked" in stopped.fault["message"]) == ("failed", True)
    assert Invoice.objects.count() == 1
    assert Job.objects.get(pk=run.job_id).failed == 1
    Customer.objects.filter(pk=other.pk).update(status="active")
    run = operations.retry_run(run, actor=world.controller, now=JANUARY)
    operations.do_run(run.job_id)
    stopped.refresh_from_db()
    assert stopped.state == "billed"
    assert sorted(Invoice.objects.values_list("sequence", flat=True)) == [1, 2]


def test_what_changed_since_the_approval_is_not_billed(world):
    contract = active(world)
    run = operations.approve_run(planned(world, now=JANUARY), actor=world.controller, now=JANUARY)
    operations.end_contract(
        contract, ends_on=date(2026, 1, 10), reason="Closed", actor=world.clerk, now=JANUARY
    )

    operations.do_run(run.job_id)

    row = RunRow.objects.get()
    assert row.state == "failed"
    assert row.fault["message"] == "Approved were 30.00 EUR; today it comes to 9.68."
    assert Invoice.objects.count() == 0


def test_the_database_refuses_a_second_bill_of_a_period(world):
    active(world)
    done(world, now=JANUARY)
    bill = ContractBill.objects.get()
    bill.pk = None
    with pytest.raises(IntegrityError, match="a_contract_is_billed_once_per_period"), transaction.atomic():
        bill.save(force_insert=True)


def test_a_rejected_or_discarded_plan_leaves_its_periods_due(world):
    active(world)
    run = operations.reject_run(
        planned(world, now=JANUARY), actor=world.controller, now=JANUARY, reason="Wait for the price"
    )
    assert run.state == "discarded"
    run = operations.discard_run(planned(world, now=JANUARY), actor=world.clerk, now=JANUARY)
    with pytest.raises(Refused):
        operations.approve_run(run, actor=world.controller, now=JANUARY)
    with pytest.raises(Refused, match="is discarded"):
        operations.retry_run(run, actor=world.controller, now=JANUARY)
    assert Invoice.objects.count() == 0
    assert done(world, now=JANUARY).state == "done"


def test_a_stopped_run_goes_on_when_it_is_taken_up_again(world):
    active(world)
    run = operations.approve_run(planned(world, now=JANUARY), actor=world.controller, now=JANUARY)
    Job.objects.filter(pk=run.job_id).update(state="running", cancel_asked=True)
    operations.do_run(run.job_id)
    run.refresh_from_db()
    assert (run.state, Invoice.objects.count()) == ("cancelled", 0)

    run = operations.retry_run(run, actor=world.controller, now=JANUARY)
    operations.do_run(run.job_id)

    assert Invoice.objects.count() == 1


def test_the_clock_plans_what_is_due_once_and_a_person_approves_it(world, clock):
    active(world)
    clock.move_to(at(2))
    [run] = operations.plan_by_clock(now=at(2))
    assert (run.planned_by, run.state, run.rows.count()) == (None, "planned", 2)
    assert operations.plan_by_clock(now=at(2)) == []
    operations.discard_run(run, actor=world.clerk, now=at(2))
    assert operations.plan_by_clock(now=at(2)) == []
    # What was thrown away is planned again on the next day.
    [run] = operations.plan_by_clock(now=at(2, 3))

    run = operations.approve_run(run, actor=world.controller, now=at(2, 3))
    operations.do_run(run.job_id)

    assert Invoice.objects.count() == 2


def test_the_clock_has_many_contracts_planned_by_a_job_once_a_day(world, clock, monkeypatch):
    monkeypatch.setattr(_planning, "LARGE", 0)
    active(world, starts_on=date(2026, 2, 10))
    clock.move_to(at(2))
    [run] = operations.plan_by_clock(now=at(2))
    assert (run.state, run.job.total) == ("planning", 1)
    # Nothing is due on that day: nothing is left of the look but its job, and it is not done again.
    job = operations.do_plan(run.job_id)
    assert (job.state, BillRun.objects.count()) == ("done", 0)
    assert operations.plan_by_clock(now=at(2)) == []

    clock.move_to(at(2, 10))
    [run] = operations.plan_by_clock(now=at(2, 10))
    operations.do_plan(run.job_id)
    run.refresh_from_db()
    assert (run.state, run.planned_by, run.rows.count()) == ("planned", None, 1)


def test_a_contract_runs_on_when_nobody_gave_notice(world, clock):
    contract = active(world, ends_on=date(2026, 1, 31), renews_months=12, notice_days=10)
    clock.move_to(at(2))
    done(world, now=at(2))
    contract.refresh_from_db()
    assert contract.ends_on == date(2027, 1, 31)
    assert ContractBill.objects.count() == 2
