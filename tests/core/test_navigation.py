"""The sidebar shows each reader what they may open, with counts, and marks where they are."""

from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import include, path

from core import navigation
from core.navigation import Group, Item
from core.permissions import SIGNED_IN, allowed, public

COUNTED: list[int] = []


def waiting(user):
    """Seven for everybody, and who asked."""
    COUNTED.append(user.pk)
    return 7


def nothing(_user):
    """Nothing to do."""
    return 0


def page(_request):
    """Some page."""
    return HttpResponse()


urlpatterns = [
    path("", allowed(SIGNED_IN)(page), name="home"),
    path("bills/", allowed("bills.view")(page), name="bills"),
    path("bills/drafts/", allowed("bills.view")(page), name="drafts"),
    path("help/", public("everybody may read it")(page), name="help"),
    path("odd/", page, name="odd"),
    path("core/", include("core.urls")),
]

TABLE = (
    Group("", (Item("Home", "home", "home"), Item("Odd", "odd", "x"), Item("Gone", "gone", "x"))),
    Group(
        "Bills",
        (
            Item("All", "bills", "file", count=f"{__name__}.waiting", hot=True, key="b"),
            Item("Drafts", "drafts", "file", count=f"{__name__}.nothing"),
            Item("Late", "bills", "file", query="late=1"),
        ),
    ),
    Group("More", (Item("Help", "help", "help"),)),
)


@pytest.fixture(autouse=True)
def _site(settings):
    settings.ROOT_URLCONF = __name__
    settings.NAVIGATION = f"{__name__}.TABLE"
    COUNTED.clear()
    cache.clear()


def shown(address="/", rights=("bills.view",)):
    request = RequestFactory().get(address)
    request.user = SimpleNamespace(pk=1, is_authenticated=True, has_perm=lambda right: right in rights)
    return navigation.for_reader(request)


def labels(blocks):
    return {block.label: [entry.label for entry in block.items] for block in blocks}


def test_entries_without_a_page_a_mark_or_the_right_are_left_out():
    assert labels(shown()) == {"": ["Home"], "Bills": ["All", "Drafts", "Late"], "More": ["Help"]}
    assert labels(shown(rights=())) == {"": ["Home"], "More": ["Help"]}


@pytest.mark.parametrize(
    ("address", "current"),
    [
        ("/", "Home"),
        ("/bills/", "All"),
        ("/bills/4/", "All"),
        ("/bills/drafts/", "Drafts"),
        ("/bills/?late=1", "Late"),
    ],
)
def test_the_entry_one_is_in_is_marked_and_only_that(address, current):
    assert [entry.label for block in shown(address) for entry in block.items if entry.current] == [current]


def test_counts_are_asked_once_in_a_while_and_zero_is_not_shown():
    shown()
    entries = {entry.label: entry for block in shown() for entry in block.items}
    assert (entries["All"].count, entries["All"].hot, entries["All"].key) == (7, True, "b")
    assert entries["Drafts"].count is None
    assert COUNTED == [1]
