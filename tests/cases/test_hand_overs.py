"""Handing a case over: approval, the pack and what is in it, taking it back; and what stops reminders."""

import hashlib
import io
import zipfile
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage

from cases import operations, tasks
from cases.models import Case, HandOver
from cases.packing import history_of
from core.errors import DomainError
from reminders.models import Pause
from statements.models import Statement
from tests.factories import make_user
from tests.world import NOW, TODAY, make_world
from trail.operations import record
from work.operations import NotYours

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def case(world):
    world.issued("1000", now=NOW - timedelta(days=91))
    operations.go_round(world.entity, now=NOW)
    return Case.objects.select_related("entity", "customer").get()


def running(key: str) -> bool:
    return Pause.objects.filter(key=key, ended_at=None).exists()


def ask(case, world, **values):
    given = {"kind": "agency", "recipient": "Inkasso Nord", "reason": "Nobody answers any more"}
    return operations.ask_hand_over(case, actor=world.lead, now=NOW, **(given | values))


def approved(case, world) -> HandOver:
    return operations.approve_hand_over(ask(case, world), actor=world.controller, now=NOW)


@pytest.mark.parametrize("values", [{"kind": "friend"}, {"recipient": " "}, {"reason": "why not"}])
def test_a_hand_over_says_to_whom_and_why(world, case, values):
    with pytest.raises(DomainError):
        ask(case, world, **values)
    assert not HandOver.objects.exists()


def test_a_controller_who_did_not_ask_decides_once(world, case):
    row = ask(case, world)
    with pytest.raises(DomainError, match="about to be"):
        ask(case, world)
    for nobody in (world.lead, make_user("specialist"), make_user("collector")):
        with pytest.raises(NotYours):
            operations.approve_hand_over(row, actor=nobody, now=NOW)
    row.refresh_from_db()
    assert row.state == "waiting"

    row = operations.approve_hand_over(row, actor=world.controller, now=NOW)

    case.refresh_from_db()
    assert (row.state, case.stage, case.next_action) == ("packing", "agency", "follow_agency")
    assert running(f"hand_over:{row.pk}")
    with pytest.raises(DomainError):
        operations.approve_hand_over(row, actor=world.controller, now=NOW)


def test_a_refused_hand_over_leaves_the_case_here(world, case):
    row = ask(case, world)

    operations.refuse_hand_over(row, actor=world.controller, now=NOW, reason="Offer a plan first")

    case.refresh_from_db()
    assert case.stage == "formal"
    assert not running(f"hand_over:{row.pk}")
    assert ask(case, world).state == "waiting"


def test_the_pack_holds_everything_but_private_notes_with_right_hashes(world, case):
    said = {"next_action": "call", "next_on": TODAY, "actor": world.clerk, "now": NOW}
    operations.note_call(case, outcome="refused", note="Refuses until the warranty case ends", **said)
    operations.note_call(case, outcome="reached", note="SECRET-REMARK", is_private=True, **said)
    row = approved(case, world)

    for _ in range(2):
        tasks.make_pack(job_id=row.job_id)

    row.refresh_from_db()
    assert (row.state, row.job.state, row.job.done) == ("ready", "done", 1)
    with default_storage.open(row.stored_name) as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == row.sha256
    pack = zipfile.ZipFile(io.BytesIO(content))
    names = set(pack.namelist())
    assert {"00-index.pdf", "01-statement-EUR.pdf", "02-history.pdf", "SHA256SUMS.txt"} <= names
    assert any(name.startswith("invoices/") for name in names)
    kept = Statement.objects.get(customer=case.customer)
    assert hashlib.sha256(pack.read("01-statement-EUR.pdf")).hexdigest() == kept.sha256
    listed = dict(line.split("  ")[::-1] for line in pack.read("SHA256SUMS.txt").decode().splitlines())
    assert set(listed) == names - {"SHA256SUMS.txt"}
    assert all(hashlib.sha256(pack.read(name)).hexdigest() == digest for name, digest in listed.items())


def test_private_notes_are_not_in_the_history(world, case):
    said = {"next_action": "call", "next_on": TODAY, "actor": world.clerk, "now": NOW}
    open_note = operations.note_call(case, outcome="reached", note="For everybody", **said)
    operations.note_call(case, outcome="reached", note="Only here", is_private=True, **said)

    assert history_of(ask(case, world))["calls"] == [open_note]


def test_a_case_taken_back_is_worked_on_here_again(world, case):
    row = approved(case, world)
    tasks.make_pack(job_id=row.job_id)

    with pytest.raises(DomainError):
        operations.recall_hand_over(row, actor=world.lead, now=NOW, reason="back")
    operations.recall_hand_over(row, actor=world.lead, now=NOW, reason="The agency found no assets")

    case.refresh_from_db()
    assert (case.stage, case.next_action) == ("formal", "call")
    assert not running(f"hand_over:{row.pk}")


def test_insolvency_stops_reminders_until_taken_back(world, case):
    key = f"insolvency:customer:{world.customer.pk}"
    act = {"actor": world.lead, "now": NOW}
    with pytest.raises(DomainError):
        operations.mark_stop(case, stop="insolvency", note="heard it", **act)
    assert not Pause.objects.exists()

    operations.mark_stop(case, stop="insolvency", note="Published by the court of Bremen", **act)
    assert running(key)
    operations.mark_stop(case, stop="", note="The court lifted the proceedings", **act)
    assert not running(key)


def test_promises_and_plans_pause_reminders_while_they_stand(world, case):
    promise = operations.make_promise(
        world.customer,
        amount=D(10),
        currency="EUR",
        promised_on=TODAY,
        invoices=[],
        channel="phone",
        actor=world.clerk,
        now=NOW,
    )
    assert running(f"promise:{promise.pk}")
    promise = operations.judge_promise(promise, now=NOW + timedelta(days=3))
    assert (promise.state, running(f"promise:{promise.pk}")) == ("broken", False)

    plan = operations.offer_plan(
        world.customer,
        currency="EUR",
        invoices=[],
        parts=2,
        rhythm="weekly",
        first_on=date(2026, 12, 1),
        actor=world.clerk,
        now=NOW,
    )
    operations.approve_plan(plan, actor=world.lead, now=NOW)
    assert not running(f"plan:{plan.pk}")
    operations.accept_plan(plan, contact=None, evidence="Signed by Ms Byrne", now=NOW)
    assert running(f"plan:{plan.pk}")
    operations.follow_plan(plan, now=NOW + timedelta(days=30))
    assert not running(f"plan:{plan.pk}")


def test_a_reminder_that_left_moves_the_case_on(world):
    world.issued("1000", now=NOW - timedelta(days=40))
    operations.go_round(world.entity, now=NOW)
    entry = record("reminder.sent", world.entity, actor=None, at=NOW, customer_id=world.customer.pk)

    tasks.note_reminder(entry_id=entry.pk)

    assert Case.objects.get().stage == "reminded"
