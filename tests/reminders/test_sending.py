"""What was decided is sent once, in one message, to the right people, and never when it is no longer true."""

import re
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client

from charges.operations import load_rates
from charges.queries import charges_of
from charges.reference import reference_rates
from correspondence import operations as mail
from correspondence.models import Delivery, Message, Template
from customers import operations as customers
from invoices import operations as invoices
from portal.operations import close_links
from reminders import operations, queries, tasks
from reminders.models import Digest, Reminder
from tests.factories import make_customer
from tests.reminders.scenes import at, decide, make_scene
from tests.world import NOW, furnish
from trail.models import Entry
from work.models import WorkItem

D = Decimal
DUE = date(2026, 12, 16)  # a Wednesday; invoices of 16 November are due
State = Reminder.State
ANY = {"similar-customer": "Another company, checked", "unusual-amount": "Agreed"}


def send(world, now: datetime) -> list[Digest]:
    """Send what is meant where it is a decent hour."""
    return operations.send_reminders(world.entity, queries.customers_to_write_to(world.entity, now), now=now)


def hand_over(now: datetime) -> None:
    """Hand every waiting mail over, and tell the reminders."""
    for pk in list(Delivery.objects.filter(state="queued").values_list("pk", flat=True)):
        mail.deliver(pk, now=now)
    tell(now)


def tell(now: datetime) -> None:
    """What the relay does with the facts about messages."""
    facts = ["message.sent", "message.cancelled", "message.failed", "message.bounced", "letter.posted"]
    with time_machine.travel(now, tick=False):
        for entry in Entry.objects.filter(fact__in=facts).order_by("pk"):
            tasks.note_delivery(entry_id=entry.pk)


def facts(name: str) -> list[dict[str, object]]:
    return [entry.additional_data for entry in Entry.objects.filter(fact=name).order_by("pk")]


@pytest.mark.django_db
def test_five_invoices_are_one_message_in_the_tone_of_the_firmest(mail_sink):
    world = make_scene()
    early = world.issued("109", now=NOW - timedelta(days=4))  # four days late: tone 2
    for n in range(4):
        world.issued(str(100 + n), now=NOW)
    decide(world, DUE)
    assert Reminder.objects.filter(state="meant").count() == 5

    [digest] = send(world, at(DUE))
    assert send(world, at(DUE)) == []
    hand_over(at(DUE))

    [message] = mail_sink.messages
    assert (digest.tone, digest.situation, digest.channel) == (2, "reminder", "email")
    text = message.get_body(("plain",)).get_content()
    assert all(str(one.invoice.number) in text for one in Reminder.objects.select_related("invoice"))
    assert {row.state for row in Reminder.objects.all()} == {"sent"}
    assert all(row.sent_at for row in Reminder.objects.all())
    said = facts("reminder.sent")
    assert len(said) == 5
    entry = Entry.objects.get(fact="reminder.sent", object_id=early.pk)
    assert entry.customer_key == world.customer.pk


def _page_of(message) -> str:
    """The page the button of a mail opens, as its reader sees it."""
    text = message.get_body(("plain",)).get_content()
    [path] = set(re.findall(r"/my/[\w-]+/", text))
    answer = Client().get(path, {"lang": "en"})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
def test_each_contact_gets_one_mail_a_company_whose_button_opens_their_own_page(mail_sink):
    """Two contacts who read two languages, two companies that sell to the same customer."""
    world = make_scene()
    ann = customers.add_contact(
        world.customer, name="Ann", email="ann@customer.example", purposes=["reminders"], actor=world.lead,
        now=NOW,
    )  # fmt: skip
    bob = customers.add_contact(
        world.customer, name="Bob", email="bob@customer.example", purposes=["reminders"], language="de",
        actor=world.lead, now=NOW,
    )  # fmt: skip
    other = make_scene(code="NW2", name="Second", legal_name="Second Ltd")
    other.issued("70", now=NOW)
    ours = [world.issued(str(100 + n), now=NOW) for n in range(3)]
    theirs = other.issued("55", now=NOW, customer=world.customer, overrides=ANY)
    for one in (world, other):
        decide(one, DUE)
    first = operations.send_reminders(world.entity, [world.customer.pk], now=at(DUE))
    second = operations.send_reminders(other.entity, [world.customer.pk], now=at(DUE))
    assert (len(first), len(second)) == (1, 1)
    assert operations.send_reminders(world.entity, [world.customer.pk], now=at(DUE)) == []
    hand_over(at(DUE))

    sent = list(zip(mail_sink.recipients, mail_sink.messages, strict=True))
    assert sorted(to[0] for to, _ in sent) == [ann.email] * 2 + [bob.email] * 2
    links = {message.link for message in Message.objects.filter(about_type__model="digest")}
    assert {(link.contact, link.about_id, link.purpose) for link in links} == {
        (contact, world.customer.pk, "overview") for contact in (ann, bob)
    }
    assert all(link.expires_at == at(DUE) + timedelta(days=30) for link in links)
    with time_machine.travel(at(DUE, 10), tick=False):
        for to, message in sent:
            text, page = message.get_body(("plain",)).get_content(), _page_of(message)
            named = [theirs] if "Second" in message["From"] else ours
            assert all(str(one.number) in text and f"/invoices/{one.pk}/" in page for one in named)
            assert ("Heute" in text) is (to[0] == bob.email)
            assert f'value="{to[0]}"' in page
        close_links(bob, actor=world.lead, now=at(DUE, 10))
        dead = next(message for to, message in sent if to[0] == bob.email)
        with pytest.raises(AssertionError):
            _page_of(dead)
    assert Reminder.objects.filter(state="sent", customer=world.customer).count() == 4


@pytest.mark.django_db
def test_a_mail_that_comes_back_never_hands_a_contacts_page_to_another(mail_sink):
    world = make_scene()
    people = [
        customers.add_contact(
            world.customer, name=name, email=f"{name}@customer.example", purposes=purposes,
            actor=world.lead, now=NOW,
        )
        for name, purposes in (("ann", ["reminders"]), ("bob", ["reminders"]), ("cy", ["main"]))
    ]  # fmt: skip
    world.issued("1000", now=NOW)
    decide(world, DUE)
    send(world, at(DUE))
    hand_over(at(DUE))
    rows = {row.contact_id: row for row in Delivery.objects.all()}

    mail.note_bounce_of(rows[people[0].pk].mail_id, reason="550", permanent=True, now=at(DUE, 10))
    assert Delivery.objects.count() == 2  # the other contact has it
    mail.note_bounce_of(rows[people[1].pk].mail_id, reason="550", permanent=True, now=at(DUE, 11))
    tell(at(DUE, 11))
    assert Reminder.objects.get().state == "written"
    hand_over(at(DUE, 11))

    instead = Delivery.objects.latest("pk")
    assert instead.contact not in people[:2]
    assert instead.message.link.contact == instead.contact
    assert instead.message.html == rows[people[1].pk].message.html
    assert Reminder.objects.get().state == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hour", "opens"), [(6, False), (7, True), (16, True), (17, False)]
)  # 8 to 18 in Berlin in winter
def test_nothing_is_sent_in_quiet_hours(hour, opens):
    world = make_scene()
    world.issued("1000", now=NOW)
    decide(world, DUE, hour=3)

    assert bool(send(world, at(DUE, hour))) is opens


@pytest.mark.django_db
def test_the_hours_are_those_of_the_customer():
    world = make_scene()
    world.customer.country, world.customer.state_code = "US", "CA"
    world.customer.save(update_fields=["country", "state_code"])
    world.issued("1000", now=NOW)
    decide(world, DUE, hour=3)

    assert send(world, at(DUE, 15)) == []  # seven in the morning in Los Angeles
    assert len(send(world, at(DUE, 16))) == 1


@pytest.mark.django_db
def test_what_was_paid_between_decision_and_sending_is_not_asked_for(mail_sink):
    world = make_scene()
    paid, other = world.issued("1000", now=NOW), world.issued("500", now=NOW)
    decide(world, DUE, hour=5)
    world.pay(paid, "1190", now=at(DUE, 6))

    send(world, at(DUE))
    hand_over(at(DUE))

    [message] = mail_sink.messages
    text = message.get_body(("plain",)).get_content()
    assert str(other.number) in text
    assert str(paid.number) not in text
    assert (paid.reminders.get().state, paid.reminders.get().rule) == ("dropped", "paid")
    assert [one["rule"] for one in facts("reminder.dropped")] == ["paid"]


@pytest.mark.django_db
def test_a_part_payment_between_decision_and_sending_lowers_what_is_asked():
    world = make_scene()
    invoice = world.issued("1000", now=NOW)
    decide(world, DUE, hour=5)
    world.pay(invoice, "190", now=at(DUE, 6))

    send(world, at(DUE))

    assert invoice.reminders.get().asked == D(1000)
    assert "1,000.00" in Message.objects.get(situation="due_today").text


@pytest.mark.django_db
def test_a_message_that_waits_in_the_outbox_is_stopped_by_a_payment_and_the_rest_asked_again(mail_sink):
    world = make_scene()
    paid, other = world.issued("1000", now=NOW), world.issued("500", now=NOW)
    decide(world, DUE, hour=5)
    send(world, at(DUE, 8))
    world.pay(paid, "1190", now=at(DUE, 9))

    hand_over(at(DUE, 10))
    assert mail_sink.messages == []
    assert (paid.reminders.get().rule, other.reminders.get().state) == ("paid", "meant")

    [digest] = send(world, at(DUE, 11))
    hand_over(at(DUE, 11))
    [message] = mail_sink.messages
    assert str(other.number) in message.get_body(("plain",)).get_content()
    assert other.reminders.get().digest == digest
    assert Digest.objects.filter(stopped_at=None).count() == 1


@pytest.mark.django_db
def test_each_stop_is_asked_again_before_the_message_is_written():
    world = make_scene()
    rows = {}
    for rule in ("paused", "promise", "plan", "agency", "disputed", "small_balance"):
        rows[rule] = world.issued(str(1000 + len(rows)), now=NOW)
    decide(world, DUE, hour=5)
    now = at(DUE, 6)
    kinds = {"paused": "manual", "promise": "promise", "plan": "plan", "agency": "agency"}
    for rule, kind in kinds.items():
        operations.pause(
            world.customer, kind=kind, reason="Asked", now=now, invoices=[rows[rule]], key=f"one:{rule}"
        )
    disputed = rows["disputed"]
    invoices.hold(disputed, disputed.payable, reason="Not received", actor=world.clerk, now=now)
    small = rows["small_balance"]
    world.pay(small, str(small.payable - 3), now=now)

    assert send(world, at(DUE)) == []
    assert {rule: row.reminders.get().rule for rule, row in rows.items()} == {rule: rule for rule in rows}
    assert not Message.objects.filter(situation="due_today").exists()


@pytest.mark.django_db
def test_insolvency_and_waiting_money_stop_what_was_decided():
    world = make_scene()
    world.issued("1000", now=NOW)
    decide(world, DUE, hour=5)
    world.received("1190", now=at(DUE, 6))
    assert send(world, at(DUE)) == []
    assert Reminder.objects.get().rule == "cash_waits"

    decide(world, DUE + timedelta(days=1), hour=5)
    other = make_scene()
    other.issued("1000", now=NOW)
    decide(other, DUE, hour=5)
    other.customer.insolvent = True
    other.customer.save(update_fields=["insolvent"])
    assert send(other, at(DUE)) == []
    assert Reminder.objects.get(customer=other.customer).rule == "insolvent"


@pytest.mark.django_db
def test_a_disputed_part_is_not_asked_for_and_named():
    world = make_scene()
    invoice = world.issued("1000", now=NOW)
    invoices.hold(invoice, D(390), reason="Two days too many", actor=world.clerk, now=NOW)
    decide(world, DUE, hour=5)

    send(world, at(DUE))

    text = Message.objects.get(situation="due_today").text
    assert invoice.reminders.get().asked == D(800)  # 1,190 with 390 disputed
    assert "800.00" in text
    assert "390.00" in text


@pytest.mark.django_db
def test_a_message_that_could_not_leave_on_its_day_never_leaves(mail_sink):
    """Down from the evening before: the old message is stopped, and only the latest step is sent."""
    world = make_scene()
    world.issued("1000", now=NOW)
    decide(world, DUE, hour=5)
    send(world, at(DUE))

    later = DUE + timedelta(days=5)
    hand_over(at(later))
    assert mail_sink.messages == []
    assert Reminder.objects.get().rule == "late"

    decide(world, later)
    send(world, at(later))
    hand_over(at(later))
    [row] = Reminder.objects.filter(state="sent")
    assert row.step == 3
    assert len(mail_sink.messages) == 1


@pytest.mark.django_db
def test_a_mail_that_comes_back_goes_to_the_next_contact_and_then_is_blocked(mail_sink):
    world = make_scene()
    customers.add_contact(
        world.customer,
        name="Piet Main",
        email="piet@customer.example",
        purposes=["main"],
        actor=world.lead,
        now=NOW,
    )
    world.issued("1000", now=NOW)
    decide(world, DUE)
    send(world, at(DUE))
    hand_over(at(DUE))
    first = Delivery.objects.get()

    mail.note_bounce_of(first.mail_id, reason="550 no such user", permanent=True, now=at(DUE, 10))
    tell(at(DUE, 12))
    assert Reminder.objects.get().state == "written"
    hand_over(at(DUE, 10))
    assert Reminder.objects.get().state == "sent"
    assert mail_sink.recipients[-1] == ["piet@customer.example"]
    assert len(facts("reminder.sent")) == 1
    assert WorkItem.objects.filter(kind="mail_bounced").count() == 1

    second = Delivery.objects.latest("pk")
    mail.note_bounce_of(second.mail_id, reason="550 no such user", permanent=True, now=at(DUE, 11))
    tell(at(DUE, 12))
    assert (Reminder.objects.get().state, Reminder.objects.get().rule) == ("blocked", "came_back")

    tomorrow = DUE + timedelta(days=5)
    decide(world, tomorrow)
    assert send(world, at(tomorrow)) == []
    assert Reminder.objects.get(step=3).rule == "no_contact"
    assert WorkItem.objects.filter(kind="reminder_blocked").count() == 1


@pytest.mark.django_db
def test_a_mail_refused_for_good_says_so_and_the_next_day_decides_again(mail_sink):
    world = make_scene()
    world.issued("1000", now=NOW - timedelta(days=4))
    decide(world, DUE)
    send(world, at(DUE))
    mail_sink.answers = ["554 spam"]
    hand_over(at(DUE))
    assert (Reminder.objects.get().state, Reminder.objects.get().rule) == ("dropped", "not_handed_over")

    failed = Delivery.objects.get()
    tomorrow = DUE + timedelta(days=1)
    decide(world, tomorrow)
    send(world, at(tomorrow))
    mail.retry_delivery(failed, actor=world.clerk, now=at(tomorrow))  # the old one is not revived
    hand_over(at(tomorrow))
    assert len(mail_sink.messages) == 1
    assert Reminder.objects.get().state == "sent"


@pytest.mark.django_db
def test_a_message_cancelled_by_hand_is_not_written_again(mail_sink):
    world = make_scene()
    world.issued("1000", now=NOW)
    decide(world, DUE)
    send(world, at(DUE))
    mail.cancel_delivery(Delivery.objects.get(), actor=world.clerk, now=at(DUE))
    tell(at(DUE, 12))
    row = Reminder.objects.get()
    assert (row.state, row.rule) == ("dropped", "by_hand")

    decide(world, DUE + timedelta(days=1))
    assert send(world, at(DUE + timedelta(days=1))) == []
    row.refresh_from_db()
    assert (row.state, row.rule) == ("dropped", "by_hand")


@pytest.mark.django_db
def test_firm_steps_reach_further_people_and_no_others():
    world = make_scene()
    for name, purposes in (("Ann", ["reminders"]), ("Bo", ["payable"]), ("Cy", ["escalation"]), ("Di", [])):
        customers.add_contact(
            world.customer,
            name=name,
            email=f"{name.lower()}@customer.example",
            purposes=purposes,
            actor=world.lead,
            now=NOW,
        )
    world.issued("1000", now=NOW)
    reached = {}
    for step in (0, 3, 10, 30):
        day = {0: DUE, 3: date(2026, 12, 21), 10: date(2026, 12, 28), 30: date(2027, 1, 15)}[step]
        decide(world, day)
        send(world, at(day))
        row = Reminder.objects.filter(state="written").first()
        if row is None:
            continue
        rows = Delivery.objects.filter(message__about_type__model="digest", message__about_id=row.digest_id)
        reached[row.step] = sorted(rows.values_list("email", flat=True))
        Reminder.objects.filter(state="written").update(state="sent", sent_at=at(day))
    assert reached[0] == reached[3] == ["ann@customer.example"]
    assert reached[10] == ["ann@customer.example", "bo@customer.example"]
    assert reached[30] == ["ann@customer.example", "bo@customer.example", "cy@customer.example"]
    assert not Delivery.objects.filter(email="di@customer.example").exists()


@pytest.mark.django_db
def test_a_step_for_a_colleague_becomes_work_and_no_mail():
    world = make_scene()
    world.issued("1000", now=NOW)
    call = date(2027, 1, 5)
    for day in (DUE, date(2026, 12, 21), date(2026, 12, 28), call):
        decide(world, day)
        send(world, at(day))
        Reminder.objects.filter(state="written").update(state="sent", sent_at=at(day))

    row = Reminder.objects.get(step=20)
    item = WorkItem.objects.get(kind="reminder_step")
    assert (row.state, row.digest) == ("done", None)
    assert (item.value, item.role, item.customer_key) == (D(1190), "collector", world.customer.pk)
    assert len(facts("reminder.handed_over")) == 1
    assert Message.objects.exclude(situation="invoice").count() == 3


@pytest.mark.django_db
def test_a_letter_is_printed_and_counts_as_sent_when_it_is_posted():
    world = make_scene()
    steps = [
        {"day": 3, "tone": 4, "channel": "post", "situation": "formal_notice", "recipients": ["billing"]}
    ]
    operations.set_ladder(
        world.customer,
        steps=[step | {"fee": "0"} for step in steps],
        reason="Agreed",
        valid_from=date(2026, 12, 1),
        valid_to=None,
        actor=world.lead,
        now=at(date(2026, 12, 1)),
    )
    world.issued("1000", now=NOW)
    day = date(2026, 12, 21)
    decide(world, day)
    send(world, at(day))
    letter = Delivery.objects.get()
    mail.deliver(letter.pk, now=at(day))
    assert Reminder.objects.get().state == "written"

    letter.refresh_from_db()
    mail.mark_posted([letter], actor=world.clerk, now=at(day, 12))
    tell(at(day, 12))
    assert Reminder.objects.get().state == "sent"


@pytest.mark.django_db
def test_a_letter_that_waits_for_the_post_is_withdrawn_when_what_it_asks_for_is_paid_credited_or_stopped():
    world, day = make_scene(), date(2026, 12, 21)
    step = {"day": 3, "tone": 4, "channel": "post", "situation": "formal_notice", "recipients": ["billing"]}
    bills = {}
    for case in ("paid", "partly", "credited", "paused", "asked"):
        customer = world.customer if case == "paid" else furnish(
            make_customer(entity=world.entity, actor=world.lead, name=f"{case} Ltd"), world.lead
        )  # fmt: skip
        operations.set_ladder(
            customer, steps=[step | {"fee": "0"}], reason="Agreed", valid_from=date(2026, 12, 1),
            valid_to=None, actor=world.lead, now=at(date(2026, 12, 1)),
        )  # fmt: skip
        bills[case] = world.issued("1000", customer=customer, now=NOW, overrides=ANY)
    decide(world, day)
    send(world, at(day))
    for pk in list(Delivery.objects.values_list("pk", flat=True)):
        mail.deliver(pk, now=at(day))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"to_post"}
    assert operations.withdraw_letters(world.entity, now=at(day, 10)) == 0

    tomorrow = at(day + timedelta(days=1))
    world.pay(bills["paid"], "1190", now=tomorrow)
    replace(world, customer=bills["partly"].customer).pay(bills["partly"], "500", now=tomorrow)
    note = invoices.credit_in_full(
        bills["credited"], reason_code="NDL", reason="Not ordered", actor=world.clerk, now=tomorrow
    )
    invoices.issue_invoice(world.approve(note, now=tomorrow), actor=world.clerk, now=tomorrow)
    operations.pause(bills["paused"].customer, kind="manual", reason="Asked", now=tomorrow, key="x")
    assert operations.withdraw_letters(world.entity, now=tomorrow) == 4
    assert operations.withdraw_letters(world.entity, now=tomorrow) == 0

    left = Delivery.objects.get(state="to_post")
    assert left.message.customer == bills["asked"].customer
    gone = Delivery.objects.filter(state="cancelled").first()
    with pytest.raises(mail.NotToPost):
        mail.mark_posted([left, gone], actor=world.clerk, now=tomorrow)
    left.refresh_from_db()
    assert left.state == "to_post"
    tell(tomorrow)
    rules = {case: (bill.reminders.get().state, bill.reminders.get().rule) for case, bill in bills.items()}
    assert rules == {
        "paid": ("dropped", "paid"),
        "partly": ("dropped", "late"),  # the next day decides on the rest
        "credited": ("dropped", "paid"),
        "paused": ("dropped", "paused"),
        "asked": ("written", ""),
    }


@pytest.mark.django_db
def test_without_a_text_in_use_it_is_blocked_and_somebody_asked():
    world = make_scene()
    mail.install_texts(now=NOW)
    Template.objects.filter(situation="reminder", channel="letter").update(status=Template.Status.RETIRED)
    steps = [{"day": 3, "tone": 2, "channel": "post", "situation": "reminder", "recipients": ["billing"]}]
    operations.set_ladder(
        world.customer,
        steps=[step | {"fee": "0"} for step in steps],
        reason="Agreed",
        valid_from=date(2026, 12, 1),
        valid_to=None,
        actor=world.lead,
        now=at(date(2026, 12, 1)),
    )
    world.issued("1000", now=NOW)
    day = date(2026, 12, 21)
    decide(world, day)

    assert send(world, at(day)) == []
    assert (Reminder.objects.get().state, Reminder.objects.get().rule) == ("blocked", "no_text")
    assert not Digest.objects.exists()
    assert WorkItem.objects.filter(kind="reminder_blocked").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("named", "charged"),
    [
        ({"fee": "12.50"}, [("fee", D("12.50"))]),
        ({"fee": "95"}, [("fee", D(40))]),
        ({"fee": "statutory"}, [("fixed_sum", D(40))]),
        ({"fee": "2", "interest": True}, [("several", D("31.34"))]),
    ],
)
def test_a_step_charges_what_it_names_once_it_has_left_and_no_more_than_the_law(mail_sink, named, charged):
    load_rates(reference_rates(), actor=None, now=NOW)
    clause = {"regime": "contract", "margin": "9", "fixed_sum": "EU", "basis": 365}
    step = {"day": 3, "tone": 2, "channel": "email", "situation": "reminder", "recipients": ["billing"]}
    world = make_scene(clauses={"late_interest": clause, "ladder": [step | named]})
    invoice = world.issued("20000", now=NOW)
    day = date(2026, 12, 21)
    decide(world, day)
    send(world, at(day))
    digest = Digest.objects.get()
    assert operations.charge_steps(digest, now=at(day)) == 0

    hand_over(at(day))
    assert operations.charge_steps(digest, now=at(day)) == 0  # the task did
    made = charges_of(invoice).order_by("pk")
    assert [(one.kind, one.amount) for one in made] == charged
    assert {one.step for one in made} == {3}
    parts = made[0].parts.values_list("kind", "amount")
    assert sorted(parts) == (
        (made[0].kind != "several" and charged) or [("fee", D(2)), ("interest", D("29.34"))]
    )
    assert made[0].document.lines.count() == len(parts)


@pytest.mark.django_db
def test_what_the_law_does_not_allow_is_noted_on_the_step_and_not_charged(mail_sink):
    step = {"day": 3, "tone": 2, "channel": "email", "situation": "reminder", "recipients": ["billing"]}
    world = make_scene(clauses={"ladder": [step | {"fee": "12.50"}]})
    invoice = world.issued("1000", now=NOW)
    day = date(2026, 12, 21)
    decide(world, day)
    send(world, at(day))

    hand_over(at(day))

    assert not charges_of(invoice).exists()
    row = Reminder.objects.get()
    assert (row.state, "names no late interest" in row.uncharged) == ("sent", True)


@pytest.mark.django_db(transaction=True)
def test_what_somebody_else_holds_is_left_for_the_next_time():
    world = make_scene()
    invoice = world.issued("1000", now=NOW)
    decide(world, DUE)
    gate, done = threading.Event(), threading.Event()

    def book():
        try:
            with transaction.atomic():
                world.pay(invoice, "1190", now=at(DUE))
                gate.set()
                done.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=book)
    thread.start()
    gate.wait(60)
    assert send(world, at(DUE)) == []
    assert Reminder.objects.get().state == "meant"
    done.set()
    thread.join()

    assert send(world, at(DUE)) == []
    assert (Reminder.objects.get().state, Reminder.objects.get().rule) == ("dropped", "paid")


@pytest.mark.django_db(transaction=True)
def test_four_at_once_write_one_message():
    world = make_scene()
    for n in range(3):
        world.issued(str(100 + n), now=NOW)
    decide(world, DUE)
    gate, errors = threading.Barrier(4), []

    def work():
        try:
            gate.wait(60)
            operations.send_reminders(world.entity, [world.customer.pk], now=at(DUE))
        except Exception as error:  # noqa: BLE001
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert Digest.objects.count() == Message.objects.exclude(situation="invoice").count() == 1
    assert Reminder.objects.filter(state="written").count() == 3
