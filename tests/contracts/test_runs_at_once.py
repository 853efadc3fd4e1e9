"""Stopping a run in every state, and runs of the same contracts beside each other."""

from importlib import import_module

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from contracts import operations, queries, rules
from contracts.models import BillRun
from core.errors import Refused
from customers.models import Customer
from invoices.models import Invoice
from tests.book.test_concurrency import together
from tests.contracts.scene import JANUARY, active, at, done, planned
from tests.factories import make_customer
from tests.world import furnish, make_world
from trail.models import Entry
from work import jobs
from work.models import Approval, Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(JANUARY, tick=False) as traveller:
        yield traveller


def asked(world):
    return operations.ask_plan(world.entity, as_of=JANUARY.date(), actor=world.clerk, now=JANUARY)


def another(world):
    found = make_customer(entity=world.entity, actor=world.lead, name="Zephyr Glaswerke")
    return furnish(found, world.lead)


def facts(run):
    return list(
        Entry.objects.filter(object_id=run.pk, fact__startswith="bill_run.").values_list("fact", flat=True)
    )


def test_stop_throws_a_plan_away_that_waits_for_approval_and_says_so(client, world):
    active(world)
    run = planned(world, now=JANUARY)
    client.force_login(world.clerk)

    answer = client.post(f"/contracts/runs/{run.pk}/stop/", follow=True)

    assert "The plan is thrown away; nothing was billed." in answer.content.decode()
    run.refresh_from_db()
    assert (run.state, run.ended_at) == ("discarded", JANUARY)
    assert Approval.objects.get(subject_id=run.pk, kind="bill_run").state == "void"
    with pytest.raises(Refused):
        operations.approve_run(run, actor=world.controller, now=JANUARY)
    assert Invoice.objects.count() == 0


def test_stop_ends_a_run_no_worker_has_begun_and_it_can_be_taken_up_again(client, world):
    active(world)
    run = operations.approve_run(planned(world, now=JANUARY), actor=world.controller, now=JANUARY)
    client.force_login(world.clerk)

    answer = client.post(f"/contracts/runs/{run.pk}/stop/", follow=True)

    assert "It is stopped. What is billed stays billed." in answer.content.decode()
    run.refresh_from_db()
    assert (run.state, run.job.state, run.ended_at) == ("cancelled", "cancelled", JANUARY)
    # The worker finds the job that was handed over before.
    operations.do_run(run.job_id)
    run.refresh_from_db()
    assert (run.state, Invoice.objects.count()) == ("cancelled", 0)
    first = run.job_id
    run = operations.retry_run(run, actor=world.clerk, now=JANUARY)
    operations.do_run(first)
    operations.do_run(run.job_id)
    run.refresh_from_db()
    assert (run.state, Invoice.objects.count()) == ("done", 1)


def test_stop_of_a_run_that_works_ends_after_the_rows_in_hand(client, world):
    active(world)
    run = operations.approve_run(planned(world, now=JANUARY), actor=world.controller, now=JANUARY)
    jobs.begin(run.job, now=JANUARY)
    client.force_login(world.clerk)

    answer = client.post(f"/contracts/runs/{run.pk}/stop/", follow=True)

    assert "It stops after the rows in its hands." in answer.content.decode()
    operations.do_run(run.job_id)
    run.refresh_from_db()
    assert (run.state, Invoice.objects.count()) == ("cancelled", 0)


def test_stop_is_refused_where_nothing_is_left_to_stop(client, world, clock):
    active(world)
    over = done(world, now=JANUARY)
    clock.move_to(at(2))
    dropped = operations.discard_run(planned(world, now=at(2)), actor=world.clerk, now=at(2))
    client.force_login(world.clerk)
    for run, state in ((over, "done"), (dropped, "discarded")):
        before = facts(run)

        answer = client.post(f"/contracts/runs/{run.pk}/stop/")

        assert (answer.status_code, facts(run)) == (409, before)
        assert f"{run} is {state}; nothing is left to stop." in answer.content.decode()
        run.refresh_from_db()
        assert run.state == state


def test_a_job_stopped_on_its_own_page_before_it_began_leaves_no_run_under_way(client, world):
    active(world)
    run = asked(world)
    client.force_login(world.clerk)
    client.post(reverse("work:cancel", args=[run.job_id]))
    operations.do_plan(run.job_id)
    run.refresh_from_db()
    assert (run.state, run.rows.count()) == ("discarded", 0)

    run = operations.approve_run(planned(world, now=JANUARY), actor=world.controller, now=JANUARY)
    jobs.cancel(run.job, actor=world.controller, now=JANUARY)
    operations.do_run(run.job_id)
    run.refresh_from_db()
    assert (run.state, Invoice.objects.count()) == ("cancelled", 0)
    assert "bill_run.ended" in facts(run)


@pytest.mark.parametrize(
    ("act", "message", "mend"),
    [
        ("plan", "{run} of the same contracts waits for approval.", "Have {run} decided, or discard it."),
        ("approve", "{run} bills the same contracts now.", "Wait until {run} is over, or stop it."),
    ],
)
def test_the_same_contracts_are_not_planned_twice_at_a_time(client, world, act, message, mend):
    active(world)
    run = planned(world, now=JANUARY)
    if act == "approve":
        run = operations.approve_run(run, actor=world.controller, now=JANUARY)
    for plan in (lambda: planned(world, now=JANUARY), lambda: asked(world)):
        with pytest.raises(operations.RunUnderWay) as refusal:
            plan()
        assert (refusal.value.message, refusal.value.mend) == (message.format(run=run), mend.format(run=run))
    client.force_login(world.clerk)

    answer = client.post("/contracts/runs/new/", {"entity": world.entity.pk, "as_of": "2026-01-02"})

    assert answer.status_code == 409
    shown = answer.content.decode()
    assert message.format(run=run) in shown
    assert f'href="{run.get_absolute_url()}"' in shown
    assert (BillRun.objects.count(), Job.objects.filter(kind="contracts").count()) == (1, act == "approve")


def test_what_is_left_of_a_run_is_not_tried_again_beside_a_new_plan_of_it(world):
    active(world)
    other = another(world)
    active(world, customer=other)
    Customer.objects.filter(pk=other.pk).update(status="blocked", status_reason="Fraud")
    run = done(world, now=JANUARY)
    Customer.objects.filter(pk=other.pk).update(status="active", status_reason="")
    again = planned(world, now=JANUARY)

    with pytest.raises(operations.RunUnderWay, match=f"{again} of the same contracts waits for approval"):
        operations.retry_run(run, actor=world.clerk, now=JANUARY)

    run.refresh_from_db()
    assert (run.state, run.rows.filter(state="failed").count()) == ("done", 1)
    operations.discard_run(again, actor=world.clerk, now=JANUARY)
    run = operations.retry_run(run, actor=world.clerk, now=JANUARY)
    operations.do_run(run.job_id)
    assert Invoice.objects.count() == 2


def test_runs_that_share_some_contracts_say_so_with_a_link(client, world):
    contract = active(world)
    other = another(world)
    active(world, customer=other)
    narrow = planned(world, now=JANUARY, scope={"contract": contract.pk})
    whole = planned(world, now=JANUARY)
    elsewhere = planned(world, now=JANUARY, scope={"customer": other.pk})
    assert queries.also_planned(narrow) == [(whole, 1)]
    assert sorted(queries.also_planned(whole), key=str) == [(narrow, 1), (elsewhere, 1)]
    assert queries.also_planned(elsewhere) == [(whole, 1)]
    client.force_login(world.clerk)

    shown = client.get(narrow.get_absolute_url()).content.decode()

    assert "1 invoice for these contracts is planned in another run as well." in shown
    assert f'href="{whole.get_absolute_url()}"' in shown
    narrow = operations.approve_run(narrow, actor=world.controller, now=JANUARY)
    operations.do_run(narrow.job_id)
    assert "in another run as well" not in client.get(narrow.get_absolute_url()).content.decode()
    whole = operations.approve_run(whole, actor=world.controller, now=JANUARY)
    operations.do_run(whole.job_id)
    assert sorted(whole.rows.values_list("state", flat=True)) == ["billed", "failed"]
    assert Invoice.objects.count() == 2


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {"customer": 1}, True),
        ({"customer": 1}, {"customer": 1}, True),
        ({"customer": 1}, {"customer": 2}, False),
        ({"contract": 1}, {"customer": 1}, True),
        ({"customer": 1, "contract": 3}, {"contract": 4}, False),
    ],
)
def test_scopes_meet_unless_a_limit_keeps_them_apart(one, other, expected):
    assert rules.meet(one, other) is expected
    assert rules.meet(other, one) is expected


def test_the_database_refuses_a_second_run_of_a_scope(world):
    active(world)
    run = planned(world, now=JANUARY, scope={"customer": world.customer.pk})
    run.pk = None
    with pytest.raises(IntegrityError, match="one_run_of_a_scope_is_under_way"), transaction.atomic():
        run.save(force_insert=True)


def test_of_plans_made_before_the_rule_the_newest_is_kept(world):
    active(world)
    older = planned(world, now=JANUARY)
    BillRun.objects.filter(pk=older.pk).update(state="discarded")
    newer = planned(world, now=JANUARY)
    migration = import_module("contracts.migrations.0003_one_run_of_a_scope")
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_run_of_a_scope_is_under_way")
        cursor.execute("UPDATE contracts_billrun SET state = 'planned'")
        cursor.execute(migration.DISCARD)

    states = dict(BillRun.objects.values_list("pk", "state"))

    assert states == {older.pk: "discarded", newer.pk: "planned"}
    asked = Approval.objects.filter(kind="bill_run")
    assert dict(asked.values_list("subject_id", "state")) == {older.pk: "void", newer.pk: "pending"}


@pytest.mark.django_db(transaction=True)
def test_two_people_who_plan_at_once_get_one_plan():
    world = make_world()
    active(world)

    faults = together(2, lambda _: planned(world, now=JANUARY))

    assert [type(fault) for fault in faults] == [operations.RunUnderWay]
    assert BillRun.objects.count() == 1
