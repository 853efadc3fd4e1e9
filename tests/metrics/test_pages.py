"""Home, the rows behind each figure, search, and the pages of the book."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db.models import Sum
from django.urls import reverse

from entities.models import Access, ExchangeRate
from ledger import book
from ledger.models import OpenItem
from metrics import queries, showing
from metrics.rules import dso_count_back, dso_simple
from team.roles import ROLES
from tests.factories import make_user
from tests.world import NOW, TODAY, make_world

pytestmark = pytest.mark.django_db
READERS = {
    "specialist", "lead", "controller", "director", "manager", "collector", "cash_applier", "auditor",
    "compliance_officer",
}  # fmt: skip
BOOK_READERS = {"controller", "director", "auditor", "compliance_officer"}
EVERYBODY = {role.code for role in ROLES}


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def as_(client):
    def sign_in(who):
        client.force_login(make_user(who) if isinstance(who, str) else who)
        return client

    return sign_in


def figures(world):
    return queries.figures([world.entity], now=NOW)


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_each_page_opens_for_its_roles_and_for_nobody_else(world, as_, role):
    world.issued("100.00")
    pages = {
        reverse("metrics:home"): EVERYBODY,
        reverse("search") + "?q=a": EVERYBODY,
        reverse("metrics:figure", args=["outstanding"]): READERS,
        reverse("metrics:figure", args=["dso"]): READERS,
        reverse("ledger:items"): READERS,
        reverse("ledger:list"): BOOK_READERS,
        reverse("ledger:entries"): BOOK_READERS,
        reverse("ledger:journal"): BOOK_READERS,
        reverse("ledger:soundness") + "?run=1": BOOK_READERS,
    }
    client = as_(role)

    found = {address: client.get(address).status_code for address in pages}

    assert found == {address: 200 if role in roles else 403 for address, roles in pages.items()}


# ---------------------------------------------------------------------------------------------- the figures
def test_every_figure_is_the_sum_of_its_rows_and_of_the_book(world):
    late = world.issued("1000.00", now=NOW - timedelta(days=45))
    world.issued("100.00")
    world.pay(late, "190.00")
    world.received("40.00")

    found = figures(world)

    assert (found.outstanding.amount, found.overdue.amount) == (1119, 1000)
    assert found.collected.amount == 230
    assert sum(age.amount for age in found.ages) == found.outstanding.amount
    assert {age.code: age.amount for age in found.ages if age.amount} == {"current": 119, "1-30": 1000}
    ledger = OpenItem.objects.filter(side="debit").aggregate(s=Sum("open_functional"))["s"]
    assert found.outstanding.amount == ledger


@pytest.mark.parametrize("bucket", ["", "overdue", "current", "1-30", "31-60", "61-90", "91+"])
def test_the_list_of_an_age_is_what_the_figure_says(world, bucket):
    for number, days in enumerate((151, 121, 91, 61, 31, 0), start=1):
        world.issued(f"{number}00.00", now=NOW - timedelta(days=days))
    found = figures(world)
    by_age = {age.code: (age.count, age.amount) for age in found.ages}
    by_age |= {
        "": (found.outstanding.count, found.outstanding.amount),
        "overdue": (found.overdue.count, found.overdue.amount),
    }

    rows = book.items(world.controller, book.ItemFilters(bucket=bucket), NOW)

    assert (rows.count(), rows.aggregate(s=Sum("was_open"))["s"]) == by_age[bucket]


def test_currencies_are_rows_and_the_sum_is_in_the_company_s_own(world):
    world.issued("100.00")
    world.issued("1000.00", currency="USD")

    found = figures(world)

    rows = {row.currency: (row.amount, row.functional) for row in found.outstanding.rows}
    assert rows == {"EUR": (119, 119), "USD": (1190, Decimal("1094.80"))}
    assert found.outstanding.amount == Decimal("1213.80")


def test_companies_with_other_currencies_are_converted_or_named(world):
    world.issued("100.00")
    british = make_world(functional_currency="GBP")
    british.issued("100.00", currency="GBP")

    both = queries.figures([world.entity, british.entity], now=NOW)
    assert (both.currency, both.outstanding.amount) == ("EUR", Decimal("258.23"))

    ExchangeRate.objects.filter(currency="GBP", functional="EUR").delete()
    alone = queries.figures([world.entity, british.entity], now=NOW)
    assert (alone.outstanding.amount, alone.outstanding.left_out) == (119, [british.entity.name])
    assert len(alone.outstanding.rows) == 2


def test_dso_is_outstanding_over_sales_times_days(world):
    world.issued("1000.00", now=NOW - timedelta(days=20))
    invoice = world.issued("500.00")
    world.pay(invoice, "595.00")

    found = figures(world)

    assert found.dso.dso == dso_simple(Decimal(1190), Decimal(1785), 90).dso == Decimal("60.0")


def test_without_sales_there_is_no_dso(world, as_):
    world.issued("1000.00", now=NOW - timedelta(days=120))

    assert figures(world).dso.dso is None
    assert "n/a" in as_("manager").get("/").content.decode()


def test_golden_numbers_of_dso():
    from datetime import date

    from metrics.rules import MonthSales

    assert dso_simple(Decimal(120000), Decimal(90000), 30).dso == 40
    months = [MonthSales(date(2026, 6, 1), Decimal(100)), MonthSales(date(2026, 5, 1), Decimal(80))]
    assert dso_count_back(Decimal(150), months).dso == Decimal("49.4")


def test_returned_money_is_not_collected(world):
    from payments import operations

    back = world.received("40.00")
    operations.bounce_payment(back, on=TODAY, reason="No funds", actor=world.cash, now=NOW)

    assert figures(world).collected.amount == 0


def test_collected_is_compared_with_the_month_before_to_the_same_day(world, as_):
    """NOW is in November; October's receipts of later days are in its month and not in the comparison."""
    last = TODAY.replace(month=10)
    world.received("100.00", received_on=last)
    world.received("900.00", received_on=last + timedelta(days=1))
    assert figures(world).collected_before == 100
    assert figures(world).months[-2].collected == 1000

    world.received("69.70")
    [tile] = [one for one in showing.tiles(figures(world), None) if one.code == "collected"]
    assert (tile.change, tile.tone) == ("30.3% less than October to the same day", "down")

    world.received("60.60")
    [tile] = [one for one in showing.tiles(figures(world), None) if one.code == "collected"]
    assert (tile.change, tile.tone) == ("30.3% more than October to the same day", "up")
    assert tile.change in as_("controller").get("/").content.decode()


def test_twelve_months_end_with_this_one(world):
    world.issued("100.00", now=NOW - timedelta(days=330))
    world.received("50.00")

    months = figures(world).months

    assert len(months) == 12
    assert (months[0].first.isoformat(), months[-1].first.isoformat()) == ("2025-12-01", "2026-11-01")
    assert (months[0].invoiced, months[-1].collected) == (119, 50)


def test_the_largest_overdue_account_is_first(world, as_):
    world.issued("1000.00", now=NOW - timedelta(days=45))

    [debtor] = queries.largest_overdue([world.entity], now=NOW)

    assert (debtor.customer, debtor.amount, debtor.days) == (world.customer, 1190, 15)


def test_each_figure_leads_to_rows_with_its_sum(world, as_):
    late = world.issued("1000.00", now=NOW - timedelta(days=45))
    world.pay(late, "190.00")
    client = as_("controller")

    for code in ("outstanding", "overdue", "collected"):
        answer = client.get(reverse("metrics:figure", args=[code]))
        total = answer.context["total"]
        [row] = answer.context["rows"]
        assert row["row"].functional == total.amount
        behind = client.get(row["url"]).context["totals"]
        assert sum(one.amount for one in behind) == total.amount, code
    assert client.get(reverse("metrics:figure", args=["nothing"])).status_code == 404


# ---------------------------------------------------------------------------------------------------- home
def test_nothing_yet_shows_what_to_set_up(as_):
    shown = as_("lead").get("/").content.decode()

    assert "Set up" in shown
    assert "of 5 done" in shown


def test_home_says_what_needs_me(world, as_):
    from invoices import operations as invoices

    invoices.write_draft(world.draft("10.00"), actor=world.clerk, now=NOW)
    world.received("5.00", customer=None)

    mine = as_(world.clerk).get("/").content.decode()
    assert "Your draft" in mine
    cash = as_(world.cash).get("/").content.decode()
    assert "1 receipt nobody knows the payer of" in cash
    assert "Your draft" not in cash


def test_home_asks_few_questions(world, as_, django_assert_max_num_queries):
    for number in range(5, 0, -1):
        world.issued(f"{number}00.00", now=NOW - timedelta(days=number * 20))
    client = as_(world.clerk)
    client.get("/")

    with django_assert_max_num_queries(30):
        assert client.get("/").status_code == 200


def test_home_counts_only_the_companies_of_the_reader(world, as_):
    world.issued("1000.00")
    other = make_world()
    Access.objects.create(user=other.clerk, entity=other.entity)
    other.issued("1.00")

    answer = as_(other.clerk).get("/")

    assert answer.context["figures"].outstanding.amount == Decimal("1.19")
    assert as_(other.clerk).get(f"/?entity={world.entity.pk}").context["entity"] is None


# -------------------------------------------------------------------------------------------------- search
def labels(answer):
    return {group["label"]: [one.label for one, _ in group["results"]] for group in answer.context["groups"]}


def test_search_finds_customers_documents_and_payments(world, as_):
    invoice = world.issued("1234.00", po_number="PO-7788")
    payment = world.received("77.77", reference="XABC-123")
    client = as_("auditor")

    assert world.customer.name in labels(client.get("/search", {"q": world.customer.name[-6:]}))["Customers"]
    for asked in (invoice.number, "PO-7788", "1468.46"):
        found = labels(client.get("/search", {"q": asked}))["Invoices"]
        assert any(invoice.number in one for one in found), asked
    for asked in (payment.number, "ABC-12", "77.77"):
        found = labels(client.get("/search", {"q": asked}))["Payments"]
        assert any(payment.number in one for one in found), asked


def test_search_shows_only_what_the_role_may_see(world, as_):
    invoice = world.issued("1234.00")

    groups = labels(as_("administrator").get("/search", {"q": invoice.number}))
    assert "Invoices" not in groups
    actions = labels(as_("auditor").get("/search", {"q": "record receipt"}))
    assert actions == {}
    assert "Record receipt" in labels(as_("cash_applier").get("/search", {"q": "record"}))["Actions"]


def test_search_answers_the_palette_with_items_and_escapes(world, as_):
    world.received("5.00", reference="<script>alert(1)</script>", payer_name="<b>x</b>", customer=None)

    answer = as_("auditor").get("/search", {"q": "<script>"}, headers={"HX-Request": "true"})

    shown = answer.content.decode()
    assert "<html" not in shown
    assert "<script>" not in shown
    assert "<b>x</b>" not in shown
    assert 'role="option"' in shown
    nothing = as_("auditor").get("/search", {"q": "zzzzzzz"}, headers={"HX-Request": "true"})
    assert "Nothing found" in nothing.content.decode()


# ------------------------------------------------------------------------------------------------ the book
def test_the_trial_balance_balances_on_every_day(world, as_):
    invoice = world.issued("100.00", now=NOW - timedelta(days=10))
    world.pay(invoice, "119.00")

    for days, debit in ((0, Decimal(119)), (5, Decimal(119)), (20, Decimal(0))):
        on = TODAY - timedelta(days=days)
        answer = as_("auditor").get(reverse("ledger:list"), {"as_of": on.isoformat()})
        one = next(b for b in answer.context["balances"] if b.entity == world.entity)
        assert one.debit == one.credit == debit


def test_the_journal_of_a_document_and_of_a_customer(world, as_):
    invoice = world.issued("100.00")
    payment = world.pay(invoice, "119.00")
    client = as_("auditor")

    of_payment = client.get(reverse("ledger:entries"), {"source_type": "payment", "source_id": payment.pk})
    assert {e.source_id for e in of_payment.context["page"].items} == {payment.pk}
    of_customer = client.get(reverse("ledger:entries"), {"customer": world.customer.pk})
    assert len(of_customer.context["page"].items) == 3
    text = b"".join(client.get(reverse("ledger:journal"))).decode("utf-8-sig")
    assert "1100,Receivables control" in text


def test_the_book_is_checked_when_asked(world, as_):
    client = as_("auditor")

    assert "Check now" in client.get(reverse("ledger:soundness")).content.decode()
    assert "The book is sound." in client.get(reverse("ledger:soundness"), {"run": "1"}).content.decode()


def test_the_items_behind_home_s_figures_end_in_its_sums(world, as_):
    world.issued("1000.00", now=NOW - timedelta(days=45))
    british = make_world(functional_currency="GBP")
    british.issued("100.00", currency="GBP", now=NOW - timedelta(days=100))
    british.issued("300.00", currency="USD", now=NOW - timedelta(days=45))
    client = as_("director")
    home = client.get("/").context

    found, items = home["figures"], reverse("ledger:items")
    wanted = {"": found.outstanding, "?bucket=overdue": found.overdue}
    for query, figure in wanted.items():
        whole = client.get(items + query).context["whole"]
        assert (whole.amount, whole.currency) == (figure.amount, figure.currency)
    for part in home["ageing"]["parts"]:
        answer = client.get(part["url"])
        assert answer.context["whole"].amount == part["amount"]
    for debtor, _bar in home["debtors"]:
        query = (
            f"?customer={debtor.customer.pk}&entity={debtor.entity.pk}&bucket=overdue&report={found.currency}"
        )
        assert client.get(items + query).context["whole"].amount == debtor.amount
    assert "All together" in client.get(items).content.decode()
