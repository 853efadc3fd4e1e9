"""Watched records: each later act once, never the own ones."""

from datetime import timedelta

import pytest

from customers import operations as customers
from notices import operations
from notices.models import Notice
from tests.book.test_concurrency import together
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def test_watchers_hear_of_later_acts_of_others_once(world):
    invoice = world.issued("100.00")
    operations.watch(invoice, path="/invoices/1/", actor=world.lead, now=NOW)
    operations.watch(world.customer, path="/customers/1/", actor=world.clerk, now=NOW)
    operations.tell_watchers(now=NOW)
    assert not Notice.objects.exists()

    customers.edit_customer(world.customer, actor=world.lead, now=NOW, notes="Pays late")
    world.pay(invoice, "119.00")
    told = operations.tell_watchers(now=NOW + timedelta(minutes=1))

    # The edit, the receipt and its allocation; each left several entries of one moment.
    assert told == Notice.objects.count() == 2
    acts = {(one.entry.timestamp, one.entry.actor_id) for one in Notice.objects.select_related("entry")}
    assert len(acts) == 2
    assert "Also: " in Notice.objects.get(entry__actor=world.cash).detail
    assert operations.tell_watchers(now=NOW) == 0
    assert {notice.person for notice in Notice.objects.all()} == {world.clerk}
    assert all(notice.entry.customer_key == world.customer.pk for notice in Notice.objects.all())


def test_the_own_act_is_not_told_and_unwatching_ends_it(world):
    operations.watch(world.customer, path="/c/", actor=world.lead, now=NOW)
    customers.edit_customer(world.customer, actor=world.lead, now=NOW, notes="one")
    assert operations.tell_watchers(now=NOW) == 0
    operations.unwatch(world.customer, actor=world.lead)
    customers.edit_customer(world.customer, actor=world.clerk, now=NOW, notes="two")

    assert operations.tell_watchers(now=NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_four_readers_at_once_tell_once():
    world = make_world()
    operations.watch(world.customer, path="/c/", actor=world.lead, now=NOW)
    customers.edit_customer(world.customer, actor=world.clerk, now=NOW, notes="one")

    assert together(4, lambda _: operations.tell_watchers(now=NOW)) == []
    assert Notice.objects.count() == 1
