"""What was done although it is better not done: said to whoever asked, once the act is over.

An operation says `caution("…")`; the edge that called it shows what was said: pages as a message, the API as
`warnings` in its answer. Where nobody listens, as in a worker, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_heard: ContextVar[list[str] | None] = ContextVar("heard_cautions", default=None)


def caution(text: str) -> None:
    """Say it once to whoever listens."""
    said = _heard.get()
    if said is not None and text not in said:
        said.append(text)


def heard() -> list[str]:
    """What was said so far to whoever listens now."""
    return list(_heard.get() or ())


@contextmanager
def listening() -> Iterator[list[str]]:
    """The cautions said inside, in order."""
    said: list[str] = []
    token = _heard.set(said)
    try:
        yield said
    finally:
        _heard.reset(token)
