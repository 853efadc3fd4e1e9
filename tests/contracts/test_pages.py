"""Contracts and bill runs on the screen."""

from datetime import date

import pytest
import time_machine

from contracts import operations, queries
from contracts.inputs import ItemInput
from contracts.models import BillRun, Contract
from customers.models import Customer
from invoices.models import Invoice
from tests.contracts.scene import JANUARY, D, active, at, done, planned
from tests.world import make_world

pytestmark = pytest.mark.django_db

ITEMS = {
    "items-TOTAL_FORMS": 2,
    "items-INITIAL_FORMS": 0,
    "items-0-description": "Licence",
    "items-0-price": "30",
    "items-1-description": "Readings",
    "items-1-code": "readings",
    "items-1-kind": "usage",
    "items-1-pricing": "graduated",
    "items-1-tiers": "100 0.10\n1,000 0.08\n* 0.05",
}


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(JANUARY, tick=False) as traveller:
        yield traveller


def sent(world, **values):
    return {
        "entity": world.entity.pk,
        "customer": world.customer.number,
        "name": "Monitoring",
        "starts_on": "2026-01-01",
        "every_months": 1,
        "timing": "advance",
        "consolidate_by": "contract",
        "renews_months": 0,
        "notice_days": 0,
        **ITEMS,
        **values,
    }


def test_a_contract_is_written_approved_and_shows_its_schedule(client, world, clock):
    client.force_login(world.clerk)
    refused = client.post("/contracts/new/", sent(world, **{"items-1-tiers": "100 0.10"}))
    assert (refused.status_code, Contract.objects.count()) == (422, 0)
    assert client.post("/contracts/new/", sent(world, customer="nobody")).status_code == 422
    answer = client.post("/contracts/new/", sent(world))
    contract = Contract.objects.get()
    page = f"/contracts/{contract.pk}/"
    assert answer.headers["Location"] == page
    assert [tier.price for tier in contract.items.last().tiers.all()] == [D("0.10"), D("0.08"), D("0.05")]
    assert "1,000 0.08" in client.get(f"{page}edit/").content.decode()
    client.post(f"{page}submit/")
    client.force_login(world.controller)
    assert "Your decision" in client.get(page).content.decode()
    client.post(f"{page}approve/")
    done(world, now=JANUARY)
    clock.move_to(at(3, 5))
    client.logout()
    client.force_login(world.controller)

    shown = client.get(page).content.decode()

    assert Invoice.objects.get().number in shown
    assert "Missing" in shown
    assert "To come" in shown
    assert contract.number in client.get("/contracts/?q=monitoring&state=active").content.decode()
    assert client.get(f"{page}edit/").status_code == 302


def test_changes_of_a_contract_are_entered_on_the_screen(client, world):
    contract = active(world)
    client.force_login(world.clerk)
    page = f"/contracts/{contract.pk}/"
    plan = f"{page}plan/{contract.items.get().pk}/"
    assert client.post(plan, {"on": "2025-01-16", "description": "Plus", "price": "60"}).status_code == 422
    assert client.post(plan, {"on": "2026-01-16", "description": "Plus", "price": "60"}).status_code == 302

    def agree():
        client.force_login(world.controller)
        assert client.post(f"{page}change/approve/").status_code == 302
        client.force_login(world.clerk)

    assert "A change waits" in client.get(page).content.decode()
    assert client.post(f"{page}change/approve/").status_code in {403, 409}
    agree()
    pause = {"starts_on": "2026-02-01", "ends_on": "", "reason": "Rebuilding"}
    assert client.post(f"{page}suspend/", pause).status_code == 302
    agree()
    assert client.post(f"{page}suspend/", pause).status_code == 422
    assert client.post(f"{page}resume/", {"last_day": "2026-02-10"}).status_code == 302
    client.force_login(world.controller)
    assert client.post(f"{page}change/reject/", {"reason": "Not yet agreed"}).status_code == 302
    client.force_login(world.clerk)
    assert client.post(f"{page}resume/", {"last_day": "2026-02-10"}).status_code == 302
    agree()
    assert client.post(f"{page}end/", {"ends_on": "2026-03-31", "reason": ""}).status_code == 422
    assert client.post(f"{page}end/", {"ends_on": "2026-03-31", "reason": "Moved"}).status_code == 302
    agree()

    shown = client.get(page).content.decode()

    assert "Rebuilding" in shown
    assert "Moved" in shown
    contract.refresh_from_db()
    assert contract.ends_on == date(2026, 3, 31)


def test_a_run_is_planned_decided_and_reported(client, world):
    active(world)
    other = active(world)
    client.force_login(world.clerk)
    answer = client.post("/contracts/runs/new/", {"entity": world.entity.pk, "as_of": "2026-01-02"})
    run = BillRun.objects.get()
    page = f"/contracts/runs/{run.pk}/"
    assert answer.headers["Location"] == page
    shown = client.get(page).content.decode()
    assert "€60.00" in shown
    assert "Approve and bill" not in shown
    assert "payable" not in shown
    assert client.post(f"{page}approve/").status_code == 409
    Customer.objects.update(status="blocked")
    client.force_login(world.controller)
    client.post(f"{page}approve/")
    run.refresh_from_db()
    operations.do_run(run.job_id)

    shown = client.get(page).content.decode()

    assert "Try the 2 that are left again" in shown
    assert "is blocked" in client.get(f"{page}failures.csv").content.decode()
    Customer.objects.update(status="active")
    client.post(f"{page}retry/")
    run.refresh_from_db()
    operations.do_run(run.job_id)
    part = client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "Show the result" in part
    assert "<html" not in part
    assert str(run) in client.get("/contracts/runs/").content.decode()
    assert Invoice.objects.filter(contract_bills__contract=other).count() == 1
    assert (
        client.post("/contracts/runs/new/", {"entity": world.entity.pk, "as_of": "2026-01-02"}).status_code
        == 422
    )


def test_a_plan_is_rejected_or_discarded_on_the_screen(client, world):
    active(world)
    client.force_login(world.controller)
    run = planned(world, now=JANUARY)
    assert client.post(f"/contracts/runs/{run.pk}/reject/", {"reason": "Too early"}).status_code == 302
    run = planned(world, now=JANUARY)
    shown = client.post(f"/contracts/runs/{run.pk}/discard/", follow=True).content.decode()
    assert "The plan is thrown away; nothing was billed." in shown
    assert "Planned</span>" not in shown
    assert set(BillRun.objects.values_list("state", flat=True)) == {"discarded"}


def test_the_unbilled_list_sums_to_its_rows(client, world, clock):
    active(world)
    ended = active(world, ItemInput("Support", D(31)))
    done(world, now=JANUARY, scope={"contract": ended.pk})
    operations.end_contract(ended, ends_on=date(2026, 1, 10), reason="Closed", actor=world.clerk, now=JANUARY)
    clock.move_to(at(2))

    rows = queries.unbilled_rows(world.clerk, now=at(2))

    assert [(row.rest.amount, row.is_to_credit) for row in rows] == [
        (D(30), False), (D("-21.00"), True), (D(30), False),
    ]  # fmt: skip
    assert queries.totals_of(rows) == [("EUR", sum(row.rest.amount for row in rows), 3)]
    client.force_login(world.clerk)
    assert "€39.00" in client.get("/contracts/unbilled/").content.decode()
    only = client.get("/contracts/unbilled/?show=credit").content.decode()
    assert "−€21.00" in only
    assert "To be credited" in only
