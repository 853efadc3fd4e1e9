"""Bank statements on the screen: brought, refused with words, reconciled, undone."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from banking import operations
from banking.models import Line, Matching, Statement
from tests.banking.statements import camt
from tests.world import NOW, make_world
from work.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def page(client, world):
    client.force_login(world.cash)
    return client


def upload(page, data: bytes, name: str = "november.xml", **given):
    return page.post("/bank/import/", {"file": SimpleUploadedFile(name, data), **given})


def bring(world, *lines, **options):
    [statement] = operations.import_file(
        "november.xml", camt(*lines, **options), actor=world.cash, now=NOW
    ).statements
    operations.match_statement(statement, actor=world.cash, now=NOW)
    return statement


def test_a_file_is_brought_and_its_matching_is_a_job(page, world):
    answer = upload(page, camt(("119.00", "Invoice", "Kestrel")))

    job = Job.objects.get(kind="bank")
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert job.total == 1
    again = upload(page, camt(("119.00", "Invoice", "Kestrel")))
    assert again.headers["Location"] == Statement.objects.get().get_absolute_url()
    assert Job.objects.filter(kind="bank").count() == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (camt(("5.00", "a", "b"), closing="1004.00"), "-1.00 is unexplained"),
        (camt(("5.00", "a", "b"), iban="DE02120300000000202051"), "No account of ours has the number"),
        (b"", "The file is empty. Export it again"),
        (b"%PDF-1.7", "This is an archive or a document"),
        (b"a,b\n1,2\n", "nobody said yet what its columns mean"),
    ],
)
def test_a_refusal_names_the_reason_and_keeps_nothing(page, data, words):
    answer = upload(page, data)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Statement.objects.exists()


def test_a_difference_is_accepted_after_the_refusal(page):
    data = camt(("5.00", "a", "b"), closing="1004.00")

    assert upload(page, data).status_code == 422
    assert upload(page, data, because="The bank said so.").status_code == 302

    assert "The bank said so." in page.get(Statement.objects.get().get_absolute_url()).content.decode()


def test_a_table_asks_once_for_its_columns(page, world):
    account = world.entity.bank_accounts.get()
    data = b"Day;Money;Words\n16.11.2026;1.119,00;Invoice 1\n"

    asked = upload(page, data, "november.csv", account=account.pk)
    form = page.get(asked.headers["Location"]).content.decode()
    assert '<option value="Money">' in form
    refused = page.post(asked.headers["Location"], {"day_order": "dmy", "decimal": ","})
    assert refused.status_code == 422
    page.post(
        asked.headers["Location"],
        {"day_order": "dmy", "decimal": ",", "column_booked_on": "Day", "column_amount": "Money"},
    )

    assert upload(page, data, "november.csv", account=account.pk).status_code == 302
    assert Line.objects.get().amount == Decimal(1119)


def test_a_proposal_is_explained_and_accepted(page, world):
    invoice = world.issued("100.00", now=NOW)
    statement = bring(world, ("119.00", "Thank you", world.customer.name))
    [line] = statement.lines.all()

    shown = page.get(f"/bank/{statement.pk}/").content.decode()
    assert f"Only {invoice.number} is open with this amount." in shown
    answer = page.post(f"/bank/lines/{line.pk}/accept/", {"match": "0"})

    assert answer.status_code == 302
    invoice.refresh_from_db()
    assert invoice.balance == 0
    refused = page.post(f"/bank/lines/{line.pk}/accept/", {"match": "0"})
    assert refused.status_code == 409
    assert "is booked" in refused.content.decode()


@pytest.mark.parametrize("number", ["7", "-1", "x", ""])
def test_a_proposal_that_is_not_there_is_refused(page, world, number):
    world.issued("100.00", now=NOW)
    [line] = bring(world, ("119.00", "Thank you", world.customer.name)).lines.all()

    assert page.post(f"/bank/lines/{line.pk}/accept/", {"match": number}).status_code == 422

    line.refresh_from_db()
    assert line.state == Line.State.NEW


def test_the_other_acts_of_a_line(page, world):
    statement = bring(world, ("70.00", "?", "Nobody"), ("71.00", "?", "Nobody"), ("-7.00", "fee", "Bank"))
    first, second, fee = statement.lines.all()

    page.post(f"/bank/lines/{first.pk}/book/", {"customer": world.customer.number})
    page.post(f"/bank/lines/{second.pk}/book/", {"customer": ""})
    refused = page.post(f"/bank/lines/{fee.pk}/aside/", {"reason": " "})
    page.post(f"/bank/lines/{fee.pk}/aside/", {"reason": "Bank fee"})

    assert refused.status_code == 422
    for line in (first, second, fee):
        line.refresh_from_db()
    assert first.payment.customer == world.customer
    assert second.payment.customer is None
    assert (fee.state, fee.reason) == ("aside", "Bank fee")
    assert "Nothing waits" in page.get(f"/bank/{statement.pk}/").content.decode()
    page.post(f"/bank/lines/{fee.pk}/again/")
    fee.refresh_from_db()
    assert fee.state == "new"


def test_a_receipt_by_hand_is_joined_and_a_return_opens_it(page, world):
    invoice = world.issued("100.00", now=NOW)
    by_hand = world.pay(invoice, "119.00")
    came = bring(world, ("119.00", "?", "Nobody"))
    [line] = came.lines.all()
    assert str(by_hand) in page.get(f"/bank/{came.pk}/").content.decode()
    page.post(f"/bank/lines/{line.pk}/join/", {"payment": by_hand.pk})
    line.refresh_from_db()
    assert (line.state, line.payment) == ("booked", by_hand)
    went = bring(world, ("-119.00", "Return", "Bank"), opening="1119.00", number="2")
    [back] = went.lines.all()

    page.post(f"/bank/lines/{back.pk}/return/", {"payment": by_hand.pk})

    invoice.refresh_from_db()
    assert invoice.balance == Decimal(119)
    back.refresh_from_db()
    assert back.returned == by_hand


def test_the_sums_of_the_page_are_those_of_its_lines(page, world):
    bring(world, ("100.00", "a", "b"))
    statement = bring(
        world, ("100.00", "a", "b"), ("20.00", "c", "d"), ("-5.00", "e", "f"), ("1.00", "g", "h")
    )

    shown = page.get(f"/bank/{statement.pk}/?tab=all").content.decode()

    for words in (
        "In, 2 lines",
        "€21.00",
        "Out, 1 line",
        "€5.00",
        "1 line known before",
        "€100.00",
        "€1,116.00",
    ):
        assert words in shown


def test_how_sure_a_match_must_be_is_said_by_who_runs_the_company(client, page, world):
    address = f"/bank/matching/{world.entity.pk}/"
    assert page.get(address).status_code == 403
    client.force_login(world.controller)

    assert client.post(address, {"automatic": "79", "most_fee": "0"}).status_code == 422
    assert client.post(address, {"automatic": "120", "most_fee": "-1"}).status_code == 422
    assert not Matching.objects.exists()
    assert client.post(address, {"automatic": "120", "most_fee": "15"}).status_code == 302

    assert Matching.objects.values_list("automatic", "most_fee").get() == (120, Decimal(15))
    invoice = world.issued("100.00", now=NOW)
    statement = bring(world, ("119.00", invoice.number, world.customer.name))
    assert statement.lines.get().state == Line.State.NEW


def test_the_banks_own_file_is_given_back(page, world):
    data = camt(("5.00", "a", "b"))
    [statement] = operations.import_file('a"b.xml', data, actor=world.cash, now=NOW).statements

    answer = page.get(f"/bank/{statement.pk}/file/")

    assert answer.content == data
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a_b.xml"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_who_only_reads_sees_no_buttons_and_can_do_nothing(client, world):
    statement = bring(world, ("70.00", "?", "Nobody", "NL56AGDH9619008421"))
    client.force_login(world.clerk)

    shown = client.get(f"/bank/{statement.pk}/").content.decode()

    assert "Match again" not in shown
    assert "NL56AGDH9619008421" not in shown
    assert client.post(f"/bank/lines/{statement.lines.get().pk}/book/").status_code == 403


def test_the_list_and_the_page_ask_few_questions(page, world, django_assert_max_num_queries):
    for number in range(3):
        world.issued(str(100 + number), now=NOW)
        statement = bring(
            world,
            *((f"{n}.00", "Thank you", world.customer.name) for n in range(1, 9)),
            opening=str(1000 + number * 36),
            number=str(number),
        )

    with django_assert_max_num_queries(30):
        page.get(f"/bank/{statement.pk}/")
    with django_assert_max_num_queries(20):
        page.get("/bank/")
