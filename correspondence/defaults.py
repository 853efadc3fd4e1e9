"""The texts we start with, read from `texts/`, one file per language. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .situations import SITUATIONS

FOLDER = Path(__file__).parent / "texts"
LANGUAGES = ("en", "de", "fr", "es", "hi")
CHANNELS = ("email", "letter")
CUSTOMER_TYPES = ("business", "consumer", "public")
_START = "=== "


class Variant(NamedTuple):
    """Which message a text is for. `tone` 0 and `customer_type` "" are any."""

    situation: str
    channel: str = "email"
    customer_type: str = ""
    tone: int = 0


class Text(NamedTuple):
    """Subject and body in the markup of `correspondence.markup`."""

    subject: str
    body: str


@cache
def texts_of(language: str) -> Mapping[Variant, Text]:
    """The texts we start with in one language."""
    return dict(read_texts((FOLDER / f"{language}.txt").read_text("utf-8")))


def read_texts(content: str) -> Iterator[tuple[Variant, Text]]:
    """The texts of a file: after each "=== situation ..." the subject, a blank line, the body."""
    for chunk in f"\n{content}".split(f"\n{_START}")[1:]:
        head, _, rest = chunk.partition("\n")
        subject, _, body = rest.strip().partition("\n\n")
        yield _variant(head), Text(subject.strip(), body.strip())


def _variant(head: str) -> Variant:
    situation, *marks = head.split()
    if situation not in SITUATIONS:
        raise ValueError(f"{head!r} begins with no situation.")
    variant = Variant(situation)
    for mark in marks:
        if mark in CHANNELS:
            variant = variant._replace(channel=mark)
        elif mark in CUSTOMER_TYPES:
            variant = variant._replace(customer_type=mark)
        elif mark in set("12345"):
            variant = variant._replace(tone=int(mark))
        else:
            raise ValueError(f"{mark!r} in {head!r} is no channel, customer type or tone.")
    return variant
