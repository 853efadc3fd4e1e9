"""Notices of change: whom they are for, whom they reach, not too late, twice approved, each customer once."""

from datetime import timedelta
from typing import Any

import pytest

from core.errors import DomainError
from correspondence.models import Message
from customers import operations as customers
from customers.models import Contact, Customer
from notices import operations, queries
from notices.audience import audience, reached
from notices.models import ChangeNotice, ChangeRecipient
from policies.queries import earliest_effective
from tests.book.test_concurrency import together
from tests.factories import make_customer
from tests.world import NOW, TODAY, World, furnish, make_world
from trail.models import Entry
from work import jobs
from work.models import WorkItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def others(world: World, count: int, **values) -> list[Customer]:
    rows = [make_customer(entity=world.entity, actor=world.lead, **values) for _ in range(count)]
    return [furnish(row, world.lead) for row in rows]


def terms_news(world: World, **values) -> ChangeNotice:
    policy = world.policy.policy
    given: dict[str, Any] = {"title": "New terms", "situation": "policy_changed", "policy": policy}
    given |= {"entity": world.entity, "effective_on": earliest_effective(policy, NOW), "actor": world.lead}
    given |= {"changes": "Invoices are due after 14 days.", "now": NOW}
    return operations.write_change(**(given | values))


def approved(world: World, notice: ChangeNotice | None = None) -> ChangeNotice:
    notice = operations.submit_change(notice or terms_news(world), actor=world.lead, now=NOW)
    return operations.approve_change(notice, actor=world.controller, now=NOW)


def test_it_goes_to_each_customer_once_and_names_those_not_reached(world):
    [second, silent, bounced] = others(world, 3)
    nobody = make_customer(entity=world.entity, actor=world.lead)
    Contact.objects.filter(customer=silent).update(opted_out_at=NOW)
    customers.note_bounce(bounced.contacts.get(), reason="550", now=NOW)
    elsewhere = make_world()
    notice = approved(world)

    sent = operations.send_change(notice, now=NOW)
    operations.send_change(notice, now=NOW)

    assert sent.state == "sent"
    rows = ChangeRecipient.objects.filter(notice=notice)
    assert set(rows.filter(state="queued").values_list("customer", flat=True)) == {
        world.customer.pk,
        second.pk,
    }
    lost = {row.customer_id: row.reason for row in queries.not_reached(sent)}
    assert set(lost) == {silent.pk, bounced.pk, nobody.pk}
    assert Message.objects.filter(situation="policy_changed").count() == 2
    assert not Message.objects.filter(customer=elsewhere.customer).exists()
    assert WorkItem.objects.filter(kind="find_contact").count() == 3
    progress = queries.progress_of(sent)
    assert (progress.total, progress.written, progress.unreached, progress.gone_out) == (5, 2, 3, 0)
    assert Entry.objects.get(fact="change_notice.sent").additional_data["unreached"] == 3


def test_the_outlook_before_sending_is_what_sending_does(world):
    [silent] = others(world, 1)
    Contact.objects.filter(customer=silent).update(opted_out_at=NOW)
    notice = terms_news(world)
    outlook = {one.customer.pk: bool(one.why_not) for one in reached(audience(notice))}
    preview = operations.preview_change(notice, world.customer, now=NOW)

    operations.send_change(approved(world, notice), now=NOW)

    assert outlook == {
        row.customer_id: row.state == "unreached" for row in ChangeRecipient.objects.filter(notice=notice)
    }
    message = Message.objects.get(customer=world.customer, situation="policy_changed")
    assert (message.subject, message.html, message.text) == (preview.subject, preview.html, preview.text)


def test_a_mail_that_comes_back_makes_its_customer_not_reached(world):
    notice = operations.send_change(approved(world), now=NOW)
    delivery = notice.recipients.get().message.deliveries.get()
    assert not queries.not_reached(notice).exists()

    delivery.state, delivery.error = "bounced", "550 no such mailbox"
    delivery.save(update_fields=["state", "error"])

    [row] = queries.not_reached(notice)
    assert (row.customer, row.fault) == (world.customer, "550 no such mailbox")


def test_new_terms_inside_the_notice_period_are_refused_with_the_earliest_day(world):
    policy = world.policy.policy
    earliest = earliest_effective(policy, NOW)
    assert earliest > TODAY
    given = {"situation": "policy_changed", "policy": policy, "changes": "Due after 14 days."}

    with pytest.raises(operations.TooLate) as refusal:
        terms_news(world, **given, effective_on=earliest - timedelta(days=1))
    assert refusal.value.field == "effective_on"
    assert str(earliest.day) in refusal.value.message
    assert not ChangeNotice.objects.exists()
    assert not Entry.objects.filter(fact="change_notice.created").exists()

    notice = terms_news(world, **given, effective_on=earliest)
    with pytest.raises(operations.TooLate):
        operations.submit_change(notice, actor=world.lead, now=NOW + timedelta(days=1))
    notice.refresh_from_db()
    assert notice.state == "draft"


def test_a_new_account_of_ours_is_not_announced_by_mail(world):
    notice = terms_news(world, situation="bank_details_changed", policy=None, changes="", account_end="5678")

    with pytest.raises(DomainError, match="never announce"):
        operations.submit_change(notice, actor=world.lead, now=NOW)

    notice.refresh_from_db()
    assert notice.state == "draft"
    assert not Entry.objects.filter(fact="change_notice.submitted").exists()


def test_nobody_approves_their_own_and_nothing_changed_meanwhile(world):
    notice = operations.submit_change(terms_news(world), actor=world.lead, now=NOW)
    with pytest.raises(DomainError):
        operations.approve_change(notice, actor=world.lead, now=NOW)
    ChangeNotice.objects.filter(pk=notice.pk).update(changes="Something else.")
    with pytest.raises(DomainError, match="differs"):
        operations.approve_change(notice, actor=world.controller, now=NOW)

    notice.refresh_from_db()
    assert (notice.state, notice.approver, notice.job) == ("waiting", None, None)
    assert not Message.objects.filter(situation="policy_changed").exists()


def test_what_was_stopped_is_listed_and_not_forgotten(world):
    others(world, 3)
    notice = approved(world)
    jobs.cancel(notice.job, actor=world.controller, now=NOW)
    notice = ChangeNotice.objects.select_related("entity", "job", "approver", "policy").get(pk=notice.pk)

    operations.send_change(notice, now=NOW)

    assert queries.not_reached(notice).count() == 4
    assert "stopped" in queries.not_reached(notice)[0].reason
    assert not Message.objects.filter(situation="policy_changed").exists()


@pytest.mark.django_db(transaction=True)
def test_four_workers_write_to_each_customer_once():
    world = make_world()
    others(world, 6)
    notice = approved(world)

    def work(_):
        row = ChangeNotice.objects.select_related("entity", "job", "approver", "policy").get(pk=notice.pk)
        operations.send_change(row, now=NOW)

    assert together(4, work) == []

    assert ChangeRecipient.objects.filter(notice=notice, state="queued").count() == 7
    assert Message.objects.filter(situation="policy_changed").count() == 7


def test_the_pages_from_the_draft_to_those_not_reached(client, world):
    [silent] = others(world, 1)
    Contact.objects.filter(customer=silent).update(opted_out_at=NOW)
    client.force_login(world.lead)
    sent = {
        "title": "New terms",
        "situation": "policy_changed",
        "entity": world.entity.pk,
        "policy": world.policy.policy_id,
        "changes": "Due after 14 days.",
        "effective_on": "2020-01-01",
    }
    wrong = client.post("/notices/changes/new/", sent)
    assert wrong.status_code == 422
    assert "at the earliest" in wrong.content.decode()
    assert not ChangeNotice.objects.exists()

    made = client.post("/notices/changes/new/", sent | {"effective_on": "2099-01-01"})
    notice = ChangeNotice.objects.get()
    page = client.get(made["Location"]).content.decode()
    assert "Due after 14 days." in page
    assert silent.name in page
    assert "asked for no mail" in page
    client.post(f"/notices/changes/{notice.pk}/submit/")
    assert "Approve and send" not in client.get(notice.get_absolute_url()).content.decode()

    client.force_login(world.controller)
    assert "Approve and send" in client.get(notice.get_absolute_url()).content.decode()
    client.post(f"/notices/changes/{notice.pk}/approve/")
    notice.refresh_from_db()
    assert notice.state == "approved"
    operations.send_change(ChangeNotice.objects.get(pk=notice.pk), now=NOW)
    page = client.get(notice.get_absolute_url()).content.decode()
    assert "Mail gone out" in page
    assert silent.name in page
    assert client.get("/notices/changes/").status_code == 200
