"""A closed month takes no postings at any door; a nearly closed one warns; another person opens it again."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, connections, transaction

from banking import operations as banking
from closing import operations
from closing.queries import posted_since
from core.cautions import listening
from core.errors import DomainError, Invalid, Refused
from entities.models import ExchangeRate
from integrations.operations import try_receivables
from integrations.receivables import Reading
from invoices import operations as invoices
from invoices.models import Invoice
from invoices.operations import ImportedInvoice, import_issued_invoices
from ledger.day_end import control_differences
from ledger.models import Allocation, Entry, OpenItem, Period
from ledger.operations import NotToReopen, PeriodClosed, PeriodNotOver
from ledger.periods import closed_until, first_open_day
from ledger.queries import faults
from payments import operations as payments
from payments.operations import Part, Receipt, Settlement, import_settlements
from tests.api.client import Api
from tests.banking.statements import camt
from tests.closing.scene import IN_NOVEMBER, IN_OCTOBER, LAST, OCTOBER, close, counted
from tests.world import NOW, make_world
from trail.models import Entry as TrailEntry

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def closed(world):
    """October with an invoice, a receipt and a write-off that waits; closed by the controller."""
    world.invoice = world.issued("100.00", now=IN_OCTOBER)
    world.payment = world.received("50.00", now=IN_OCTOBER)
    world.received("80.00", now=IN_OCTOBER, currency="USD")
    world.small = world.issued("200.00", now=IN_OCTOBER)
    world.pay(world.small, "237.50", now=IN_OCTOBER)
    world.item = world.invoice.instalments.get().open_item
    world.write_off = payments.request_write_off(
        world.invoice, D("10.00"), reason="Nobody answers any more.", actor=world.lead, now=IN_OCTOBER
    )
    world.refund = payments.request_refund(
        world.payment.open_item, D("5.00"), reason="Paid too much", actor=world.cash, now=IN_OCTOBER
    )
    operations.revalue_month(world.entity, OCTOBER, actor=world.controller, now=IN_NOVEMBER)
    close(world, reason="The write-off is decided in November")
    return world


def _issue(w) -> Any:
    invoice = w.approved("70.00", planned_on=IN_OCTOBER.date(), backdate_reason="The work was done then")
    return invoices.issue_invoice(invoice, actor=w.controller, now=NOW)


def _credit(w) -> Any:
    note = invoices.credit_in_full(w.invoice, **_WHY, actor=w.clerk, now=IN_OCTOBER)
    return invoices.issue_invoice(w.approve(note, now=IN_OCTOBER), actor=w.clerk, now=IN_OCTOBER)


def _import(w) -> Any:
    given = ImportedInvoice("k-1", "OLD-1", w.customer, IN_OCTOBER.date(), LAST, D("10.00"), "EUR")
    return import_issued_invoices(w.entity, [given], actor=w.lead, now=NOW)


def _settled_import(w) -> Any:
    return import_settlements(
        w.entity, [Settlement(w.invoice, IN_OCTOBER.date(), "s-1")], actor=w.lead, now=NOW
    )


def _line(w) -> Any:
    [kept] = banking.import_file(
        "october.xml", camt(("20.00", "thanks", "Somebody"), day="2026-10-30"), actor=w.cash, now=NOW
    ).statements
    return banking.book_line(kept.lines.get(), banking.Choice(w.customer), actor=w.cash, now=NOW)


def _match(w) -> Allocation:
    return Allocation.objects.get(kind="payment", debit=w.small.instalments.get().open_item)


_WHY = {"reason_code": "PRC", "reason": "The price differs from the contract."}
# Door -> the act, dated into October or done at a clock that stands there.
DOORS: dict[str, Callable[[Any], Any]] = {
    "issue": _issue,
    "credit note": _credit,
    "import": _import,
    "imported receipt": _settled_import,
    "bank line": _line,
    "receipt": lambda w: w.received("20.00", now=IN_OCTOBER),
    "receipt nobody knows": lambda w: payments.record_payment(
        Receipt(w.entity, LAST, "EUR", D("20.00")), actor=w.cash, now=NOW
    ),
    "allocation": lambda w: payments.allocate_payment(
        w.payment, [Part(w.item.pk, D("20.00"))], actor=w.cash, now=NOW, on=LAST
    ),
    "return": lambda w: payments.bounce_payment(w.payment, on=LAST, reason="No funds", actor=w.cash, now=NOW),
    "undone match": lambda w: payments.undo_allocation(
        _match(w), reason="Wrong invoice", actor=w.cash, now=NOW, on=LAST
    ),
    "taken back": lambda w: payments.take_back_payment(
        _match(w).credit.payment, reason="Not theirs", actor=w.cash, now=IN_OCTOBER
    ),
    "write-off": lambda w: payments.approve_write_off(w.write_off, actor=w.controller, now=IN_OCTOBER),
    "refund": lambda w: payments.approve_refund(w.refund, actor=w.controller, now=IN_OCTOBER),
    "small difference": lambda w: payments.write_off_difference(w.small, actor=w.cash, now=IN_OCTOBER),
    "revaluation": lambda w: operations.revalue_month(w.entity, OCTOBER, actor=w.controller, now=NOW),
}


def test_every_door_refuses_a_closed_month_in_words(closed):
    """One set-up, one door after the other: each is refused, and the book is as it was."""
    ExchangeRate.objects.create(
        currency="USD", functional="EUR", on=LAST, rate=D("0.95"), source="corrected after the closing"
    )
    before = counted()
    for door, act in DOORS.items():
        with pytest.raises(DomainError) as refusal, transaction.atomic():
            act(closed)
        said = refusal.value
        assert (said.rule, said.field) == ("a_closed_period_takes_no_postings", "on"), (door, said)
        assert "October 2026 is closed" in said.message, door
        assert closed.controller.name in said.message, door
        assert "2026-11-01 or later" in said.mend, door
        assert counted() == before, door
    assert faults() == []


def test_of_many_documents_the_one_dated_back_stays_with_its_reason(closed):
    late = closed.approved("70.00", planned_on=IN_OCTOBER.date(), backdate_reason="The work was done then")
    good = closed.approved("80.00")

    done = invoices.issue_invoices([late.pk, good.pk], actor=closed.controller, now=NOW)

    assert [one.pk for one in done.invoices] == [good.pk]
    assert done.refused[late.pk].rule == "a_closed_period_takes_no_postings"
    assert Invoice.objects.get(pk=late.pk).document_status == "approved"


def test_a_matched_bank_line_of_a_closed_month_waits_with_the_reason(closed):
    [kept] = banking.import_file(
        "october.xml",
        camt(("119.00", closed.invoice.number, closed.customer.name), day="2026-10-30"),
        actor=closed.cash,
        now=NOW,
    ).statements
    before = counted()

    done = banking.match_statement(kept, actor=closed.cash, now=NOW)

    line = kept.lines.get()
    assert (done.booked, line.state) == (0, "new")
    assert "October 2026 is closed" in line.reason
    assert counted() == before


def test_a_late_line_is_posted_on_the_first_open_day_and_keeps_its_own(closed, client):
    """The refusal offers it; receipt and return keep the bank's day, the book gets the first open one."""
    [kept] = banking.import_file(
        "october.xml",
        camt(("20.00", "thanks", "Somebody"), ("-20.00", "no funds", "Somebody"), day="2026-10-30"),
        actor=closed.cash,
        now=NOW,
    ).statements
    came, went = kept.lines.order_by("place")
    form = {"customer": closed.customer.number}

    with time_machine.travel(NOW, tick=False):
        client.force_login(closed.cash)
        refused = client.post(f"/bank/lines/{came.pk}/book/", form)
        done = client.post(f"/bank/lines/{came.pk}/book/", form | {"late": "1"})

    assert refused.status_code == 409
    assert 'name="late" value="1"' in refused.content.decode()
    came.refresh_from_db()
    first = LAST + timedelta(days=1)
    assert done.status_code == 302
    assert (came.payment.received_on, came.payment.open_item.opened_on) == (LAST - timedelta(days=1), first)
    banking.note_return(went, came.payment, actor=closed.cash, now=NOW, late=True)
    entries = Entry.objects.filter(source_type="payment", source_id=came.payment_id)
    assert {entry.on for entry in entries} == {first}
    assert faults() == []


def test_a_credit_begins_when_its_payer_is_found(world):
    """Before, the money waited on 1200; so the book as it was on any day equals its open items."""
    payment = payments.record_payment(
        Receipt(world.entity, LAST, "EUR", D("20.00")), actor=world.cash, now=IN_NOVEMBER
    )
    payments.identify_payment(payment, world.customer, actor=world.cash, now=NOW)

    assert control_differences(world.entity.pk, LAST) == []
    assert control_differences(world.entity.pk, NOW.date()) == []


def test_what_a_run_bills_into_a_closed_month_is_refused_row_by_row(closed):
    dated = closed.draft("70.00", planned_on=IN_OCTOBER.date(), backdate_reason="The run was late")

    late, good = invoices.issue_batch(
        [dated, closed.draft("80.00")], actor=closed.controller, now=NOW, approved="run 1"
    )

    assert late.rule == "a_closed_period_takes_no_postings"
    assert good.issued_on == NOW.date()


def test_an_import_says_in_its_dry_run_which_rows_are_too_late(closed, tmp_path):
    file = tmp_path / "old.csv"
    file.write_text("n,c,i,d,a,s\nA-1,K1,2026-10-30,2026-11-30,10,\nA-2,K1,2026-11-02,2026-11-30,10,\n")
    columns = {
        "number": "n",
        "customer": "c",
        "issued_on": "i",
        "due_on": "d",
        "amount": "a",
        "settled_on": "s",
    }

    found = try_receivables(file, Reading(columns, "ymd", "EUR"), closed.entity, now=NOW)

    [fault] = found.faults
    assert (fault.line, fault.field, found.new) == (2, "issued_on", 1)
    assert "closed up to 2026-10-31" in fault.message


_ENTRY = """
    INSERT INTO ledger_entry (entity_id, "on", kind, source_type, source_id, key, text, posted_at)
    SELECT entity_id, '2026-10-31', kind, source_type, 0, 'raw', text, posted_at FROM ledger_entry LIMIT 1"""
_ITEM = """
    INSERT INTO ledger_openitem (entity_id, customer_id, side, kind, reference, currency, amount,
        functional_amount, open_amount, open_functional, held_amount, opened_on, due_on)
    SELECT entity_id, customer_id, side, kind, 'raw', currency, amount, functional_amount, amount,
        functional_amount, 0, '2026-10-31', due_on FROM ledger_openitem LIMIT 1"""
_ALLOCATION = """
    INSERT INTO ledger_allocation
        (debit_id, kind, currency, amount, functional, credit_functional, "on", entry_id)
    SELECT i.id, 'tolerance', i.currency, 1, 1, 0, '2026-10-31', e.id
    FROM ledger_openitem i, ledger_entry e WHERE i.side = 'debit' LIMIT 1"""


@pytest.mark.parametrize("sql", [_ENTRY, _ITEM, _ALLOCATION], ids=["entry", "open item", "allocation"])
def test_raw_sql_meets_a_named_trigger(closed, sql):
    with pytest.raises(DatabaseError, match="a_closed_period_takes_no_postings"), transaction.atomic():
        connection.cursor().execute(sql)


_BY_ONESELF = "state = 'open', reopened_by_id = closed_by_id, reopened_at = now(), reopen_reason = 'x'"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DELETE FROM ledger_period", "a_period_is_not_deleted"),
        ("UPDATE ledger_period SET month = '2026-08-01'", "a_period_keeps_its_facts"),
        ("UPDATE ledger_period SET state = 'soft'", "a_period_keeps_its_facts"),
        ("UPDATE ledger_period SET closed_by_id = {other}", "a_period_keeps_its_facts"),
        ("UPDATE ledger_period SET state = 'open'", "a_reopened_period_names_who_when_and_why"),
        (f"UPDATE ledger_period SET {_BY_ONESELF}", "nobody_reopens_what_they_closed"),
    ],
)
def test_a_closed_month_is_not_opened_past_its_rules(closed, sql, says):
    with pytest.raises(DatabaseError, match=says), transaction.atomic():
        connection.cursor().execute(sql.format(other=closed.lead.pk))
    assert Period.objects.get().state == "closed"


def test_closing_and_opening_again_leave_their_marks(closed):
    period = Period.objects.get()
    assert (closed_until(closed.entity.pk), first_open_day(closed.entity.pk, OCTOBER)) == (
        LAST,
        LAST + timedelta(days=1),
    )
    for actor, reason, kind, rule in (
        (closed.controller, "Forgot one", NotToReopen, "nobody_reopens_what_they_closed"),
        (closed.director, " ", Invalid, "a_month_is_reopened_for_a_reason"),
    ):
        with pytest.raises(kind) as refusal:
            operations.reopen_month(period, reason=reason, actor=actor, now=NOW)
        assert refusal.value.rule == rule
        assert Period.objects.get().state == "closed"

    operations.reopen_month(period, reason="A credit note came late", actor=closed.director, now=NOW)
    closed.received("20.00", now=IN_OCTOBER)
    again = operations.close_month(closed.entity, OCTOBER, reason="As before", actor=closed.director, now=NOW)

    assert (again.state, again.closed_by, again.reopened_by) == ("closed", closed.director, None)
    acts = TrailEntry.objects.filter(fact__startswith="period.").order_by("pk")
    assert [one.fact for one in acts] == ["period.closed", "period.reopened", "period.closed"]
    with pytest.raises(PeriodClosed):
        closed.received("20.00", now=IN_OCTOBER)
    closed.received("20.00", now=IN_NOVEMBER)
    assert faults() == []


def test_a_closed_month_closes_those_before_it_and_opens_from_the_last(closed):
    november = close(closed, OCTOBER.replace(month=11), now=NOW + timedelta(days=20), reason="As before")
    october = Period.objects.get(month=OCTOBER)

    with pytest.raises(NotToReopen) as refusal:
        operations.reopen_month(october, reason="A late one", actor=closed.director, now=NOW)
    assert refusal.value.rule == "the_last_closed_period_is_reopened_first"
    with pytest.raises(PeriodClosed):
        closed.received("20.00", now=IN_OCTOBER - timedelta(days=90))
    with pytest.raises(Refused, match="closed up to"):
        close(closed, OCTOBER, now=NOW)
    assert november.ends_on.day == 30


def test_only_a_month_that_is_over_is_closed_and_open_points_need_a_reason(world):
    world.approved("70.00", now=IN_OCTOBER)
    for now, reason, kind, rule in (
        (IN_OCTOBER, "Early", PeriodNotOver, "a_month_is_closed_when_it_is_over"),
        (IN_NOVEMBER, "", Invalid, "open_points_need_a_reason"),
    ):
        with pytest.raises(kind) as refusal:
            close(world, now=now, reason=reason)
        assert refusal.value.rule == rule
    assert not Period.objects.exists()


def test_a_nearly_closed_month_warns_and_lists_what_was_posted(world):
    operations.ask_for_no_more(world.entity, OCTOBER, actor=world.controller, now=IN_NOVEMBER)
    period = Period.objects.get()

    with listening() as heard:
        world.received("20.00", now=NOW, received_on=IN_OCTOBER.date())
        world.received("30.00", now=NOW)

    [said] = heard
    assert "October 2026 is being closed" in said
    assert world.controller.name in said
    assert [entry.kind for entry in posted_since(period)] == ["receipt"]
    with pytest.raises(Refused, match="nearly closed already"):
        operations.ask_for_no_more(world.entity, OCTOBER, actor=world.lead, now=NOW)
    period.refresh_from_db()
    assert (period.state, period.closed_by) == ("soft", world.controller)
    assert close(world, reason="x").state == "closed"


def test_the_api_is_told_of_a_nearly_closed_month(world):
    operations.ask_for_no_more(world.entity, OCTOBER, actor=world.controller, now=IN_NOVEMBER)
    given = {
        "entity": world.entity.code,
        "customer": world.customer.pk,
        "amount": "20.00",
        "currency": "EUR",
    }
    api = Api(world.cash)
    late = given | {"received_on": IN_OCTOBER.date().isoformat()}

    with time_machine.travel(NOW, tick=False):
        first = api.post("payments/", late, Idempotency_Key="late")
        again = api.post("payments/", late, Idempotency_Key="late")
        usual = api.post("payments/", given | {"received_on": NOW.date().isoformat()})

    [said] = first["warnings"]
    assert "October 2026 is being closed" in said
    assert again == first
    assert "warnings" not in usual


def test_other_companies_are_not_asked(closed):
    other = make_world()

    other.received("20.00", now=IN_OCTOBER)

    assert closed_until(other.entity.pk) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["posting", "closing"])
def test_a_posting_and_a_closing_at_once_have_one_order(first):
    """The one that holds the company's lock first wins; the other waits for its commit, then sees it."""
    world = make_world()
    world.received("10.00", now=IN_OCTOBER)
    held, other_began = threading.Event(), threading.Event()
    outcome: dict[str, Any] = {}

    def post() -> None:
        world.received("20.00", now=IN_OCTOBER)

    def shut() -> None:
        close(world)

    acts = {"posting": post, "closing": shut}
    second = "closing" if first == "posting" else "posting"

    def leading() -> None:
        try:
            with transaction.atomic():
                acts[first]()
                held.set()
                assert other_began.wait(30)
                _until_somebody_waits()
            outcome[first] = "done"
        finally:
            held.set()
            connections.close_all()

    def following() -> None:
        try:
            assert held.wait(30)
            other_began.set()
            acts[second]()
            outcome[second] = "done"
        except DomainError as refusal:
            outcome[second] = refusal.rule
        finally:
            other_began.set()
            connections.close_all()

    threads = [threading.Thread(target=one) for one in (leading, following)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    expected = "done" if first == "posting" else "a_closed_period_takes_no_postings"
    assert outcome == {first: "done", second: expected}
    late = Entry.objects.filter(posted_at__gt=IN_OCTOBER - timedelta(days=1), on__lte=LAST).count()
    assert late == (2 if first == "posting" else 1)
    assert Period.objects.get().state == "closed"
    assert faults() == []
    assert OpenItem.objects.count() == late
    assert not Allocation.objects.exists()


def _until_somebody_waits() -> None:
    """The other one has come to the advisory lock and waits there."""
    for _ in range(3000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waited for the lock")
