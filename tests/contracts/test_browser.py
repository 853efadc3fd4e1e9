"""A bill run in the browser: looked at, approved, watched, and what failed mended and tried again."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from contracts import operations
from contracts.models import BillRun
from contracts.operations._running import _step
from contracts.operations._sharing import Share
from customers.models import Customer
from invoices.models import Invoice
from tests.contracts.scene import active
from tests.factories import make_customer
from tests.world import furnish, make_world
from work import jobs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_a_run_is_looked_at_watched_mended_and_tried_again(open_page: Any, monkeypatch: Any) -> None:
    world, now = make_world(), timezone.now()
    other = furnish(make_customer(name="Nordlys Media", entity=world.entity, country="DE"), world.lead)
    for customer in (world.customer, other):
        active(world, customer=customer, starts_on=(now - timedelta(days=2)).date(), now=now)
    # The test is the worker: what the page hands over is done when the test says so.
    monkeypatch.setattr(jobs, "hand_over", lambda job: job)

    clerk = open_page("/contracts/runs/new/", user=world.clerk)
    clerk.get_by_role("button", name="Show what would be billed").click()
    expect(clerk.locator("dl.facts dt").first).to_contain_text("2 invoices")
    expect(clerk.get_by_text("Waits for a second person")).to_be_visible()
    run = BillRun.objects.get()
    assert Invoice.objects.count() == 0

    # Between the look and the work one customer is blocked.
    Customer.objects.filter(pk=other.pk).update(status="blocked", status_reason="Sanctions check")
    boss = open_page(run.get_absolute_url(), user=world.controller)
    boss.get_by_role("button", name="Approve and bill").click()
    expect(boss.locator("#job .big")).to_contain_text("0 of 2")
    run.refresh_from_db()
    # The page asks for itself: what the worker counts appears without a click.
    many = abs(world.customer.pk - other.pk) + 1
    share = Share(world.customer.pk % many, many)
    with transaction.atomic():
        _step(jobs.begin(run.job, now=now), share, timezone.now(), documents=True)
    expect(boss.locator("#job .big")).to_contain_text("1 of 2")
    operations.do_run(run.job_id)
    expect(boss.locator("#job .note.bad")).to_contain_text("1 invoice was not made")
    boss.get_by_role("link", name="Show the result").click()
    expect(boss.get_by_text("Sanctions check")).to_be_visible()

    Customer.objects.filter(pk=other.pk).update(status="active", status_reason="")
    again = open_page(run.get_absolute_url(), user=world.clerk)
    again.get_by_role("button", name="Try the 1 that is left again").click()
    run.refresh_from_db()
    operations.do_run(run.job_id)
    again.goto(run.get_absolute_url())
    expect(again.locator(".rec-head .pill").first).to_have_text("Done")
    assert run.rows.filter(state="billed").count() == 2
    assert Invoice.objects.exclude(number=None).count() == 2
