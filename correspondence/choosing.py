"""Which text fits best. Pure.

Of the texts in use for the situation and channel, those that fit the reader are compared in this order:

1. the reader's language before the company's, before the product's;
2. a text for exactly this customer type before one for any; one for another type never;
3. a text of exactly this tone before one for any tone; then the firmest one that is gentler. A text firmer
   than asked is never taken, and where no tone is asked, a text for any tone comes before the gentlest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar


class Candidate(Protocol):
    """A text in use."""

    language: str
    customer_type: str
    tone: int


T = TypeVar("T", bound=Candidate)


def best_text(
    texts: Iterable[T], languages: Sequence[str], *, customer_type: str = "", tone: int = 0
) -> T | None:
    """The text that fits best; None when none may be taken. `languages`: best first; "de-AT" reads "de"."""
    wanted = with_bases(languages)
    fitting = [
        text
        for text in texts
        if text.language in wanted
        and text.customer_type in {"", customer_type}
        and (not tone or text.tone <= tone)
    ]
    return min(
        fitting,
        key=lambda text: (
            wanted.index(text.language),
            text.customer_type != customer_type,
            _distance(text.tone, tone),
        ),
        default=None,
    )


def with_bases(languages: Sequence[str]) -> list[str]:
    """Each language and its base, in order, once."""
    every = [tag for language in languages if language for tag in (language, language.partition("-")[0])]
    return list(dict.fromkeys(every))


def _distance(has: int, asked: int) -> tuple[int, int]:
    if has == asked:
        return (0, 0)
    if has == 0:
        return (1, 0)
    return (2, asked - has if asked else has)
