"""What customers write reaches the right thread, once, and the clock of the answer starts."""

from datetime import UTC, datetime, timedelta

import pytest

from conversations import events, operations, queries
from conversations.incoming import read_mail
from conversations.models import InboundMail, Post, Thread
from core.errors import Invalid
from correspondence.models import Delivery
from invoices import operations as invoices
from invoices.events import INVOICE_SENT
from tests.conversations.bounces import bounce_of
from tests.conversations.test_incoming import raw, with_file
from tests.factories import make_customer, make_user
from tests.world import NOW, furnish, make_world
from trail.models import Entry
from work.models import WorkItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def contact_of(world):
    return world.customer.contacts.get()


def ask(world, body="Why 120?", **values):
    given = {"customer": world.customer, "contact": contact_of(world), "channel": "email", "now": NOW}
    given |= {"sender": contact_of(world).email, "subject": "Bill of May"}
    return operations.receive_message(body=body, **(given | values))


def mail_from(world, **headers):
    return operations.take_mail(
        raw(**({"From": contact_of(world).email} | headers)), source="maildir", now=NOW
    )


def mailed(invoice, world):
    """The invoice as it went out by mail."""
    invoices.send_invoice(invoice, actor=world.clerk, now=NOW)
    invoices.write_message(Entry.objects.get(fact=INVOICE_SENT, object_id=invoice.pk), now=NOW)
    return Delivery.objects.get(message__about_id=invoice.pk)


def test_a_message_opens_a_thread_with_a_reference_and_a_due_time(world):
    post = ask(world)

    thread = post.thread
    # Monday 10:30 in Hamburg; eight office hours a day, so 16 hours end on Wednesday 10:30.
    assert thread.answer_due_at == datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
    assert thread.warn_at == datetime(2026, 11, 17, 13, 30, tzinfo=UTC)
    assert (thread.state, thread.customer, thread.entity) == ("open", world.customer, world.entity)
    assert thread.reference.startswith("Q-")
    assert Entry.objects.filter(fact=events.INQUIRY_OPENED, customer_key=world.customer.pk).count() == 1


def test_the_clock_rests_over_the_weekend_and_on_holidays(world):
    world.entity.holiday_region = "DE-BY"
    world.entity.save()
    # Tuesday 5 January 2027, 12:00 in Munich; the 6th is a holiday, the 9th and 10th a weekend.
    post = ask(world, now=datetime(2027, 1, 5, 11, tzinfo=UTC))

    assert post.thread.answer_due_at == datetime(2027, 1, 8, 11, tzinfo=UTC)


def test_the_same_message_id_is_taken_once(world):
    first = ask(world, external_id="<1@x>")

    assert ask(world, external_id="<1@x>", body="again") == first
    assert Post.objects.count() == 1
    assert Entry.objects.filter(fact=events.INQUIRY_OPENED).count() == 1


def test_an_answer_to_our_mail_finds_its_thread_by_message_id(world):
    first = ask(world, external_id="<1@x>")

    later = ask(world, in_reply_to="<1@x>", subject="whatever", external_id="<2@x>")

    assert later.thread == first.thread


def test_a_subject_with_the_reference_finds_its_thread(world):
    first = ask(world)

    assert ask(world, subject=f"Re: [{first.thread.reference}] x").thread == first.thread


def test_a_reference_never_opens_another_customers_thread(world):
    first = ask(world, external_id="<1@x>")
    other = furnish(make_customer(entity=world.entity), world.lead)

    post = ask(
        world,
        customer=other,
        contact=other.contacts.get(),
        subject=f"Re: {first.thread.reference}",
        in_reply_to="<1@x>",
    )

    assert post.thread != first.thread
    assert post.thread.customer == other
    assert first.thread.posts.count() == 1


def test_messages_about_one_invoice_share_its_open_thread(world):
    invoice = world.issued("100")

    first = ask(world, about=invoice, channel="portal")
    second = ask(world, about=invoice, channel="portal", body="And when?")
    other = ask(world, channel="portal")

    assert first.thread == second.thread != other.thread
    assert list(queries.threads_about(invoice)) == [first.thread]


def test_a_reply_to_an_invoice_mail_is_about_that_invoice(world):
    invoice = world.issued("100")
    delivery = mailed(invoice, world)

    row = mail_from(world, In_Reply_To=delivery.mail_id)

    assert row.post.thread.about == invoice
    assert row.post.thread.customer == world.customer


def test_a_known_address_without_any_reference_opens_a_thread_of_its_customer(world):
    row = mail_from(world)

    assert row.outcome == InboundMail.Outcome.POSTED
    assert (row.post.thread.customer, row.post.contact) == (world.customer, contact_of(world))


def test_an_unknown_sender_waits_to_be_assigned(world):
    row = operations.take_mail(raw(From="new@elsewhere.example"), source="maildir", now=NOW)

    thread = row.post.thread
    assert thread.customer is None
    assert list(queries.inbox(world.clerk, tab="unknown", now=NOW)) == [thread]
    assert thread.acknowledged_at is None

    operations.identify_sender(thread, customer=world.customer, actor=world.clerk, now=NOW)

    thread.refresh_from_db()
    assert thread.customer == world.customer
    assert thread.contact.email == "new@elsewhere.example"
    assert not queries.inbox(world.clerk, tab="unknown", now=NOW)


def test_a_stranger_in_a_thread_is_named_as_one(world):
    first = ask(world, external_id="<1@x>")

    row = operations.take_mail(
        raw(From="new@elsewhere.example", In_Reply_To="<1@x>"), source="maildir", now=NOW
    )

    assert row.post.thread == first.thread
    assert row.post.faults == ["new@elsewhere.example is not a contact of the customer."]


def test_an_address_of_two_customers_is_whose_mail_is_answered_else_unknown(world):
    other = furnish(make_customer(entity=world.entity), world.lead)
    other.contacts.update(email=contact_of(world).email)
    first = ask(world, customer=other, contact=other.contacts.get(), external_id="<1@x>")

    assert mail_from(world, In_Reply_To="<1@x>").post.thread == first.thread
    assert mail_from(world, Message_ID="<other@x>").post.thread.customer is None


def test_an_out_of_office_to_our_mail_is_kept_and_restarts_nothing(world):
    first = ask(world, external_id="<1@x>")
    Thread.objects.filter(pk=first.thread_id).update(state="answered", answer_due_at=None, warn_at=None)

    row = mail_from(world, In_Reply_To="<1@x>", Auto_Submitted="auto-replied")

    first.thread.refresh_from_db()
    assert (row.outcome, row.post.thread) == (InboundMail.Outcome.AUTOMATIC, first.thread)
    assert first.thread.state == "answered"
    assert first.thread.answer_due_at is None


def test_a_machines_mail_that_answers_nothing_opens_nothing(world):
    row = mail_from(world, Auto_Submitted="auto-generated")

    assert (row.outcome, row.post) == (InboundMail.Outcome.AUTOMATIC, None)
    assert not Thread.objects.exists()


def test_mail_from_our_own_address_is_a_loop(world):
    row = operations.take_mail(raw(From=world.entity.email), source="maildir", now=NOW)

    assert row.outcome == InboundMail.Outcome.LOOP
    assert not Thread.objects.exists()


def test_a_bounce_marks_the_contact_and_opens_nothing(world):
    delivery = mailed(world.issued("100"), world)
    Delivery.objects.filter(pk=delivery.pk).update(state="sent", sent_at=NOW)

    row = operations.take_mail(bounce_of(delivery), source="maildir", now=NOW)

    assert row.outcome == InboundMail.Outcome.BOUNCE
    assert contact_of(world).bounced_at == NOW
    assert not Thread.objects.exists()
    delivery.refresh_from_db()
    assert delivery.state == "bounced"
    assert WorkItem.objects.get(kind="mail_bounced").customer_key == world.customer.pk


def test_files_are_private_and_named_by_their_hash(world, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    data = b"%PDF-1.7 order"
    mail = with_file("order.pdf", "application/pdf", data).replace(
        b"orla@customer.example", contact_of(world).email.encode()
    )

    post = operations.take_mail(mail, source="maildir", now=NOW).post

    [file] = post.attachments.all()
    assert file.sha256 == read_mail(mail).files[0].sha256
    assert file.stored_name.endswith(file.sha256)
    assert (tmp_path / file.stored_name).read_bytes() == data


def test_an_empty_message_of_a_person_is_refused_and_nothing_is_kept(world):
    with pytest.raises(Invalid, match="nothing written"):
        ask(world, body="  \n ", channel="portal")

    assert not Thread.objects.exists()
    assert not Post.objects.exists()


def test_a_mail_to_a_closed_thread_brings_it_back_once_within_30_days(world):
    thread = ask(world).thread
    close = {"said": "a", "understood": "b", "agreed": "c", "actor": world.clerk, "send": False}
    operations.close_thread(thread, now=NOW, **close)

    again = ask(world, subject=thread.reference, now=NOW + timedelta(days=30))
    operations.close_thread(thread, now=NOW + timedelta(days=31), **close)
    other = ask(world, subject=thread.reference, now=NOW + timedelta(days=32))

    assert again.thread == thread
    assert other.thread != thread
    assert other.thread.customer == world.customer


def test_the_customers_owner_gets_the_thread_if_they_may_answer(world):
    world.customer.owner = world.clerk
    world.customer.save()
    assert ask(world).thread.owner == world.clerk

    world.customer.owner = make_user("auditor")
    world.customer.save()
    assert ask(world).thread.owner is None
