"""Letters our fonts cannot print: Latin, Greek, Cyrillic and Devanagari are there, others are not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from .writer import Snapshot, clean

FONTS = Path(__file__).resolve().parents[2] / "static" / "fonts" / "pdf"


def missing_letters(snapshot: Snapshot) -> list[str]:
    """The letters in a snapshot's texts that would print as empty boxes, each once, in order."""
    known = _known()
    letters = dict.fromkeys("".join(_texts(clean(snapshot))))
    return [letter for letter in letters if ord(letter) not in known and letter.isprintable()]


@lru_cache(maxsize=1)
def _known() -> frozenset[int]:
    regular = (TTFont(path, lazy=True).getBestCmap() for path in FONTS.glob("*-Regular.ttf"))
    return frozenset(code for cmap in regular for code in cmap)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and not value.startswith("data:"):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
