"""A contact's own page: what stands on it, what can be done there, and what nobody else can do."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from cases import operations as collecting
from cases.models import Plan
from conversations import operations as conversations
from conversations.models import Post
from correspondence import links
from correspondence.models import Message
from customers import operations as customers
from invoices import operations as invoices
from portal.my_words_more import MY_TEXTS
from reminders.models import Pause
from statements import operations as statements
from statements.models import Statement
from tests.factories import make_user
from tests.world import NOW, TODAY, World, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MARK = "0" * 32
EN = MY_TEXTS["en"]


@pytest.fixture(autouse=True)
def clock():
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world() -> World:
    world = make_world()
    world.issued("1000.00", now=NOW - 40 * DAY)
    return world


@pytest.fixture
def other() -> World:
    other = make_world(code="DE8", name="Other", legal_name="Other GmbH")
    other.issued("77.00", now=NOW - 40 * DAY)
    return other


def link_of(world, contact=None, **values):
    contact = contact or world.customer.contacts.order_by("pk")[0]
    given = {"purpose": links.OVERVIEW, "contact": contact, "actor": None, "now": NOW} | values
    return links.create_link(world.customer, **given)


def path_of(world, contact=None) -> str:
    return links.path_of(link_of(world, contact))


def read(path, **query) -> str:
    answer = Client().get(path, {"lang": "en", **query})
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def post(path, given=None):
    return Client(enforce_csrf_checks=True).post(path, given or {}, follow=True)


def plan_for(world) -> Plan:
    plan = collecting.offer_plan(
        world.customer,
        currency="EUR",
        invoices=[],
        parts=3,
        rhythm="monthly",
        first_on=TODAY + 9 * DAY,
        actor=world.lead,
        now=NOW,
    )
    return collecting.approve_plan(plan, actor=world.controller, now=NOW)


# ----------------------------------------------------------------------------------------- what it shows
def test_all_that_is_open_with_its_sum_per_currency_and_how_to_pay_it(world, other):
    world.issued("100.00", now=NOW)
    world.issued("50.00", now=NOW, currency="USD")
    held = world.customer.invoices.order_by("pk")[0]
    invoices.hold(held, Decimal(190), reason="They always cheat", actor=world.lead, now=NOW)
    world.received("25.00", now=NOW)

    page = read(path_of(world))

    for shown in (
        "€1,119.00",
        "€1,190.00",
        "$59.50",
        "10 days late",
        "€190.00 is under review",
        "€25.00 of credit",
    ):
        assert shown in page, shown
    assert "cheat" not in page
    assert "DE89 3704 0044 0532 0130 00" in page
    assert page.count('class="qr"') == 1
    assert "91.63" not in page


def test_the_page_is_kept_to_its_reader(world):
    answer = Client().get(path_of(world))
    assert answer["Cache-Control"] == "no-store, private"
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("language", sorted(MY_TEXTS))
def test_it_speaks_every_language(world, language):
    assert set(MY_TEXTS[language]) == set(EN)
    answer = Client().get(path_of(world), {"lang": language})
    assert MY_TEXTS[language]["my_open"] in answer.content.decode()


def test_many_invoices_cost_no_more_queries(world, django_assert_max_num_queries):
    for number in range(4):
        world.issued(f"1{number}.00", now=NOW)
    path = path_of(world)
    with django_assert_max_num_queries(30):
        read(path)


def test_nothing_open_says_so(world):
    world.pay(world.customer.invoices.get(), "1190.00", now=NOW)
    assert EN["my_nothing_open"] in read(path_of(world))


def test_an_invoice_opens_by_one_link_that_is_used_again(world, other):
    path = path_of(world)
    invoice = world.customer.invoices.get()
    for _ in range(2):
        answer = Client().get(f"{path}invoices/{invoice.pk}/", follow=True)
        assert str(invoice.number) in answer.content.decode()
    assert links.links_of(invoice).count() == 1
    foreign = other.customer.invoices.get()
    draft = invoices.write_draft(world.draft("5.00"), actor=world.clerk, now=NOW)
    for pk in (foreign.pk, draft.pk, 10**9):
        assert Client().get(f"{path}invoices/{pk}/").status_code == 404
    assert not links.links_of(foreign).exists()


def test_the_calendar_has_the_due_days_of_all_and_no_address_of_the_page(world):
    world.issued("100.00", now=NOW)
    link = link_of(world)
    answer = Client().get(f"{links.path_of(link)}due.ics")
    text = answer.content.decode()
    assert text.count("BEGIN:VEVENT") == 2
    assert links.token_of(link) not in text


def test_statements_are_those_sent_or_made_here(world, other):
    given = {"form": "open_items", "on": TODAY - DAY, "now": NOW}
    looked_at = statements.make_statement(world.customer, world.entity, "EUR", actor=world.lead, **given)
    foreign = statements.make_statement(other.customer, other.entity, "EUR", actor=None, **given)
    path = path_of(world)
    for pk in (looked_at.pk, foreign.pk):
        assert Client().get(f"{path}statements/{pk}.pdf").status_code == 404

    statements.send_statement(looked_at, actor=world.lead, now=NOW)
    answer = Client().get(f"{path}statements/{looked_at.pk}.pdf")
    assert b"".join(answer.streaming_content).startswith(b"%PDF")

    post(f"{path}statements", {"account": f"{world.entity.pk}-EUR"})
    made = Statement.objects.get(as_of=TODAY)
    assert (made.customer, made.made_by) == (world.customer, None)
    post(f"{path}statements", {"account": f"{other.entity.pk}-EUR"})
    assert Statement.objects.filter(as_of=TODAY).count() == 1


def test_the_mailed_statement_brings_the_contacts_own_link(world):
    statement = statements.make_statement(
        world.customer, world.entity, "EUR", form="open_items", on=TODAY, actor=world.lead, now=NOW
    )
    [message] = statements.send_statement(statement, actor=world.lead, now=NOW)
    assert message.link.purpose == links.OVERVIEW
    assert message.link.contact == world.customer.contacts.get()
    assert world.customer.name in read(links.path_of(message.link))


# ------------------------------------------------------------------------------------------------- plans
def test_an_offered_plan_is_accepted_as_it_was_shown_once(world):
    plan = plan_for(world)
    path = path_of(world)
    assert "payment plan over €1,190.00" in read(path)
    given = {"terms": plan.terms_hash, "agreed": "on"}
    for _ in range(2):
        answer = post(f"{path}plans/{plan.pk}/accept", given)
        assert EN["my_accepted"] in answer.content.decode() or answer.status_code == 200

    plan.refresh_from_db()
    assert (plan.state, plan.accepted_contact) == ("current", world.customer.contacts.get())
    assert plan.terms_hash in plan.evidence
    assert Pause.objects.get().kind == "plan"
    assert Entry.objects.filter(fact="plan.accepted").count() == 1


@pytest.mark.parametrize(
    "given", [{}, {"agreed": "on"}, {"terms": "0" * 64, "agreed": "on"}, {"terms": "own"}]
)
def test_other_terms_or_no_yes_accept_nothing(world, given):
    plan = plan_for(world)
    if given.get("terms") == "own":
        given = {"terms": plan.terms_hash}
    answer = post(f"{path_of(world)}plans/{plan.pk}/accept", given)
    assert EN["my_no_plan"] in answer.content.decode()
    plan.refresh_from_db()
    assert plan.state == "offered"
    assert not Pause.objects.exists()


def test_a_plan_is_not_accepted_when_what_is_open_changed(world):
    plan = plan_for(world)
    world.pay(world.customer.invoices.get(), "10.00", now=NOW)
    post(f"{path_of(world)}plans/{plan.pk}/accept", {"terms": plan.terms_hash, "agreed": "on"})
    plan.refresh_from_db()
    assert plan.state == "offered"


def test_another_customers_plan_and_one_not_approved_are_not_there(world, other):
    foreign = plan_for(other)
    waiting = collecting.offer_plan(
        world.customer, currency="EUR", invoices=[], parts=3, rhythm="monthly", first_on=TODAY + 9 * DAY,
        actor=world.lead, now=NOW,
    )  # fmt: skip
    path = path_of(world)
    for plan in (foreign, waiting):
        given = {"terms": plan.terms_hash, "agreed": "on"}
        assert post(f"{path}plans/{plan.pk}/accept", given).status_code == 404
    assert set(Plan.objects.values_list("state", flat=True)) == {"offered", "waiting"}
    assert "We offer" not in read(path)


# ------------------------------------------------------------------------------------------ conversations
def ask(world, body="Why 120?", contact=None):
    contact = contact or world.customer.contacts.order_by("pk")[0]
    return conversations.receive_message(
        customer=world.customer, contact=contact, sender=contact.email, subject="Price", body=body,
        channel="email", now=NOW,
    ).thread  # fmt: skip


def test_a_conversation_shows_both_sides_and_no_note_and_takes_an_answer_once(world):
    thread = ask(world, "<script>alert(1)</script> Why?")
    conversations.write_note(thread, body="Known troublemaker", actor=world.lead, now=NOW)
    conversations.reply(thread, body="Because of the index.", actor=world.lead, now=NOW)
    path = path_of(world)
    page = read(path)
    assert "Because of the index." in page
    assert "troublemaker" not in page
    assert world.lead.name not in page
    assert "<script>alert(1)" not in page

    for _ in range(2):
        post(f"{path}talks/{thread.pk}/answer", {"once": MARK, "body": "Which one?"})
    assert Post.objects.filter(body="Which one?", thread=thread).count() == 1

    endless = "x" * 5001
    refused = post(f"{path}talks/{thread.pk}/answer", {"once": "2" * 32, "body": endless})
    assert refused.status_code == 422
    assert f">\n{endless}</textarea>" in refused.content.decode()
    assert not Post.objects.filter(body=endless).exists()


def test_not_solved_opens_an_answered_conversation_again(world):
    thread = ask(world)
    conversations.reply(thread, body="Because.", actor=world.lead, now=NOW)
    thread.refresh_from_db()
    assert thread.state == "answered"

    post(f"{path_of(world)}talks/{thread.pk}/answer", {"once": MARK, "unsolved": "1"})

    thread.refresh_from_db()
    assert thread.state == "open"
    assert Post.objects.filter(body=EN["my_not_solved"], thread=thread).count() == 1


@pytest.mark.parametrize("send", [True, False])
def test_what_a_conversation_was_closed_with_stands_there_until_it_comes_back(world, send):
    thread = ask(world)
    parts = {"said": "It is too high", "understood": "The meter was misread", "agreed": "A credit note"}
    conversations.close_thread(thread, **parts, actor=world.lead, now=NOW, send=send)
    path = path_of(world)
    page = read(path)
    assert [words in page for words in (*parts.values(), world.lead.name)] == [send] * 3 + [False]

    post(f"{path}talks/{thread.pk}/answer", {"once": MARK, "unsolved": "1"})

    thread.refresh_from_db()
    assert thread.state == "open"
    assert parts["agreed"] not in read(path)


def test_neither_another_customers_nor_a_colleagues_conversation_is_there(world, other):
    colleague = customers.add_contact(
        world.customer,
        name="Colleague",
        email="c@customer.example",
        purposes=["main"],
        actor=world.lead,
        now=NOW,
    )
    secret = ask(world, "About my salary", colleague)
    foreign = ask(other, "Foreign words")
    path = path_of(world)
    page = read(path)
    assert "salary" not in page
    assert "Foreign words" not in page
    for thread in (secret, foreign):
        assert post(f"{path}talks/{thread.pk}/answer", {"once": MARK, "body": "Hi"}).status_code == 404
    assert not Post.objects.filter(body="Hi").exists()


# ------------------------------------------------------------------------------------------ the person
def test_a_person_that_cannot_be_saved_comes_back_as_typed(world):
    contact = world.customer.contacts.get()
    before = (contact.name, contact.phone)
    path = path_of(world)
    facts = Entry.objects.count()

    answer = Client().post(f"{path}person?lang=en", {"name": "N" * 121, "phone": "+44 1", "role": "Buyer"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'value="{"N" * 121}" aria-invalid="true"' in page
    assert 'value="+44 1"' in page
    assert 'value="Buyer"' in page
    assert 'id="name-error"' in page
    contact.refresh_from_db()
    assert (contact.name, contact.phone) == before
    assert Entry.objects.count() == facts


def test_preferences_are_kept_with_their_moment(world):
    path, contact = path_of(world), world.customer.contacts.get()
    post(f"{path}preferences", {"language": "fr", "channel": "letter", "opens": "on"})
    contact.refresh_from_db()
    assert (contact.language, contact.opted_out_at, contact.opens_agreed_at) == ("fr", NOW, NOW)
    post(f"{path}preferences", {"language": "", "channel": "email"})
    contact.refresh_from_db()
    assert (contact.language, contact.opted_out_at, contact.opens_agreed_at) == ("", None, None)


@pytest.mark.parametrize("given", [{}, {"channel": "pigeon"}, {"channel": "email", "language": "xx"}])
def test_what_is_no_preference_changes_nothing(world, given):
    contact = world.customer.contacts.get()
    post(f"{path_of(world)}preferences", given)
    contact.refresh_from_db()
    assert (contact.language, contact.opted_out_at) == ("", None)


def test_name_phone_and_role_are_changed_and_shown_as_typed(world):
    path, contact = path_of(world), world.customer.contacts.get()
    given = {"name": "Orla <b>Byrne</b>", "phone": "+353 1 555 0190", "role": "Payables"}
    answer = post(f"{path}person", given | {"email": "evil@elsewhere.example", "purposes": "billing"})
    contact.refresh_from_db()
    assert (contact.name, contact.phone, contact.role) == tuple(given.values())
    assert contact.email != "evil@elsewhere.example"
    assert "<b>Byrne" not in answer.content.decode()
    post(f"{path}person", {"name": "", "phone": "x"})
    contact.refresh_from_db()
    assert contact.name == given["name"]


# --------------------------------------------------------------------------------------------- who gets in
def test_a_closed_expired_foreign_or_made_up_link_opens_and_changes_nothing(world, other, clock):
    plan = plan_for(world)
    closed, old = link_of(world), link_of(world, days=1)
    links.revoke_link(closed, actor=None, now=NOW)
    foreign_contact = other.customer.contacts.get()
    mixed = links.create_link(
        world.customer, purpose=links.OVERVIEW, contact=foreign_contact, actor=None, now=NOW
    )
    invoice_link = links.create_link(
        world.customer.invoices.get(),
        purpose=links.INVOICE,
        contact=world.customer.contacts.get(),
        actor=None,
        now=NOW,
    )
    dead = [
        links.path_of(closed),
        links.path_of(mixed),
        reverse("portal:overview", args=["A" * 43]),
        reverse("portal:overview", args=[links.token_of(invoice_link)]),
    ]
    given = {
        "terms": plan.terms_hash,
        "agreed": "on",
        "name": "Evil",
        "channel": "letter",
        "email": "e@vil.example",
    }
    for path in dead:
        for act in ("", "due.ics"):
            assert Client().get(f"{path}{act}").status_code == 404
        for act in (f"plans/{plan.pk}/accept", "person", "preferences", "email", "statements"):
            cache.clear()
            assert Client().post(f"{path}{act}", given).status_code == 404
    path = links.path_of(old)
    clock.move_to(NOW + 2 * DAY)
    cache.clear()
    assert Client().get(path).status_code == 404
    assert Client().post(f"{path}person", given).status_code == 404

    plan.refresh_from_db()
    contact = world.customer.contacts.get()
    assert plan.state == "offered"
    assert (contact.name, contact.opted_out_at) == ("Accounts payable", None)
    assert not Message.objects.filter(situation="contact_confirm").exists()


def test_who_was_deactivated_gets_in_no_more(world):
    contact = customers.add_contact(
        world.customer,
        name="Left",
        email="left@customer.example",
        purposes=["main"],
        actor=world.lead,
        now=NOW,
    )
    path = path_of(world, contact)
    assert Client().get(path).status_code == 200
    customers.deactivate_contact(contact, actor=world.lead, now=NOW)
    assert Client().get(path).status_code == 404


def test_the_token_is_nowhere_in_the_database_and_not_in_the_logs(world, caplog):
    link = link_of(world)
    token = links.token_of(link)
    Client().get(links.path_of(link))
    assert token not in str(list(type(link).objects.values()))
    assert token not in str(list(Entry.objects.values()))
    assert token not in caplog.text


def test_posts_are_stopped_at_the_limit(world):
    path = path_of(world)
    answers = [Client().post(f"{path}person", {"name": f"N{n}"}).status_code for n in range(15)]
    assert answers.count(302) == 10
    assert answers.count(429) == 5


def test_only_a_post_acts(world):
    path = path_of(world)
    assert {Client().get(f"{path}{act}").status_code for act in ("person", "preferences", "email")} == {405}


# --------------------------------------------------------------------------------------------------- staff
def test_staff_send_and_close_the_link_and_never_see_it(world, client):
    client.force_login(world.lead)
    contact = world.customer.contacts.get()
    client.post(reverse("portal:link_send", args=[contact.pk]))
    message = Message.objects.get(situation="portal_link")
    path = links.path_of(message.link)
    panel = client.get(reverse("portal:links_panel", args=[world.customer.pk])).content.decode()
    assert "never opened" in panel
    assert links.token_of(message.link) not in panel
    assert Client().get(path).status_code == 200

    client.post(reverse("portal:links_close", args=[contact.pk]))
    assert Client().get(path).status_code == 404


def test_without_the_right_no_link_is_sent(world, client):
    client.force_login(make_user("manager"))
    contact = world.customer.contacts.get()
    for act in ("link_send", "links_close"):
        assert client.post(reverse(f"portal:{act}", args=[contact.pk])).status_code == 403
    assert not Message.objects.exists()
