"""A job outlives its worker, is taken up by another one, and its failed rows can be tried again."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from invoices import bulk, operations
from invoices.models import Invoice
from tests.book.test_concurrency import together
from tests.factories import make_user
from tests.invoices.scene import make_scene
from work import jobs
from work.models import Job

TASK = "invoices.tasks.run_bulk_job"


def issue_job(scene, *amounts: str) -> Job:
    now = timezone.now()
    ids = [scene.approved(amount).pk for amount in amounts]
    plan = bulk.plan("issue", Invoice.objects.filter(pk__in=ids), now=now)
    return bulk.ask(plan, actor=scene.clerk, now=now)


@pytest.mark.django_db
def test_a_silent_job_is_named_once_and_goes_on_where_it_was():
    scene = make_scene()
    job = issue_job(scene, "3000", "3001", "3002")
    now = timezone.now()
    assert jobs.take_up_lost(now=now) == []
    Job.objects.filter(pk=job.pk).update(state="running", beat_at=now)
    assert jobs.take_up_lost(now=now + jobs.SILENT) == []
    later = now + jobs.SILENT + timedelta(seconds=1)

    assert jobs.take_up_lost(now=later) == [(TASK, job.pk)]
    assert jobs.take_up_lost(now=later) == []

    bulk.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == ("done", 3, 0)
    assert sorted(Invoice.objects.exclude(number=None).values_list("sequence", flat=True)) == [1, 2, 3]
    assert jobs.take_up_lost(now=later + timedelta(hours=1)) == []


@pytest.mark.django_db
def test_work_that_was_never_begun_or_cannot_be_begun_by_name():
    scene = make_scene()
    job = issue_job(scene, "3000")
    nameless = jobs.ask("other", title="x", arguments={}, total=1, actor=None, now=timezone.now())

    found = jobs.take_up_lost(now=timezone.now() + timedelta(hours=1))

    assert found == [(TASK, job.pk)]
    assert Job.objects.get(pk=nameless.pk).state == "queued"


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_name_a_job_once():
    scene = make_scene()
    made = {issue_job(scene, str(3000 + n)).pk for n in range(4)}
    later = timezone.now() + timedelta(hours=1)
    named: list[tuple[str, int]] = []

    assert together(4, lambda _n: named.extend(jobs.take_up_lost(now=later))) == []

    assert sorted(pk for _task, pk in named) == sorted(made)


@pytest.mark.django_db
def test_failed_rows_are_tried_again_by_who_may_and_only_they(client, monkeypatch):
    sent: list[int] = []
    monkeypatch.setattr(
        "work.jobs.current_app.send_task", lambda _name, kwargs: sent.append(kwargs["job_id"])
    )
    scene = make_scene()
    job = issue_job(scene, "3000", "3001")
    second = Invoice.objects.get(pk=job.arguments["ids"][1])
    reopened = operations.reopen_draft(second, actor=scene.clerk, now=timezone.now())
    address = reverse("invoices:retry", args=[job.pk])
    client.force_login(scene.clerk)
    assert client.post(address).status_code == 409  # it still waits
    bulk.run(job.pk)
    page = client.get(reverse("work:job", args=[job.pk])).content.decode()
    assert address in page
    assert client.post(address).status_code == 422  # nothing changed: it cannot be issued yet
    waiting = operations.submit_invoice(reopened, actor=scene.clerk, now=timezone.now())
    flags = [flag["key"] for flag in operations.pending_approval(waiting).flags]
    operations.approve_invoice(waiting, actor=scene.controller, now=timezone.now(), confirmed=flags)
    client.force_login(make_user("auditor"))
    assert client.post(address).status_code == 404
    assert Job.objects.count() == 1

    client.force_login(scene.clerk)
    answer = client.post(address)

    again = Job.objects.exclude(pk=job.pk).get()
    assert answer.url == reverse("work:job", args=[again.pk])
    assert again.arguments["ids"] == [second.pk]
    bulk.run(again.pk)
    again.refresh_from_db()
    assert (again.state, again.done, again.failed) == ("done", 1, 0)
    assert sorted(Invoice.objects.exclude(number=None).values_list("sequence", flat=True)) == [1, 2]
    assert client.post(reverse("invoices:retry", args=[again.pk])).status_code == 409
