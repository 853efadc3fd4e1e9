"""What was said in the demo's year, on a small company: each screen of feedback has something to show."""

from datetime import timedelta

import pytest
from django.core import mail

from disputes import operations
from feedback.models import Answer, Improvement, Publication, Suggestion
from integrations.demo.hearing import hear
from tests.disputes.scene import proposed
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db


def test_it_leaves_answers_suggestions_and_improvements_in_every_state():
    world = make_world()
    for n in range(28):
        world.issued(f"{100 + n}.00", now=NOW - timedelta(days=300 - n * 10))
    ended = proposed(world, "640.00", now=NOW - timedelta(days=2))
    ended = operations.accept(ended, actor=world.director, now=NOW - timedelta(days=1))
    hear({"specialist": world.clerk, "collector": world.clerk, "lead": world.lead}, NOW)

    assert Answer.objects.count() >= 28
    assert Answer.objects.filter(is_complaint=True).exists()
    assert Suggestion.objects.filter(is_anonymous=True).count() == 2
    states = set(Improvement.objects.values_list("state", flat=True))
    assert states == {"proposed", "doing", "closed", "measured", "dropped"}
    by_mail = Answer.objects.filter(channel="survey")
    assert set(by_mail.values_list("template__situation", flat=True)) == {"survey"}
    assert Answer.objects.get(survey__subject_id=ended.pk, occasion="dispute").score == 5
    assert Publication.objects.filter(outcome="told").count() == len(mail.outbox) - 1
