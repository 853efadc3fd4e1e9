"""Texts that would break a header, or read differently from what they are. Pure."""

from __future__ import annotations

import re
import unicodedata

from core.errors import Invalid
from core.marks import DIRECTION

# Line breaks and control characters split mail headers; direction marks make a text read differently.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LOOKALIKE_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


class UnsafeText(Invalid):
    """A text that would break a header, or read differently from what it is."""


def hides_direction(text: str) -> bool:
    """Whether marks in it turn the direction it is read in."""
    return bool(DIRECTION.search(text))


def check_one_line(text: str, *, field: str) -> None:
    """Refuse line breaks, control characters and direction marks."""
    if CONTROL.search(text) or hides_direction(text):
        raise UnsafeText(
            f"“{field}” contains a line break or an invisible control character.",
            field=field,
            rule="text-harmless",
            mend="Type it again where it comes from, instead of pasting it.",
        )


def check_name(text: str, *, field: str = "name") -> None:
    """Refuse a name of several lines, with direction marks, or mixing look-alike alphabets in a word."""
    check_one_line(text, field=field)
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word}
        if len(scripts & set(_LOOKALIKE_SCRIPTS)) > 1:
            raise UnsafeText(
                f"“{word}” mixes letters of different alphabets that look alike.",
                field=field,
                rule="text-harmless",
                mend="Type the word again in one alphabet.",
            )
