"""Letters and recaps of the demo, on a small company: each in the state its screen is for."""

from datetime import UTC, datetime

import pytest

from correspondence.models import Delivery
from customers.models import Contact
from integrations.demo.letters import write_letters
from tests.charges.scene import late_invoice, late_world
from tests.factories import make_customer, make_user
from tests.world import furnish
from work.models import WorkItem

pytestmark = pytest.mark.django_db
# Far enough apart that none is taken for another.
NAMES = (
    "Hafen Logistik",
    "Quarz Optik",
    "Bremer Tuchfabrik",
    "Moorhof Gemüse",
    "Zirkon Werkzeug",
    "Yacht und Segel",
)
NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def test_letters_and_mails_end_in_every_state():
    world = late_world()
    others = [
        furnish(make_customer(entity=world.entity, actor=world.lead, name=name), world.lead) for name in NAMES
    ]
    for customer in (world.customer, *others):
        late_invoice(world, "2000", customer=customer)
    people = {"specialist": world.clerk, "lead": world.lead, "controller": world.controller}

    write_letters(people | {"collector": make_user("collector")}, NOW)

    letters = Delivery.objects.filter(message__channel="letter").order_by("pk")
    assert [row.state for row in letters] == ["bounced", "posted", "posted"] + ["to_post"] * 4
    mails = Delivery.objects.filter(message__situation="call_recap").order_by("pk")
    assert [row.state for row in mails[:4]] == ["delivered", "opened", "bounced", "failed"]
    assert Contact.objects.filter(opens_agreed_at__isnull=False).count() == 1
    assert {"letter_returned", "mail_bounced"} <= set(WorkItem.objects.values_list("kind", flat=True))
