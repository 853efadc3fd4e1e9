"""What was done although it is better not done: said to whoever asked, once the act is over.

An operation says `caution("…")`; the edge that called it shows what was said (pages as a message). Where
nobody listens, as in a worker, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_heard: ContextVar[list[str] | None] = ContextVar("heard_cautions", default=None)


def caution(text: str) -> None:
    """Say it once to whoever listens."""
    heard = _heard.get()
    if heard is not None and text not in heard:
        heard.append(text)


@contextmanager
def listening() -> Iterator[list[str]]:
    """The cautions said inside, in order."""
    token = _heard.set([])
    try:
        heard = _heard.get()
        yield heard if heard is not None else []
    finally:
        _heard.reset(token)
