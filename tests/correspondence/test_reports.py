"""Reports on mails: late, twice, in any order; bounces."""

import itertools

import pytest

from correspondence import operations
from tests.correspondence.letters import queue
from tests.portal.bills import NOW, make_bill, make_contact
from work.models import WorkItem

pytestmark = pytest.mark.django_db


def handed_over(**contact):
    bill = make_bill()
    someone = make_contact(bill.customer, **contact)
    row = queue(bill, contacts=[someone]).deliveries.get()
    operations.deliver(row.pk, now=NOW)
    row.refresh_from_db()
    assert row.state == "sent"
    return row


@pytest.mark.parametrize("order", list(itertools.permutations(["delivered", "opened", "delivered"])))
def test_reports_in_any_order_end_in_the_same_state(order):
    row = handed_over()
    row.contact.opens_agreed_at = NOW
    row.contact.save(update_fields=["opens_agreed_at"])
    acts = {"delivered": operations.note_delivered, "opened": operations.note_opened}
    for report in order:
        acts[report](row.mail_id, now=NOW)
    row.refresh_from_db()
    assert row.state == "opened"


def test_an_opening_is_kept_only_where_the_contact_agreed():
    row = handed_over()
    operations.note_opened(row.mail_id, now=NOW)
    row.refresh_from_db()
    assert (row.state, row.opened_at) == ("sent", None)


def test_a_report_on_an_unknown_mail_is_ignored():
    assert operations.note_delivered("<nobody@example.org>", now=NOW) is None
    assert operations.note_bounce_of("", reason="x", permanent=True, now=NOW) is None


def test_a_bounce_marks_the_contact_opens_work_and_writes_to_the_next_one_once():
    row = handed_over()
    second = make_contact(row.message.customer, email="second@example.org", name="Second")
    for _ in range(2):
        operations.note_bounce_of(row.mail_id, reason="550 unknown", permanent=True, now=NOW)
    row.refresh_from_db()
    row.contact.refresh_from_db()

    assert row.state == "bounced"
    assert row.contact.bounced_at == NOW
    assert row.replacement.contact == second
    assert row.replacement.state == "queued"
    assert row.message.deliveries.count() == 2
    assert WorkItem.objects.filter(key=f"bounce:{row.contact_id}").count() == 1


def test_a_bounce_that_is_not_for_good_changes_nothing():
    row = handed_over()
    operations.note_bounce_of(row.mail_id, reason="421 later", permanent=False, now=NOW)
    row.refresh_from_db()
    assert row.state == "sent"
    assert not WorkItem.objects.exists()
