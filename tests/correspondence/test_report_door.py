"""The door for reports of a mail service: closed without a secret, and each report does one thing once."""

import base64

import pytest

from correspondence import links, operations
from correspondence.mail import compose
from correspondence.models import Delivery
from customers import operations as customers
from tests.correspondence.letters import queue
from tests.portal.bills import NOW, make_bill, make_contact
from work.models import WorkItem

pytestmark = pytest.mark.django_db
SECRET = "reports:open sesame"


@pytest.fixture
def row(settings):
    """A mail that was handed over."""
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    bill = make_bill()
    delivery = queue(bill, contacts=[make_contact(bill.customer)]).deliveries.get()
    operations.deliver(delivery.pk, now=NOW)
    delivery.refresh_from_db()
    return delivery


def report(client, row, kind="Delivery", *, secret=SECRET, provider="postmark", **more):
    told = {"RecordType": kind, "MessageID": "p-1", "Metadata": {"mail_id": row.mail_id}, **more}
    headers = {"HTTP_AUTHORIZATION": f"Basic {base64.b64encode(secret.encode()).decode()}"}
    return client.post(f"/mail/reports/{provider}/", told, content_type="application/json", **headers)


def state_of(row):
    return Delivery.objects.get(pk=row.pk).state


def test_the_door_is_closed_without_a_secret_and_to_who_does_not_know_it(client, row, settings):
    assert report(client, row, secret="reports:wrong").status_code == 403
    assert report(client, row, provider="nobody").status_code == 404
    # Mailgun signs what it reports; without the key nobody could tell.
    assert report(client, row, provider="mailgun").status_code == 404
    settings.ANYMAIL = {}
    assert report(client, row).status_code == 404
    assert client.get("/mail/reports/postmark/").status_code == 405
    assert state_of(row) == "sent"


def test_a_mail_is_delivered_and_then_opened_where_its_reader_agreed(client, row):
    assert report(client, row).status_code == 200
    assert state_of(row) == "delivered"
    report(client, row, "Open")
    assert state_of(row) == "delivered"

    customers.edit_contact(row.contact, opens_agreed=True, actor=None, now=NOW)
    report(client, row, "Open")
    report(client, row)

    assert state_of(row) == "opened"


def test_a_report_finds_the_mail_by_the_services_own_name_too(client, row):
    Delivery.objects.filter(pk=row.pk).update(provider_id="p-1")
    report(client, row, Metadata={})
    assert state_of(row) == "delivered"


def test_a_bounce_goes_to_the_next_contact_and_opens_work_once(client, row):
    second = make_contact(row.message.customer, email="second@example.org", name="Second")
    for _ in range(2):
        report(client, row, "Bounce", Type="HardBounce", Description="550 no such user")

    bounced = Delivery.objects.get(pk=row.pk)
    assert bounced.state == "bounced"
    assert "550 no such user" in bounced.error
    assert bounced.replacement.contact == second
    assert WorkItem.objects.filter(kind="mail_bounced").count() == 1


def test_what_the_service_still_tries_changes_nothing(client, row):
    report(client, row, "Bounce", Type="Transient", Description="421 later")
    assert state_of(row) == "sent"
    assert not WorkItem.objects.exists()


def test_a_reader_who_calls_it_unwanted_gets_no_mail_and_somebody_asks(client, row):
    for _ in range(2):
        report(client, row, "SpamComplaint", Type="SpamComplaint")

    row.contact.refresh_from_db()
    assert row.contact.no_mail
    assert WorkItem.objects.get(kind="mail_unwanted").customer_key == row.message.customer_id
    again = queue(make_bill(customer=row.message.customer), contacts=[row.contact]).deliveries.get()
    operations.deliver(again.pk, now=NOW)
    assert state_of(again) == "cancelled"


def test_a_report_nobody_can_read_or_on_a_mail_nobody_knows_is_no_error(client, row):
    assert report(client, row, Metadata={"mail_id": "<other@example.org>"}).status_code == 200
    # An incoming mail at the wrong door.
    told = {"FromFull": {"Email": "a@example.org"}, "MessageID": row.mail_id}
    headers = {"HTTP_AUTHORIZATION": f"Basic {base64.b64encode(SECRET.encode()).decode()}"}
    door = "/mail/reports/postmark/"
    assert client.post(door, told, content_type="application/json", **headers).status_code == 200
    assert state_of(row) == "sent"


def test_a_mail_is_watched_only_where_its_reader_agreed(row):
    address = links.address(row.message.link)
    mail = compose(row, link_address=address)
    assert (mail.track_opens, mail.track_clicks) == (False, False)
    customers.edit_contact(row.contact, opens_agreed=True, actor=None, now=NOW)
    again = Delivery.objects.get(pk=row.pk)
    assert compose(again, link_address=address).track_opens is True
    assert compose(again, link_address=address).metadata == {"mail_id": row.mail_id}
