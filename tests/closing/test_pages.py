"""Month ends on the screen: the checklist and its rows, closing, revaluing, the reports and their files."""

import hashlib
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from closing import jobs, operations
from closing.models import JournalExport, Revaluation
from entities.models import ExchangeRate
from ledger.models import Entry, Period
from payments import operations as payments
from tests.api.client import Api
from tests.closing.scene import IN_NOVEMBER, IN_OCTOBER, LAST
from tests.world import make_world
from work.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = make_world()
    world.invoice = world.issued("1000.00", currency="USD", now=IN_OCTOBER)
    world.pay(world.issued("100.00", now=IN_OCTOBER), "119.00", now=IN_OCTOBER)
    world.left = world.approved("70.00", now=IN_OCTOBER)
    ExchangeRate.objects.create(
        currency="USD", functional="EUR", on=LAST, rate=Decimal("0.95"), source="test"
    )
    return world


@pytest.fixture
def at(client, world):
    """The client on a morning of November, signed in as somebody; the addresses of October."""
    with time_machine.travel(IN_NOVEMBER, tick=False):

        def sign_in(person):
            client.force_login(person)
            return client

        yield sign_in


def october(world, part: str = "") -> str:
    return f"/month-end/{world.entity.pk}/2026-10/{part}"


def test_from_the_list_to_the_closed_month_and_back(at, world):
    """The controller revalues, gives the reason for what is open and closes; the director opens it again."""
    client = at(world.controller)
    assert october(world) in client.get("/month-end/").content.decode()
    assert f'hx-get="{october(world)}points/"' in client.get(october(world)).content.decode()
    points = client.get(october(world, "points/")).content.decode()
    assert "must be done" in points
    assert f"{october(world)}rows/drafts/" in points
    rows = client.get(october(world, "rows/drafts/")).content.decode()
    assert world.left.get_absolute_url() in rows
    refused = client.post(october(world, "close/"), {"reason": "Looked at"})
    assert (refused.status_code, Period.objects.count()) == (409, 0)
    assert "Begin with: Open foreign items stand at the closing rate" in refused.content.decode()

    preview = client.get(october(world, "revaluation/")).content.decode()
    assert world.invoice.number in preview
    begun = client.post(october(world, "revaluation/"))
    job = Job.objects.get()
    assert begun.headers["Location"] == f"/jobs/{job.pk}/"
    assert (jobs.run(job.pk).state, jobs.run(job.pk).state) == ("done", "done")
    assert Revaluation.objects.count() == 1
    assert "Posting again would post nothing" in client.get(october(world, "revaluation/")).content.decode()

    nameless = client.post(october(world, "close/"), {"reason": ""})
    assert nameless.status_code == 422
    assert "points of the checklist are open" in nameless.content.decode()
    form = {"reason": "The draft belongs to November", "once": "a" * 32}
    assert client.post(october(world, "close/"), form).status_code == 302
    assert client.post(october(world, "close/"), form).status_code == 302
    shown = client.get(october(world)).content.decode()
    assert "The draft belongs to November" in shown
    assert 'action="' + october(world, "reopen/") not in shown
    assert client.post(october(world, "reopen/"), {"reason": "Me too"}).status_code == 409

    client = at(world.director)
    assert client.post(october(world, "close/"), form).status_code == 403
    assert client.post(october(world, "reopen/"), {"reason": ""}).status_code == 422
    assert client.post(october(world, "reopen/"), {"reason": "A late credit note"}).status_code == 302
    shown = client.get(october(world)).content.decode()
    assert "A late credit note" in shown
    assert "Month of the book opened again" in shown
    assert Period.objects.get().state == "open"


def test_a_posting_into_a_nearly_closed_month_is_warned_of_and_listed(at, world):
    assert at(world.controller).post(october(world, "nearly/")).status_code == 302
    client = at(world.cash)
    given = {
        "entity": world.entity.pk,
        "customer": world.customer.number,
        "received_on": "2026-10-30",
        "currency": "EUR",
        "amount": "25.00",
        "method": "bank_transfer",
    }

    answer = client.post("/payments/record/", given, follow=True)

    assert "October 2026 is being closed" in answer.content.decode()
    assert Entry.objects.latest("pk").on.month == 10
    payments.record_payment(
        payments.Receipt(world.entity, LAST, "EUR", Decimal(3)),
        actor=world.cash,
        now=IN_NOVEMBER + timedelta(minutes=1),
    )
    listed = at(world.controller).get(october(world)).content.decode()
    assert "Posted after somebody asked for no more" in listed


def test_the_tax_report_opens_its_rows_and_is_a_file(at, world):
    client = at(world.controller)

    page = client.get(october(world, "tax/")).content.decode()
    assert "The report equals the ledger" in page
    link = page.split("tax/rows/?")[1].split('"')[0].replace("&amp;", "&")
    rows = client.get(f"{october(world, 'tax/rows/')}?{link}").content.decode()
    assert world.invoice.number in rows
    file = client.get(october(world, "tax.csv")).getvalue().decode("utf-8-sig").splitlines()
    head, *lines = (line.split(",") for line in file)
    assert sum(Decimal(row[head.index("tax")]) for row in lines) == Decimal("174.80") + Decimal("19.00")
    assert client.get(october(world, "tax.xlsx")).status_code == 200
    for wrong in (f"{october(world, 'tax/rows/')}?rate=x", f"/month-end/{world.entity.pk}/2026-13/tax/"):
        assert client.get(wrong).status_code == 404


def test_the_journal_shows_its_hash_and_comes_again_as_it_was(at, world):
    client = at(world.controller)
    client.post(october(world, "journal/"))
    export = JournalExport.objects.get()
    page = client.post(october(world, "journal/"), follow=True).content.decode()

    assert "the same file, byte for byte" in page
    assert export.sha256 in page
    assert JournalExport.objects.count() == 1
    first, again = (client.get(export.get_absolute_url()).getvalue() for _ in range(2))
    assert first == again
    world.received("7.00", now=IN_OCTOBER)
    assert "1 entry was posted after the last file" in client.get(october(world, "journal/")).content.decode()


def test_who_may_not_read_the_ledger_sees_none_of_it(at, world):
    client = at(world.clerk)
    for part in ("", "points/", "tax/", "journal/", "revaluation/"):
        assert client.get(october(world, part)).status_code == 403
    assert client.post(october(world, "close/"), {"reason": "x"}).status_code == 403
    assert not Period.objects.exists()


def test_the_api_closes_reports_and_hands_the_journal_out(at, world):
    operations.revalue_month(world.entity, LAST.replace(day=1), actor=world.controller, now=IN_NOVEMBER)
    at(world.controller)
    api = Api(world.controller)
    body = {"entity": world.entity.code, "month": "2026-10"}

    refused = api.send("POST", "periods/", body)
    made = api.send("POST", "periods/", body | {"reason": "Looked at"})

    assert refused.status_code == 422
    period = made.json()
    assert (made.status_code, period["month"], period["until"]) == (201, "2026-10", "2026-10-31")
    report = api.get(f"periods/{period['id']}/tax-report/")
    assert report["equals_ledger"] is True
    journal = api.send("POST", "journals/", body).json()
    file = api.send("GET", f"journals/{journal['id']}/file/")
    assert hashlib.sha256(file.getvalue()).hexdigest() == journal["sha256"]
    assert api.send("POST", f"periods/{period['id']}/reopen/", {"reason": "x"}).status_code == 409
