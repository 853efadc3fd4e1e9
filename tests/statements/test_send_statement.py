"""A statement goes to the right contacts once, with the very file that is kept."""

import hashlib
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.urls import reverse

from cases import operations as collecting
from correspondence.mail import compose
from correspondence.models import Delivery, Message
from correspondence.operations import NobodyToWriteTo
from customers import operations as customers
from statements import bulk, operations, queries
from statements.document import statement_view
from statements.models import Statement
from tests.api.client import Api, refused
from tests.factories import make_customer, make_user
from tests.world import NOW, TODAY, World, furnish, make_world
from work.models import Job

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world() -> World:
    world = make_world()
    world.issued("1000.00", now=NOW - 40 * DAY)
    return world


def made(world, **values) -> Statement:
    given = {"form": "movements", "on": TODAY, "since": TODAY - 60 * DAY, "actor": world.lead, "now": NOW}
    return operations.make_statement(world.customer, world.entity, "EUR", **given | values)


def add(world, name, purposes, **values):
    return customers.add_contact(
        world.customer,
        name=name,
        email=f"{name.lower()}@customer.example",
        purposes=purposes,
        actor=world.lead,
        now=NOW,
        **values,
    )


def addresses() -> list[str]:
    return sorted(Delivery.objects.values_list("email", flat=True))


def test_each_contact_for_statements_gets_one_mail_with_the_kept_file(world):
    add(world, "Orla", ["statements"])
    add(world, "Piet", ["statements"], language="de")
    statement = made(world)

    sent = operations.send_statement(statement, actor=world.lead, now=NOW)

    assert addresses() == ["orla@customer.example", "piet@customer.example"]
    assert {message.language for message in sent} == {statement.language, "de"}
    for delivery in Delivery.objects.select_related("message"):
        mail = compose(delivery, link_address="https://pay.example/x")
        [(name, content, kind)] = mail.attachments
        assert hashlib.sha256(content).hexdigest() == statement.sha256
        assert (name, kind) == (statement.file_name, "application/pdf")
        assert "1.190,00" in mail.body or "1,190.00" in mail.body


def test_without_one_for_statements_it_goes_to_those_who_get_invoices(world):
    operations.send_statement(made(world), actor=world.lead, now=NOW)
    assert addresses() == [world.customer.contacts.get().email]


def test_who_has_it_gets_no_second_mail_unless_asked_and_not_at_once(world):
    statement = made(world)
    operations.send_statement(statement, actor=world.lead, now=NOW)
    with pytest.raises(operations.SentBefore):
        operations.send_statement(statement, actor=world.lead, now=NOW + 5 * DAY)
    with pytest.raises(operations.SentBefore):
        operations.send_statement(statement, actor=world.lead, now=NOW + timedelta(minutes=1), again=True)
    assert Message.objects.count() == 1

    operations.send_statement(statement, actor=world.lead, now=NOW + DAY, again=True)
    assert Message.objects.count() == 2


def test_a_new_contact_gets_what_the_others_have(world):
    statement = made(world)
    add(world, "Orla", ["statements"])
    operations.send_statement(statement, actor=world.lead, now=NOW)
    add(world, "Piet", ["statements"])
    operations.send_statement(statement, actor=world.lead, now=NOW + DAY)
    assert addresses() == ["orla@customer.example", "piet@customer.example"]


def test_nobody_reachable_is_refused_and_nothing_is_queued(world):
    contact = world.customer.contacts.get()
    customers.note_bounce(contact, reason="550", now=NOW)
    with pytest.raises(NobodyToWriteTo):
        operations.send_statement(made(world), actor=world.lead, now=NOW)
    assert not Message.objects.exists()


def test_a_promise_that_stood_is_on_the_paper_and_only_for_its_days(world):
    invoice = world.customer.invoices.get()
    promise = collecting.make_promise(
        world.customer,
        amount=Decimal(500),
        currency="EUR",
        promised_on=TODAY + 4 * DAY,
        invoices=[invoice],
        channel="phone",
        actor=world.lead,
        now=NOW,
    )
    before = made(world, on=TODAY - DAY)
    during = made(world)
    collecting.withdraw_promise(promise, reason="They called", actor=world.lead, now=NOW + 2 * DAY)
    again = made(world, now=NOW + 3 * DAY)

    assert "promised" not in before.content["items"][0]
    assert during.content["items"][0]["promised"] == {"amount": "500.00", "on": "2026-11-20"}
    assert again.pk == during.pk
    [row] = statement_view(during.content | {"language": "en"}).items
    assert any("500.00 promised for 20 Nov 2026" in note for note in row.notes)
    assert "promised" not in made(world, on=TODAY + 2 * DAY, now=NOW + 3 * DAY).content["items"][0]


# --------------------------------------------------------------------------------------------------- many
def wanted():
    return bulk.Wanted("open_items", TODAY, TODAY)


def test_the_dry_run_says_who_and_why_not_and_writes_nothing(world):
    silent = furnish(make_customer(name="Zephyr Bakery", entity=world.entity, actor=world.lead), world.lead)
    mute = make_customer(name="Umbra Textil", entity=world.entity, actor=world.lead)
    world.issued("10.00", customer=furnish(mute, world.lead))
    customers.note_bounce(mute.contacts.get(), reason="550", now=NOW)
    everyone = type(world.customer).objects.filter(pk__in=[world.customer.pk, silent.pk, mute.pk])

    plan = bulk.plan(everyone, [world.entity], wanted(), now=NOW)

    assert [row.customer for row in plan.taken] == [world.customer]
    assert {reason: [row.customer for row in rows] for reason, rows in plan.skipped} == {
        "nothing was ever billed or received": [silent],
        "no contact for statements that mail reaches": [mute],
    }
    assert not Statement.objects.exists()
    assert not Message.objects.exists()


def test_the_job_sends_each_ticked_one_once_however_often_it_runs(world, client):
    client.force_login(world.lead)
    other = furnish(make_customer(name="Umbra Textil", entity=world.entity, actor=world.lead), world.lead)
    world.issued("10.00", customer=other)
    page = reverse("statements:send_many")
    given = {"form": "open_items", "as_of": TODAY.isoformat()}
    shown = client.get(page, given).content.decode()
    assert world.customer.name in shown
    assert other.name in shown

    picked = {"pick": f"{world.customer.pk}-{world.entity.pk}-EUR"}
    answer = client.post(page, given | picked)
    job = Job.objects.get()
    assert answer.url == reverse("work:job", args=[job.pk])
    for _ in range(2):
        bulk.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == ("done", 1, 0)
    assert Message.objects.get().customer == world.customer


def test_nothing_ticked_a_coming_day_or_no_right_starts_nothing(world, client):
    page = reverse("statements:send_many")
    client.force_login(world.lead)
    assert client.post(page, {"form": "open_items", "as_of": TODAY.isoformat()}).status_code == 422
    late = {"form": "open_items", "as_of": "2027-03-01", "pick": f"{world.customer.pk}-{world.entity.pk}-EUR"}
    assert client.post(page, late).status_code == 422
    client.force_login(make_user("manager"))
    assert client.post(page, late).status_code == 403
    assert not Job.objects.exists()


# -------------------------------------------------------------------------------------------- page and API
def test_sent_from_the_page_it_says_to_whom(world, client):
    client.force_login(world.lead)
    statement = made(world)
    client.post(reverse("statements:send", args=[statement.pk]))
    page = client.get(statement.get_absolute_url()).content.decode()
    assert queries.deliveries_of(statement).get().email in page
    assert "Send again" in page


def test_the_api_sends_once_and_refuses_the_second_time(world):
    api = Api(world.lead)
    statement = made(world)
    sent = api.post(f"statements/{statement.pk}/send/", {})
    assert sent["messages"] == [Message.objects.get().pk]
    refused(api.send("POST", f"statements/{statement.pk}/send/", {}), 409, rule="a_statement_is_sent_once")
    assert Message.objects.count() == 1
