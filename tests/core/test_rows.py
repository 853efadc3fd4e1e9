"""Fast reading and writing of rows: what the database refuses is the error every caller knows."""

from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from contracts.models import RunRow
from core.rows import append_rows, copy_rows, insert_rows, new_row, rows_of, run_values
from entities.models import Entity, Series
from invoices.models import Invoice, Line
from ledger.models import OpenItem
from tests.factories import make_customer, make_entity
from trail.models import Entry
from trail.operations import record

COLUMNS = (
    "entity_id",
    "document_type",
    "code",
    "fiscal_year",
    "pattern",
    "first_number",
    "next_number",
    "is_legacy",
)


@pytest.fixture
def entity(db):
    return make_entity()


def series(entity, code, pattern="{N}"):
    return Series(
        entity=entity,
        document_type="invoice",
        code=code,
        fiscal_year="2026",
        pattern=pattern,
        first_number=1,
        next_number=1,
    )


def row(entity, code, pattern="{N}"):
    return entity.pk, "invoice", code, "2026", pattern, 1, 1, False


def test_inserted_rows_get_their_keys(entity):
    made = insert_rows([series(entity, "a"), series(entity, "b")])

    assert [one.code for one in Series.objects.filter(pk__in=[one.pk for one in made]).order_by("pk")] == [
        "a",
        "b",
    ]


def test_a_broken_constraint_is_an_integrity_error_of_the_framework(entity):
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows([series(entity, "a"), series(entity, "a")])

    assert not Series.objects.exists()


# Few rows are inserted, many are copied.
FEW, MANY = 2, 40


@pytest.mark.parametrize("count", [FEW, MANY])
def test_a_row_refused_by_copy_is_an_integrity_error_of_the_framework(entity, count):
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_rows("entities_series", COLUMNS, [row(entity, "a")] * count)

    assert not Series.objects.exists()


def test_a_value_the_database_cannot_read_is_a_data_error_of_the_framework(db):
    with pytest.raises(DataError), transaction.atomic():
        run_values("SELECT v.n::date FROM (VALUES %s) v (n)", [("no day",)])


@pytest.mark.parametrize("text", ["tab\tbed", "two\nlines", "back\\slash \\N", "\\.", "", "naïve ₹"])
@pytest.mark.parametrize("count", [FEW, MANY])
def test_text_is_copied_as_it_is(entity, text, count):
    copy_rows("entities_series", COLUMNS, [row(entity, f"s{number}", text) for number in range(count)])

    assert [one.pattern for one in Series.objects.all()] == [text] * count


def test_a_row_read_fast_is_the_row_the_framework_reads(entity):
    entry = record("series.opened", entity, actor=None, at=timezone.now(), amount=Decimal("1.50"), n=[1])
    for one in (entity, entry, make_customer(entity=entity)):
        [fast] = rows_of(type(one), "id", [one.pk])
        slow = type(one).objects.get(pk=one.pk)
        assert _fields(fast) == _fields(slow)
        assert (fast._state.adding, fast._state.db) == (slow._state.adding, slow._state.db)


def test_a_row_read_fast_is_saved_as_ever(entity):
    [fast] = rows_of(Entity, "id", [entity.pk])
    fast.city = "Tralee"
    fast.save(update_fields=["city"])

    assert Entity.objects.get().city == "Tralee"


def _fields(row):
    return {name: value for name, value in vars(row).items() if not name.startswith("_")}


def test_rows_are_read_by_key_in_the_order_asked_for(entity):
    made = insert_rows([series(entity, "b"), series(entity, "a"), series(entity, "c")])
    other = insert_rows([series(make_entity(), "a")])

    found = rows_of(Series, "entity_id", [entity.pk], order="code")

    assert [one.code for one in found] == ["a", "b", "c"]
    assert {one.pk for one in found} == {one.pk for one in made}
    assert rows_of(Series, "id", []) == []
    assert rows_of(Series, "id", [other[0].pk]) == other


@pytest.mark.parametrize("model", [Invoice, Line, RunRow, OpenItem])
def test_a_row_made_fast_is_the_row_the_framework_makes(model):
    assert _fields(new_row(model)) == _fields(model())
    assert new_row(model)._state.adding


def test_a_row_made_fast_has_its_own_lists_and_its_relations(entity):
    one, other = new_row(Invoice, entity=entity, customer_id=7), new_row(Invoice, entity=None)
    one.charges.append({})
    assert (one.entity, one.entity_id, one.customer_id) == (entity, entity.pk, 7)
    assert (other.entity_id, other.charges) == (None, [])


@pytest.mark.parametrize("count", [1, 40])
def test_appended_rows_are_what_inserting_them_would_write(entity, count):
    values = {"object_repr": "a\tb\\c\nd", "additional_data": {"text": "x\ty\\n", "none": None}, "cid": None}
    shared = {"object_pk": "1", "action": 1, "content_type_id": 1, "timestamp": timezone.now()}
    given = [Entry(fact=f"test.{n}", **values, **shared) for n in range(count)]
    append_rows(given)
    append_rows([])
    insert_rows([Entry(fact="test.usual", **values, **shared)])
    *rows, usual = Entry.objects.filter(fact__startswith="test.").order_by("id")
    assert [row.fact for row in rows] == [f"test.{n}" for n in range(count)]
    for row in rows:
        assert _fields(row) | {"id": 0, "fact": ""} == _fields(usual) | {"id": 0, "fact": ""}
