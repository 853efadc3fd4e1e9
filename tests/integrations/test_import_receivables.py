"""Bringing in receivables: what enters the books, what is refused, and doing it again."""

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from core.errors import Invalid
from customers.models import Customer
from integrations import operations
from integrations.operations import DISPUTED, import_receivables, try_receivables
from integrations.queries import first_reading
from integrations.receivables import Reading
from invoices.models import Hold, Invoice
from ledger.models import Allocation, Entry, OpenItem
from ledger.queries import faults
from payments.models import Payment
from tests.factories import make_entity, make_user
from tests.world import NOW, make_policy, make_world
from trail.models import Announcement
from trail.models import Entry as TrailEntry

SAMPLE = Path(__file__).parent / "data" / "receivables.csv"
HEAD = "number,customer,issued,due,amount,settled,disputed,currency\n"
READING = Reading(
    {
        "number": "number",
        "customer": "customer",
        "issued_on": "issued",
        "due_on": "due",
        "amount": "amount",
        "settled_on": "settled",
        "disputed": "disputed",
        "currency": "currency",
    },
    "ymd",
    "USD",
)
GOOD = "A-1,K1,2024-01-10,2024-02-09,100.00,2024-02-01,no,\n"


@pytest.fixture
def seller(db):
    entity = make_entity(
        country="US",
        state_code="TX",
        functional_currency="USD",
        holiday_region="US",
        time_zone="America/Chicago",
    )
    make_policy(entity, make_user("controller"), make_user("director"))
    return entity


@pytest.fixture
def given(tmp_path):
    def write(*rows, head=HEAD):
        path = tmp_path / "given.csv"
        path.write_text(head + "".join(rows), encoding="utf-8")
        return path

    return write


def bring(path, entity, reading=READING):
    return import_receivables(path, reading, entity, actor=None, now=NOW)


def sample_reading():
    return first_reading(SAMPLE, currency="USD")


def test_the_sample_enters_the_books_on_its_own_days(seller):
    outcome = bring(SAMPLE, seller, sample_reading())

    assert (outcome.rows, outcome.new, outcome.faulty) == (60, 60, 0)
    assert faults() == []
    for row in csv.DictReader(SAMPLE.open()):
        invoice = Invoice.objects.get(number=row["invoiceNumber"])
        paid = Payment.objects.get(external_key=invoice.import_key)
        assert (paid.received_on - invoice.issued_on).days == int(row["DaysToSettle"])
        assert max(0, (paid.received_on - invoice.due_on).days) == int(row["DaysLate"])
        assert (invoice.balance, invoice.settlement_status) == (0, Invoice.Settlement.PAID)
        assert invoice.settled_on == paid.received_on
        assert (invoice.annotation == DISPUTED) == (row["Disputed"] == "Yes")
        assert Entry.objects.get(key=f"invoice:{invoice.pk}:issued").on == invoice.issued_on
        assert Entry.objects.get(key=f"payment:{paid.pk}:receipt").on == paid.received_on
        assert Allocation.objects.get(credit=paid.open_item).on == paid.received_on


def test_imported_invoices_cause_no_document_mail_or_task(seller):
    bring(SAMPLE, seller, sample_reading())

    invoice = Invoice.objects.filter(is_imported=True)[0]
    assert invoice.series is not None
    assert (invoice.series.is_legacy, invoice.series.code) == (True, "legacy")
    assert not invoice.documents.exists()
    assert invoice.sending == Invoice.Sending.NOT_SENT
    # New customers are told about; what was imported of them is not.
    assert not Announcement.objects.filter(
        entry__content_type__app_label__in=["invoices", "payments", "ledger"]
    ).exists()
    assert TrailEntry.objects.filter(fact="invoice.imported").count() == 60


def test_a_second_import_changes_nothing(seller):
    bring(SAMPLE, seller, sample_reading())
    before = (
        Invoice.objects.count(),
        Payment.objects.count(),
        Entry.objects.count(),
        Customer.objects.count(),
    )

    again = bring(SAMPLE, seller, sample_reading())

    assert (again.new, again.known, again.faulty) == (0, 60, 0)
    after = (
        Invoice.objects.count(),
        Payment.objects.count(),
        Entry.objects.count(),
        Customer.objects.count(),
    )
    assert after == before


def test_a_dry_run_writes_nothing_and_says_what_would_be(seller):
    tried = try_receivables(SAMPLE, sample_reading(), seller, now=NOW)

    assert tried.new == 60
    assert tried.new_customers
    assert not Invoice.objects.exists()
    assert bring(SAMPLE, seller, sample_reading()).as_result() == tried.as_result()


def test_a_row_that_differs_is_reported_and_not_overwritten(seller, given):
    bring(given(GOOD), seller)

    outcome = bring(given(GOOD.replace("100.00", "120.00").replace(",no,", ",yes,")), seller)

    [fault] = outcome.faults
    assert (fault.line, fault.field, outcome.new) == (2, "amount", 0)
    assert "120.00, imported was 100.00" in fault.message
    assert "disputed: yes, imported was no" in fault.message
    assert Invoice.objects.get().payable == 100


def test_what_is_owed_stays_open_and_what_is_disputed_is_held(seller, given):
    outcome = bring(
        given("A-1,K1,2024-01-10,2024-02-09,100.00,,yes,\n", "A-2,K1,2024-01-10,2024-02-09,50,,no,\n"), seller
    )

    assert outcome.owed == {"USD": Decimal("150.00")}
    held, plain = Invoice.objects.order_by("number")
    assert (held.balance, held.held_amount, plain.held_amount) == (100, 100, 0)
    assert (Hold.objects.get().kind, Hold.objects.get().reason) == ("manual", DISPUTED)
    assert OpenItem.objects.filter(due_on=date(2024, 2, 9), open_amount__gt=0).count() == 2
    assert faults() == []


@pytest.mark.parametrize(
    ("row", "field", "message"),
    [
        (",K1,2024-01-10,2024-02-09,1,,,\n", "number", "missing"),
        ("A,,2024-01-10,2024-02-09,1,,,\n", "customer", "missing"),
        ("A,K1,2024-02-30,2024-02-09,1,,,\n", "issued_on", "no day"),
        ("A,K1,2024-01-10,2024-01-09,1,,,\n", "due_on", "before the invoice"),
        ("A,K1,2024-01-10,2024-02-09,-5,,,\n", "amount", "not more than nothing"),
        ("A,K1,2024-01-10,2024-02-09,0,,,\n", "amount", "not more than nothing"),
        ("A,K1,2024-01-10,2024-02-09,ten,,,\n", "amount", "no amount"),
        ("A,K1,2024-01-10,2024-02-09,NaN,,,\n", "amount", "no amount"),
        ("A,K1,2024-01-10,2024-02-09,1.234,,,\n", "amount", "more decimals"),
        ("A,K1,2024-01-10,2024-02-09,1.5,,,JPY\n", "amount", "more decimals"),
        ("A,K1,2024-01-10,2024-02-09,1,2024-01-01,,\n", "settled_on", "before the invoice"),
        ("A,K1,2024-01-10,2024-02-09,1,2099-01-01,,\n", "settled_on", "not come yet"),
        ("A,K1,2099-01-10,2099-02-09,1,,,\n", "issued_on", "not come yet"),
        ("A,K1,2024-01-10,2024-02-09,1,,perhaps,\n", "disputed", "neither yes nor no"),
        ("A,K1,2024-01-10,2024-02-09,1,,,XXQ\n", "currency", "not a currency"),
        ("A,K1,2024-01-10,2024-02-09,1,,,EUR\n", "currency", "no exchange rate"),
        (f"{'A' * 41},K1,2024-01-10,2024-02-09,1,,,\n", "number", "41 characters"),
        (f"A,{'K' * 21},2024-01-10,2024-02-09,1,,,\n", "customer", "21 characters"),
        ("A,K1,2024-01-10\n", "file", "3 cells"),
    ],
)
def test_a_row_with_a_fault_is_named_by_line_and_field_and_left_out(seller, given, row, field, message):
    outcome = bring(given(GOOD, row), seller)

    [fault] = outcome.faults
    assert (fault.line, fault.field) == (3, field)
    assert message in fault.message
    assert (outcome.new, outcome.faulty) == (1, 1)
    assert faults() == []


def test_a_number_twice_in_a_file_is_taken_once(seller, given):
    outcome = bring(given(GOOD, GOOD.replace("A-1", "a-1")), seller)

    assert outcome.new == 1
    assert "stands in line 2 already" in outcome.faults[0].message


def test_cells_that_look_like_formulas_stay_text(seller, given):
    bring(given("=1+1,@K,2024-01-10,2024-02-09,1,,,\n"), seller)

    invoice = Invoice.objects.get()
    assert (invoice.number, invoice.customer.number) == ("=1+1", "@K")


def test_a_number_of_our_own_is_refused(given):
    world = make_world()
    invoice = world.issued("100")

    outcome = bring(given(GOOD.replace("A-1", str(invoice.number).lower())), world.entity)

    assert "issued here" in outcome.faults[0].message


def test_customers_are_found_by_their_number(seller, given):
    bring(given(GOOD), seller)
    bring(given(GOOD.replace("A-1", "A-2")), seller)

    assert Customer.objects.get().invoices.count() == 2


def test_foreign_currency_is_booked_at_the_rates_of_both_days(given):
    world = make_world()

    outcome = bring(given(GOOD.replace(",no,", ",no,USD")), world.entity)

    assert outcome.faults == []
    assert faults() == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"day_order": ""}, "day_order"),
        ({"currency": "QQQ"}, "currency"),
        ({"columns": {"number": "number"}}, "customer"),
        ({"columns": READING.columns | {"amount": "total"}}, "amount"),
    ],
)
def test_a_reading_that_says_too_little_is_refused(seller, given, change, field):
    reading = Reading(**{**vars(READING), **change})

    with pytest.raises(Invalid) as refusal:
        bring(given(GOOD), seller, reading)
    assert refusal.value.field == field


def test_a_company_without_policy_is_refused_before_anything_is_written(db, given):
    with pytest.raises(operations.invoices.NoPolicyToPin, match="published"):
        bring(given(GOOD), make_entity(functional_currency="USD"))
    assert not Customer.objects.exists()


def test_an_import_that_broke_off_is_completed_by_the_next(seller, monkeypatch):
    monkeypatch.setattr(operations, "CHUNK", 25)

    def lost(read, _faults):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_receivables(SAMPLE, sample_reading(), seller, actor=None, now=NOW, after_chunk=lost)
    assert Invoice.objects.count() == 25

    outcome = bring(SAMPLE, seller, sample_reading())
    assert (outcome.new, outcome.known) == (35, 25)
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_bring_each_row_once(transactional_db):
    entity = make_entity(functional_currency="USD")
    make_policy(entity, make_user("controller"), make_user("director"))

    def run(_):
        try:
            return bring(SAMPLE, entity, sample_reading())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(run, range(2)))

    assert sorted(outcome.new for outcome in outcomes) == [0, 60]
    assert Invoice.objects.count() == Payment.objects.count() == 60
    assert faults() == []


def test_the_command(seller, given):
    out, err = StringIO(), StringIO()
    call_command("import_receivables", SAMPLE, "--dry-run", stdout=out)
    assert "60 would be imported" in out.getvalue()
    call_command("import_receivables", SAMPLE, stdout=out)
    call_command("import_receivables", SAMPLE, stdout=out)
    assert "Nothing changes." in out.getvalue()

    path = given("B-1;K1;1/2/2024;3/4/2024;1,50\n", head="nr;kunde;vom;bis;betrag\n")
    mapping = ["number=nr", "customer=kunde", "issued_on=vom", "due_on=bis", "amount=betrag"]
    options = [f"--mapping={pair}" for pair in mapping]
    with pytest.raises(CommandError, match="--mapping customer=COLUMN"):
        call_command("import_receivables", path, stdout=out, stderr=err)
    call_command("import_receivables", path, *options, "--day-order=dmy", "--dry-run", stdout=out, stderr=err)
    assert "1 row: 1 would be imported" in out.getvalue()
    assert "1 new customer would be added: Customer K1 (K1)" in out.getvalue()
    with pytest.raises(CommandError, match="month/day and as day/month"):
        call_command("import_receivables", path, *options, stdout=out, stderr=err)
    call_command("import_receivables", path, *options, "--day-order=dmy", stdout=out, stderr=err)
    invoice = Invoice.objects.get(number="B-1")
    assert (invoice.issued_on, invoice.payable) == (date(2024, 2, 1), Decimal("1.50"))
