"""Two wordings side by side: what a reader of the old one must learn."""

import re
from difflib import SequenceMatcher
from typing import NamedTuple


class Piece(NamedTuple):
    """A stretch of words: kept ("same"), new ("ins") or gone ("del")."""

    kind: str
    text: str


def words(before: str, after: str) -> list[Piece]:
    """The change from one text to the other, word by word, what goes before what comes."""
    old, new = _split(before), _split(after)
    pieces: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[i1:i2])))
            continue
        if i1 < i2:
            pieces.append(Piece("del", "".join(old[i1:i2])))
        if j1 < j2:
            pieces.append(Piece("ins", "".join(new[j1:j2])))
    return pieces


def _split(text: str) -> list[str]:
    return re.findall(r"\s+|\w+|[^\w\s]", text)
