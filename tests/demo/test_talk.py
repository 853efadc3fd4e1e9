"""The inquiries, notes and late charges of the demo, on a small company."""

from datetime import UTC, datetime

import pytest

from charges.models import Charge
from conversations.models import Escalation, Mention, Thread
from integrations.demo.talk import talk
from invoices.models import Invoice
from tests.charges.scene import late_invoice, late_world
from tests.factories import make_customer, make_user
from tests.world import furnish

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def test_inquiries_in_every_state_and_a_waiver_that_waits():
    world = late_world()
    for _ in range(7):
        furnish(make_customer(entity=world.entity, actor=world.lead), world.lead)
    late_invoice(world, "2000")
    people = {"specialist": world.clerk, "lead": world.lead, "controller": world.controller}

    talk(people | {"collector": make_user("collector")}, NOW)

    assert {"open", "closed"} <= set(Thread.objects.values_list("state", flat=True))
    assert Thread.objects.filter(customer=None).count() == 1
    assert Thread.objects.exclude(merged_into=None).count() == 1
    assert Escalation.objects.filter(level="escalated").exists()
    assert Mention.objects.count() == 2
    assert Charge.objects.exists()
    waiver = {"document_status": "pending_approval", "credits__document_type": "debit_note"}
    assert Invoice.objects.filter(**waiver).count() == 1
