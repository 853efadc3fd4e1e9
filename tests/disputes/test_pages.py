"""The pages of disputes: what they show, what they send, and what comes back when it is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from disputes.models import Dispute, MatrixStep, Playbook, Proposal
from disputes.operations import Claim
from tests.disputes.scene import ANSWER, PROOF, WHY, investigated, proposed, raised
from tests.factories import make_user
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world():
    return make_world()


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name, *args):
    return reverse(f"disputes:{name}", args=args)


def test_the_list_shows_both_clocks_in_few_queries(world, django_assert_max_num_queries):
    for number in range(6):
        raised(world, f"{100 + number}.00")
    client = as_(world.lead)
    client.get(url("list"))
    with django_assert_max_num_queries(30):
        page = client.get(url("list"), {"tab": "open"})
    text = page.content.decode()
    # Beside the state on a phone, else in a column.
    assert text.count("Acknowledge: ") == 2 * 6
    assert "Price differs from contract" in text
    assert (
        client.get(url("list"), {"tab": "open", "q": "D-99999"}).content.decode().count("No dispute found")
        == 1
    )


def test_the_page_in_few_queries(world, django_assert_max_num_queries):
    dispute = investigated(world, "800.00", "200.00", claims=[Claim(2)])
    client = as_(world.lead)
    client.get(dispute.get_absolute_url())
    with django_assert_max_num_queries(30):
        page = client.get(dispute.get_absolute_url())
    text = page.content.decode()
    assert page.status_code == 200
    for words in (WHY, "Escalation path", "Playbook", "left for us", "€238.00"):
        assert words in text, words


def test_a_colleague_notes_a_dispute_and_a_refused_form_keeps_what_was_typed(world):
    invoice = world.issued("1000.00", now=NOW - timedelta(days=3))
    client = as_(world.clerk)
    sent = {"reason": "QTY", "detail": WHY, "line_1": "5000.00", "whole": ""}

    refused = client.post(url("new", invoice.pk), sent)
    assert refused.status_code == 422
    assert WHY in refused.content.decode()
    assert "5000.00" in refused.content.decode()
    assert not Dispute.objects.exists()

    done = client.post(url("new", invoice.pk), sent | {"line_1": "119.00"})
    dispute = Dispute.objects.get()
    assert done.url == dispute.get_absolute_url()
    assert (dispute.amount, dispute.channel) == (Decimal("119.00"), "staff")


def test_from_new_to_resolved_by_two_persons(world):
    dispute = raised(world)
    client = as_(world.clerk)
    for name in ("acknowledge", "investigate"):
        assert client.post(url(name, dispute.pk)).status_code == 302
    sent = {"outcome": "credit_note", "root_cause": "billing", "answer": ANSWER, "credit_1": "100.00"}
    assert client.post(url("propose", dispute.pk), sent).status_code == 302
    assert client.post(url("accept", dispute.pk)).status_code == 409

    assert as_(world.director).post(url("accept", dispute.pk)).status_code == 302
    dispute.refresh_from_db()
    assert (dispute.state, dispute.credited) == ("resolved", Decimal("119.00"))


def test_an_illegal_step_is_a_conflict_and_words_come_back(world):
    dispute = raised(world)
    client = as_(world.clerk)
    sent = {"outcome": "reject", "root_cause": "customer", "answer": ANSWER, "evidence": PROOF}
    page = client.post(url("propose", dispute.pk), sent)
    assert page.status_code == 409
    page = client.post(url("reply", dispute.pk), {"body": "Which day was it?", "ask": "on"})
    assert page.status_code == 409
    assert "Which day was it?" in page.content.decode()
    page = client.post(url("escalate", dispute.pk), {"reason": "now"})
    assert page.status_code == 422
    dispute.refresh_from_db()
    assert (dispute.state, dispute.level) == ("raised", 1)


def test_a_question_waits_for_the_customer(world):
    dispute = investigated(world)
    as_(world.clerk).post(url("reply", dispute.pk), {"body": "Which day was it?", "ask": "on"})
    dispute.refresh_from_db()
    assert dispute.state == "waiting_customer"
    page = as_(world.clerk).get(dispute.get_absolute_url()).content.decode()
    assert "Go on without an answer" in page
    assert "stands still" in page


def test_whoever_may_not_decide_sees_why(world):
    dispute = proposed(world)
    assert "You wrote the invoice" in as_(world.clerk).get(dispute.get_absolute_url()).content.decode()
    assert "Accept, issue and answer" in as_(world.director).get(dispute.get_absolute_url()).content.decode()
    page = as_(world.director).post(url("decline", dispute.pk), {"reason": "Not proven yet"})
    assert page.status_code == 302
    assert Proposal.objects.get().state == "declined"


def test_a_reader_sees_and_changes_nothing(world):
    dispute = raised(world)
    client = as_(make_user("auditor"))
    page = client.get(dispute.get_absolute_url())
    assert page.status_code == 200
    assert "Acknowledge</button>" not in page.content.decode()
    assert client.post(url("acknowledge", dispute.pk)).status_code == 403
    assert client.get(url("matrix")).status_code == 403


def test_script_in_the_text_is_text(world):
    dispute = raised(world, detail="<script>alert(1)</script> is wrong")
    page = as_(world.clerk).get(dispute.get_absolute_url()).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_matrix_is_put_in_force_as_a_whole(world):
    client = as_(world.controller)
    page = client.get(url("matrix"))
    assert page.status_code == 200
    step = {"level": "2", "counted_from": "raised", "hours": "16", "at_least": "12000", "reasons": "PRC, tax"}
    rows = matrix(step, {})
    assert client.post(url("matrix"), rows).status_code == 302
    step = MatrixStep.objects.get()
    assert (step.level, step.hours, step.at_least, sorted(step.reasons)) == (
        2,
        16,
        Decimal(12000),
        ["PRC", "TAX"],
    )
    refused = client.post(url("matrix"), rows | {"form-0-level": "3"})
    assert refused.status_code == 422
    assert "PRC, tax" in refused.content.decode()
    assert MatrixStep.objects.get().level == 2


def test_what_is_wrong_in_the_matrix_is_said_at_its_field_and_nothing_is_lost(world):
    client = as_(world.controller)
    before = list(MatrixStep.objects.values())
    sent = matrix({"level": "2", "hours": "8"}, {"hours": "soon", "reasons": "PRC xyz", "at_least": "7,5,0"})

    page = client.post(url("matrix"), sent)

    assert page.status_code == 422
    rows = page.context["rows"]
    assert [set(row.errors) for row in rows] == [set(), {"level", "hours", "reasons", "at_least"}]
    text = page.content.decode()
    assert "XYZ is no reason" in text
    assert 'href="#id_form-1-level"' in text
    assert all(f'value="{typed}"' in text for typed in ("soon", "PRC xyz", "7,5,0"))
    assert list(MatrixStep.objects.values()) == before

    nobody = client.post(url("matrix"), matrix({"level": "3", "hours": "8"}))
    assert nobody.status_code == 422
    assert "Nobody is told of a missed deadline" in nobody.content.decode()
    assert list(MatrixStep.objects.values()) == before


def test_a_line_of_the_matrix_comes_and_goes_and_keeps_what_was_typed(world):
    client = as_(world.controller)
    before = list(MatrixStep.objects.values())
    sent = matrix({"level": "2", "hours": "8"}, {"level": "3", "hours": "16", "reasons": "TAX"})

    more = client.post(url("matrix"), sent | {"act": "add"})
    assert [row["hours"].value() for row in more.context["rows"]] == ["8", "16", None]
    assert "Please look at these" not in more.content.decode()
    fewer = client.post(url("matrix"), sent | {"act": "remove:0"})
    assert [(row["hours"].value(), row["reasons"].value()) for row in fewer.context["rows"]] == [
        ("16", "TAX")
    ]
    for odd in ("remove:9", "remove:-1", "remove:x", "other"):
        assert client.post(url("matrix"), sent | {"act": odd}).status_code == 200
    assert client.post(url("matrix"), {"act": "add", "form-TOTAL_FORMS": "x"}).status_code == 200
    assert list(MatrixStep.objects.values()) == before

    assert client.post(url("matrix"), matrix({"level": "2", "hours": "8"}, {})).status_code == 302
    assert MatrixStep.objects.get().hours == 8


def matrix(*rows):
    """The lines as a browser sends them."""
    usual = {
        "role": "lead",
        "counted_from": "breach",
        "reasons": "",
        "segment": "",
        "entity": "",
        "level": "",
    }
    usual |= {"hours": "", "at_least": ""}
    sent = {f"form-{n}-{name}": value for n, row in enumerate(rows) for name, value in (usual | row).items()}
    return sent | {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0"}


def test_limits_of_a_company(world):
    client = as_(world.controller)
    sent = {"large": "5000", "legal": "20000", "goodwill": "1000", "small": "25"}
    assert client.post(url("limits", world.entity.pk), sent).status_code == 302
    world.entity.refresh_from_db()
    assert world.entity.dispute_limits.goodwill == Decimal(1000)
    assert client.post(url("limits", world.entity.pk), sent | {"small": "x"}).status_code == 422


def test_a_new_version_of_a_playbook_leaves_old_disputes_theirs(world):
    dispute = raised(world)
    client = as_(world.controller)
    assert "Price differs from contract" in client.get(url("playbooks")).content.decode()
    sent = {
        "steps": "Read it.\nAsk sales.",
        "questions": "",
        "replies": "Thank you for telling us.",
        "consults": "Sales",
    }
    assert client.post(url("playbook", "PRC"), sent).status_code == 302
    assert Playbook.objects.get(reason="PRC", is_current=True).version == 2
    dispute.refresh_from_db()
    assert dispute.playbook.version == 1
    assert raised(world, "900.00").playbook.version == 2
    assert client.post(url("playbook", "PRC"), sent | {"steps": " "}).status_code == 422


def test_the_invoice_shows_its_disputes(world):
    dispute = raised(world)
    page = as_(world.clerk).get(url("invoice_panel", dispute.invoice_id)).content.decode()
    assert dispute.reference in page
    record = as_(world.clerk).get(dispute.invoice.get_absolute_url()).content.decode()
    assert url("new", dispute.invoice_id) in record or "Note a dispute" in record
