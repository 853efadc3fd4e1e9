"""From the legal limit on an adviser is asked before anything disputed is written off or goes to court."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from cases import operations as cases
from cases.models import Case, HandOver
from core.errors import Refused
from disputes import operations, rules
from disputes.models import Dispute, Proposal
from disputes.operations import Claim
from payments import operations as payments
from payments.models import WriteOff
from tests.api.client import Api
from tests.disputes.scene import ANSWER, PROOF, investigated, raised
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
D = Decimal
RULE = "a_legal_adviser_is_asked_first"
WHY = "They will never pay it"
ADVICE = "Asked Ms Sand: a claim in court is worth it."


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world():
    world = make_world()
    limits = rules.Limits(legal=D(1_000), small=D(10_000))
    operations.set_limits(world.entity, limits, actor=world.controller, now=NOW)
    return world


def rejected(world, *nets, **given):
    dispute = investigated(world, *(nets or ("1000.00",)), **given)
    end = {"outcome": "reject", "root_cause": "customer", "answer": ANSWER, "evidence": PROOF}
    operations.propose(dispute, **end, actor=world.lead, now=NOW)
    return operations.accept(dispute, actor=world.director, now=NOW)


def overdue_case(world):
    invoice = world.issued("1000", now=NOW - timedelta(days=91))
    cases.go_round(world.entity, now=NOW)
    return invoice, Case.objects.select_related("entity", "customer").get()


def hand_over(world, case, kind="legal"):
    given = {"kind": kind, "recipient": "Sand & Partners", "reason": "Nobody answers any more"}
    return cases.ask_hand_over(case, **given, actor=world.lead, now=NOW)


def refused(act):
    with pytest.raises(Refused) as fault:
        act()
    assert fault.value.rule == RULE
    return fault.value


def test_what_was_rejected_above_the_limit_is_not_written_off_before(world):
    dispute = rejected(world)
    ask = {"reason": WHY, "actor": world.lead, "now": NOW}
    fault = refused(lambda: payments.request_write_off(dispute.invoice, D("0.01"), **ask))
    assert dispute.reference in fault.mend
    assert not WriteOff.objects.exists()
    operations.note_consultation(dispute, advice=ADVICE, actor=world.lead, now=NOW)
    assert payments.request_write_off(dispute.invoice, D("1190.00"), **ask).state == "pending"


def test_what_was_not_disputed_of_it_is_written_off_all_the_same(world):
    dispute = rejected(world, "1000.00", "500.00")
    ask = {"reason": WHY, "actor": world.lead, "now": NOW}
    refused(lambda: payments.request_write_off(dispute.invoice, D("595.01"), **ask))
    payments.request_write_off(dispute.invoice, D("595.00"), **ask)


def test_a_write_off_asked_for_before_is_not_booked_before(world):
    invoice = world.issued("1000.00", now=NOW - timedelta(days=7))
    row = payments.request_write_off(invoice, D("1190.00"), reason=WHY, actor=world.clerk, now=NOW)
    dispute = rejected(world, invoice=invoice)
    refused(lambda: payments.approve_write_off(row, actor=world.director, now=NOW))
    row.refresh_from_db()
    assert row.state == "pending"
    operations.note_consultation(dispute, advice=ADVICE, actor=world.lead, now=NOW)
    assert payments.approve_write_off(row, actor=world.director, now=NOW).state == "booked"


def test_lawyers_get_what_was_disputed_after_the_advice_alone(world):
    invoice, case = overdue_case(world)
    dispute = rejected(world, invoice=invoice)
    refused(lambda: hand_over(world, case))
    assert not HandOver.objects.exists()
    operations.note_consultation(dispute, advice=ADVICE, actor=world.lead, now=NOW)
    row = hand_over(world, case)
    assert cases.approve_hand_over(row, actor=world.controller, now=NOW).state == "packing"


def test_a_hand_over_asked_for_before_is_not_approved_before_and_an_agency_asks_no_lawyer(world):
    invoice, case = overdue_case(world)
    row = hand_over(world, case)
    rejected(world, invoice=invoice)
    refused(lambda: cases.approve_hand_over(row, actor=world.controller, now=NOW))
    row.refresh_from_db()
    assert row.state == "waiting"
    cases.refuse_hand_over(row, actor=world.controller, now=NOW, reason="Ask a lawyer first")
    assert hand_over(world, case, "agency").state == "waiting"


def test_what_is_in_dispute_stays_here_and_the_rest_may_go(world):
    invoice, case = overdue_case(world)
    other = world.issued("3000", now=NOW - timedelta(days=90))
    raised(world, invoice=other)
    cases.go_round(world.entity, now=NOW)
    case.refresh_from_db()
    assert hand_over(world, case).amount == invoice.balance


@pytest.mark.parametrize("amount", ["999.99", None])
def test_below_the_limit_or_once_they_do_not_insist_nobody_is_asked(world, amount):
    if amount:
        dispute = rejected(world, claims=[Claim(1, D(amount))])
    else:
        dispute = operations.withdraw(raised(world), reason="They agree now", actor=world.clerk, now=NOW)
    ask = {"reason": WHY, "actor": world.lead, "now": NOW}
    assert payments.request_write_off(dispute.invoice, D("1190.00"), **ask).state == "pending"


def test_taken_up_again_it_is_asked_for_again(world):
    dispute = operations.withdraw(raised(world), reason="They agree now", actor=world.clerk, now=NOW)
    dispute = operations.reopen(dispute, reason="They do not", actor=world.lead, now=NOW)
    end = {"outcome": "write_off_small", "root_cause": "billing", "answer": ANSWER}
    refused(lambda: operations.propose(dispute, **end, actor=world.clerk, now=NOW))
    assert Dispute.objects.get(pk=dispute.pk).state == "investigating"
    assert not Proposal.objects.exists()


def test_pages_and_the_api_refuse_alike_and_the_page_of_the_ended_dispute_takes_the_advice(world):
    dispute = investigated(world)
    api = Api(world.clerk)
    end = {"outcome": "write_off_small", "root_cause": "billing", "answer": ANSWER}
    answer = api.send("POST", f"disputes/{dispute.pk}/proposals/", end)
    assert (answer.status_code, answer.json()["problems"][0]["rule"]) == (409, RULE)
    client = Client()
    client.force_login(world.lead)
    page = client.post(reverse("disputes:propose", args=[dispute.pk]), end)
    assert (page.status_code, "a legal adviser is" in page.content.decode()) == (409, True)

    dispute = rejected(world, "1100.00")
    sent = {"amount": "100.00", "reason": WHY}
    page = client.post(reverse("payments:write_off_request", args=[dispute.invoice_id]), sent)
    assert (page.status_code >= 400, "a legal adviser is" in page.content.decode()) == (True, True)
    assert not WriteOff.objects.exists()
    consult = reverse("disputes:consult", args=[dispute.pk])
    assert consult in client.get(dispute.get_absolute_url()).content.decode()
    assert client.post(consult, {"advice": ADVICE}).status_code == 302
    assert ADVICE in client.get(dispute.get_absolute_url()).content.decode()
    assert client.post(
        reverse("payments:write_off_request", args=[dispute.invoice_id]), sent
    ).status_code == 302  # fmt: skip


def test_the_api_notes_the_advice(world):
    dispute = investigated(world)
    api = Api(world.clerk)
    assert api.send("POST", f"disputes/{dispute.pk}/consultation/", {"advice": "ok"}).status_code == 422
    assert api.post(f"disputes/{dispute.pk}/consultation/", {"advice": ADVICE})["id"] == dispute.pk
    dispute.refresh_from_db()
    assert dispute.consultation == ADVICE


def test_the_page_of_a_hand_over_says_it(world):
    invoice, case = overdue_case(world)
    rejected(world, invoice=invoice)
    client = Client()
    client.force_login(world.lead)
    sent = {"kind": "legal", "recipient": "Sand & Partners", "reason": "Nobody answers any more"}
    page = client.post(reverse("cases:hand_over_new", args=[case.pk]), sent)
    assert (page.status_code, "a legal adviser is" in page.content.decode()) == (422, True)
    assert not HandOver.objects.exists()
