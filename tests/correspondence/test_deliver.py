"""Claim, hand over, record: against a real mail server, in this process."""

import smtplib
from datetime import timedelta
from unittest import mock

import pytest
from django.core import mail

from correspondence import links, operations
from correspondence.events import MESSAGE_CANCELLED, MESSAGE_FAILED, MESSAGE_SENT
from correspondence.models import Delivery
from correspondence.outcomes import BACKOFF, failure_of
from correspondence.queries import STALE_CLAIM, due_deliveries
from customers import operations as customers
from tests.correspondence.letters import queue
from tests.portal.bills import NOW, make_bill, make_contact, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db
State = Delivery.State


def deliver(delivery, now=NOW):
    operations.deliver(delivery.pk, now=now)
    delivery.refresh_from_db()
    return delivery


def test_a_delivered_mail_carries_the_customers_link_and_its_message_id(mail_sink):
    delivery = deliver(queue().deliveries.get())

    [received] = mail_sink.messages
    assert delivery.state == State.SENT
    assert delivery.sent_at
    assert received["Message-ID"] == delivery.mail_id
    assert received["From"] == "Northwind Energy <billing@northwind.example>"
    assert received["To"] == f"Orla Byrne <{delivery.email}>"
    address = links.address(delivery.message.link)
    assert address in received.get_body(("plain",)).get_content()
    assert address in received.get_body(("html",)).get_content()
    assert Entry.objects.filter(fact=MESSAGE_SENT).count() == 1


def test_each_recipient_gets_a_mail_of_their_own(mail_sink):
    bill = make_bill()
    message = queue(bill, contacts=[make_contact(bill.customer), make_contact(bill.customer)])

    for delivery in message.deliveries.all():
        deliver(delivery)

    assert [len(to) for to in mail_sink.recipients] == [1, 1]
    assert len({received["Message-ID"] for received in mail_sink.messages}) == 2


def test_a_second_delivery_of_the_same_row_does_nothing(mail_sink):
    delivery = queue().deliveries.get()

    deliver(delivery)
    deliver(delivery)

    assert len(mail_sink.messages) == 1


def test_a_mail_that_is_being_handed_over_is_left_alone(mail_sink):
    delivery = queue().deliveries.get()
    assert operations.claim_delivery(delivery.pk, now=NOW)

    assert operations.deliver(delivery.pk, now=NOW + STALE_CLAIM - timedelta(seconds=1)) is None
    assert mail_sink.messages == []


def test_crash_between_hand_over_and_commit_repeats_with_the_same_message_id(mail_sink):
    """T05: the row still says it is being sent; the retry is the same mail byte by byte."""
    delivery = queue().deliveries.get()
    crash = mock.patch("correspondence.operations._delivering._note_sent", side_effect=KeyboardInterrupt)
    with crash, pytest.raises(KeyboardInterrupt):
        operations.deliver(delivery.pk, now=NOW)
    delivery.refresh_from_db()
    assert delivery.state == State.SENDING
    assert not due_deliveries(NOW + timedelta(minutes=1)).exists()

    later = NOW + STALE_CLAIM
    assert list(due_deliveries(later)) == [delivery]
    deliver(delivery, now=later)

    assert delivery.state == State.SENT
    assert len(mail_sink.raw) == 2
    assert mail_sink.raw[0] == mail_sink.raw[1]
    assert Entry.objects.filter(fact=MESSAGE_SENT).count() == 1


def test_who_asks_for_no_mail_while_one_waits_does_not_get_it(mail_sink):
    """The last door, whichever door the message came in by."""
    delivery = queue().deliveries.get()
    customers.edit_contact(delivery.contact, no_mail=True, actor=None, now=NOW)

    assert operations.deliver(delivery.pk, now=NOW) is None
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == (State.CANCELLED, "The contact asked for no mail.")
    assert mail_sink.messages == []


@pytest.mark.parametrize("answer", ["421 try later", "450 busy", "451 local error", "452 full"])
def test_a_temporary_answer_is_tried_again_later(mail_sink, answer):
    delivery = queue().deliveries.get()
    mail_sink.answers = [answer]

    deliver(delivery)

    assert delivery.state == State.QUEUED
    assert delivery.error.startswith(answer[:3])
    assert delivery.not_before > NOW
    assert not Entry.objects.filter(fact=MESSAGE_FAILED).exists()


@pytest.mark.parametrize("answer", ["550 no such user", "552 too large", "554 refused"])
def test_a_permanent_answer_fails_at_once_and_is_on_the_trail(mail_sink, answer):
    delivery = queue().deliveries.get()
    mail_sink.answers = [answer]

    deliver(delivery)

    assert (delivery.state, delivery.error) == (State.FAILED, answer)
    assert Entry.objects.get(fact=MESSAGE_FAILED).additional_data["code"] == int(answer[:3])
    assert not Entry.objects.filter(fact=MESSAGE_SENT).exists()


def test_a_dead_mailbox_marks_the_contact():
    delivery = queue().deliveries.get()
    refused = smtplib.SMTPRecipientsRefused({delivery.email: (550, b"5.1.1 no such user")})
    with mock.patch.object(mail.EmailMessage, "send", side_effect=refused):
        deliver(delivery)

    delivery.contact.refresh_from_db()
    assert delivery.state == State.BOUNCED
    assert delivery.contact.bounced_at


def test_a_mail_server_that_is_down_is_asked_again_until_the_attempts_are_used_up(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    delivery = queue().deliveries.get()
    waits, now = [], NOW
    while delivery.state == State.QUEUED:
        with mock.patch("correspondence.operations._delivering.timezone.now", return_value=now):
            deliver(delivery, now=now)
        if delivery.state == State.QUEUED:
            waits.append(delivery.not_before - now)
            now = delivery.not_before

    assert tuple(waits) == BACKOFF
    assert delivery.state == State.FAILED
    assert delivery.attempts == len(BACKOFF) + 1
    assert Entry.objects.filter(fact=MESSAGE_FAILED).count() == 1


def test_a_failed_delivery_is_retried_by_hand_with_its_message_id(mail_sink):
    delivery = queue().deliveries.get()
    mail_sink.answers = ["554 refused"]
    deliver(delivery)
    mail_id = delivery.mail_id

    operations.retry_delivery(delivery, actor=make_user(), now=NOW)
    deliver(delivery)

    assert delivery.state == State.SENT
    assert mail_sink.messages[0]["Message-ID"] == mail_id
    with pytest.raises(operations.DeliveryIsUnderWay):
        operations.retry_delivery(delivery, actor=None, now=NOW)


def test_a_message_is_cancelled_until_it_leaves(mail_sink):
    bill = make_bill()
    message = queue(bill, contacts=[make_contact(bill.customer), make_contact(bill.customer)])
    gone, waiting = message.deliveries.all()
    deliver(gone)

    assert operations.cancel_queued(bill, now=NOW) == 1
    deliver(waiting)

    assert waiting.state == State.CANCELLED
    assert len(mail_sink.messages) == 1
    assert Entry.objects.filter(fact=MESSAGE_CANCELLED).count() == 1
    with pytest.raises(operations.DeliveryIsUnderWay):
        operations.cancel_delivery(waiting, actor=None, now=NOW)


def _revoke(delivery):
    links.revoke_link(delivery.message.link, actor=None, now=NOW)


def _expire(delivery):
    type(delivery.message.link).objects.update(expires_at=NOW)


def _deactivate(delivery):
    type(delivery.contact).objects.update(is_active=False)


@pytest.mark.parametrize("happens", [_revoke, _expire, _deactivate])
def test_what_happened_since_queueing_is_checked_again_before_sending(mail_sink, happens):
    delivery = queue().deliveries.get()
    happens(delivery)

    deliver(delivery)

    assert delivery.state == State.CANCELLED
    assert delivery.error
    assert mail_sink.messages == []


def test_an_object_can_stop_its_mail(mail_sink, monkeypatch):
    from invoices.models import Invoice

    monkeypatch.setattr(Invoice, "mail_stop", lambda invoice, now: "The invoice was cancelled.")

    delivery = deliver(queue().deliveries.get())

    assert (delivery.state, delivery.error) == (State.CANCELLED, "The invoice was cancelled.")


def test_a_mail_server_that_quotes_the_link_does_not_bring_it_to_the_staff_list(mail_sink):
    delivery = queue().deliveries.get()
    token = links.token_of(delivery.message.link)
    mail_sink.answers = [f"554 blocked address http://127.0.0.1:8000/i/{token}/ found"]

    deliver(delivery)

    assert delivery.state == State.FAILED
    assert token not in delivery.error
    assert "blocked" in delivery.error


def test_a_backend_that_sends_nothing_is_not_taken_for_sent(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    with mock.patch("django.core.mail.backends.dummy.EmailBackend.send_messages", return_value=0):
        delivery = deliver(queue().deliveries.get())

    assert delivery.state == State.QUEUED
    assert delivery.sent_at is None


@pytest.mark.parametrize(
    ("error", "permanent", "code"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b": (550, b"no")}), True, 550),
        (smtplib.SMTPRecipientsRefused({"a@b": (450, b"later")}), False, 450),
        (smtplib.SMTPSenderRefused(553, b"not yours", "x@y"), True, 553),
        (smtplib.SMTPDataError(554, b"spam"), True, 554),
        (smtplib.SMTPAuthenticationError(535, b"bad password"), False, 535),
        (smtplib.SMTPConnectError(554, b"go away"), False, 554),
        (smtplib.SMTPServerDisconnected("gone"), False, 0),
        (TimeoutError("slow"), False, 0),
    ],
)
def test_what_an_answer_means(error, permanent, code):
    failure = failure_of(error)

    assert (failure.permanent, failure.code) == (permanent, code)
