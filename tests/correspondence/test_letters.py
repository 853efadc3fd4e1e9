"""Letters: printed, put into one file by a job, posted on a day, come back; and their page."""

import io
from datetime import timedelta

import pypdf
import pytest
from django.contrib.auth.models import Permission
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from core.errors import Invalid
from correspondence import operations
from correspondence.events import LETTER_POSTED, LETTER_RETURNED
from correspondence.models import Delivery
from correspondence.queries import about_of
from entities.models import Access
from invoices.operations import note_delivery
from tests.correspondence.letters import make_letter, queue
from tests.portal.bills import NOW, make_bill, make_entity, make_user
from trail.models import Entry
from work import jobs
from work.models import Job, WorkItem

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def person(client):
    user = make_user()
    acts = ("view_outgoing", "post_letter")
    user.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="correspondence", codename__in=acts)
    )
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def address_of(row):
    return reverse("correspondence:letter_pdf", args=[row.pk])


def words_of(content):
    reader = pypdf.PdfReader(io.BytesIO(content))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def test_a_letter_is_printed_once_and_marked_posted():
    row = make_letter(printed=True)
    assert (row.email, row.state) == ("", "to_post")
    assert operations.read_letter(row).startswith(b"%PDF-")

    assert operations.mark_posted([row], actor=make_user(), now=NOW) == 1
    with pytest.raises(operations.NotToPost):
        operations.mark_posted([row], actor=make_user(), now=NOW)
    assert Delivery.objects.get(pk=row.pk).posted_at == NOW
    assert Entry.objects.filter(fact=LETTER_POSTED).count() == 1


@pytest.mark.parametrize(("state", "sending"), [("to_post", "queued"), ("posted", "sent")])
def test_a_document_on_paper_is_sent_when_it_was_posted(state, sending):
    bill = make_bill()
    queue(bill).deliveries.update(state=state, letter_sha256="0" * 64, posted_at=NOW)
    assert note_delivery(bill) == sending


def test_the_day_of_posting_may_lie_between_writing_and_today():
    row, other = make_letter(printed=True), make_letter(printed=True)
    later = NOW + timedelta(days=3)
    day = (NOW + timedelta(days=1)).date()

    operations.mark_posted([row], actor=make_user(), now=later, posted_on=day)

    row.refresh_from_db()
    assert row.posted_at.date() == day
    for wrong in (day - timedelta(days=9), later.date() + timedelta(days=1)):
        with pytest.raises(Invalid, match="was written on"):
            operations.mark_posted([other], actor=make_user(), now=later, posted_on=wrong)
    other.refresh_from_db()
    assert (other.state, other.posted_at) == ("to_post", None)


def test_of_several_letters_all_are_posted_or_none():
    first, second = make_letter(printed=True), make_letter(printed=True)
    operations.mark_posted([second], actor=make_user(), now=NOW)
    with pytest.raises(operations.NotToPost):
        operations.mark_posted([first, second], actor=make_user(), now=NOW)
    first.refresh_from_db()
    assert first.state == "to_post"


def test_a_letter_that_comes_back_opens_work_once():
    row, clerk = make_letter(printed=True), make_user()
    with pytest.raises(operations.NotPosted):
        operations.return_letter(row, reason="moved", actor=clerk, now=NOW)
    operations.mark_posted([row], actor=clerk, now=NOW)
    with pytest.raises(Invalid, match="why it came back"):
        operations.return_letter(row, reason=" x ", actor=clerk, now=NOW)
    assert not WorkItem.objects.exists()
    assert not Entry.objects.filter(fact=LETTER_RETURNED).exists()

    operations.return_letter(row, reason="Moved, address unknown", actor=clerk, now=NOW)
    with pytest.raises(operations.NotPosted):
        operations.return_letter(row, reason="again", actor=clerk, now=NOW)

    row.refresh_from_db()
    assert (row.state, row.bounced_at, row.error) == ("bounced", NOW, "Moved, address unknown")
    item = WorkItem.objects.get(kind="letter_returned")
    assert "Moved, address unknown" in item.why
    assert item.customer_key == row.message.customer_id


def test_letters_become_one_file_in_their_order():
    rows = [make_letter(printed=True) for _ in range(3)]
    job = operations.ask_for_letters(reversed(rows), actor=make_user(), now=NOW)

    made = operations.print_letters(job.pk)
    content = operations.read_letters(made)

    assert (made.state, made.done, made.failed) == ("done", 3, 0)
    pages = words_of(content)
    numbers = [about_of(row.message).number for row in rows]
    assert len(set(numbers)) == 3
    assert [number in page for number, page in zip(numbers, pages, strict=True)] == [True] * 3
    again = operations.ask_for_letters(rows, actor=make_user(), now=NOW)
    assert operations.print_letters(again.pk).result["sha256"] == made.result["sha256"]
    assert all(row.state == "to_post" for row in Delivery.objects.filter(pk__in=[r.pk for r in rows]))


def test_a_job_that_lost_its_worker_counts_each_letter_once():
    rows = [make_letter(printed=True) for _ in range(3)]
    job = operations.ask_for_letters(rows, actor=make_user(), now=NOW)
    jobs.advance(jobs.begin(job, now=NOW), done=2, now=NOW)

    made = operations.print_letters(job.pk)

    assert (made.state, made.done) == ("done", 3)
    assert len(words_of(operations.read_letters(made))) == 3
    assert operations.print_letters(job.pk).state == "done"


def test_a_cancelled_job_makes_no_file():
    rows = [make_letter(printed=True) for _ in range(2)]
    job = operations.ask_for_letters(rows, actor=make_user(), now=NOW)
    jobs.begin(job, now=NOW)
    jobs.cancel(job, actor=make_user(), now=NOW)

    made = operations.print_letters(job.pk)

    assert made.state == "cancelled"
    assert "name" not in made.result


def test_a_letter_that_was_changed_in_the_storage_is_left_out_and_named():
    good, bad, gone = (make_letter(printed=True) for _ in range(3))
    with default_storage.open(bad.letter_name, "wb") as file:
        file.write(b"%PDF-1.7 another")
    default_storage.delete(gone.letter_name)
    job = operations.ask_for_letters([good, bad, gone], actor=make_user(), now=NOW)

    made = operations.print_letters(job.pk)

    assert (made.state, made.failed, made.result["ids"]) == ("done", 2, [good.pk])
    assert [fault["row"] for fault in made.failures] == [str(row.message.customer) for row in (bad, gone)]
    with pytest.raises(Invalid, match="No letter is chosen"):
        operations.ask_for_letters([], actor=make_user(), now=NOW)


def test_the_page_lists_what_waits_was_posted_and_came_back(client, person):
    waiting, posted = make_letter(printed=True), make_letter(printed=True)
    mail = queue().deliveries.get()
    operations.mark_posted([posted], actor=person, now=NOW)
    page = reverse("correspondence:letters")

    shown = client.get(page).content.decode()
    assert address_of(waiting) in shown
    assert address_of(posted) not in shown
    assert address_of(mail) not in shown
    assert address_of(posted) in client.get(f"{page}?state=posted").content.decode()
    file = client.get(address_of(waiting))
    assert b"".join(file.streaming_content) == operations.read_letter(waiting)

    back = {"reason": "Unknown"}
    answer = client.post(reverse("correspondence:letter_returned", args=[posted.pk]), back)
    assert answer.status_code == 302
    assert "Unknown" in client.get(f"{page}?state=returned").content.decode()
    answer = client.post(reverse("correspondence:letter_returned", args=[waiting.pk]), back)
    assert answer.status_code == 409


def test_ticked_letters_are_printed_and_posted_from_the_page(client, person):
    rows = [make_letter(printed=True, now=timezone.now()) for _ in range(3)]
    act = reverse("correspondence:letters_act")

    answer = client.post(act, {"act": "print", "pick": [rows[0].pk, rows[1].pk]})
    job = Job.objects.get(kind="letters")
    assert answer.headers["Location"] == reverse("work:job", args=[job.pk])
    assert job.arguments["ids"] == [rows[0].pk, rows[1].pk]
    together = reverse("correspondence:letters_together", args=[job.pk])
    assert client.get(together).status_code == 404
    operations.print_letters(job.pk)
    assert len(words_of(b"".join(client.get(together).streaming_content))) == 2
    assert together in client.get(reverse("correspondence:letters")).content.decode()

    assert client.post(act, {"act": "posted", "job": job.pk, "posted_on": "nothing"}).status_code == 422
    client.post(act, {"act": "posted", "job": job.pk, "posted_on": timezone.localdate().isoformat()})
    client.post(act, {"act": "posted", "all": "1", "query": "q=nobody+is+called+this"})
    assert [Delivery.objects.get(pk=row.pk).state for row in rows] == ["posted", "posted", "to_post"]
    client.post(act, {"act": "posted", "all": "1", "query": ""})
    assert Delivery.objects.get(pk=rows[2].pk).state == "posted"
    assert client.post(act, {"act": "posted", "pick": "x"}).status_code == 422


def test_letters_of_another_company_and_files_of_others_are_not_there(client, person):
    row = make_letter(printed=True)
    job = operations.ask_for_letters([row], actor=make_user(), now=NOW)
    operations.print_letters(job.pk)
    Access.objects.create(user=person, entity=make_entity())

    assert address_of(row) not in client.get(reverse("correspondence:letters")).content.decode()
    assert client.get(address_of(row)).status_code == 404
    assert client.get(reverse("correspondence:letters_together", args=[job.pk])).status_code == 404
    act = reverse("correspondence:letters_act")
    assert client.post(act, {"act": "posted", "pick": [row.pk]}).status_code == 422
    assert client.post(act, {"act": "posted", "job": job.pk}).status_code == 404
    assert Delivery.objects.get(pk=row.pk).state == "to_post"
