"""Replies: below the mail they answer, as previewed, acknowledged once, never to who asked for no mail."""

import pytest

from conversations import operations
from conversations.models import Post, Thread
from core.errors import DomainError
from correspondence.mail import HIDDEN_LINK, compose
from correspondence.models import Message
from customers.models import Contact
from tests.book.test_concurrency import together
from tests.world import NOW, World, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db


def asked(world: World, number: int = 1, **values) -> Thread:
    contact = world.customer.contacts.order_by("pk")[0]
    given = {"customer": world.customer, "contact": contact, "sender": contact.email, "body": "Why?"}
    given |= {"subject": "Price", "channel": "email", "external_id": f"<{number}@customer.example>"}
    return operations.receive_message(**(given | values), now=NOW).thread


def mail_of(message: Message):
    return compose(message.deliveries.get(), link_address=HIDDEN_LINK).message()


def test_an_answer_stands_below_the_mail_it_answers():
    world = make_world()
    thread = asked(world)
    asked(world, 2, in_reply_to=("<1@customer.example>",), body="Hello?")
    post = operations.reply(thread, body="Because.", actor=world.clerk, now=NOW)

    mail = mail_of(post.message)

    assert mail["In-Reply-To"] == "<2@customer.example>"
    assert mail["References"] == "<1@customer.example> <2@customer.example>"
    assert mail_of(post.message).as_bytes() == mail.as_bytes()
    other = asked(make_world(), 3, channel="portal", external_id="portal-3")
    said = operations.reply(other, body="Because.", actor=world.clerk, now=NOW)
    assert mail_of(said.message)["In-Reply-To"] is None


def test_the_preview_is_what_is_sent():
    world = make_world()
    thread = asked(world)
    preview = operations.preview_reply(thread, body="We checked.\n\nIt was right.", now=NOW)

    post = operations.reply(thread, body="We checked.\n\nIt was right.", actor=world.clerk, now=NOW)

    sent = post.message
    assert (sent.subject, sent.html, sent.text) == (preview.subject, preview.html, preview.text)


def test_who_asked_for_no_mail_gets_none():
    world = make_world()
    Contact.objects.filter(customer=world.customer).update(opted_out_at=NOW)

    thread = asked(world)
    with pytest.raises(DomainError):
        operations.reply(thread, body="Because.", actor=world.clerk, now=NOW)

    assert not Message.objects.filter(customer=world.customer).exists()
    assert not Post.objects.filter(direction="out").exists()
    thread.refresh_from_db()
    assert (thread.state, thread.acknowledged_at, thread.first_answered_at) == ("open", None, None)


@pytest.mark.django_db(transaction=True)
def test_a_message_taken_by_four_workers_is_acknowledged_once():
    world = make_world()

    assert together(4, lambda _: asked(world)) == []
    asked(world)

    assert Thread.objects.count() == 1
    assert Message.objects.filter(situation="inquiry_received").count() == 1
    assert Entry.objects.filter(fact="inquiry.acknowledged").count() == 1
