"""Statements foot, are the account of their day, and are the same bytes however often they are made."""

import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.db import InternalError, connection, transaction
from pypdf import PdfReader

from invoices import operations as invoices
from statements import operations
from statements.document import statement_view
from statements.models import Statement
from statements.words import TEXTS
from tests.world import NOW, TODAY, World, make_world
from trail.models import Entry
from work.models import WorkItem

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BEFORE = NOW - 40 * DAY


@pytest.fixture
def world() -> World:
    return make_world()


def make(world: World, *, now=NOW, on=TODAY, form="movements", since=None, currency="EUR", **values):
    since = since or on - 30 * DAY
    return operations.make_statement(
        world.customer,
        world.entity,
        currency,
        form=form,
        on=on,
        since=since,
        actor=world.lead,
        now=now,
        **values,
    )


def shift_book(by: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(f"UPDATE ledger_line SET amount = amount {by} WHERE account_id = '1100'")
        cursor.execute("SET LOCAL session_replication_role = origin")


def text_of(statement: Statement) -> str:
    with default_storage.open(statement.stored_name) as file:
        pages = PdfReader(io.BytesIO(file.read())).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_opening_and_movements_make_the_closing_balance_and_credits_stand_apart(world):
    old = world.issued("1000.00", now=BEFORE)
    world.pay(old, "190.00", now=BEFORE + DAY)
    world.issued("100.00", now=NOW - 2 * DAY)
    world.received("50.00", now=NOW - DAY)

    statement = make(world)

    assert (statement.opening, statement.closing) == (Decimal("1000.00"), Decimal("1069.00"))
    assert (statement.outstanding, statement.credit) == (Decimal("1119.00"), Decimal("50.00"))
    assert [row["amount"] for row in statement.content["movements"]] == ["119.00", "-50.00"]
    assert [row["open"] for row in statement.content["credits"]] == ["50.00"]
    text = text_of(statement)
    assert "Anfangssaldo" in text or "Opening balance" in text
    assert str(old.number) in text


def test_made_again_it_is_the_same_row_and_the_same_bytes(world):
    world.issued("1000.00", now=BEFORE)
    first = make(world, on=TODAY - DAY)
    with default_storage.open(first.stored_name) as file:
        kept = file.read()
    # Everything that happens afterwards is dated later, and names may change meanwhile.
    world.issued("77.00")
    world.customer.name = "Somebody else"
    world.customer.legal_name = ""
    world.customer.save()

    again = make(world, on=TODAY - DAY, now=NOW + 100 * DAY)

    assert again.pk == first.pk
    assert Statement.objects.count() == 1
    default_storage.delete(first.stored_name)
    with default_storage.open(operations.file_of(again)) as file:
        assert file.read() == kept


def test_as_of_a_day_later_payments_and_allocations_do_not_count(world):
    invoice = world.issued("1000.00", now=BEFORE)
    world.pay(invoice, "1190.00", now=NOW)

    past = make(world, on=TODAY - DAY)
    today = make(world, on=TODAY)

    assert past.closing == Decimal("1190.00")
    assert (today.closing, today.outstanding) == (Decimal(0), Decimal(0))


def test_an_entry_booked_later_for_an_earlier_day_makes_another_row(world):
    world.issued("1000.00", now=BEFORE)
    first = make(world, on=TODAY - DAY)
    world.received("10.00", received_on=TODAY - 2 * DAY)

    second = make(world, on=TODAY - DAY)

    assert second.pk != first.pk
    assert (first.closing, second.closing) == (Decimal("1190.00"), Decimal("1180.00"))


def test_each_currency_and_company_is_its_own_account(world):
    other = make_world(code="DE2", name="Other", legal_name="Other GmbH")
    world.issued("100.00")
    world.issued("200.00", currency="USD")
    other.issued("300.00", customer=world.customer)

    sums = {
        (entity.code, currency): operations.make_statement(
            world.customer, entity, currency, form="open_items", on=TODAY, actor=None, now=NOW
        ).closing
        for entity, currency in ((world.entity, "EUR"), (world.entity, "USD"), (other.entity, "EUR"))
    }

    assert sorted(sums.values()) == [Decimal("119.00"), Decimal("238.00"), Decimal("357.00")]


def test_what_was_under_review_that_day_is_marked(world):
    invoice = world.issued("1000.00", now=BEFORE)
    hold = invoices.hold(
        invoice, Decimal("200.00"), reason="Quantity in doubt", actor=world.lead, now=NOW - 3 * DAY
    )
    invoices.release(hold, actor=world.lead, now=NOW)

    before = make(world, on=TODAY - 5 * DAY).content["items"]
    during = make(world, on=TODAY - 2 * DAY).content["items"]
    after = make(world, on=TODAY, now=NOW + DAY).content["items"]

    assert [rows[0]["held"] for rows in (before, during, after)] == ["0.00", "200.00", "0.00"]
    assert "Quantity" not in str(make(world, on=TODAY - 2 * DAY).content)


def test_reasons_and_notes_of_ours_are_not_on_the_paper(world):
    invoice = world.issued("1000.00", now=BEFORE)
    payment = world.pay(invoice, "1190.00", now=NOW - DAY)
    from payments import operations as payments

    payments.bounce_payment(payment, on=TODAY, reason="Customer is a fraudster", actor=world.cash, now=NOW)

    statement = make(world)

    assert "fraudster" not in str(statement.content) + text_of(statement)
    assert statement.closing == Decimal("1190.00")


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_every_language_has_every_word(world, language):
    assert set(TEXTS[language]) == set(TEXTS["en"])
    world.issued("1234.50")

    view = statement_view(make(world, language=language).content)

    assert view.heading == TEXTS[language]["statement"]
    assert view.language == language


def test_a_future_day_is_refused(world):
    with pytest.raises(operations.FutureStatement):
        make(world, on=TODAY + 2 * DAY)
    assert not Statement.objects.exists()


def test_what_does_not_foot_is_refused_and_rings(world):
    world.issued("1000.00")
    # No operation can do this; the guards are switched off for the test.
    shift_book("+ 1")

    with pytest.raises(operations.StatementDoesNotFoot):
        make(world)

    shift_book("- 1")
    assert not Statement.objects.exists()
    assert Entry.objects.filter(fact="statement.refused", customer_key=world.customer.pk).count() == 1
    assert WorkItem.objects.get().kind == "statement"


@pytest.mark.parametrize(
    "sql", ["UPDATE statements_statement SET closing = 0", "DELETE FROM statements_statement"]
)
def test_a_statement_cannot_be_changed(world, sql):
    world.issued("10.00")
    make(world)
    with pytest.raises(InternalError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Statement.objects.get().closing == Decimal("11.90")


def test_more_rows_than_a_paper_holds_are_summed_in_one(world, monkeypatch):
    for number in range(5):
        world.issued(f"10{number}.00", now=NOW - (5 - number) * DAY)
    monkeypatch.setattr("statements.rules.MOST_LISTED", 2)
    monkeypatch.setattr("statements.rules.fold.__defaults__", (2,))

    content = make(world).content

    assert len(content["items"]) == 2
    assert content["more_items"] == {
        "count": 3,
        "amount": str(sum(Decimal(row) for row in ("121.38", "122.57", "123.76"))),
    }
    listed = sum(Decimal(row["amount"]) for row in content["movements"])
    assert listed + Decimal(content["earlier"]["amount"]) == Decimal(content["closing"])


def test_the_period_of_a_quarter_and_a_month():
    from statements.rules import Period, last_period

    assert last_period("monthly", date(2026, 3, 1)) == Period(date(2026, 2, 1), date(2026, 2, 28))
    assert last_period("quarterly", date(2026, 1, 1)) == Period(date(2025, 10, 1), date(2025, 12, 31))
    assert last_period("quarterly", date(2026, 6, 30)) == Period(date(2026, 1, 1), date(2026, 3, 31))
    assert last_period("", date(2026, 6, 30)) is None
