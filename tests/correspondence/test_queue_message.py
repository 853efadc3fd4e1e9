"""Freezing a message and putting it into the outbox."""

import hashlib
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction

from correspondence import links, operations
from correspondence.events import MESSAGE_QUEUED
from correspondence.mail import HIDDEN_LINK, LINK_MARK, AttachmentChanged, compose
from correspondence.models import Delivery, Message, Template
from correspondence.rules import EmptyVariable, UnknownVariable, UnsafeText
from tests.correspondence.letters import queue, values_of
from tests.portal.bills import NOW, make_bill, make_contact, make_customer, make_entity, make_user
from trail.models import Entry

pytestmark = pytest.mark.django_db


def test_a_message_has_one_delivery_per_address_with_a_message_id_at_the_sending_domain():
    bill = make_bill()
    one, two = make_contact(bill.customer), make_contact(bill.customer)
    same = make_contact(make_customer(bill.entity), email=one.email.upper())

    message = queue(bill, contacts=[one, two, same])

    deliveries = Delivery.objects.filter(message=message)
    assert [d.email for d in deliveries] == [one.email, two.email]
    assert len({d.mail_id for d in deliveries}) == 2
    assert all(d.mail_id.endswith("@northwind.example>") for d in deliveries)
    assert Entry.objects.get(fact=MESSAGE_QUEUED).object_id == bill.pk


def test_the_stored_message_says_where_the_link_goes_but_not_the_link():
    message = queue()
    token = links.token_of(message.link)

    assert LINK_MARK in message.html
    assert LINK_MARK in message.text
    assert not any(token in str(row) for row in Message.objects.values())


@pytest.mark.parametrize(
    ("language", "used"), [("de", "de"), ("de-AT", "de"), ("pt", "fr"), ("", "fr")], ids=str
)
def test_the_text_falls_back_to_the_companys_language(language, used):
    entity = make_entity(language="fr")

    message = queue(make_bill(make_customer(entity)), language=language)

    assert (message.language, message.template.language) == (used, used)


def test_without_the_companys_language_the_text_is_english():
    entity = make_entity(language="nl")

    assert queue(make_bill(make_customer(entity)), language="pt").language == "en"


def test_without_any_text_in_use_nothing_is_queued():
    operations.install_texts(now=NOW)
    Template.objects.update(status="retired")

    with pytest.raises(operations.NoTemplateInUse):
        queue()
    assert not Message.objects.exists()


def test_the_preview_is_what_is_frozen():
    bill = make_bill()
    shown = operations.preview_message(
        situation="invoice", entity=bill.entity, language="en", variables=values_of(bill), now=NOW
    )

    message = queue(bill)

    assert (message.subject, message.html, message.text) == (shown.subject, shown.html, shown.text)


def test_the_bytes_shown_are_the_bytes_sent_but_for_the_link():
    delivery = queue().deliveries.get()
    address = links.address(delivery.message.link)

    sent = compose(delivery, link_address=address).message().as_bytes()
    again = compose(Delivery.objects.get(), link_address=address).message().as_bytes()
    shown = compose(delivery, link_address=HIDDEN_LINK).message().as_bytes()

    assert sent == again
    assert sent.replace(address.encode(), HIDDEN_LINK.encode()) == shown
    assert address.encode() in sent
    assert LINK_MARK.encode() not in sent


def test_a_later_version_of_the_text_does_not_change_a_queued_message():
    message = queue()
    text = operations.save_template(
        situation="invoice", language="en", subject="New", body="{{amount_due}}", actor=None, now=NOW
    )
    operations.submit_template(text, actor=None, now=NOW)
    operations.approve_template(text, actor=make_user(), now=NOW)

    message.refresh_from_db()
    assert (message.template.version, message.subject[:7]) == (1, "Invoice")
    assert queue(message.about_type.get_object_for_this_type(pk=message.about_id)).subject == "New"


@pytest.mark.parametrize(
    "statement", ["UPDATE correspondence_message SET text = ''", "DELETE FROM correspondence_message"]
)
def test_the_database_refuses_to_change_a_queued_message(statement):
    queue()

    with pytest.raises(DatabaseError, match=r"a_queued_message_is_frozen|Cannot"), transaction.atomic():
        connection.cursor().execute(statement)


def test_nobody_to_write_to_is_refused_with_the_mend():
    bill = make_bill()

    with pytest.raises(operations.NobodyToWriteTo, match="no contact") as refusal:
        queue(bill, contacts=[make_contact(bill.customer, email="")])
    assert refusal.value.mend


def test_an_empty_variable_blocks_the_message():
    bill = make_bill()

    with pytest.raises(EmptyVariable, match="amount_due"):
        queue(bill, variables=values_of(bill, amount_due=None))
    with pytest.raises(UnknownVariable):
        queue(bill, variables=values_of(bill, amout_due=""))


BREAKS = ["\r\nBcc: thief@evil.example", "\nX: y", "\r", "\x00", "\u2028", "\u202e"]


@pytest.mark.parametrize("bad", BREAKS, ids=repr)
def test_a_line_break_in_a_header_is_refused(bad):
    """T47: in the subject's values, the recipient's name, the company's name, a file's name."""
    bill = make_bill()
    with pytest.raises(UnsafeText), transaction.atomic():
        queue(bill, variables=values_of(bill, document_number=f"INV{bad}"))
    with pytest.raises(UnsafeText), transaction.atomic():
        queue(bill, variables=values_of(bill, customer_name=f"Bright{bad}"))
    file = operations.File(f"a{bad}.pdf", "application/pdf", "a.pdf", "0" * 64)
    with pytest.raises(UnsafeText), transaction.atomic():
        queue(bill, attachments=[file])
    if "\x00" not in bad:  # Postgres takes no NUL at all
        with pytest.raises(UnsafeText), transaction.atomic():
            queue(bill, contacts=[make_contact(bill.customer, name=f"Orla{bad}")])
        bill.entity.name = f"North{bad}"
        with pytest.raises(UnsafeText), transaction.atomic():
            queue(bill)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "payload",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "javascript:alert(1)"],
)
def test_what_customers_are_called_stays_text_in_the_mail(payload):
    """T45: escaped in the HTML, verbatim in the text."""
    bill = make_bill()

    message = queue(bill, variables=values_of(bill, customer_name=payload))

    assert "<script" not in message.html
    assert "<img src=x" not in message.html
    assert payload in message.text


def test_an_attachment_travels_with_its_hash():
    name = default_storage.save("letters/a.pdf", ContentFile(b"%PDF-1"))
    file = operations.File("INV.pdf", "application/pdf", name, hashlib.sha256(b"%PDF-1").hexdigest())
    delivery = queue(attachments=[file]).deliveries.get()

    parts = list(compose(delivery, link_address="x").message().walk())
    assert [part.get_payload(decode=True) for part in parts if part.get_filename() == "INV.pdf"] == [
        b"%PDF-1"
    ]

    with default_storage.open(name, "wb") as stored:
        stored.write(b"%PDF-2")
    with pytest.raises(AttachmentChanged):
        compose(delivery, link_address="x")


def test_nothing_is_due_before_its_time():
    message = queue(not_before=NOW + timedelta(hours=1))
    delivery = message.deliveries.get()

    assert operations.claim_delivery(delivery.pk, now=NOW) is None
    assert operations.claim_delivery(delivery.pk, now=NOW + timedelta(hours=1))
