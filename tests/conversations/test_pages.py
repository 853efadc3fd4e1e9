"""Inbox, thread and notes on the screen; and that no customer ever reads an internal note."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import operations, queries
from conversations.models import Attachment, InboundMail, Note, Thread
from correspondence import links
from correspondence.models import Message
from customers.operations import deactivate_contact
from invoices import operations as invoices
from tests.conversations.test_incoming import with_file
from tests.conversations.test_receiving import ask, contact_of, mailed
from tests.factories import make_user
from tests.world import NOW, make_world

pytestmark = pytest.mark.django_db
SECRET = "Kestrel-is-nearly-insolvent"


@pytest.fixture
def world():
    return make_world()


def signed_in(client, user):
    client.force_login(user)
    return client


def test_the_inbox_shows_what_waits_by_tab(client, world):
    late = ask(world, subject="Late one").thread
    fresh = ask(world, subject="Fresh one", now=timezone.now()).thread
    page = signed_in(client, world.clerk)

    everything = page.get("/inquiries/?tab=all").content.decode()
    assert "Late one" in everything
    assert "Fresh one" in everything
    assert late.reference in everything
    tab = page.get("/inquiries/?tab=late").content.decode()
    assert "Late one" in tab
    assert "Fresh one" not in tab
    assert "No customer waits" in page.get("/inquiries/?tab=mine").content.decode()
    assert fresh.reference in page.get(f"/inquiries/?tab=all&q={fresh.reference}").content.decode()
    assert "No inquiry found" in page.get("/inquiries/?tab=all&q=nothing").content.decode()
    # The page opens with what the number in the menu counts.
    assert queries.waiting_count(world.clerk) == len(page.get("/inquiries/").context["threads"]) == 2
    operations.assign_thread(late, owner=world.lead, actor=world.clerk, now=NOW)
    assert queries.waiting_count(world.clerk) == len(page.get("/inquiries/").context["threads"]) == 1
    operations.assign_thread(fresh, owner=world.lead, actor=world.clerk, now=NOW)
    assert queries.waiting_count(world.clerk) == 0
    assert len(page.get("/inquiries/").context["threads"]) == 2  # nothing waits: all are shown


@pytest.mark.parametrize("extra", [{}, {"preview": "1"}])
def test_an_answer_that_is_too_long_comes_back_with_the_reason(client, world, extra):
    thread = ask(world).thread
    posts, mails = thread.posts.count(), Message.objects.count()
    body = "a long answer " * 8000

    answer = signed_in(client, world.clerk).post(f"/inquiries/{thread.pk}/reply/", {"body": body} | extra)

    assert answer.status_code == 422
    assert body in answer.content.decode()
    assert answer.context["reply_form"].errors
    assert (thread.posts.count(), Message.objects.count()) == (posts, mails)


def test_an_answer_sent_again_by_the_same_form_goes_out_once(client, world):
    thread = ask(world).thread
    posts = thread.posts.count()
    page = signed_in(client, world.clerk)

    sent = {"body": "Twelve hours were agreed.", "once": "c" * 32}
    answers = [page.post(f"/inquiries/{thread.pk}/reply/", sent) for _ in range(2)]

    assert {answer["Location"] for answer in answers} == {thread.get_absolute_url()}
    assert thread.posts.count() == posts + 1


def test_a_thread_is_taken_merged_closed_and_reopened_on_the_screen(client, world):
    thread, other = ask(world).thread, ask(world, body="again").thread
    page = signed_in(client, world.clerk)

    page.post(f"/inquiries/{thread.pk}/assign/", {"me": "1"})
    thread.refresh_from_db()
    assert thread.owner == world.clerk
    assert page.post(f"/inquiries/{other.pk}/merge/", {"into": "Q-2222222"}).status_code == 422
    page.post(f"/inquiries/{other.pk}/merge/", {"into": thread.reference.lower()})
    other.refresh_from_db()
    assert other.merged_into == thread
    assert page.post(f"/inquiries/{thread.pk}/close/", {"said": "x"}).status_code == 422
    page.post(f"/inquiries/{thread.pk}/close/", {"said": "x", "understood": "y", "agreed": "z"})
    thread.refresh_from_db()
    assert thread.state == "closed"
    page.post(f"/inquiries/{thread.pk}/reopen/")
    thread.refresh_from_db()
    assert thread.state == "open"


def test_what_was_typed_of_a_recap_stands_when_nobody_can_be_written_to(client, world):
    thread = ask(world).thread
    for contact in world.customer.contacts.all():
        deactivate_contact(contact, actor=world.clerk, now=NOW)
    page = signed_in(client, world.clerk)
    sent = {"said": "Kestrel said", "understood": "We saw", "agreed": "So be it", "send": "on"}
    refused = page.post(f"/inquiries/{thread.pk}/close/", sent)
    assert (refused.status_code, "Kestrel said" in refused.content.decode()) == (422, True)
    thread.refresh_from_db()
    assert thread.state == "open"
    del sent["send"]
    assert page.post(f"/inquiries/{thread.pk}/close/", sent).status_code == 302
    thread.refresh_from_db()
    assert thread.state == "closed"
    assert page.post(f"/inquiries/{thread.pk}/close/", sent).status_code == 409


def test_an_unknown_sender_is_given_to_a_customer_on_the_screen(client, world):
    post = ask(world, customer=None, contact=None, entity=world.entity, sender="new@elsewhere.example")
    page = signed_in(client, world.clerk)

    wrong = page.post(f"/inquiries/{post.thread_id}/customer/", {"customer": "nobody"})
    assert wrong.status_code == 422
    page.post(f"/inquiries/{post.thread_id}/customer/", {"customer": world.customer.number})

    assert Thread.objects.get().customer == world.customer


def test_what_a_customer_wrote_is_text_and_their_files_are_downloads(client, world):
    mail = with_file("order.pdf", "application/pdf", b"%PDF-1.7 <script>alert(1)</script>")
    mail = mail.replace(b"orla@customer.example", contact_of(world).email.encode())
    mail = mail.replace(b"See attached", b"See <script>alert(1)</script> &lt;b&gt;")
    thread = operations.take_mail(mail, source="maildir", now=NOW).post.thread
    page = signed_in(client, world.clerk)

    shown = page.get(f"/inquiries/{thread.pk}/").content.decode()
    file = page.get(f"/inquiries/files/{Attachment.objects.get().pk}/")

    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert file["Content-Type"] == "application/octet-stream"
    assert file["Content-Disposition"].startswith("attachment")
    assert file["X-Content-Type-Options"] == "nosniff"


def test_notes_are_written_changed_and_told_on_the_screen(client, world):
    invoice = world.issued("100")
    page = signed_in(client, world.clerk)

    sent = {"body": "Look at this", "mentions": [world.lead.pk]}
    page.post(f"/inquiries/notes/on/invoice/{invoice.pk}/", sent)
    note = Note.objects.get()
    assert page.post(f"/inquiries/notes/on/invoice/{invoice.pk}/", {"body": "@nobody"}).status_code == 422
    page.post(f"/inquiries/notes/{note.pk}/", {"body": "Look again"})
    assert (
        f'hx-get="/inquiries/about/invoice/{invoice.pk}/"'
        in page.get(f"/invoices/{invoice.pk}/").content.decode()
    )
    for headers in ({}, {"HX-Request": "true"}):
        shown = page.get(f"/inquiries/about/invoice/{invoice.pk}/", headers=headers).content.decode()
        assert "Look again" in shown
    signed_in(client, world.lead)
    assert "Look again" in page.get("/inquiries/").content.decode()
    page.get(f"/inquiries/about/invoice/{invoice.pk}/")
    assert "Colleagues named you" not in page.get("/inquiries/").content.decode()


def test_who_may_not_read_notes_sees_none(client, world):
    thread = ask(world).thread
    operations.write_note(thread, body=SECRET, actor=world.clerk, now=NOW)
    reader = make_user("compliance_officer")
    page = signed_in(client, reader)

    assert page.get(f"/inquiries/{thread.pk}/").status_code == 200
    assert SECRET not in page.get(f"/inquiries/{thread.pk}/").content.decode()
    assert page.post(f"/inquiries/notes/on/thread/{thread.pk}/", {"body": "x"}).status_code == 403


def test_an_internal_note_reaches_nothing_a_customer_gets(client, world):
    invoice = world.issued("100")
    thread = ask(world, about=invoice, channel="portal").thread
    for about in (invoice, world.customer, thread):
        operations.write_note(about, body=SECRET, actor=world.clerk, now=NOW)
    delivery = mailed(invoice, world)
    link = links.create_link(
        invoice, purpose=links.INVOICE, contact=contact_of(world), actor=None, now=timezone.now()
    )
    document = invoices.render_document(invoice, now=NOW)

    from django.core.files.storage import default_storage
    from pypdf import PdfReader

    pages = PdfReader(default_storage.open(document.stored_name)).pages
    given = ["".join(page.extract_text() for page in pages)]
    path = links.path_of(link)
    given += [client.get(path).content.decode(errors="replace")]
    for name in ("calendar", "pdf"):
        answer = client.get(f"{path}{name}")
        given.append(
            b"".join(answer).decode(errors="replace") if answer.streaming else answer.content.decode()
        )
    given += [message.html + message.text + message.subject for message in Message.objects.all()]
    given.append(str(invoice.snapshot.content))
    page = signed_in(client, world.clerk)
    given.append(page.get(f"/inquiries/{thread.pk}/as-customer/").content.decode())

    assert client.get(path).status_code == 200
    assert delivery.message.html
    assert all(given)
    assert not [text for text in given if SECRET in text]
    assert SECRET in page.get(f"/inquiries/{thread.pk}/").content.decode()


# ------------------------------------------------------------------------------------------- the door
POSTMARK = {
    "FromFull": {"Email": "new@elsewhere.example", "Name": "New"},
    "ToFull": [{"Email": "billing@northwind.example", "Name": ""}],
    "CcFull": [],
    "BccFull": [],
    "Subject": "A question",
    "Date": "Mon, 16 Nov 2026 09:30:00 +0000",
    "TextBody": "Why 120?",
    "HtmlBody": "<script>alert(1)</script>",
    "Headers": [{"Name": "Message-ID", "Value": "<p1@elsewhere.example>"}],
    "Attachments": [],
    "MessageID": "0b1e",
}


def post_mail(client, secret="", payload=POSTMARK):
    import base64

    headers = {"HTTP_AUTHORIZATION": f"Basic {base64.b64encode(secret.encode()).decode()}"} if secret else {}
    return client.post("/inquiries/mail/postmark/", payload, content_type="application/json", **headers)


def test_the_door_is_closed_without_a_secret_and_to_who_does_not_know_it(client, world, settings):
    settings.ANYMAIL = {}
    assert post_mail(client, "a:b").status_code == 404
    settings.ANYMAIL = {"WEBHOOK_SECRET": "mail:open sesame"}
    assert post_mail(client).status_code == 403
    assert post_mail(client, "mail:wrong").status_code == 403
    assert not InboundMail.objects.exists()


def test_a_mail_of_the_provider_is_posted_once(client, world, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": "mail:open sesame"}

    assert post_mail(client, "mail:open sesame").status_code == 200
    assert post_mail(client, "mail:open sesame").status_code == 200

    row = InboundMail.objects.get()
    assert (row.source, row.post.body, row.message_id) == ("postmark", "Why 120?", "<p1@elsewhere.example>")


def test_a_broken_call_and_a_broken_mail_are_no_errors_of_ours(client, world, settings, tmp_path):
    settings.ANYMAIL = {"WEBHOOK_SECRET": "mail:open sesame"}
    settings.MAILDIR = str(tmp_path)

    assert post_mail(client, "mail:open sesame", {"nothing": "here"}).status_code == 200
    nameless = POSTMARK | {"FromFull": {"Email": "nobody", "Name": ""}}
    assert post_mail(client, "mail:open sesame", nameless).status_code == 200
    assert list((tmp_path / "broken").glob("*.reason.txt"))
    assert InboundMail.objects.filter(outcome="broken").exists()


def test_late_answers_are_named_late(client, world):
    thread = ask(world, now=timezone.now() - timedelta(days=30)).thread

    assert "late by" in signed_in(client, world.clerk).get(f"/inquiries/{thread.pk}/").content.decode()
