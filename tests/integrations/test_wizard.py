"""Importing on the screen: file, columns, what would happen, the job."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from integrations import importing
from invoices.models import Invoice
from ledger.models import Period
from ledger.operations import close_period
from team.roles import ROLES
from tests.factories import make_entity, make_user
from tests.integrations.test_import_receivables import SAMPLE
from tests.world import make_policy
from work.models import Job

pytestmark = pytest.mark.django_db
MAY = {role.code for role in ROLES if "invoices.import_invoices" in role.acts}


@pytest.fixture
def seller():
    entity = make_entity(functional_currency="USD")
    make_policy(entity, make_user("controller"), make_user("director"))
    return entity


@pytest.fixture
def queued(monkeypatch):
    found = []
    monkeypatch.setattr("work.jobs.current_app.send_task", lambda _name, kwargs: found.append(kwargs))
    return found


def bring(client, content=None):
    file = SimpleUploadedFile("old.csv", SAMPLE.read_bytes() if content is None else content, "text/csv")
    return client.post(reverse("integrations:receivables"), {"file": file})


def values(page):
    form = page.context["form"]
    return {bound.html_name: getattr(bound.value(), "pk", bound.value()) or "" for bound in form}


@pytest.mark.parametrize("role", [role.code for role in ROLES])
def test_who_may_import(client, role):
    client.force_login(make_user(role))

    for name in ("integrations:list", "integrations:receivables"):
        assert client.get(reverse(name)).status_code == (200 if role in MAY else 403)


def test_the_whole_way(client, seller, queued, django_capture_on_commit_callbacks):
    client.force_login(make_user("lead"))
    page = client.get(bring(client).url)
    assert page.status_code == 200
    assert page.context["form"].initial["day_order"] == "mdy"

    given = values(page)
    address = page.request["PATH_INFO"]
    tried = client.post(address, given)
    assert tried.status_code == 200
    assert tried.context["tried"].new == 60
    assert not Invoice.objects.exists()

    with django_capture_on_commit_callbacks(execute=True):
        begun = client.post(f"{address}begin/", given)
    job = Job.objects.get()
    assert begun.url == reverse("work:job", args=[job.pk])
    assert queued == [{"job_id": job.pk}]

    importing.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.failed, job.result["new"]) == (Job.State.DONE, 60, 0, 60)
    assert Invoice.objects.filter(is_imported=True).count() == 60
    # The file is gone with its import, and a second run of the same message does nothing.
    assert client.get(address).status_code == 404
    assert importing.run(job.pk).done == 60
    assert client.get(reverse("integrations:list")).status_code == 200


HEAD = b"invoice number,customer number,customer name,invoice date,due date,amount\n"


def test_rows_with_one_reason_are_told_once_with_their_lines(client, seller, queued):
    controller = make_user("controller")
    close_period(seller, date(2024, 1, 1), state=Period.State.CLOSED, actor=controller, now=timezone.now())
    client.force_login(make_user("lead"))
    rows = [f"A-{n},K1,Old,2024-01-{n:02},2024-03-01,10.00\n".encode() for n in (2, 3, 4, 9)]
    odd = b"A-5,K1,Old,2024-02-30,2024-03-01,10.00\n"
    good = b"A-6,K1,Old,2024-02-20,2024-03-01,10.00\n"
    page = client.get(bring(client, HEAD + b"".join([*rows[:3], odd, good, rows[3]])).url)
    given, address = values(page) | {"day_order": "ymd"}, page.request["PATH_INFO"]

    said = client.post(address, given).content.decode()
    client.post(f"{address}begin/", given)
    job = importing.run(Job.objects.get().pk)
    shown = client.get(reverse("work:job", args=[job.pk])).content.decode()

    for text in (said, shown):
        assert text.count("The book is closed up to 2024-01-31") == 1
        assert "Lines 2–4, 7, Invoice date" in text
        assert "4 rows." in text
        assert "Line 5, Invoice date" in text
    # What could not be read is counted by the job as well.
    assert (job.failed, job.result["faulty"], job.result["new"]) == (5, 5, 1)


def test_a_file_is_begun_once(client, seller, queued, django_capture_on_commit_callbacks):
    client.force_login(make_user("lead"))
    page = client.get(bring(client).url)
    given, address = values(page), page.request["PATH_INFO"]

    with django_capture_on_commit_callbacks(execute=True):
        first = client.post(f"{address}begin/", given)
        second = client.post(f"{address}begin/", given)
    importing.run(Job.objects.get().pk)
    late = client.post(f"{address}begin/", given)

    assert first.url == second.url == late.url == reverse("work:job", args=[Job.objects.get().pk])
    assert len(queued) == 1


def test_an_unreadable_file_is_refused_with_its_line(client, seller):
    client.force_login(make_user("lead"))

    answer = bring(client, "a,b\nü,1\n".encode() + b"\xfc,2\n")

    assert answer.status_code == 422
    assert "Line 3" in answer.content.decode()


def test_columns_that_are_not_named_are_asked_for(client, seller):
    client.force_login(make_user("lead"))
    page = client.get(bring(client).url)

    answer = client.post(page.request["PATH_INFO"], values(page) | {"column_amount": "", "day_order": ""})

    assert answer.status_code == 422
    assert {"column_amount", "day_order"} <= answer.context["form"].errors.keys()


def test_days_that_can_be_read_two_ways_are_asked_for(client, seller):
    client.force_login(make_user("lead"))
    text = b"invoice number,customer number,invoice date,due date,amount\n1,K,1/2/2024,3/4/2024,5\n"

    page = client.get(bring(client, text).url)

    assert page.context["form"].initial["day_order"] == ""


def test_another_person_does_not_find_the_file(client, seller):
    client.force_login(make_user("lead"))
    address = bring(client).url
    client.force_login(make_user("controller"))

    assert client.get(address).status_code == 404
    assert client.post(f"{address}begin/").status_code == 404


def test_a_job_of_somebody_who_lost_the_right_ends(client, seller, queued):
    user = make_user("lead")
    client.force_login(user)
    page = client.get(bring(client).url)
    client.post(f"{page.request['PATH_INFO']}begin/", values(page))
    user.groups.clear()

    job = importing.run(Job.objects.get().pk)

    assert job.state == Job.State.FAILED
    assert not Invoice.objects.exists()
