"""A new e-mail address holds once the link sent to it is confirmed; and a link for whoever asks for one."""

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from correspondence import links
from correspondence.models import Delivery, Message
from customers import operations as customers
from portal import operations
from portal.models import EmailChange
from portal.my_words_more import MY_TEXTS
from tests.world import NOW, World, make_world

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NEW = "new@customer.example"
EN = MY_TEXTS["en"]


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def contact(world):
    return world.customer.contacts.get()


def page_of(contact) -> str:
    link = links.create_link(contact.customer, purpose=links.OVERVIEW, contact=contact, actor=None, now=NOW)
    return links.path_of(link)


def ask(contact, email=NEW):
    return Client().post(f"{page_of(contact)}email?lang=en", {"email": email}, follow=True)


def confirmation() -> str:
    return links.path_of(Message.objects.filter(situation="contact_confirm").latest("pk").link)


def test_asked_both_are_told_and_nothing_changes(contact):
    before = contact.email
    page = ask(contact).content.decode()

    told = {(row.message.situation, row.email) for row in Delivery.objects.select_related("message")}
    assert told == {("contact_confirm", NEW), ("contact_changing", before)}
    contact.refresh_from_db()
    assert contact.email == before
    assert EN["my_mail_asked"] in page
    assert f"{NEW} waits to be confirmed" in page


def test_looking_changes_nothing_confirming_does_once(contact):
    before = contact.email
    old_page = page_of(contact)
    ask(contact)
    path = confirmation()
    assert NEW in Client().get(path).content.decode()
    contact.refresh_from_db()
    assert contact.email == before

    answer = Client().post(f"{path}now?lang=en", follow=True)
    contact.refresh_from_db()
    assert contact.email == NEW
    assert EN["my_confirmed"] in answer.content.decode()
    assert Client().get(old_page).status_code == 404

    customers.edit_contact(contact, email=before, actor=None, now=NOW)
    for replay in (Client().post(f"{path}now"), Client().get(path)):
        assert replay.status_code == 404
    contact.refresh_from_db()
    assert contact.email == before


def test_an_expired_confirmation_changes_nothing(contact, clock):
    before = contact.email
    ask(contact)
    path = confirmation()
    clock.move_to(NOW + 3 * DAY)
    cache.clear()
    assert Client().get(path).status_code == 404
    assert Client().post(f"{path}now").status_code == 404
    contact.refresh_from_db()
    assert contact.email == before


def test_a_second_wish_gives_the_first_up_and_a_dropped_one_is_dead(contact):
    ask(contact)
    first = confirmation()
    ask(contact, "newer@customer.example")
    assert Client().post(f"{first}now").status_code == 404
    second = confirmation()
    Client().post(f"{page_of(contact)}email", {"drop": "1"})
    assert Client().post(f"{second}now").status_code == 404
    assert set(EmailChange.objects.values_list("state", flat=True)) == {"dropped"}
    contact.refresh_from_db()
    assert contact.email.startswith("ap")


def test_a_colleagues_address_or_none_is_refused_and_nobody_is_written_to(world, contact):
    customers.add_contact(
        world.customer, name="Colleague", email=NEW, purposes=["main"], actor=world.lead, now=NOW
    )
    for email in (NEW, "no address", ""):
        answer = ask(contact, email)
        assert answer.status_code == 422
        assert EN["my_no_mail"] in answer.content.decode()
        assert f'name="email" type="email" value="{email}"' in answer.content.decode()
    assert not Message.objects.exists()
    assert not EmailChange.objects.exists()


def test_the_address_changed_by_us_meanwhile_is_not_overwritten(world, contact):
    ask(contact)
    path = confirmation()
    customers.edit_contact(contact, email="staff@customer.example", actor=world.lead, now=NOW)
    assert Client().post(f"{path}now").status_code == 404
    contact.refresh_from_db()
    assert contact.email == "staff@customer.example"


def test_a_confirmation_opens_no_overview_and_the_other_way_round(contact):
    ask(contact)
    token = confirmation().strip("/").split("/")[-1]
    assert Client().get(reverse("portal:overview", args=[token])).status_code == 404
    overview = page_of(contact).strip("/").split("/")[-1]
    assert Client().post(reverse("portal:confirm_now", args=[overview])).status_code == 404


# ------------------------------------------------------------------------------------------ a fresh link
def queued(monkeypatch) -> list[dict[str, str]]:
    """What is handed to the broker, which tests do not run."""
    sent: list[dict[str, str]] = []
    monkeypatch.setattr("portal.doors.current_app.send_task", lambda name, kwargs: sent.append(kwargs))
    return sent


def test_known_or_not_the_answer_is_the_same(contact, monkeypatch, django_capture_on_commit_callbacks):
    sent = queued(monkeypatch)
    pages = []
    for email in (contact.email, "nobody@nowhere.example"):
        with django_capture_on_commit_callbacks(execute=True):
            pages.append(Client().post("/my/?lang=en", {"email": email}))
    assert pages[0].content == pages[1].content
    assert EN["my_ask_done"] in pages[0].content.decode()
    assert [one["email"] for one in sent] == [contact.email, "nobody@nowhere.example"]
    assert not Message.objects.exists()


def test_the_worker_writes_to_those_known_alone_and_not_twice(world, contact):
    assert operations.send_fresh_links("nobody@nowhere.example", now=NOW) == 0
    assert operations.send_fresh_links(contact.email.upper(), now=NOW) == 1
    assert operations.send_fresh_links(contact.email, now=NOW) == 0
    [message] = Message.objects.all()
    assert (message.situation, message.customer) == ("portal_link", world.customer)
    assert Client().get(links.path_of(message.link)).status_code == 200


def test_who_asked_for_no_mail_or_left_gets_none(world, contact):
    customers.edit_contact(contact, no_mail=True, actor=None, now=NOW)
    assert operations.send_fresh_links(contact.email, now=NOW) == 0
    with pytest.raises(operations.NoMailReaches):
        operations.send_link(contact, actor=world.lead, now=NOW)
    assert not Message.objects.exists()


def test_asking_often_is_stopped_for_the_client_and_for_the_address(
    contact, monkeypatch, django_capture_on_commit_callbacks
):
    sent = queued(monkeypatch)
    answers = []
    for _ in range(8):
        with django_capture_on_commit_callbacks(execute=True):
            answers.append(Client().post("/my/", {"email": contact.email}).status_code)
    assert answers == [200] * 5 + [429] * 3
    assert len(sent) == 3


def test_what_is_no_address_is_said_so(monkeypatch):
    sent = queued(monkeypatch)
    assert Client().post("/my/", {"email": "<script>"}).status_code == 422
    assert not sent
