"""Late charges on the screen: what could be charged, charging, the working, waiving, the rates."""

from datetime import date

import pytest

from charges import operations
from charges.models import Charge, ReferenceRate
from tests.charges.scene import LATER, late_invoice, late_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return late_world()


def test_an_invoice_shows_what_could_be_charged_and_it_is_charged(client, world):
    invoice = late_invoice(world)
    client.force_login(world.clerk)

    page = client.get(f"/charges/invoice/{invoice.pk}/")
    assert page.status_code == 200
    assert "€40.00" in page.content.decode()
    refused = client.post(f"/charges/invoice/{invoice.pk}/", {"kind": "interest", "on": "2025-02-01"})
    assert refused.status_code == 422
    made = client.post(f"/charges/invoice/{invoice.pk}/", {"kind": "interest", "on": "2025-04-01"})
    charge = Charge.objects.get()
    assert made.headers["Location"] == f"/charges/{charge.pk}/"
    shown = client.get(f"/charges/{charge.pk}/").content.decode()
    assert "11.27" in shown
    assert "21.68" in shown
    assert str(charge.document) in client.get("/charges/").content.decode()
    card = f"/charges/invoice/{invoice.pk}/card/"
    assert f'hx-get="{card}"' in client.get(f"/invoices/{invoice.pk}/").content.decode()
    assert str(charge.document) in client.get(card).content.decode()


def test_a_waiver_is_asked_for_on_the_screen(client, world):
    made = operations.charge_late(
        late_invoice(world), kind="fixed_sum", on=date(2025, 4, 1), actor=world.clerk, now=LATER
    )
    client.force_login(world.clerk)

    assert client.post(f"/charges/{made.pk}/waive/", {"amount": "41", "reason": "Kind"}).status_code == 422
    answer = client.post(f"/charges/{made.pk}/waive/", {"amount": "", "reason": "Our outage"})

    assert answer.status_code == 302
    assert "Our outage" in client.get(f"/charges/{made.pk}/").content.decode()
    assert str(made.document) in client.get("/charges/?state=waiver").content.decode()


def test_rates_are_entered_and_reviewed_by_the_controller_alone(client, world):
    rate = {"source": "ECB", "valid_from": "2026-07-01", "rate": "2.15", "published": "ECB"}
    client.force_login(world.clerk)
    assert client.post("/charges/rates/", rate).status_code == 403
    client.force_login(world.controller)

    assert client.post("/charges/rates/", rate | {"valid_from": "2026-08-01"}).status_code == 422
    assert client.post("/charges/rates/", rate).status_code == 302
    row = ReferenceRate.objects.get(source="ECB", valid_from=date(2026, 7, 1))
    client.post(
        f"/charges/rates/{row.pk}/review/", {"reviewed_on": "2026-07-02", "reviewed_by": "A. Adviser"}
    )

    row.refresh_from_db()
    assert (row.reviewed_on, row.reviewed_by) == (date(2026, 7, 2), "A. Adviser")
    assert "A. Adviser" in client.get("/charges/rates/").content.decode()
