"""Disputing on the customer's page: what works without a sign-in, and what nobody can do there."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from conversations.models import Attachment
from correspondence import links
from disputes import operations
from disputes.models import Dispute
from invoices.models import Invoice
from portal.dispute_words import DISPUTE_TEXTS
from tests.disputes.scene import proposed
from tests.factories import make_customer
from tests.world import NOW, furnish, make_world

pytestmark = pytest.mark.django_db
EN = DISPUTE_TEXTS["en"]
MARK = "a" * 32
PHOTO = b"\x89PNG\r\n\x1a\n" + b"0" * 40


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def invoice(world):
    return world.issued("800.00", "200.00", now=NOW - timedelta(days=4))


def page_of(invoice, purpose=links.INVOICE, contact=None):
    link = links.create_link(invoice, purpose=purpose, contact=contact, actor=None, now=NOW)
    return links.path_of(link)


def send(path, act="dispute", **given):
    usual = {"reason": "PRC", "detail": "The price is higher than agreed", "lines": ["2"], "once": MARK}
    body = usual | given if act == "dispute" else given
    return Client(enforce_csrf_checks=True).post(f"{path}{act}", body, follow=True)


def test_a_line_is_disputed_with_a_photo_and_the_rest_stays_to_pay(invoice):
    path = page_of(invoice)
    answer = send(path, files=[SimpleUploadedFile("slip.png", PHOTO, "image/png")])

    dispute = Dispute.objects.get()
    text = answer.content.decode()
    assert answer.status_code == 200
    assert dispute.reference in text
    assert EN["d_raised"] in text
    assert "€238.00" in text
    assert "€952.00" in text
    assert Attachment.objects.get(post__thread=dispute.thread).filename == "slip.png"
    invoice.refresh_from_db()
    assert (invoice.balance, invoice.held_amount) == (Decimal("1190.00"), Decimal("238.00"))


def test_sent_twice_it_is_one(invoice):
    path = page_of(invoice)
    assert [send(path).status_code for _ in range(2)] == [200, 200]
    assert Dispute.objects.count() == 1


def test_only_a_part_of_a_line(invoice):
    send(page_of(invoice), lines=["1"], amount_1="100.00")
    assert Dispute.objects.get().amount == Decimal("100.00")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"amount_2": "99999.00"}, "d_no_amount"),
        ({"amount_2": "much"}, "d_no_amount"),
        ({"lines": ["77"]}, "d_no_amount"),
        ({"lines": ["x"]}, "d_no_amount"),
        ({"lines": []}, "d_no_amount"),
        ({"lines": ["1", "2"], "whole": "5.00"}, "d_no_amount"),
        ({"detail": "no"}, "d_no_words"),
        ({"detail": ""}, "d_no_words"),
        ({"reason": "NOPE"}, "d_no_reason"),
        ({"reason": "OTH", "detail": "It is bad"}, "d_no_words"),
        ({"once": "short"}, "d_no_words"),
    ],
)
def test_what_cannot_be_disputed_comes_back_with_all_that_was_typed(invoice, given, word):
    usual = {"detail": "The price is higher than agreed"}
    answer = send(page_of(invoice), **given)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert EN[word] in text
    assert (given.get("detail") or usual["detail"]) in text or given.get("detail") == ""
    assert not Dispute.objects.exists()
    invoice.refresh_from_db()
    assert invoice.held_amount == 0


@pytest.mark.parametrize(
    "files",
    [
        [SimpleUploadedFile(f"{n}.png", PHOTO, "image/png") for n in range(6)],
        [SimpleUploadedFile(f"{n}.png", PHOTO, "image/png") for n in range(100)],
        [SimpleUploadedFile("page.html", b"<script>alert(1)</script>", "text/html")],
        [SimpleUploadedFile("photo.png", b"<script>alert(1)</script>", "image/png")],
        [SimpleUploadedFile("empty.pdf", b"", "application/pdf")],
    ],
)
def test_files_are_distrusted(invoice, files):
    answer = send(page_of(invoice), files=files)
    assert answer.status_code == 422
    assert EN["d_no_files"] in answer.content.decode()
    assert not Dispute.objects.exists()
    assert not Attachment.objects.exists()


def test_more_files_than_a_form_can_have_change_nothing(invoice):
    many = [SimpleUploadedFile(f"{n}.png", PHOTO, "image/png") for n in range(101)]
    answer = Client().post(f"{page_of(invoice)}dispute", {"files": many, "reason": "PRC"})
    assert answer.status_code == 400
    assert not Dispute.objects.exists()


def test_a_path_in_the_name_of_a_file_is_a_name(invoice):
    send(page_of(invoice), files=[SimpleUploadedFile("../../etc/slip.png", PHOTO, "image/png")])
    assert "/" not in Attachment.objects.get().filename


def test_script_is_text(invoice):
    answer = send(page_of(invoice), detail="<script>alert(1)</script> is wrong")
    text = answer.content.decode()
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_link_of_one_invoice_reaches_no_other(world, invoice):
    other = make_customer(name="Other Ltd", entity=world.entity, actor=world.lead)
    furnish(other, world.lead)
    theirs = world.issued("500.00", customer=other, now=NOW - timedelta(days=4))
    send(page_of(theirs), lines=["1"])
    dispute = Dispute.objects.get()
    mine = page_of(invoice)
    for act in ("answer", "unsolved", "withdraw"):
        answer = send(mine, f"disputes/{dispute.pk}/{act}", body="Take it up", once=MARK)
        assert answer.status_code == 404
    assert dispute.reference not in Client().get(mine).content.decode()
    dispute.refresh_from_db()
    assert dispute.state == "raised"


def test_a_link_that_was_closed_disputes_nothing(world, invoice):
    link = links.create_link(invoice, purpose=links.INVOICE, contact=None, actor=None, now=NOW)
    path = links.path_of(link)
    links.revoke_link(link, actor=world.lead, now=NOW)
    assert send(path).status_code == 404
    assert not Dispute.objects.exists()


def test_a_link_that_ran_out_disputes_nothing(invoice, clock):
    link = links.create_link(invoice, purpose=links.INVOICE, contact=None, actor=None, now=NOW)
    clock.move_to(link.expires_at + timedelta(seconds=1))
    assert send(links.path_of(link)).status_code in (404, 410)
    assert not Dispute.objects.exists()


def test_a_form_sent_again_with_other_words_stays_what_it_was(invoice):
    path = page_of(invoice)
    send(path)
    send(path, lines=["1"], detail="Now all of it is wrong")
    assert Dispute.objects.get().amount == Decimal("238.00")
    invoice.refresh_from_db()
    assert invoice.held_amount == Decimal("238.00")


def test_no_more_than_what_is_open_is_disputed(world, invoice):
    world.pay(invoice, "1000.00")
    answer = send(page_of(invoice), lines=["1"], amount_1="500.00")
    assert answer.status_code == 422
    assert not Dispute.objects.exists()
    assert send(page_of(invoice), lines=["1"], amount_1="190.00", once="c" * 32).status_code == 200
    assert send(page_of(invoice), lines=["2"], amount_2="1.00", once="d" * 32).status_code == 422
    invoice.refresh_from_db()
    assert invoice.held_amount == invoice.balance == Decimal("190.00")


@pytest.mark.parametrize("name", ["invoice", "invoice_id", "pk", "customer", "token"])
def test_a_form_that_names_another_invoice_disputes_its_own(world, invoice, name):
    other = make_customer(name="Other Ltd", entity=world.entity, actor=world.lead)
    furnish(other, world.lead)
    theirs = world.issued("500.00", customer=other, now=NOW - timedelta(days=4))
    value = links.path_of(
        links.create_link(theirs, purpose=links.INVOICE, contact=None, actor=None, now=NOW)
    ).split("/")[2]
    send(page_of(invoice), **{name: value if name == "token" else theirs.pk})
    assert Dispute.objects.get().invoice == invoice
    theirs.refresh_from_db()
    assert theirs.held_amount == 0


def test_a_preview_sends_nothing(invoice):
    send(page_of(invoice, links.PREVIEW))
    assert not Dispute.objects.exists()


def test_an_answer_lets_it_go_on(world, invoice):
    path = page_of(invoice)
    send(path)
    dispute = operations.acknowledge(Dispute.objects.get(), actor=world.clerk, now=NOW)
    operations.ask_customer(dispute, body="Which price was agreed on?", actor=world.clerk, now=NOW)
    text = Client().get(path).content.decode()
    assert EN["d_waiting_customer"] in text
    assert "Which price was agreed on?" in text
    send(path, f"disputes/{dispute.pk}/answer", body="180.00, by mail of 3 March", once="b" * 32)
    dispute.refresh_from_db()
    assert dispute.state == "investigating"
    assert "180.00, by mail of 3 March" in Client().get(path).content.decode()


def test_not_solved_reopens_once_with_the_same_owner(world):
    dispute = proposed(world)
    owner = dispute.owner
    operations.accept(dispute, actor=world.director, now=NOW)
    invoice = Invoice.objects.get(pk=dispute.invoice_id)
    path = page_of(invoice)
    assert EN["d_unsolved"] in Client().get(path).content.decode()
    for _ in range(2):
        answer = send(path, f"disputes/{dispute.pk}/unsolved", body="The rest of the line is wrong too")
        assert EN["d_again"] in answer.content.decode()
    dispute.refresh_from_db()
    assert (dispute.state, dispute.round, dispute.owner) == ("investigating", 2, owner)
    operations.withdraw(dispute, reason="They agree", actor=world.clerk, now=NOW)
    assert EN["d_unsolved"] not in Client().get(path).content.decode()
    answer = send(path, f"disputes/{dispute.pk}/unsolved", body="Once more")
    assert EN["d_no_again"] in answer.content.decode()


def test_withdrawing(invoice):
    path = page_of(invoice)
    send(path)
    dispute = Dispute.objects.get()
    for _ in range(2):
        answer = send(path, f"disputes/{dispute.pk}/withdraw")
        assert EN["d_gone"] in answer.content.decode()
    invoice.refresh_from_db()
    assert invoice.held_amount == 0


def test_every_language_has_every_word(invoice):
    assert all(set(texts) == set(EN) for texts in DISPUTE_TEXTS.values())
    path = page_of(invoice)
    send(path)
    for language, texts in DISPUTE_TEXTS.items():
        text = Client().get(path, {"lang": language}).content.decode()
        assert texts["d_raised"] in text
        assert texts["d_r_PRC"].replace("'", "&#x27;") in text
