"""A change to an issued receivable reaches its customer within a minute, by a real clock and worker."""

import sys
import time
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone

from billing_ops import processes
from correspondence import links
from invoices import operations as invoices
from tests.processes import Process
from tests.world import make_world
from trail.models import Announcement

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
MINUTE = 60


@pytest.mark.timeout(600)
def test_a_hold_and_a_later_due_date_are_seen_and_told_within_a_minute(start_worker, mail_sink, figures):
    world, now = make_world(), timezone.now()
    invoice = world.issued("500", now=now)
    due = invoice.due_on
    contact = world.customer.contacts.get()
    link = links.create_link(invoice, purpose=links.INVOICE, contact=contact, actor=None, now=now)
    Announcement.objects.update(handed_over_at=now)  # what issuing announced is another test's
    start_worker(concurrency=1)
    beat = Process([sys.executable, "-m", *processes.beat()], {"EMAIL_URL": mail_sink.url})
    acts = [
        (partial(invoices.hold, invoice, Decimal(195), reason="Late"), "195.00"),
        (partial(invoices.ask_due_date, invoice, due + timedelta(days=9), reason="Agreed"), "400.00"),
    ]
    slowest = 0.0
    try:
        for number, (act, told) in enumerate(acts, start=1):
            began = time.monotonic()
            act(actor=world.clerk, now=timezone.now())
            page = Client().get(links.path_of(link), {"lang": "en"}).content.decode()
            assert "400.00" in page
            mail_sink.wait_for(number, timeout=MINUTE)
            slowest = max(slowest, time.monotonic() - began)
            assert told in mail_sink.messages[-1].get_body(("plain",)).get_content()
    finally:
        beat.kill()
    assert slowest < MINUTE
    figures("told", slowest_s=round(slowest, 1))
