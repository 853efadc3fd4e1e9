"""The list: what it finds, tabs, saved views, totals, export, bulk acts with their dry run and job."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from invoices import bulk, operations, queries
from invoices.models import Invoice
from invoices.queries import Filters
from team.exports import MOST
from team.models import SavedView
from tests.factories import make_customer, make_entity, make_user
from tests.invoices.scene import make_scene
from tests.sheets import sheet
from trail.models import Entry
from work.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def listed(client, **query):
    page = client.get(reverse("invoices:list"), query)
    assert page.status_code == 200
    return {row.pk for row in page.context["page"].items}


def test_it_finds_by_number_customer_order_and_exact_amount(client, scene):
    invoice, other = scene.issued("3000"), scene.draft("42.42", po_number="ZZ-9")
    client.force_login(scene.clerk)
    assert listed(client, q=invoice.number) == {invoice.pk}
    assert listed(client, q=invoice.number.lower()) == {invoice.pk}
    assert listed(client, q=str(invoice.sequence)) == {invoice.pk}
    assert listed(client, q="kestr") == {invoice.pk, other.pk}
    assert listed(client, q="zz-9") == {other.pk}
    assert listed(client, q="3,570.00") == {invoice.pk}
    assert listed(client, q=str(other)) == {other.pk}
    assert listed(client, q="nothing like it") == set()


def test_tabs_hold_what_they_say(client, scene):
    late = scene.overdue("3000")
    open_, paid, held, credited = (scene.issued(amount) for amount in ("1000", "2000", "2500", "2600"))
    draft, waiting, approved = scene.draft("900.01"), scene.waiting("3100"), scene.approved("3200")
    scene.pay(paid)
    operations.hold(held, Decimal(5), reason="A question", actor=scene.clerk, now=timezone.now())
    note = operations.credit_in_full(
        credited, reason_code="PRC", reason="Wrong price", actor=scene.clerk, now=timezone.now()
    )
    note = operations.submit_invoice(note, actor=scene.clerk, now=timezone.now())
    note = operations.approve_invoice(note, actor=scene.controller, now=timezone.now())
    note = operations.issue_invoice(note, actor=scene.clerk, now=timezone.now())
    client.force_login(scene.clerk)
    assert listed(client, status="draft") == {draft.pk}
    assert listed(client, status="waiting") == {waiting.pk}
    assert listed(client, status="approved") == {approved.pk}
    assert listed(client, status="open") == {late.pk, open_.pk, held.pk}
    assert listed(client, status="overdue") == {late.pk}
    assert listed(client, status="held") == {held.pk}
    assert listed(client, status="paid") == {paid.pk}
    assert listed(client, status="credited") == {credited.pk}
    assert draft.pk in listed(client)
    assert note.pk in listed(client)


def test_filters_narrow_and_what_cannot_be_read_is_left_out(client, scene):
    small, large = scene.draft("10"), scene.draft("5000")
    client.force_login(scene.clerk)
    assert listed(client, least="1,000") == {large.pk}
    assert listed(client, most="100") == {small.pk}
    assert listed(client, currency="USD") == set()
    assert listed(client, issued_from="yesterday", least="??") == {small.pk, large.pk}
    assert listed(client, entity="999999") == set()


def test_it_stays_within_its_queries(client, scene, django_assert_max_num_queries):
    for _ in range(12):
        scene.draft()
    client.force_login(scene.clerk)
    for query in ({}, {"status": "overdue"}, {"q": "kestrel"}):
        with django_assert_max_num_queries(30):
            client.get(reverse("invoices:list"), query)


def test_people_see_the_invoices_of_their_companies(client, scene):
    from entities.models import Access

    invoice = scene.draft()
    elsewhere = make_user("specialist")
    Access.objects.create(user=elsewhere, entity=make_entity())
    client.force_login(elsewhere)
    assert listed(client) == set()
    assert client.get(invoice.get_absolute_url()).status_code == 404
    assert client.post(reverse("invoices:submit", args=[invoice.pk])).status_code == 404


def test_totals_are_per_currency_and_credits_count_against(scene):
    scene.issued("1000")
    rows = queries.listing(scene.clerk, Filters(today=timezone.localdate()))
    [total] = queries.totals_of(rows)
    assert (total.currency, total.amount, total.balance) == ("EUR", Decimal(1190), Decimal(1190))


def test_saved_views_are_saved_shared_and_deleted_by_their_owner(client, scene):
    client.force_login(scene.clerk)
    data = {"name": "Large ones", "query": "least=1000&after=xyz&evil=1", "shared": "on"}
    client.post(reverse("invoices:save_view"), data)
    view = SavedView.objects.get()
    assert view.query == "least=1000"
    client.force_login(scene.lead)
    assert "Large ones" in client.get(reverse("invoices:list")).content.decode()
    assert client.post(reverse("invoices:delete_view", args=[view.pk])).status_code == 409
    client.force_login(scene.clerk)
    assert client.post(reverse("invoices:delete_view", args=[view.pk])).status_code == 302
    assert not SavedView.objects.exists()


def test_the_export_is_the_filtered_list_and_is_on_the_trail(client, scene):
    invoice = scene.issued("3000")
    scene.draft("10")
    scene.customer.name = "=HYPERLINK(1)"
    scene.customer.save(update_fields=["name"])
    client.force_login(scene.clerk)
    answer = client.get(reverse("invoices:export"), {"least": "1000"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    [row] = list(csv.DictReader(io.StringIO(text)))
    assert row["number"] == invoice.number
    assert row["total"] == "3570.00"
    assert row["customer"] == "'=HYPERLINK(1)"
    entry = Entry.objects.get(fact="invoices.exported")
    assert entry.additional_data == {"rows": 1, "filter": "least=1000"}
    assert entry.actor == scene.clerk


def test_no_export_without_the_right(client, scene):
    client.force_login(make_user("compliance_officer"))
    assert client.get(reverse("invoices:export")).status_code == 403
    data = {"act": "export", "pick": [str(scene.draft().pk)]}
    assert client.post(reverse("invoices:bulk"), data).status_code == 403
    assert not Entry.objects.filter(fact="invoices.exported").exists()


def test_the_spreadsheet_has_the_same_rows_as_the_csv(client, scene):
    invoice = scene.issued("3000")
    scene.draft("10")
    scene.customer.name = "=HYPERLINK(1)"
    scene.customer.save(update_fields=["name"])
    client.force_login(scene.clerk)
    answer = client.get(reverse("invoices:export_xlsx"), {"least": "1000"})
    [head, row] = sheet(answer.getvalue())
    found = dict(zip(head, row, strict=True))
    assert found["number"] == invoice.number
    assert found["total"] == Decimal("3570.00")
    assert found["customer"] == "=HYPERLINK(1)"
    assert found["issued_on"] == invoice.issued_on
    assert Entry.objects.get(fact="invoices.exported").additional_data == {"rows": 1, "filter": "least=1000"}


def test_too_many_exports_are_refused_with_a_message_and_leave_no_trace(client, scene):
    client.force_login(scene.clerk)
    for _ in range(MOST):
        assert client.get(reverse("invoices:export")).status_code == 200
    for address in ("invoices:export", "invoices:export_xlsx"):
        answer = client.get(reverse(address))
        assert answer.status_code == 429
        assert "Wait 10 minutes" in answer.content.decode()
    assert Entry.objects.filter(fact="invoices.exported").count() == MOST
    client.force_login(scene.lead)
    assert client.get(reverse("invoices:export")).status_code == 200


def test_the_dry_run_writes_nothing_and_says_what_is_skipped(client, scene):
    approved, draft = scene.approved("3000"), scene.draft()
    client.force_login(scene.clerk)
    page = client.post(reverse("invoices:bulk"), {"act": "issue", "pick": [approved.pk, draft.pk]})
    assert "1 invoice will be issued, 1 skipped" in page.content.decode()
    assert "not approved" in page.content.decode()
    assert not Job.objects.exists()
    assert not Invoice.objects.exclude(number=None).exists()


def test_the_job_issues_what_was_planned_and_names_what_failed(
    client, scene, django_capture_on_commit_callbacks, monkeypatch
):
    first, second = scene.approved("3000"), scene.approved("3001")
    client.force_login(scene.clerk)
    monkeypatch.setattr("work.jobs.current_app.send_task", lambda name, kwargs: None)
    answer = client.post(
        reverse("invoices:bulk_start"), {"act": "issue", "ids": json.dumps([first.pk, second.pk])}
    )
    job = Job.objects.get()
    assert answer.url == reverse("work:job", args=[job.pk])
    operations.reopen_draft(second, actor=scene.clerk, now=timezone.now())
    bulk.run(job.pk)
    bulk.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == ("done", 2, 1)
    assert "not approved" in job.failures[0]["message"]
    first.refresh_from_db()
    assert first.number
    page = client.get(answer.url)
    assert "not approved" in page.content.decode()
    csv_file = client.get(reverse("work:failures", args=[job.pk])).content.decode("utf-8-sig")
    assert csv_file.splitlines()[0] == "row,field,message,mend"


def test_bulk_submit_and_send_and_all_matching(client, scene, monkeypatch):
    monkeypatch.setattr("work.jobs.current_app.send_task", lambda name, kwargs: None)
    scene.draft("10"), scene.draft("12")
    client.force_login(scene.clerk)
    page = client.post(reverse("invoices:bulk"), {"act": "submit", "all": "1", "query": "status=draft"})
    ids = page.context["ids"]
    client.post(reverse("invoices:bulk_start"), {"act": "submit", "ids": ids})
    bulk.run(Job.objects.get().pk)
    assert not Invoice.objects.filter(document_status="draft").exists()
    issued = scene.issued("3000")
    plan = bulk.plan("send", Invoice.objects.all(), now=timezone.now())
    assert plan.taken == [issued.pk]
    bulk.run(bulk.ask(plan, actor=scene.clerk, now=timezone.now()).pk)
    issued.refresh_from_db()
    assert issued.sending == "queued"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"act": "issue"}, 422),
        ({"act": "explode", "pick": "1"}, 422),
    ],
)
def test_a_bulk_act_that_makes_no_sense_is_refused(client, scene, data, status):
    client.force_login(scene.clerk)
    assert client.post(reverse("invoices:bulk"), data).status_code == status


def test_bulk_needs_the_right_of_its_act(client, scene):
    invoice = scene.approved("3000")
    client.force_login(make_user("auditor"))
    assert client.post(reverse("invoices:bulk"), {"act": "issue", "pick": invoice.pk}).status_code == 403
    started = client.post(reverse("invoices:bulk_start"), {"act": "issue", "ids": f"[{invoice.pk}]"})
    assert started.status_code == 403
    assert not Job.objects.exists()


def test_a_cancelled_job_stops(client, scene):
    plan = bulk.plan("submit", Invoice.objects.filter(pk=scene.draft().pk), now=timezone.now())
    job = bulk.ask(plan, actor=scene.clerk, now=timezone.now())
    client.force_login(scene.lead)
    assert client.get(reverse("work:job", args=[job.pk])).status_code == 404
    client.force_login(scene.clerk)
    assert client.get(reverse("work:job", args=[job.pk]), headers={"HX-Request": "true"}).status_code == 200
    assert client.post(reverse("work:cancel", args=[job.pk])).status_code == 302
    bulk.run(job.pk)
    assert not Invoice.objects.exclude(document_status="draft").exists()
    assert client.post(reverse("work:cancel", args=[job.pk])).status_code == 409


def test_the_list_says_when_nothing_is_there(client, scene):
    client.force_login(scene.clerk)
    assert "No invoices yet" in client.get(reverse("invoices:list")).content.decode()
    assert "No invoice matches" in client.get(reverse("invoices:list"), {"q": "zzz"}).content.decode()
    assert (
        "Nothing is overdue" in client.get(reverse("invoices:list"), {"status": "overdue"}).content.decode()
    )


def test_paging_reaches_every_row_once(client, scene):
    made = {scene.draft(str(10 + n)).pk for n in range(53)}
    make_customer(entity=scene.entity)
    client.force_login(scene.clerk)
    first = client.get(reverse("invoices:list"), {"status": "draft"}).context["page"]
    second = client.get(reverse("invoices:list"), {"status": "draft", "after": first.after}).context["page"]
    assert {row.pk for row in [*first.items, *second.items]} == made
    assert timezone.now() - first.items[0].edited_at < timedelta(minutes=5)
