"""Keyset paging: every row once, in order, whatever is missing, added or removed meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower
from django.test import RequestFactory

from core import paging
from core.paging import paginate
from team.models import User

SORTS: dict[str, str | Combinable] = {"name": Lower("name"), "seen": "last_login", "joined": "date_joined"}
START = datetime(2026, 11, 1, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    """Eleven people: names in mixed case, two of a kind, three who never signed in."""
    rows = [
        User(
            email=f"p{n}@example.test",
            name=f"{'P' if n % 2 else 'p'}erson {n // 2:02}",
            last_login=None if n % 4 == 3 else START + timedelta(hours=n // 3),
            date_joined=START,
        )
        for n in range(11)
    ]
    return User.objects.bulk_create(rows)


def page(query="", size=4):
    request = RequestFactory().get(f"/?{query}")
    return paginate(request, User.objects.all(), sorts=SORTS, default="name", size=size)


def walk(sort, size=4):
    """All pages forwards, and the same pages met going back from the last."""
    forwards, backwards = [page(f"sort={sort}", size)], []
    while forwards[-1].after:
        forwards.append(page(f"sort={sort}&after={forwards[-1].after}", size))
    here = forwards[-1]
    while here.before:
        here = page(f"sort={sort}&before={here.before}", size)
        backwards.append(here)
    return forwards, backwards[::-1]


@pytest.mark.parametrize("sort", ["name", "-name", "seen", "-seen", "joined", "-joined"])
@pytest.mark.parametrize("size", [1, 4, 11, 50])
def test_each_row_is_met_once_in_both_directions(people, sort, size):
    forwards, backwards = walk(sort, size)
    met = [person.pk for one in forwards for person in one]

    assert sorted(met) == sorted(person.pk for person in people)
    assert [[p.pk for p in one] for one in backwards] == [[p.pk for p in one] for one in forwards[:-1]]
    assert not forwards[0].before
    assert [one.start for one in forwards] == [1 + size * at for at in range(len(forwards))]
    assert [one.start for one in backwards] == [one.start for one in forwards[:-1]]


@pytest.mark.parametrize("sort", ["seen", "-seen"])
def test_rows_without_a_value_come_last_in_both_orders(people, sort):
    forwards, _ = walk(sort)
    seen = [person.last_login for one in forwards for person in one]
    known = [at for at in seen if at is not None]

    assert seen[len(known) :] == [None] * (len(seen) - len(known))
    assert known == sorted(known, reverse=sort.startswith("-"))


def test_a_row_added_before_the_place_neither_repeats_nor_hides_others(people):
    first = page("sort=name")
    User.objects.create(email="new@example.test", name="A new one")
    second = page(f"sort=name&after={first.after}")

    assert not {person.pk for person in first} & {person.pk for person in second}
    assert next(iter(second)).name.lower() >= first.items[-1].name.lower()


def test_a_cursor_of_another_order_or_a_damaged_one_shows_the_first_page(people):
    after = page("sort=name").after
    assert page(f"sort=-name&after={after}").start == 1
    assert page("sort=name&after=broken").start == 1
    assert page("sort=password").sort == "name"


def test_the_number_of_rows_is_exact_until_it_is_large(people, monkeypatch):
    few = page()
    assert (few.total, few.total_is_estimate) == (11, False)

    monkeypatch.setattr(paging, "EXACT_UP_TO", 5)
    many = page()
    assert many.total_is_estimate
    assert many.total >= 5


def test_an_empty_list_has_an_empty_page():
    none = page()
    assert (len(none), none.after, none.before, none.total) == (0, "", "", 0)


def test_a_page_takes_two_queries_at_most_and_no_offset(people, django_assert_max_num_queries):
    after = page("sort=seen", size=8).after
    with django_assert_max_num_queries(2) as queries:
        list(page(f"sort=seen&after={after}", size=8))
    assert not any("OFFSET" in query["sql"] for query in queries)
