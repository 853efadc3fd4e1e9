"""The demo's disputes on a small company: in every state, some of them ended, two because less was paid."""

from datetime import timedelta

import pytest

from disputes.models import Dispute, Outcome
from integrations.demo.disputing import dispute
from metrics.queries import dispute_figures
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db


def test_every_state_has_one_and_every_figure_a_value():
    world = make_world()
    for number in range(45):
        world.issued(
            f"{1000 + 37 * number}.00",
            now=NOW - timedelta(days=100 - 2 * number),
            overrides={"unusual-amount": "Agreed", "similar-customer": "Another"},
        )
    world.pay(world.issued("3000.00", now=NOW - timedelta(hours=1)), "3000.00")
    names = ("specialist", "collector", "lead", "controller", "director", "cash_applier")
    people = dict.fromkeys(names, world.lead) | {"director": world.director, "controller": world.controller}
    dispute(people, NOW)

    assert set(Dispute.objects.values_list("state", flat=True)) == set(Dispute.State.values)
    ended = Dispute.objects.exclude(outcome="")
    assert set(ended.values_list("outcome", flat=True)) == set(Outcome.values)
    assert set(Dispute.objects.filter(closed_at=None).values_list("level", flat=True)) == {1, 2, 3, 4}
    assert Dispute.objects.filter(channel="bank").count() == 1
    found = dispute_figures([world.entity], now=NOW)
    assert all(one.value for one in found.values())
    assert found["cycle"].n >= 5
