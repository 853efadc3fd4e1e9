"""Parts of a list's address that the list could not follow: said on the page, never silently left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib import messages
from django.http import HttpRequest

PLACE = frozenset({"sort", "after", "before"})
"""Where in a list one is: every list knows these names."""

_MOST = 5
_LONGEST = 40


def tell_ignored(request: HttpRequest, *, known: Collection[str], unread: Iterable[str] = ()) -> None:
    """Say which names of the address this list does not know, and which values it cannot read.

    `known` are the filters of the list, `unread` those of them whose value was left out.
    """
    if request.headers.get("HX-Request") == "true":
        return  # a part of the page was asked for: the whole page said it
    strange = [f"“{_short(name)}”" for name in request.GET if name not in known and name not in PLACE]
    wrong = [f"“{_short(request.GET[name])}” for “{name}”" for name in unread if request.GET.get(name)]
    said = []
    if strange:
        said.append(f"This list has no filter {_listed(strange)}.")
    if wrong:
        said.append(f"This list cannot read {_listed(wrong)}.")
    if said:
        said.append("It was left out, so more may be shown than was asked for. Use the filters of the page.")
        messages.warning(request, " ".join(said), fail_silently=True)


def tell_unknown_sort(request: HttpRequest, sort: str) -> None:
    """Say that the list has no such order; it shows its usual one."""
    if request.headers.get("HX-Request") != "true":
        words = f"This list cannot be sorted by “{_short(sort)}”; it is shown in its usual order."
        messages.warning(request, words, fail_silently=True)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _listed(words: list[str]) -> str:
    rest = len(words) - _MOST
    return ", ".join(words[:_MOST]) + (f" and {rest} more" if rest > 0 else "")
