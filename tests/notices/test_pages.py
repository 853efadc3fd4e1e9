"""Pages of notices: own ones only, confirmation, who has not, the protocol."""

from datetime import timedelta

import pytest
from django.urls import reverse

from entities.models import Access
from invoices import operations as invoices
from notices import operations, queries
from notices.models import Notice, Rule, Telling, Watch
from tests.factories import make_user
from tests.notices.test_telling import credited
from tests.world import NOW, make_world
from trail.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def notice():
    world = make_world()
    credited(world)
    entry = Entry.objects.latest("id")
    return Notice.objects.create(
        person=world.clerk,
        entry=entry,
        title="Terms changed",
        diff=[["Due date", "30 days", "14 days"]],
        must_read=True,
        made_at=NOW,
    )


def test_a_person_confirms_their_own_notice_and_sees_the_difference(client, notice):
    client.force_login(make_user("lead"))
    assert "Terms changed" not in client.get(reverse("notices:list")).content.decode()
    assert client.post(reverse("notices:acknowledge", args=[notice.pk])).status_code == 404
    client.force_login(notice.person)
    page = client.get(reverse("notices:list")).content.decode()
    assert "14 days" in page
    assert "I have read and understood it" in page

    client.post(reverse("notices:read_all"))
    notice.refresh_from_db()
    assert notice.read_at is None
    client.post(reverse("notices:acknowledge", args=[notice.pk]))

    notice.refresh_from_db()
    assert notice.acknowledged_at
    assert "I have read" not in client.get(reverse("notices:list")).content.decode()


def test_leads_see_who_has_not_confirmed(client, notice):
    client.force_login(make_user("lead"))
    page = client.get(reverse("notices:list") + "?tab=readers").content.decode()
    assert str(notice.person) in page


def test_the_protocol_shows_lines_lateness_and_forgotten_facts(client, monkeypatch):
    credited(make_world())
    entry = Entry.objects.get(fact="invoice.credited")
    operations.tell(entry.pk, now=entry.timestamp.replace(hour=20))
    monkeypatch.setattr("team.events.SOMETHING_NEW", "something.new", raising=False)
    client.force_login(make_user("controller"))

    page = client.get(reverse("notices:protocol")).content.decode()

    assert "invoice.credited" in page
    assert "Told late" in page
    assert "something.new" in page
    client.force_login(make_user("collector"))
    assert client.get(reverse("notices:protocol")).status_code == 403


def test_the_page_of_an_act_shows_the_difference_and_who_has_not(client, notice):
    lead = make_user("lead")
    client.force_login(lead)
    page = client.get(reverse("notices:readers", args=[notice.entry_id])).content.decode()
    assert "14 days" in page
    assert "Not yet:" in page
    assert str(notice.person) in page
    assert "I have read" not in page

    client.force_login(notice.person)
    assert client.get(reverse("notices:readers", args=[notice.entry_id])).status_code == 403
    page = client.get(reverse("notices:detail", args=[notice.pk])).content.decode()
    assert "I have read and understood it" in page
    client.post(reverse("notices:acknowledge", args=[notice.pk]))
    assert "You confirmed it" in client.get(reverse("notices:detail", args=[notice.pk])).content.decode()
    client.force_login(lead)
    page = client.get(reverse("notices:readers", args=[notice.entry_id])).content.decode()
    assert "Everybody has confirmed it" in page


def test_who_sees_one_company_sees_no_readers_of_another(client, notice):
    other = make_world()
    lead = make_user("lead")
    Access.objects.create(user=lead, entity=other.entity)
    client.force_login(lead)

    assert notice.title not in client.get(reverse("notices:list") + "?tab=readers").content.decode()
    assert client.get(reverse("notices:readers", args=[notice.entry_id])).status_code == 404


def test_a_record_is_watched_and_no_more_with_the_button(client):
    world = make_world()
    invoice = world.issued("100.00")
    address = reverse("notices:watch", args=["invoice", invoice.pk])
    client.force_login(world.clerk)
    part = {"HTTP_HX_REQUEST": "true"}

    assert 'aria-pressed="false"' in client.get(address, **part).content.decode()
    assert 'aria-pressed="true"' in client.post(address, {"act": "watch"}, **part).content.decode()
    assert Watch.objects.get().person == world.clerk
    assert str(invoice) in client.get(reverse("notices:list")).content.decode()
    client.post(address, {"act": "unwatch", "back": "notices"})
    assert not Watch.objects.exists()
    assert client.get(reverse("notices:watch", args=["letter", 1])).status_code == 404


def test_a_line_is_changed_on_its_page_and_a_line_of_ones_own_is_told(client):
    world = make_world()
    operations.install_rules(now=NOW)
    client.force_login(world.controller)
    given = {"audience": "customer", "situation": "credit_note", "within": 5, "unit": "minutes"}
    address = reverse("notices:rule", args=["credit-note"])

    assert client.post(address, given | {"reason": "Agreed", "version": 1}).status_code == 302
    stale = client.post(address, given | {"reason": "Late", "version": 1, "within": 7})
    assert stale.status_code == 422
    assert "meanwhile" in stale.content.decode()
    assert Rule.objects.get(code="credit-note", is_current=True).within == 5
    wrong = client.post(address, given | {"reason": "", "version": 2})
    assert wrong.status_code == 422

    new = reverse("notices:add_rule") + "?fact=invoice.annotated"
    told = {
        "audience": "roles",
        "roles": ["lead"],
        "words": "{label} has a new order",
        "within": 5,
        "unit": "minutes",
    }
    assert client.post(new, told | {"reason": "Leads asked"}).status_code == 302
    rule = Rule.objects.get(fact="invoice.annotated")
    later = rule.made_at + timedelta(minutes=1)
    invoice = world.issued("100.00", now=later)
    invoices.annotate(invoice, "Order PO-77", actor=world.clerk, now=later)
    operations.sweep(now=later + timedelta(seconds=30))
    operations.sweep(now=later + timedelta(seconds=60))

    notice = Notice.objects.get(rule=rule, person=world.lead)
    assert notice.title == f"{invoice} has a new order"
    assert Telling.objects.filter(rule=rule).count() == Notice.objects.filter(rule=rule).count()
    assert "invoice.annotated" not in [fact for fact, _ in queries.facts_without_rule()]
