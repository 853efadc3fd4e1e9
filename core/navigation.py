"""The sidebar: what it may hold, and what this reader gets of it. The table itself is a setting."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.module_loading import import_string

from core.permissions import may_open

COUNT_SECONDS = 20
"""How old a count beside an entry may be. Counts guide the eye; the page behind them is exact."""


@dataclass(frozen=True)
class Item:
    """One entry. `url` is a URL name, `count` the dotted path of a function user -> int | None.

    `key` is the letter after "g" that goes there; `hot` sets the number in the colour of a warning.
    """

    label: str
    url: str
    icon: str
    count: str = ""
    hot: bool = False
    query: str = ""
    key: str = ""


@dataclass(frozen=True)
class Group:
    """A titled block of entries; the first block has no title."""

    label: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Entry:
    """An entry as this reader sees it."""

    label: str
    url: str
    icon: str
    count: int | None
    hot: bool
    current: bool
    key: str


@dataclass(frozen=True)
class Block:
    """A group as this reader sees it: never empty."""

    label: str
    items: list[Entry]


def for_reader(request: HttpRequest) -> list[Block]:
    """The groups this reader may open. Entries without a route or without the right are left out."""
    groups: Sequence[Group] = import_string(settings.NAVIGATION)
    reachable = [
        (group, [(item, url) for item in group.items if (url := _url(item, request))]) for group in groups
    ]
    current = _current([url for _, items in reachable for _, url in items], request.get_full_path())
    return [
        Block(group.label, [_entry(item, url, current, request.user) for item, url in items])
        for group, items in reachable
        if items
    ]


def _url(item: Item, request: HttpRequest) -> str:
    """The entry's address, or "" when there is no such page or its view would refuse this reader."""
    try:
        address = reverse(item.url)
    except NoReverseMatch:
        return ""
    if not may_open(_view_at(address, settings.ROOT_URLCONF), request.user):
        return ""
    return address + (f"?{item.query}" if item.query else "")


@functools.cache
def _view_at(address: str, routes: str) -> Callable[..., Any]:
    """Kept: going through all routes for every entry of the sidebar was a tenth of a page's time."""
    view: Callable[..., Any] = resolve(address, routes).func
    return view


def _current(urls: Sequence[str], path: str) -> str:
    """The entry the page belongs to: the longest address the page's own address starts with."""
    bare, _, _ = path.partition("?")
    under = [url for url in urls if url in (path, bare) or (url != "/" and bare.startswith(url))]
    return max(under, key=len, default="")


def _entry(item: Item, url: str, current: str, user: Any) -> Entry:
    return Entry(item.label, url, item.icon, _count(item, user), item.hot, url == current, item.key)


def _count(item: Item, user: Any) -> int | None:
    """The entry's number, remembered for a moment; nothing to do shows nothing."""
    if not item.count:
        return None
    counter: Callable[[Any], int | None] = import_string(item.count)
    key = f"nav:{item.url}:{item.query}:{user.pk}"
    number: int | None = cache.get_or_set(key, lambda: counter(user) or 0, COUNT_SECONDS)
    return number or None
