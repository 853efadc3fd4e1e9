"""When a dispute ends its customer is asked how it went: once, and only about an answer of ours."""

from datetime import timedelta

import pytest

from billing_ops.subscriptions import SUBSCRIPTIONS
from correspondence.models import Message
from disputes import events, operations, tasks
from feedback import operations as feedback
from feedback.models import Survey
from tests.disputes.scene import investigated, proposed
from tests.feedback.scene import asked, contact_of
from tests.world import NOW, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=3)


@pytest.fixture
def world():
    return make_world()


def told(monkeypatch, fact, *, now=LATER):
    """The task gets the fact as the relay hands it over: at least once."""
    monkeypatch.setattr(tasks.timezone, "now", lambda: now)
    entry = Entry.objects.filter(fact=fact).latest("id")
    assert "disputes.tasks.ask_how_it_went" in SUBSCRIPTIONS[fact]
    for _ in range(2):
        tasks.ask_how_it_went(entry_id=entry.pk)


def test_whoever_raised_it_is_asked_once_when_it_is_resolved(world, monkeypatch):
    contact_of(world)
    ana = contact_of(world, "Ana Ruiz", beside=True)
    dispute = proposed(world, contact=ana)
    operations.accept(dispute, actor=world.director, now=LATER)
    told(monkeypatch, events.DISPUTE_RESOLVED)

    survey = Survey.objects.get()
    assert (survey.occasion, survey.instrument, survey.contact) == ("dispute", "csat", ana)
    assert survey.subject == dispute
    assert dispute.reference in Message.objects.get(situation="survey").subject
    answer = feedback.give_answer(survey.link, survey, score=4, now=LATER)
    assert (answer.occasion, answer.policy) == ("dispute", dispute.invoice.policy_version.policy)


def test_a_withdrawn_one_is_asked_about_as_well(world, monkeypatch):
    contact_of(world)
    operations.withdraw(investigated(world), reason="They agree now", actor=world.clerk, now=LATER)
    told(monkeypatch, events.DISPUTE_WITHDRAWN)
    assert Survey.objects.get().occasion == "dispute"


def not_asked(world, monkeypatch, fact=events.DISPUTE_RESOLVED, *, now=LATER):
    before = (Survey.objects.count(), Message.objects.filter(situation="survey").count())
    told(monkeypatch, fact, now=now)
    assert (Survey.objects.count(), Message.objects.filter(situation="survey").count()) == before


def test_nobody_is_asked_twice_in_thirty_days_nor_after_they_said_no(world, monkeypatch):
    orla = contact_of(world)
    asked(world, invoice=world.issued("90.00", now=NOW - timedelta(days=8)))
    operations.accept(proposed(world), actor=world.director, now=LATER)
    not_asked(world, monkeypatch)

    other = make_world()
    feedback.stop_surveys(contact_of(other), actor=None, now=NOW)
    operations.accept(proposed(other), actor=other.director, now=LATER)
    not_asked(other, monkeypatch)
    assert Survey.objects.get().contact == orla


def test_no_survey_where_it_is_switched_off_or_the_end_is_long_ago(world, monkeypatch, settings):
    contact_of(world)
    operations.accept(proposed(world), actor=world.director, now=LATER)
    not_asked(world, monkeypatch, now=LATER + timedelta(days=3))
    settings.SURVEY_OCCASIONS = ["payment"]
    not_asked(world, monkeypatch)


def test_no_survey_about_what_was_reopened_meanwhile_or_never_answered(world, monkeypatch):
    contact_of(world)
    dispute = operations.accept(proposed(world), actor=world.director, now=LATER)
    operations.reopen(dispute, reason="Not solved", actor=None, now=LATER)
    not_asked(world, monkeypatch)

    waiting = operations.ask_customer(
        investigated(world, "70.00"), body="Which day?", actor=world.clerk, now=NOW
    )
    operations.watch(now=waiting.customer_due_at)
    waiting.refresh_from_db()
    assert waiting.is_over
    with pytest.raises(feedback.NotAsked, match="answer"):
        operations.ask_how_it_went(waiting, now=waiting.closed_at)
    assert not Survey.objects.exists()
