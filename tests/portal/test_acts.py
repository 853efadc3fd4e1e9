"""What a customer does from the invoice's page: a promise, a question; and what nobody else can do there."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from cases.models import Promise
from charges import operations as charging
from conversations import operations as conversations
from conversations.models import Post, Thread
from correspondence import links
from invoices import operations as invoices
from payments import operations as payments
from portal.act_words import ACT_TEXTS
from portal.limits import ACTS
from reminders.models import Pause
from tests.charges.scene import LATER, late_invoice, late_world
from tests.world import NOW, TODAY, World, make_world

pytestmark = pytest.mark.django_db
FRIDAY = (TODAY + timedelta(days=4)).isoformat()
MARK = "0" * 32


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def invoice(world):
    return world.issued("1000.00", now=NOW - timedelta(days=40))


def page_of(invoice, purpose=links.INVOICE) -> str:
    link = links.create_link(invoice, purpose=purpose, contact=None, actor=None, now=NOW)
    return links.path_of(link)


def promise(path, day=FRIDAY):
    return Client(enforce_csrf_checks=True).post(f"{path}promise", {"day": day}, follow=True)


def ask(path, body="Why twelve hours?", once=MARK, **more):
    given = {"body": body, "once": once, **more}
    return Client(enforce_csrf_checks=True).post(f"{path}ask", given, follow=True)


def test_a_promise_from_the_page_stands_and_pauses_reminders(world, invoice):
    answer = promise(page_of(invoice))

    made = Promise.objects.get()
    assert (made.state, made.amount, made.channel) == ("open", invoice.balance, "portal")
    pause = Pause.objects.get()
    assert pause.kind == "promise"
    assert ACT_TEXTS["en"]["promise_done"] in answer.content.decode()
    assert "€1,190.00" in answer.content.decode()


def test_sent_twice_it_is_one_promise_and_one_question(world, invoice):
    path = page_of(invoice)
    for _ in range(2):
        promise(path)
        ask(path)
    assert Promise.objects.count() == 1
    assert Post.objects.count() == 1


@pytest.mark.parametrize("day", ["", "yesterday", (TODAY - timedelta(days=1)).isoformat(), "2027-12-01"])
def test_a_day_that_cannot_be_is_refused_in_words_and_nothing_changes(world, invoice, day):
    answer = promise(page_of(invoice), day)
    assert ACT_TEXTS["en"]["promise_no"] in answer.content.decode()
    assert not Promise.objects.exists()
    assert not Pause.objects.exists()


def test_a_day_far_ahead_waits_for_somebody_here(world, invoice):
    answer = promise(page_of(invoice), (TODAY + timedelta(days=40)).isoformat())
    assert Promise.objects.get().state == "waiting"
    assert ACT_TEXTS["en"]["promise_waits"] in answer.content.decode()


def test_a_paid_invoice_takes_no_promise(world, invoice):
    path = page_of(invoice)
    world.pay(invoice, "1190.00")
    promise(path)
    assert not Promise.objects.exists()


def test_a_question_lands_on_the_invoices_thread_as_it_was_typed(world, invoice):
    answer = ask(page_of(invoice), "<script>alert(1)</script> twelve?", line="1")

    thread = Thread.objects.get()
    post = Post.objects.get()
    assert (thread.customer, thread.about_id, post.channel) == (world.customer, invoice.pk, "portal")
    assert post.body.startswith("[1: Work package 1]")
    assert "<script>alert(1)" in post.body
    assert "<script>alert(1)" not in answer.content.decode()
    assert thread.reference in answer.content.decode()


def test_a_line_break_counts_once(world, invoice):
    body = "\r\n".join(["x" * 49] * 100)
    assert len(body) > 5000
    assert ask(page_of(invoice), body).status_code == 200
    assert Post.objects.get().body == body.replace("\r\n", "\n")


@pytest.mark.parametrize("body", ["", "   ", "x" * 5001])
def test_an_empty_or_endless_question_is_refused(world, invoice, body):
    answer = ask(page_of(invoice), body, line="1")
    assert answer.status_code == 422
    assert f"\n{body}</textarea>" in answer.content.decode()
    assert '<option value="1" selected>' in answer.content.decode()
    assert ACT_TEXTS["en"]["ask_no"] in answer.content.decode()
    assert not Post.objects.exists()


def test_the_look_of_staff_sends_nothing(world, invoice):
    path = page_of(invoice, links.PREVIEW)
    promise(path)
    ask(path)
    assert not Promise.objects.exists()
    assert not Post.objects.exists()


def test_a_closed_or_made_up_link_acts_on_nothing(world, invoice):
    link = links.create_link(invoice, purpose=links.INVOICE, contact=None, actor=None, now=NOW)
    path = links.path_of(link)
    links.revoke_link(link, actor=None, now=NOW)
    for dead in (path, reverse("portal:invoice", args=["A" * 43])):
        assert Client().post(f"{dead}promise", {"day": FRIDAY}).status_code == 404
        assert Client().post(f"{dead}ask", {"body": "Hello", "once": MARK}).status_code == 404
    assert not Promise.objects.exists()
    assert not Post.objects.exists()


def test_a_hundred_posts_are_stopped_at_the_limit(world, invoice):
    path = page_of(invoice)
    answers = [
        Client().post(f"{path}ask", {"body": f"Question {n}", "once": f"{n:032x}"}).status_code
        for n in range(100)
    ]
    assert answers.count(302) == ACTS.most
    assert answers.count(429) == 100 - ACTS.most
    assert Post.objects.count() == ACTS.most


def test_only_a_post_acts(world, invoice):
    assert Client().get(f"{page_of(invoice)}promise").status_code == 405


def test_every_language_has_every_word():
    assert all(set(texts) == set(ACT_TEXTS["en"]) for texts in ACT_TEXTS.values())


def history(invoice) -> str:
    return Client().get(f"{page_of(invoice)}?lang=en").content.decode()


def test_each_change_is_on_the_timeline_at_once_and_nothing_internal(world, invoice):
    assert "Issued" in history(invoice)
    hold = invoices.hold(invoice, Decimal(100), reason="They always cheat", actor=world.lead, now=NOW)
    assert "€100.00 under review" in history(invoice)
    invoices.release(hold, actor=world.lead, now=NOW)
    assert "€100.00 no longer under review" in history(invoice)
    payment = world.pay(invoice, "190.00")
    assert "Payment of €190.00 received" in history(invoice)
    payments.bounce_payment(payment, on=TODAY, reason="Known fraudster", actor=world.cash, now=NOW)
    assert "€190.00 open again" in history(invoice)
    promise(page_of(invoice))
    page = history(invoice)
    assert "promised for 20 November 2026" in page
    assert "cheat" not in page
    assert "fraudster" not in page


def test_not_solved_opens_the_answered_question_again_and_only_by_its_own_link(world, invoice):
    contact = world.customer.contacts.get()
    mine = links.create_link(invoice, purpose=links.INVOICE, contact=contact, actor=None, now=NOW)
    path = links.path_of(mine)
    ask(path)
    thread = Thread.objects.get()
    conversations.reply(thread, body="Because of the index.", actor=world.lead, now=NOW)
    assert "Because of the index." in Client().get(f"{path}?lang=en").content.decode()
    anonymous = page_of(invoice)
    assert "Because of the index." not in Client().get(f"{anonymous}?lang=en").content.decode()
    given = {"once": "1" * 32, "unsolved": "1", "body": "The index fell."}
    assert Client().post(f"{anonymous}talks/{thread.pk}/answer", given).status_code == 404

    for _ in range(2):
        Client().post(f"{path}talks/{thread.pk}/answer", given)
    thread.refresh_from_db()
    assert thread.state == "open"
    assert Post.objects.filter(thread=thread, body__contains="The index fell.").count() == 1

    endless = "x" * 5001
    refused = Client().post(f"{path}talks/{thread.pk}/answer", {"once": "2" * 32, "body": endless})
    assert refused.status_code == 422
    assert f">\n{endless}</textarea>" in refused.content.decode()
    assert not Post.objects.filter(body=endless).exists()


def test_a_late_charge_is_on_the_timeline_of_its_invoice():
    late = late_world()
    bill = late_invoice(late)
    made = charging.charge_late(bill, kind="interest", on=date(2025, 4, 1), actor=late.clerk, now=LATER)
    assert made.document.number
    page = history(bill)
    assert f"Charge for late payment {made.document.number}" in page
