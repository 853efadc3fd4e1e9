"""Mail through real Celery workers: once per recipient, and the same mail again after a crash."""

import threading
import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from billing_ops.celery import app
from correspondence.models import Delivery
from correspondence.tasks import deliver_waiting
from tests.correspondence.letters import queue
from tests.plugin import empty_queue
from tests.portal.bills import make_bill, make_contact, make_customer, make_entity

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
State = Delivery.State


def until(condition, timeout=150):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, list(Delivery.objects.values())
        time.sleep(0.05)


def tick():
    app.send_task("correspondence.tasks.deliver_waiting")


def test_a_queued_message_leaves_through_a_worker(mail_sink, worker):
    delivery = queue(now=timezone.now()).deliveries.get()

    tick()

    [received] = mail_sink.wait_for(1)
    assert received["Message-ID"] == delivery.mail_id
    until(lambda: Delivery.objects.filter(state=State.SENT).count() == 1)
    token = received.get_body(("plain",)).get_content().partition("/i/")[2][:43]
    assert len(token) == 43
    assert token not in worker.output()


def test_many_ticks_and_two_workers_send_each_mail_once(mail_sink, start_worker, size, figures):
    start_worker(concurrency=2)
    start_worker(concurrency=2)
    count = size(20, 500)
    customer = make_customer(make_entity())
    bill = make_bill(customer)
    contacts = [make_contact(customer) for _ in range(count)]
    ids = [d.pk for d in queue(bill, contacts=contacts, now=timezone.now()).deliveries.all()]

    for pk in ids:  # every delivery is queued twice on purpose, and the ticks come on top
        app.send_task("correspondence.tasks.deliver", kwargs={"delivery_id": pk})
        app.send_task("correspondence.tasks.deliver", kwargs={"delivery_id": pk})
    for _ in range(4):
        tick()

    until(lambda: Delivery.objects.filter(state=State.SENT).count() == count)
    time.sleep(1)
    got = [message["Message-ID"] for message in mail_sink.messages]
    figures("T04 mail", deliveries=count, mails=len(got))
    assert sorted(got) == sorted(Delivery.objects.values_list("mail_id", flat=True))


@pytest.mark.soak("T05")
def test_a_worker_killed_between_hand_over_and_commit(mail_sink, start_worker, size, figures):
    """T05: kill -9 while the mail server says yes. At most one repeat, with the same Message-ID."""
    rounds, foreign = size(1, 20), 0
    customer = make_customer(make_entity())
    for _ in range(rounds):
        mail_sink.messages.clear()
        victim = start_worker(concurrency=1)
        has_it, may_answer = threading.Event(), threading.Event()

        def hold(message, has_it=has_it, may_answer=may_answer):
            has_it.set()
            may_answer.wait(20)

        mail_sink.before_answer = hold
        delivery = queue(make_bill(customer), now=timezone.now()).deliveries.get()
        tick()
        assert has_it.wait(30), victim.output()
        victim.kill()
        may_answer.set()
        mail_sink.before_answer = None
        delivery.refresh_from_db()
        assert delivery.state == State.SENDING

        cache.clear()  # eleven minutes later the mark of the queued task is long gone
        Delivery.objects.filter(pk=delivery.pk).update(claimed_at=timezone.now() - timedelta(minutes=11))
        second = start_worker(concurrency=1)
        until(lambda pk=delivery.pk: _tick_until_sent(pk), timeout=60)
        second.kill()
        foreign += sum(message["Message-ID"] != delivery.mail_id for message in mail_sink.messages)
        assert len(mail_sink.messages) == 2
    figures("T05", kills=rounds, duplicates_with_new_message_id=foreign)
    assert foreign == 0


def _tick_until_sent(pk):
    tick()
    time.sleep(0.3)
    return Delivery.objects.get(pk=pk).state == State.SENT


def test_a_lost_queue_loses_no_mail(mail_sink, start_worker):
    """The queue is emptied after the tick; the rows are still there, and the next tick finds them."""
    queue(now=timezone.now())
    assert deliver_waiting() == 1
    assert deliver_waiting() == 0  # queued already
    empty_queue()
    cache.clear()  # the same server
    start_worker(concurrency=1)

    tick()

    mail_sink.wait_for(1)
