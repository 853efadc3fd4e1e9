"""What customers of the demo company see, on a small company."""

from datetime import UTC, datetime

import pytest

from correspondence.models import Message, PublicLink
from integrations.demo.customers_side import open_doors
from portal.models import EmailChange
from statements.models import Mailing, Schedule
from tests.factories import make_customer, make_user
from tests.world import furnish, make_world

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def test_statements_links_and_a_wish_are_left():
    world = make_world()
    other = furnish(make_customer(name="Umbra Textil", entity=world.entity, actor=world.lead), world.lead)
    before = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
    world.issued("100.00", now=before)
    world.issued("50.00", now=before, customer=other)

    open_doors({"specialist": world.clerk, "collector": make_user("collector")}, NOW)

    assert set(Mailing.objects.values_list("state", flat=True)) == {"sent"}
    assert Schedule.objects.filter(frequency="monthly").count() == 2
    assert PublicLink.objects.filter(purpose="overview", opened__gt=0).exists()
    assert EmailChange.objects.filter(state="waiting").count() == 1
    situations = set(Message.objects.values_list("situation", flat=True))
    assert {"statement", "portal_link", "contact_confirm", "contact_changing"} <= situations
