"""Usage by API and file: each event counts once, late ones come with the next invoice; ended contracts are
credited."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from contracts import operations
from contracts.inputs import ItemInput
from contracts.models import UsageEvent
from contracts.operations import Used
from core.errors import Invalid
from ledger.queries import faults
from tests.api.client import Api
from tests.contracts.scene import JANUARY, D, active, at, done, lines_of
from tests.world import make_world

pytestmark = pytest.mark.django_db

READINGS = ItemInput("Readings", D("0.10"), code="readings", kind="usage", unit="kWh")


@pytest.fixture
def world():
    return make_world()


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(JANUARY, tick=False) as traveller:
        yield traveller


def used(contract, key, day, quantity, month=1):
    return Used(contract, "readings", key, datetime(2026, month, day, 12, tzinfo=UTC), D(quantity))


def test_late_usage_is_billed_with_the_next_invoice(world, clock):
    contract = active(world, READINGS)
    clock.move_to(at(2))
    operations.record_usage([used(contract, "a", 20, 1000)], actor=world.clerk, now=at(2))
    first = done(world, now=at(2)).rows.get().invoice
    assert lines_of(first) == [("Readings", D(100))]
    late = [used(contract, "b", 21, 50), used(contract, "c", 10, 30, month=2)]
    clock.move_to(at(3))
    operations.record_usage(late, actor=world.clerk, now=at(2, 15))

    second = done(world, now=at(3)).rows.get().invoice

    assert lines_of(second) == [("Readings: late usage for January 2026", D(5)), ("Readings", D(3))]
    first.refresh_from_db()
    assert first.payable == D(119)


def test_a_plan_changes_after_what_was_used_and_not_before(world, clock):
    contract = active(world, READINGS)
    clock.move_to(at(2))
    operations.record_usage([used(contract, "a", 20, 1000)], actor=world.clerk, now=at(2))
    dearer = ItemInput("Readings", D("0.20"), code="dearer", kind="usage", unit="kWh")

    def change(day):
        return operations.change_plan(
            contract.items.get(), dearer, on=date(2026, 1, day), actor=world.clerk, now=at(2)
        )

    with pytest.raises(Invalid) as refusal:
        change(16)
    assert (refusal.value.rule, contract.items.count()) == ("a_plan_changes_after_what_was_used", 1)
    operations.record_usage([used(contract, "b", 20, -1000)], actor=world.clerk, now=at(2))
    change(16)
    again = [used(contract, "c", 20, 1000), used(contract, "d", 10, 10)]
    again[0] = replace(again[0], item="dearer")
    operations.record_usage(again, actor=world.clerk, now=at(2))

    invoice = done(world, now=at(2)).rows.get().invoice

    assert invoice.net_total == 1 + 200


def test_usage_that_arrives_after_the_plan_waits_for_the_next_run(world, clock):
    contract = active(world, READINGS)
    clock.move_to(at(2))
    operations.record_usage([used(contract, "a", 20, 1000)], actor=world.clerk, now=at(2))
    run = operations.plan_run(world.entity, as_of=date(2026, 2, 2), actor=world.clerk, now=at(2))
    operations.record_usage([used(contract, "b", 21, 50)], actor=world.clerk, now=at(2, 3))
    run = operations.approve_run(run, actor=world.controller, now=at(2, 3))

    operations.do_run(run.job_id)

    assert run.rows.get().invoice.net_total == 100


def test_an_event_counts_once_and_a_wrong_one_stops_all(world, clock):
    contract = active(world, READINGS, ItemInput("Licence", D(30), code="licence"))
    clock.move_to(at(2))
    first = used(contract, "a", 20, 10)
    assert operations.record_usage([first, first], actor=None, now=at(2)).new == 1
    assert operations.record_usage([first], actor=None, now=at(2)).known == 1
    wrong = [
        Used(contract, "readings", "a", first.at, D(11)),
        Used(contract, "licence", "x", first.at, D(1)),
        Used(contract, "nothing", "x", first.at, D(1)),
        Used(contract, "readings", "", first.at, D(1)),
        Used(contract, "readings", "x", first.at, D(0)),
        Used(contract, "readings", "x", datetime(2025, 12, 31, 12, tzinfo=UTC), D(1)),
        Used(contract, "readings", "x", datetime(2027, 1, 1, 12, tzinfo=UTC), D(1)),
    ]
    for one in wrong:
        with pytest.raises(Invalid):
            operations.record_usage([used(contract, "new", 22, 1), one], actor=None, now=at(2))
    assert UsageEvent.objects.count() == 1
    assert set(operations.try_usage(wrong, now=at(2)).faults) == set(range(len(wrong)))


def test_what_one_event_is_worth_has_an_end_and_so_has_an_item(world, clock):
    contract = active(world, READINGS, ItemInput("Dear", D("1000000"), code="dear", kind="usage"))
    clock.move_to(at(2))
    moment = datetime(2026, 1, 20, 12, tzinfo=UTC)

    for item, quantity in (("readings", D(10) ** 12), ("dear", D(10) ** 6), ("dear", -(D(10) ** 6))):
        with pytest.raises(Invalid) as refusal:
            operations.record_usage([Used(contract, item, "k", moment, quantity)], actor=None, now=at(2))
        assert refusal.value.rule == "a_usage_event_has_a_quantity"
    for price, quantity in ((D(10) ** 11, D(1)), (D(10) ** 6, D(10) ** 6), (D(1), D(10) ** 12)):
        with pytest.raises(Invalid) as refusal:
            active(world, ItemInput("Everything there is", price, quantity=quantity))
        assert refusal.value.rule == "an_amount_can_be_kept"
    assert not UsageEvent.objects.exists()


def test_more_use_than_can_be_billed_blocks_its_row_and_not_the_run(world, clock):
    whole = active(world, ItemInput("Licence", D(30), code="licence"))
    contract = active(world, ItemInput("Dear", D("1000000"), code="dear", kind="usage"))
    clock.move_to(at(2))
    UsageEvent.objects.create(
        contract=contract,
        item=contract.items.get(),
        key="before-there-was-an-end",
        happened_at=at(1, 20),
        on=date(2026, 1, 20),
        quantity=D(10) ** 12,
        received_at=at(2),
    )

    run = operations.plan_run(world.entity, as_of=date(2026, 2, 2), actor=world.clerk, now=at(2))

    rows = {row.parts[0][0]: row for row in run.rows.all()}
    assert [one["rule"] for one in rows[contract.pk].warnings if one["severity"] == "block"] == [
        "an_amount_can_be_kept"
    ]
    assert not [one for one in rows[whole.pk].warnings if one["severity"] == "block"]


def test_the_api_takes_no_moment_without_its_zone_and_no_quantity_as_a_number(world, clock):
    contract = active(world, READINGS)
    clock.move_to(at(2))
    api = Api(world.clerk)
    event = {"item": "readings", "key": "m-1", "at": "2026-01-20T10:00:00Z", "quantity": "1"}

    for change, field in (
        ({"at": "2026-01-20T10:00:00"}, "events[0].at"),
        ({"at": "2026-01-20"}, "events[0].at"),
        ({"quantity": 0.1}, "events[0].quantity"),
        ({"quantity": "1e3"}, "events[0].quantity"),
    ):
        answer = api.send("POST", f"contracts/{contract.pk}/usage/", {"events": [event | change]})
        assert (answer.status_code, answer.json()["problems"][0]["field"]) == (422, field)
    assert not UsageEvent.objects.exists()


def test_usage_is_sent_by_api_once(world, clock):
    contract = active(world, READINGS)
    clock.move_to(at(2))
    api = Api(world.clerk)
    event = {"item": "readings", "key": "m-1", "at": "2026-01-20T10:00:00+01:00", "quantity": "12.5"}
    address = f"contracts/{contract.pk}/usage/"

    assert api.send("POST", address, {"events": [event]}).json() == {"new": 1, "known": 0}
    assert api.send("POST", address, {"events": [event]}).json() == {"new": 0, "known": 1}
    other = api.send("POST", address, {"events": [event | {"quantity": "13"}]})

    assert other.status_code == 422
    assert other.json()["problems"][0]["rule"] == "a_usage_event_counts_once"
    assert UsageEvent.objects.get().quantity == D("12.5")
    shown = api.send("GET", f"contracts/{contract.pk}/").json()
    assert shown["items"][0]["code"] == "readings"
    run = done(world, now=at(2))
    assert api.send("GET", f"bill-runs/{run.pk}/").json()["billed"] == 1
    assert api.send("GET", f"contracts/{contract.pk}/").json()["bills"][0]["net"] == "1.25"
    assert api.send("GET", "contracts/?state=active").json()["items"][0]["number"] == contract.number


def test_a_file_of_usage_is_tried_and_taken_in_whole(client, world, clock):
    contract = active(world, READINGS)
    clock.move_to(at(2))
    client.force_login(world.clerk)

    def bring(*rows):
        text = "\n".join(["contract,item,key,at,quantity", *rows])
        return client.post("/imports/usage/", {"file": SimpleUploadedFile("u.csv", text.encode())})

    assert (
        client.post("/imports/usage/", {"file": SimpleUploadedFile("u.csv", b"a,b\n1,2")}).status_code == 422
    )
    good = f"{contract.number},readings,k1,2026-01-05T08:00:00+01:00,7"
    broken = bring(
        good, f"{contract.number},readings,k2,2026-01-05,7", f"CT-0,readings,k3,{good.split(',')[3]},7"
    )
    shown = client.get(broken.headers["Location"]).content.decode()
    assert "Line 3:" in shown
    assert "Line 4:" in shown
    assert client.post(broken.headers["Location"]).status_code == 422
    assert UsageEvent.objects.count() == 0
    for new in (1, 0):
        brought = bring(good)
        assert client.get(brought.headers["Location"]).status_code == 200
        client.post(brought.headers["Location"])
        assert (UsageEvent.objects.count(), new) in ((1, 1), (1, 0))


def test_what_an_ended_contract_was_billed_too_much_is_credited(client, world, clock):
    contract = active(world, ItemInput("Support", D(31)))
    invoice = done(world, now=JANUARY).rows.get().invoice
    with pytest.raises(operations.ContractRefused):
        operations.credit_rest(contract, actor=world.clerk, now=JANUARY)
    operations.end_contract(
        contract, ends_on=date(2026, 1, 10), reason="Closed", actor=world.clerk, now=JANUARY
    )
    clock.move_to(at(2))
    client.force_login(world.clerk)
    assert "Credit it" in client.get(f"/contracts/{contract.pk}/").content.decode()

    client.post(f"/contracts/{contract.pk}/credit/")

    note = invoice.credit_notes.get()
    assert (note.net_total, note.document_type) == (D(21), "credit_note")
    assert "Credit it" not in client.get(f"/contracts/{contract.pk}/").content.decode()
    with pytest.raises(operations.ContractRefused):
        operations.credit_rest(contract, actor=world.clerk, now=at(2))
    assert faults() == []
