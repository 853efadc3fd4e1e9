"""Selling companies: legal data, tax numbers, series, rates, calendars, logos."""

import io
import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, connections, transaction
from PIL import Image

from catalogue.events import TAX_RATES_LOADED
from core.calendars import MissingCalendarYear
from core.errors import Invalid, Refused, Stale
from entities import events, queries
from entities.models import Entity, Series
from entities.operations import (
    add_entity,
    add_registration,
    change_series,
    edit_entity,
    end_registration,
    ensure_series,
    enter_rate,
    open_series,
    set_access,
    set_logo,
)
from tests.factories import NOW, make_entity, make_user
from trail.models import Entry
from trail.queries import entries_of

pytestmark = pytest.mark.django_db
LEGAL = {
    "name": "Northwind",
    "legal_name": "Northwind Ltd",
    "city": "Dublin",
    "country": "IE",
    "email": "a@example.test",
    "time_zone": "Europe/Dublin",
    "functional_currency": "EUR",
}


def test_a_company_is_set_up():
    entity = add_entity(code="ie", actor=None, now=NOW, **LEGAL)

    assert (entity.code, entity.tax_rounding) == ("IE", "group")
    assert entries_of(entity).get().fact == events.ENTITY_ADDED


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"functional_currency": "EURO"}, "currency"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"holiday_region": "ZZ-9"}, "holiday_region"),
        ({"legal_name": " "}, "legal_name"),
        ({"colour": "red"}, "colour"),
        ({"country": "IN", "state_code": ""}, "state_code"),
    ],
)
def test_legal_data_that_cannot_be_right_is_refused(wrong, field):
    with pytest.raises(Invalid) as refusal:
        add_entity(code="ie", actor=None, now=NOW, **(LEGAL | wrong))

    assert refusal.value.field == field
    assert not Entity.objects.exists()
    assert not Entry.objects.exclude(fact=TAX_RATES_LOADED).exists()


def test_an_edit_keeps_what_it_was_and_an_older_form_is_stale():
    entity, user = make_entity(), make_user("controller")
    edit_entity(entity, city="Berlin", actor=user, now=NOW, expected_version=1)

    with pytest.raises(Stale, match=str(user)):
        edit_entity(entity, city="Bonn", actor=user, now=NOW, expected_version=1)

    assert Entity.objects.get().city == "Berlin"
    assert entries_of(entity).get().changes == {"city": ["Hamburg", "Berlin"]}


def test_books_keep_their_currency_once_a_document_is_issued():
    entity = make_entity()
    series = ensure_series(entity, "invoice", NOW.date(), now=NOW)
    edit_entity(entity, functional_currency="USD", actor=None, now=NOW)
    Series.objects.filter(pk=series.pk).update(last_issued_on=NOW.date())

    with pytest.raises(Refused, match="stays as it is"):
        edit_entity(entity, functional_currency="EUR", actor=None, now=NOW)
    assert Entity.objects.get().functional_currency == "USD"


def test_the_company_decides_the_day():
    late = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    india = make_entity(country="IN", time_zone="Asia/Kolkata", fiscal_year_start_month=4)

    assert queries.local_day(india, late) == date(2026, 4, 1)
    assert ensure_series(india, "invoice", queries.local_day(india, late), now=late).fiscal_year == "2026-27"


@pytest.mark.parametrize(
    ("country", "kind", "pattern"),
    [
        ("DE", "invoice", "INV-{FY}-{N:05}"),
        ("DE", "credit_note", "CN-{FY}-{N:05}"),
        ("IN", "invoice", "INV/{FY}/{N:04}"),
        ("IN", "deposit", "DEP/{FY}/{N:04}"),
    ],
)
def test_a_year_gets_its_series_at_the_first_document_and_once(country, kind, pattern):
    entity = make_entity(country=country, state_code="29")

    first = ensure_series(entity, kind, NOW.date(), now=NOW)

    assert ensure_series(entity, kind, NOW.date(), now=NOW) == first
    assert first.pattern == pattern
    assert Entry.objects.filter(fact=events.SERIES_OPENED).count() == 1


def test_a_new_year_takes_the_pattern_of_the_year_before():
    entity = make_entity()
    open_series(
        entity, document_type="invoice", fiscal_year="2026", pattern="HH{YY}-{N:06}", actor=None, now=NOW
    )

    assert ensure_series(entity, "invoice", date(2027, 1, 1), now=NOW).pattern == "HH{YY}-{N:06}"


def test_the_longest_number_is_checked_at_set_up():
    entity = make_entity(country="IN", state_code="29", fiscal_year_start_month=4)

    with pytest.raises(Invalid) as refusal:
        open_series(
            entity,
            document_type="invoice",
            fiscal_year="2026-27",
            pattern="INV/{FY}/{N:05}",
            actor=None,
            now=NOW,
        )

    assert refusal.value.rule == "longest_number_fits"
    assert not Series.objects.exists()


def test_two_series_never_give_the_same_numbers():
    entity = make_entity()
    ensure_series(entity, "invoice", NOW.date(), now=NOW)

    with pytest.raises(Refused, match="same numbers"):
        open_series(
            entity,
            document_type="credit_note",
            fiscal_year="2026",
            pattern="inv-{FY}-{N:05}",
            actor=None,
            now=NOW,
        )


def test_a_year_that_cannot_be_opened_says_why():
    entity = make_entity()
    open_series(
        entity, document_type="invoice", fiscal_year="2026", pattern="CN-{FY}-{N:05}", actor=None, now=NOW
    )

    with pytest.raises(Refused, match="same numbers"):
        ensure_series(entity, "credit_note", NOW.date(), now=NOW)


def test_a_series_in_use_keeps_its_pattern():
    series = ensure_series(make_entity(), "invoice", NOW.date(), now=NOW)
    series = change_series(series, pattern="A-{FY}-{N:05}", first_number=100, actor=None, now=NOW)
    assert series.next_number == 100
    Series.objects.filter(pk=series.pk).update(next_number=101)

    with pytest.raises(Refused, match="given numbers"):
        change_series(series, pattern="B-{FY}-{N:05}", first_number=1, actor=None, now=NOW)


def test_a_counter_never_runs_back_even_by_hand():
    series = ensure_series(make_entity(), "invoice", NOW.date(), now=NOW)

    with (
        pytest.raises(DatabaseError, match="never_runs_back"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE entities_series SET next_number = 0 WHERE id = %s", [series.pk])


@pytest.mark.parametrize(
    ("scheme", "country", "typed", "kept"),
    [
        ("VAT", "DE", "de 136 695 976", "DE136695976"),
        ("GSTIN", "IN", "27aapfu0939f1zv", "27AAPFU0939F1ZV"),
        ("EIN", "US", "123456789", "12-3456789"),
    ],
)
def test_a_tax_number_is_checked_and_written_its_way(scheme, country, typed, kept):
    entity = make_entity()

    row = add_registration(
        entity, scheme=scheme, country=country, number=typed, valid_from=date(2020, 1, 1), actor=None, now=NOW
    )

    assert row.number == kept
    assert queries.tax_numbers(entity, NOW.date()) == [row]
    with pytest.raises(Refused, match="valid in those days"):
        add_registration(
            entity,
            scheme=scheme,
            country=country,
            number=typed,
            valid_from=date(2024, 1, 1),
            actor=None,
            now=NOW,
        )
    end_registration(row, valid_to=date(2025, 12, 31), actor=None, now=NOW)
    assert queries.tax_numbers(entity, NOW.date()) == []


@pytest.mark.parametrize(
    ("scheme", "country", "typed"), [("VAT", "DE", "DE123"), ("GSTIN", "IN", "27AAPFU0939F1ZO")]
)
def test_a_wrong_tax_number_is_refused_with_the_mend(scheme, country, typed):
    entity = make_entity()

    with pytest.raises(Invalid) as refusal:
        add_registration(
            entity,
            scheme=scheme,
            country=country,
            number=typed,
            valid_from=date(2020, 1, 1),
            actor=None,
            now=NOW,
        )

    assert refusal.value.mend
    assert not entity.tax_registrations.exists()


def test_a_rate_is_the_latest_on_or_before_the_day():
    for on, rate in ((date(2026, 11, 2), "0.92"), (date(2026, 11, 9), "0.93")):
        enter_rate(
            currency="USD", functional="EUR", on=on, rate=Decimal(rate), source="ECB", actor=None, now=NOW
        )

    assert queries.rate_on("USD", "EUR", date(2026, 11, 8)) == (Decimal("0.92"), date(2026, 11, 2), "ECB")
    assert queries.rate_on("EUR", "EUR", date(2026, 11, 8)).rate == 1
    with pytest.raises(Invalid, match="no exchange rate"):
        queries.rate_on("USD", "EUR", date(2026, 11, 1))
    with pytest.raises(Refused, match="entered already"):
        enter_rate(
            currency="USD",
            functional="EUR",
            on=date(2026, 11, 9),
            rate=Decimal(1),
            source="ECB",
            actor=None,
            now=NOW,
        )
    with pytest.raises(Invalid):
        enter_rate(
            currency="USD", functional="EUR", on=NOW.date(), rate=Decimal(0), source="x", actor=None, now=NOW
        )


def test_holidays_are_those_of_the_region_and_unknown_years_an_error():
    calendar = queries.calendar_of(make_entity(holiday_region="DE-BY"))

    assert not calendar.is_business_day(date(2026, 1, 6))
    assert queries.calendar_of(make_entity(country="IE", holiday_region="")).is_business_day(date(2026, 1, 6))
    with pytest.raises(MissingCalendarYear):
        calendar.is_business_day(date(2060, 1, 4))


def test_a_restricted_person_sees_their_companies_only():
    mine, other, user = make_entity(), make_entity(), make_user("specialist")
    assert set(queries.visible_to(user)) == {mine, other}

    set_access(user, entities=[mine], actor=None, now=NOW)

    assert set(queries.visible_to(user)) == {mine}
    set_access(user, entities=[], actor=None, now=NOW)
    assert set(queries.visible_to(user)) == {mine, other}


@pytest.mark.django_db(transaction=True)
def test_many_open_the_same_year_at_once():
    entity = make_entity()
    found: list[int] = []
    gate = threading.Barrier(6)

    def ensure() -> None:
        try:
            gate.wait(timeout=60)
            found.append(ensure_series(entity, "invoice", NOW.date(), now=NOW).pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ensure) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)

    assert len(found) == 6
    assert len(set(found)) == 1
    assert Series.objects.count() == 1


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 32)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind)
    return out.getvalue()


def test_a_logo_is_stored_as_our_own_encoding(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    entity = make_entity()
    spiked = picture("JPEG") + b"<script>alert(1)</script>"

    set_logo(entity, spiked, actor=None, now=NOW)

    stored = Entity.objects.get().logo.read()
    assert stored.startswith(b"\x89PNG")
    assert b"script" not in stored


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b"GIF89a" + b"\0" * 40,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"x" * (1024 * 1024 + 1),
        picture(size=(8, 8)),
        picture(size=(5000, 20)),
    ],
)
def test_what_is_no_decent_picture_is_refused(data):
    entity = make_entity()

    with pytest.raises(Invalid) as refusal:
        set_logo(entity, data, actor=None, now=NOW)

    assert refusal.value.field == "logo"
    assert not Entity.objects.get().logo
    assert not Entry.objects.exclude(fact=TAX_RATES_LOADED).exists()
