"""Marks that turn the direction a text is read in: they come along with a paste, and can disguise it."""

import re

DIRECTION = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def without_marks(text: str) -> str:
    """The text without them: a reference found by what one sees, and read as what it is."""
    return DIRECTION.sub("", text)
