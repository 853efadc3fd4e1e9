"""A customer is asked at most once in 30 days, and whoever wants no surveys is left alone."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from conversations import operations as conversations
from core.errors import DomainError
from correspondence.models import Delivery, Message
from correspondence.operations import claim_delivery
from customers import operations as customers
from feedback import operations, tasks
from feedback.models import OptOut, Survey
from tests.book.test_concurrency import together
from tests.feedback.scene import asked, contact_of
from tests.world import NOW, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def refused(act, rule):
    """Nothing was asked; `act` may issue an invoice first."""
    before = (Survey.objects.count(), Message.objects.filter(situation="survey").count())
    with pytest.raises(DomainError) as caught:
        act()
    assert caught.value.rule == rule
    assert (Survey.objects.count(), Message.objects.filter(situation="survey").count()) == before


def test_a_survey_is_one_mail_in_the_readers_language_with_a_link_of_its_own(world):
    orla = contact_of(world, language="de")
    survey = asked(world)

    message = Message.objects.get(situation="survey")
    assert (survey.contact, survey.instrument, message.language) == (orla, "csat", "de")
    assert survey.label in message.subject
    assert message.link == survey.link
    assert survey.link.token_hash not in message.html + message.text
    assert survey.link.expires_at == NOW + timedelta(days=30)


def test_within_thirty_days_nobody_is_asked_again(world):
    contact_of(world)
    asked(world)
    refused(lambda: asked(world, now=NOW + timedelta(days=29)), "a_customer_is_asked_once_in_30_days")
    refused(lambda: asked(world, now=NOW - timedelta(days=29)), "a_customer_is_asked_once_in_30_days")
    asked(world, now=NOW + timedelta(days=30))
    assert Survey.objects.count() == 2


def test_a_thing_is_asked_about_once(world):
    contact_of(world)
    invoice = world.issued("10.00")
    asked(world, invoice=invoice)
    refused(
        lambda: asked(world, invoice=invoice, now=NOW + timedelta(days=40)), "a_thing_is_asked_about_once"
    )


def test_how_it_is_to_work_with_us_may_be_asked_every_month(world):
    contact_of(world)
    for days in (0, 30, 60):
        survey = operations.ask_customer(
            world.customer, occasion="relation", subject=world.customer, label="us", actor=world.clerk,
            now=NOW + timedelta(days=days),
        )  # fmt: skip
    assert survey.instrument == "nps"
    assert Survey.objects.count() == 3


def test_who_wants_no_surveys_is_left_alone_and_somebody_else_is_asked(world):
    orla = contact_of(world)
    operations.stop_surveys(orla, actor=None, now=NOW)
    assert not operations.stop_surveys(orla, actor=None, now=NOW)
    refused(lambda: asked(world), "a_survey_reaches_somebody")
    refused(lambda: asked(world, contact=orla), "who_wants_no_surveys_is_left_alone")
    ana = contact_of(world, "Ana Ruiz", beside=True)
    assert asked(world).contact == ana
    assert operations.allow_surveys(orla, actor=world.clerk, now=NOW)
    assert not OptOut.objects.exists()


def test_who_asked_for_no_mail_gets_none(world):
    orla = contact_of(world)
    customers.edit_contact(orla, no_mail=True, actor=None, now=NOW)
    refused(lambda: asked(world), "a_survey_reaches_somebody")
    refused(lambda: asked(world, contact=orla), "a_survey_reaches_somebody")


def test_a_survey_in_the_outbox_stays_when_they_say_no_meanwhile(world):
    orla = contact_of(world)
    asked(world)
    operations.stop_surveys(orla, actor=None, now=NOW)
    delivery = Delivery.objects.get(message__situation="survey")
    assert claim_delivery(delivery.pk, now=NOW) is None
    delivery.refresh_from_db()
    assert delivery.state == "cancelled"


def test_a_payment_is_asked_about_once_it_paid_an_invoice(world):
    contact_of(world)
    invoice = world.issued("100.00")
    part = world.pay(invoice, "19.00")
    refused(lambda: operations.ask_about_payment(part, now=NOW), "who_paid_in_full_is_asked")
    payment = world.pay(invoice, "100.00")
    survey = operations.ask_about_payment(payment, now=NOW)
    assert (survey.occasion, survey.label, survey.subject) == ("payment", invoice.number, payment)


def test_the_recorded_fact_asks_once_however_often_it_is_told(world, monkeypatch, settings):
    contact_of(world)
    monkeypatch.setattr(tasks.timezone, "now", lambda: NOW)
    invoice = world.issued("100.00")
    world.pay(invoice, "119.00")
    entry = Entry.objects.filter(fact="payment.allocated").latest("id")
    settings.SURVEY_OCCASIONS = []
    tasks.ask_about_payment(entry_id=entry.pk)
    assert not Survey.objects.exists()
    settings.SURVEY_OCCASIONS = ["payment"]
    for _ in range(2):
        tasks.ask_about_payment(entry_id=entry.pk)
    assert Survey.objects.count() == 1


def test_nobody_is_asked_about_last_year(world, monkeypatch):
    contact_of(world)
    world.pay(world.issued("100.00"), "119.00")
    monkeypatch.setattr(tasks.timezone, "now", lambda: NOW + timedelta(days=3))
    tasks.ask_about_payment(entry_id=Entry.objects.filter(fact="payment.allocated").latest("id").pk)
    assert not Survey.objects.exists()


def test_a_closed_inquiry_asks_whoever_wrote_how_easy_it_was(world, monkeypatch):
    contact_of(world)
    ana = contact_of(world, "Ana Ruiz", beside=True)
    thread = conversations.receive_message(
        customer=world.customer, contact=ana, sender=ana.email, body="Why?", channel="email", now=NOW
    ).thread
    refused(lambda: operations.ask_about_inquiry(thread, now=NOW), "who_got_an_answer_is_asked")
    conversations.close_thread(thread, said="a", understood="b", agreed="c", actor=world.clerk, now=NOW)
    monkeypatch.setattr(tasks.timezone, "now", lambda: NOW)
    tasks.ask_about_inquiry(entry_id=Entry.objects.filter(fact="inquiry.closed").latest("id").pk)
    survey = Survey.objects.get()
    assert (survey.contact, survey.instrument) == (ana, "ces")


def test_the_database_keeps_the_thirty_days_alone(world):
    contact_of(world)
    first = asked(world)
    for hours, name in ((719, "once_in_30_days"), (720, "")):
        copy = Survey.objects.get(pk=first.pk)
        copy.pk, copy.link, copy.subject_id = None, None, first.subject_id + hours
        copy.asked_at = first.asked_at + timedelta(hours=hours)
        copy.rests_until = copy.asked_at + timedelta(days=30)
        if not name:
            copy.save(force_insert=True)
            continue
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            copy.save(force_insert=True)
    with pytest.raises(IntegrityError, match="rests_30_days"), transaction.atomic():
        Survey.objects.filter(pk=first.pk).update(rests_until=first.asked_at + timedelta(days=29))


@pytest.mark.django_db(transaction=True)
def test_six_workers_ask_a_customer_once():
    world = make_world()
    contact_of(world)
    invoices = [world.issued(f"{10 + n}.00") for n in range(6)]

    refusals = together(6, lambda number: asked(world, invoice=invoices[number]))
    assert {getattr(one, "rule", one) for one in refusals} == {"a_customer_is_asked_once_in_30_days"}
    assert len(refusals) == 5
    assert Survey.objects.count() == Message.objects.filter(situation="survey").count() == 1
