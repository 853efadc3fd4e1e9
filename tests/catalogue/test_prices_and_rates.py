"""Items, dated prices and dated tax rates."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from catalogue import events, queries
from catalogue.models import Item, Price, TaxClass, TaxRate
from catalogue.operations import (
    add_item,
    confirm_reviewed,
    edit_item,
    end_tax_rate,
    enter_tax_rate,
    load_tax_rates,
    set_nexus,
    set_price,
)
from catalogue.reference import tax_rates
from catalogue.rules import EU
from core.errors import Invalid, Refused, Stale
from tests.factories import NOW, make_user
from trail.models import Entry
from trail.queries import entries_of

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def make_item(**values) -> Item:
    return add_item(**({"code": "C-1", "name": "Consulting", "actor": None, "now": NOW} | values))


def test_an_item_is_added():
    item = make_item(hsn="998314")

    assert entries_of(item).get().fact == events.ITEM_ADDED
    with pytest.raises(Refused, match="used already"):
        make_item(code="c-1")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"tax_class": "exempt"}, "exemption_reason"),
        ({"tax_class": "none"}, "tax_class"),
        ({"hsn": "99831"}, "hsn"),
    ],
)
def test_an_item_that_cannot_be_billed_is_refused(wrong, field):
    with pytest.raises(Invalid) as refusal:
        make_item(**wrong)

    assert refusal.value.field == field
    assert not Item.objects.exists()


def test_an_older_form_is_stale():
    item, user = make_item(), make_user("controller")
    edit_item(item, name="Advice", actor=user, now=NOW, expected_version=1)

    with pytest.raises(Stale):
        edit_item(item, name="Other", actor=user, now=NOW, expected_version=1)
    assert Item.objects.get().name == "Advice"


def test_a_new_price_ends_the_one_before():
    item = make_item()
    set_price(item, currency="EUR", unit_price=Decimal(100), valid_from=date(2026, 1, 1), actor=None, now=NOW)
    set_price(item, currency="EUR", unit_price=Decimal(120), valid_from=date(2027, 1, 1), actor=None, now=NOW)
    set_price(item, currency="EUR", unit_price=Decimal(110), valid_from=date(2026, 7, 1), actor=None, now=NOW)

    assert queries.price_of(item, "EUR", date(2026, 6, 30)) == 100
    assert queries.price_of(item, "EUR", date(2026, 12, 31)) == 110
    assert queries.price_of(item, "EUR", date(2027, 1, 1)) == 120
    assert queries.price_of(item, "EUR", date(2025, 12, 31)) is None
    assert queries.price_of(item, "USD", TODAY) is None
    with pytest.raises(Refused):
        set_price(
            item, currency="EUR", unit_price=Decimal(1), valid_from=date(2026, 7, 1), actor=None, now=NOW
        )
    with pytest.raises(Invalid):
        set_price(item, currency="EUR", unit_price=Decimal(-1), valid_from=TODAY, actor=None, now=NOW)
    assert Price.objects.count() == 3


def test_prices_do_not_overlap_even_by_hand():
    item = make_item()
    set_price(item, currency="EUR", unit_price=Decimal(100), valid_from=date(2026, 1, 1), actor=None, now=NOW)

    with (
        pytest.raises(DatabaseError, match="do_not_overlap"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO catalogue_price (item_id, currency, unit_price, valid_from)"
            " VALUES (%s, 'EUR', 1, '2027-01-01')",
            [item.pk],
        )


def enter(rate: str, since: date, **values) -> TaxRate:
    wanted = {"country": "DE", "tax_class": "standard", "label": "VAT", "source": "UStG § 12"} | values
    return enter_tax_rate(rate=Decimal(rate), valid_from=since, actor=None, now=NOW, **wanted)


def test_a_new_rate_ends_the_one_before_the_day_before():
    first = enter("19", date(2020, 1, 1))
    enter("21", date(2027, 1, 1))

    first.refresh_from_db()
    assert first.valid_to == date(2026, 12, 31)
    found = queries.rate_row("DE", "standard", TODAY)
    assert found is not None
    assert found.rate == 19
    with pytest.raises(Refused, match="in force in those days"):
        enter("20", date(2021, 1, 1))
    assert TaxRate.objects.count() == 2


@pytest.mark.parametrize(
    ("rate", "wrong"),
    [("101", {}), ("19", {"source": ""}), ("0", {}), ("5", {"tax_class": "zero"}), ("5", {"category": "X"})],
)
def test_a_rate_that_cannot_be_right_is_refused(rate, wrong):
    with pytest.raises(Invalid):
        enter(rate, TODAY, **wrong)
    assert not TaxRate.objects.exists()
    assert not Entry.objects.filter(fact=events.TAX_RATE_ENTERED).exists()


def test_tax_rates_do_not_overlap_even_by_hand():
    enter("19", date(2020, 1, 1))

    with (
        pytest.raises(DatabaseError, match="do_not_overlap"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO catalogue_taxrate (country, state_code, tax_class, category, rate, label,"
            " valid_from, source) VALUES ('DE', '', 'standard', 'S', 7, 'VAT', '2026-01-01', 'x')"
        )


def test_a_rate_ends_on_a_day():
    row = enter("19", date(2020, 1, 1))

    end_tax_rate(row, valid_to=TODAY, actor=None, now=NOW)

    assert queries.rate_row("DE", "standard", TODAY) == row
    assert queries.rate_row("DE", "standard", TODAY + timedelta(days=1)) is None


def test_the_reference_rates_load_once_and_name_their_source():
    call_command("load_tax_rates", verbosity=0)
    count = TaxRate.objects.count()

    assert load_tax_rates(tax_rates(), actor=None, now=NOW) == (0, count)
    told = Entry.objects.filter(fact=events.TAX_RATES_LOADED, object_id__in=TaxRate.objects.values("pk"))
    assert told.count() == count
    assert not TaxRate.objects.filter(source="").exists()
    on = date(2026, 11, 22)
    standard = dict(
        queries.tax_rates(on=on).filter(tax_class="standard", state_code="").values_list("country", "rate")
    )
    assert standard.keys() >= EU | {"GB", "IN"}
    expected = {
        "DE": 19,
        "IE": 23,
        "HU": 27,
        "LU": 17,
        "EE": 24,
        "RO": 21,
        "SK": 23,
        "FI": Decimal("25.5"),
        "GB": 20,
        "IN": 18,
    }
    assert {country: standard[country] for country in expected} == expected


def test_what_people_entered_is_not_overwritten():
    mine = enter("16", date(2020, 1, 1))

    load_tax_rates(tax_rates(), actor=None, now=NOW)

    assert queries.rate_row("DE", "standard", TODAY) == mine


def test_the_lawyer_confirms_by_name():
    row = enter("19", date(2020, 1, 1))
    assert list(queries.unreviewed(TODAY)) == [row]
    with pytest.raises(Invalid):
        confirm_reviewed([row], reviewed_on=TODAY, adviser="", actor=None, now=NOW)

    assert confirm_reviewed([row], reviewed_on=TODAY, adviser="Dr Falk", actor=None, now=NOW) == 1

    assert not queries.unreviewed(TODAY).exists()
    assert entries_of(row).first().additional_data["adviser"] == "Dr Falk"


def test_nexus_is_american():
    with pytest.raises(Refused):
        set_nexus(enter("19", date(2020, 1, 1)), nexus_from=TODAY, actor=None, now=NOW)


def test_every_class_of_the_files_is_known():
    assert {row["tax_class"] for row in tax_rates()} <= set(TaxClass.values)
