"""The pages of reminders: what was decided and why, what comes, pauses and ladders."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from customers.models import Segment
from reminders import operations
from reminders.models import Ladder, Pause
from tests.reminders.scenes import make_scene


@pytest.fixture(autouse=True)
def clock():
    # A Tuesday: on other days nothing may be sent.
    with time_machine.travel(datetime(2026, 12, 8, 10, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def world(db):
    world = make_scene()
    now = timezone.now()
    world.invoice = world.issued("1000", now=now - timedelta(days=45))
    world.held = world.issued("300", now=now - timedelta(days=44))
    operations.pause(
        world.customer, kind="manual", reason="Goods late", now=now, key="a", invoices=[world.held]
    )
    operations.decide_round(world.entity, now=now)
    return world


def page(client, name, *args, **query):
    response = client.get(reverse(f"reminders:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_today_names_each_rule_and_filters_by_it(client, world):
    client.force_login(world.clerk)
    text = page(client, "list")
    assert "Reminders were paused by hand." in text
    assert str(world.invoice) in text

    text = page(client, "list", rule="paused")
    assert str(world.held) in text
    assert str(world.invoice) not in text
    assert "Nothing was decided on this day" in page(client, "list", on="2020-01-01")


def test_the_panel_of_an_invoice_says_why_not_and_who_is_next(client, world):
    client.force_login(world.clerk)
    text = page(client, "why", world.held.pk)
    assert "Goods late" in text
    assert "Reminders were paused by hand." in text

    text = page(client, "why", world.invoice.pk)
    assert f"ap{world.customer.pk}@customer.example" in text
    fragment = client.get(reverse("reminders:why", args=[world.invoice.pk]), HTTP_HX_REQUEST="true")
    assert fragment.content.decode().strip().startswith("<section")


def test_other_pages_open_empty_and_full(client, world):
    client.force_login(world.lead)
    assert str(world.invoice) in page(client, "forecast")
    assert "No reminder in the last 90 days" not in page(client, "sent")
    assert "Goods late" in page(client, "pauses")
    assert "No ladder is agreed apart" in page(client, "ladders")


def test_a_pause_is_placed_by_its_form_and_ended(client, world):
    client.force_login(world.clerk)
    address = reverse("reminders:pause_invoice", args=[world.invoice.pk])
    until = timezone.now().date() + timedelta(days=9)

    refused = client.post(address, {"kind": "manual", "reason": "x", "until": "2020-01-01"})
    assert refused.status_code == 422
    assert Pause.objects.count() == 1
    done = client.post(address, {"kind": "manual", "reason": "Agreed", "until": until.isoformat()})
    assert done.status_code == 302
    row = Pause.objects.latest("pk")
    assert (row.reason, row.until, list(row.invoices.all())) == ("Agreed", until, [world.invoice])

    client.post(reverse("reminders:resume", args=[row.pk]))
    row.refresh_from_db()
    assert row.ended_at is not None


def test_what_a_promise_pauses_is_not_ended_here(client, world):
    operations.pause(world.customer, kind="promise", reason="Friday", now=timezone.now(), key="promise:1")
    client.force_login(world.clerk)
    client.post(reverse("reminders:resume", args=[Pause.objects.get(key="promise:1").pk]))

    assert Pause.objects.get(key="promise:1").ended_at is None


def steps(*rows):
    data = {"step-TOTAL_FORMS": len(rows), "step-INITIAL_FORMS": 0}
    for at, (day, tone) in enumerate(rows):
        data |= {
            f"step-{at}-day": day,
            f"step-{at}-tone": tone,
            f"step-{at}-channel": "email",
            f"step-{at}-situation": "reminder",
            f"step-{at}-recipients": "billing",
        }
    return data


def test_the_timeline_moves_steps_off_weekends_and_holidays_and_names_the_fault(client, world):
    client.force_login(world.lead)
    address = reverse("reminders:timeline")
    example = {"due": "2026-12-16", "region": "DE"}

    text = client.post(address, steps((-4, 1), (9, 2)) | example).content.decode()
    assert "Fri 11 Dec" in text  # the 12th is a Saturday
    assert "Mon 28 Dec" in text  # Christmas, then a weekend
    assert "Christmas" in text
    text = client.post(address, steps((1, 1), (9, 3)) | example).content.decode()
    assert "jumps to tone 3" in text


def test_editor_timeline_and_why_say_what_a_step_charges(client, world):
    client.force_login(world.lead)
    charged = {"step-0-fee": "12.50", "step-0-interest": "on", "step-1-fee": "Statutory"}
    form = steps((3, 1), (200, 2)) | charged
    text = client.post(reverse("reminders:timeline"), form | {"due": "2026-12-16", "currency": "EUR"})
    assert "fee 12.50 EUR and late interest" in text.content.decode()
    assert "fixed sum of the law" in text.content.decode()

    address = reverse("reminders:ladder_of_customer", args=[world.customer.pk])
    today = timezone.now().date().isoformat()
    assert client.post(address, form | {"reason": "Agreed", "valid_from": today}).status_code == 302
    agreed = Ladder.objects.get().steps
    assert [(step["fee"], step.get("interest")) for step in agreed] == [("12.50", True), ("statutory", None)]
    assert 'value="statutory"' in client.get(address).content.decode()
    text = page(client, "why", world.invoice.pk)
    assert "names no late interest" in text


def test_a_ladder_is_agreed_for_a_customer_and_a_segment_and_ended(client, world):
    segment = Segment.objects.create(name="Key accounts")
    client.force_login(world.lead)
    given = steps((5, 1), (12, 2)) | {"reason": "Contract", "valid_from": timezone.now().date().isoformat()}
    for name, pk in (("ladder_of_customer", world.customer.pk), ("ladder_of_segment", segment.pk)):
        address = reverse(f"reminders:{name}", args=[pk])
        assert client.get(address).status_code == 200
        assert client.post(address, given | {"reason": ""}).status_code == 422
        assert client.post(address, given).status_code == 302
    rows = list(Ladder.objects.order_by("pk"))
    assert [[step["day"] for step in row.steps] for row in rows] == [[5, 12], [5, 12]]

    client.post(reverse("reminders:end_ladder", args=[rows[0].pk]))
    rows[0].refresh_from_db()
    assert rows[0].valid_to is not None


def test_what_part_is_disputed_is_not_asked_for(client, world):
    from invoices import operations as invoices

    invoices.hold(
        world.invoice, Decimal(200), reason="Two days too many", actor=world.clerk, now=timezone.now()
    )
    operations.decide_round(world.entity, now=timezone.now() + timedelta(days=1))
    client.force_login(world.clerk)

    assert "990.00" in page(client, "why", world.invoice.pk)  # 1,190 with 200 held
