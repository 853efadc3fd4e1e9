"""An address that asks a list for what it does not have: the page says so and shows the list all the same."""

from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_customer, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_lead(client):
    make_customer()
    client.force_login(make_user("lead"))
    return client


def said(client, name, query, *args):
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.mark.parametrize("name", ["invoices:list", "payments:list", "customers:list"])
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?colour=red", "This list has no filter “colour”."),
        ("?entity=abc", "This list cannot read “abc” for “entity”."),
        ("?sort=colour", "This list cannot be sorted by “colour”"),
        ("?a=1&b=2&c=3&d=4&e=5&f=6", "“e” and 1 more."),
        (f"?{'x' * 300}=1", f"“{'x' * 40}…”"),
    ],
)
def test_what_a_list_cannot_follow_is_said(as_lead, name, query, words):
    assert words in said(as_lead, name, query)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("invoices:list", "?status=nonsense"),
        ("invoices:list", "?issued_from=2026-99-99&status=open"),
        ("invoices:list", "?least=much"),
        ("payments:list", "?tab=nonsense"),
        ("payments:list", "?method=barter"),
        ("customers:list", "?view=nonsense"),
        ("customers:list", "?segment=x"),
    ],
)
def test_a_value_a_list_cannot_read_is_said(as_lead, name, query):
    assert "This list cannot read" in said(as_lead, name, query)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        (
            "invoices:list",
            "?status=open&entity=1&sort=-amount&currency=EUR&least=5&issued_from=2026-01-01",
        ),
        ("payments:list", "?tab=unallocated&method=card&since=2026-01-01&sort=received"),
        ("customers:list", "?view=blocked&owner=me&country=DE&q=a&sort=number"),
        ("customers:list", "?view=all"),
        ("customers:list", ""),
    ],
)
def test_what_a_list_knows_is_not_remarked(as_lead, name, query):
    page = said(as_lead, name, query)
    for words in ("This list has no", "This list cannot", "It was left out"):
        assert words not in page


def test_a_part_of_the_page_says_nothing_that_the_next_page_would_show(as_lead):
    as_lead.get(reverse("invoices:list") + "?colour=red", headers={"HX-Request": "true"})

    assert "colour" not in said(as_lead, "invoices:list", "")


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday", "2026-02-30"])
def test_an_account_as_of_no_day_says_which_day_it_shows(client, day):
    customer = make_customer()
    client.force_login(make_user("lead"))

    assert f"as of {timezone.localdate()}" in said(client, "payments:account", f"?as_of={day}", customer.pk)
    assert "what the address asked for" not in said(client, "payments:account", "", customer.pk)
