"""The customer hears of each change of a dispute, once, in words that say what comes next."""

from datetime import timedelta

import pytest

from correspondence.models import Message
from disputes import operations
from notices import operations as notices
from notices.models import Notice
from tests.disputes.scene import ANSWER, HOUR, WHY, proposed, raised
from tests.feedback.scene import contact_of
from tests.world import NOW, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def heard(*, now) -> list[str]:
    """The situations of the mails that follow from all that happened, however often it is told."""
    for _ in range(2):
        for entry in Entry.objects.filter(fact__startswith="dispute.").order_by("pk"):
            notices.tell(entry.pk, now=now)
    rows = Message.objects.filter(situation__startswith="dispute_").order_by("pk")
    return list(rows.values_list("situation", flat=True))


@pytest.fixture
def world():
    world = make_world()
    contact_of(world)
    return world


def test_from_the_first_word_to_the_answer_and_again(world):
    dispute = raised(world, "640.00")
    assert heard(now=NOW) == ["dispute_acknowledged"]
    dispute = operations.acknowledge(dispute, actor=world.clerk, now=NOW + HOUR)
    assert heard(now=NOW + HOUR)[1:] == ["dispute_taken_up"]

    dispute = operations.investigate(dispute, actor=world.clerk, now=NOW + HOUR)
    operations.propose(
        dispute,
        outcome="credit_note",
        root_cause="contract-data",
        answer=ANSWER,
        actor=world.clerk,
        now=NOW + HOUR,
    )
    dispute.refresh_from_db()
    dispute = operations.accept(dispute, actor=world.director, now=NOW + DAY)
    assert heard(now=NOW + DAY)[2:] == ["dispute_answered"]
    assert ANSWER in Message.objects.latest("pk").text

    dispute = operations.reopen(dispute, reason="It is not solved", actor=None, now=NOW + 2 * DAY)
    assert heard(now=NOW + 2 * DAY)[3:] == ["dispute_taken_up"]
    operations.withdraw(dispute, reason="They agree after all", actor=world.clerk, now=NOW + 3 * DAY)
    assert heard(now=NOW + 3 * DAY)[4:] == ["dispute_withdrawn"]


def test_a_question_is_a_mail_of_its_own_and_silence_is_told(world):
    dispute = operations.acknowledge(raised(world, detail=WHY), actor=world.clerk, now=NOW)
    operations.ask_customer(dispute, body="Which day was it?", actor=world.clerk, now=NOW)
    asked = Message.objects.exclude(situation__startswith="dispute_").latest("pk")
    assert "Which day was it?" in asked.text
    dispute.refresh_from_db()
    late = dispute.customer_due_at + HOUR
    operations.close_unanswered(dispute, now=late)
    assert heard(now=late)[-1] == "dispute_unanswered"


def test_who_takes_it_up_again_for_them_lets_them_know(world):
    dispute = operations.accept(proposed(world, "640.00"), actor=world.director, now=NOW + HOUR)
    operations.reopen(dispute, reason="They called: one day is missing", actor=world.lead, now=NOW + DAY)
    assert heard(now=NOW + DAY)[-1] == "dispute_taken_up"


def test_they_hear_that_it_goes_on_when_they_answered_and_when_we_wait_no_longer(world):
    dispute = operations.acknowledge(raised(world), actor=world.clerk, now=NOW)
    dispute = operations.ask_customer(dispute, body="Which day was it?", actor=world.clerk, now=NOW)
    before = heard(now=NOW)
    dispute = operations.resume(dispute, actor=world.director, now=NOW + HOUR)
    assert heard(now=NOW + HOUR) == [*before, "dispute_goes_on"]
    told = Message.objects.latest("pk")
    assert dispute.reference in told.text
    title = f"{world.director} waits no longer: {dispute.reference}"
    assert list(Notice.objects.filter(title=title).values_list("person", flat=True)) == [dispute.owner_id]

    dispute = operations.ask_customer(dispute, body="And at which gate?", actor=world.clerk, now=NOW + HOUR)
    assert operations.note_message(dispute.thread, now=NOW + 2 * HOUR)
    assert heard(now=NOW + 2 * HOUR) == [*before, "dispute_goes_on", "dispute_goes_on"]
    assert Notice.objects.filter(title=title).count() == 1


def test_what_is_asked_again_before_it_is_told_is_not_told_to_go_on(world):
    dispute = operations.acknowledge(raised(world), actor=world.clerk, now=NOW)
    dispute = operations.ask_customer(dispute, body="Which day was it?", actor=world.clerk, now=NOW)
    dispute = operations.resume(dispute, actor=world.lead, now=NOW)
    operations.ask_customer(dispute, body="Or at which gate?", actor=world.clerk, now=NOW)
    assert "dispute_goes_on" not in heard(now=NOW)
