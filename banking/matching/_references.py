"""Invoice numbers in what a payer wrote: whole, without their prefix, glued to others, or with a slip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from banking.matching._book import Book, digits_of, folded
from banking.matching._shapes import Incoming

_TOKEN = re.compile(r"[A-Z0-9][A-Z0-9/.\-_]*[0-9][A-Z0-9/.\-_]*")
_SHORT = 4
_GLUED = re.compile(r"[0-9]{5,}")


@dataclass(frozen=True)
class Quote:
    how: str
    points: int
    text: str


def quoted(line: Incoming, book: Book) -> dict[int, Quote]:
    """Item id -> how its number stands in what the payer wrote; the surest spelling of each."""
    found: dict[int, Quote] = {}

    def note(keys: Iterable[int], quote: Quote) -> None:
        for key in keys:
            if book.items[key].open_amount > 0 and (key not in found or found[key].points < quote.points):
                found[key] = quote

    structured = folded(line.structured)
    if structured in book.by_number:
        note(book.by_number[structured], Quote("structured", 65, line.structured))
    for number, short in _shorthand(line.texts, book):
        note(book.by_number[number], Quote("shorthand", 45, short))
    for token in _tokens(line.texts):
        if token in book.by_number:
            note(book.by_number[token], Quote("number", 60, token))
            continue
        digits = digits_of(token)
        if len(digits) >= 5 and digits in book.by_digits:
            # The prefix is missing or another one: sure only where no second number has these digits.
            keys = book.by_digits[digits]
            one = len({folded(book.items[key].number) for key in keys}) == 1
            note(keys, Quote("digits", 50 if one and len(digits) >= 7 else 38, token))
            continue
        near = _near(token, book)
        if len(near) == 1:
            note(book.by_number[near[0]], Quote("typo", 35, token))
    return found


def _tokens(texts: Iterable[str]) -> list[str]:
    """What may be a number: words with a digit, also joined with the one before ("INV 2026 0012")."""
    found: dict[str, None] = {}
    for text in texts:
        upper = text.upper()
        words = [folded(word) for word in _TOKEN.findall(upper)]
        plain = [folded(word) for word in re.split(r"[\s,;:#()]+", upper) if folded(word)]
        for token in [*words, *plain, *_GLUED.findall(upper)]:
            if len(token) >= 4 and any(sign.isdigit() for sign in token):
                found[token] = None
        for size in (2, 3):
            for start in range(len(plain) - size + 1):
                joined = "".join(plain[start : start + size])
                if 6 <= len(joined) <= 20 and any(sign.isdigit() for sign in joined):
                    found.setdefault(joined)
    return list(found)


def _shorthand(texts: Iterable[str], book: Book) -> list[tuple[str, str]]:
    """(number, as written) of those named by their last digits after a whole one: "INV-2026-0101/102/7"."""
    found = []
    for text in texts:
        parts = [part for part in re.split(r"[^A-Z0-9]+", text.upper()) if part]
        whole = ""
        for at, part in enumerate(parts):
            joined = ["".join(parts[at - size + 1 : at + 1]) for size in (4, 3, 2, 1) if size <= at + 1]
            number = next((one for one in joined if one in book.by_number), "")
            if number:
                whole = number
            elif (
                whole
                and part.isdigit()
                and len(part) <= _SHORT
                and whole[: -len(part)] + part in book.by_number
            ):
                found.append((whole[: -len(part)] + part, part))
            else:
                whole = ""
    return found


def _near(token: str, book: Book) -> list[str]:
    """Numbers one slip away: a sign wrong, missing, doubled, or two changed places."""
    if len(token) < 6:
        return []
    return sorted({number for number in _slips(token, book) if number in book.by_number})


def _slips(token: str, book: Book) -> Iterator[str]:
    """What the token may have been, of the lengths that numbers here have."""
    ends = [(token[:at], token[at:]) for at in range(len(token) + 1)]
    if len(token) - 1 in book.lengths:
        yield from (before + after[1:] for before, after in ends[:-1])
    if len(token) in book.lengths:
        yield from (before + after[1] + after[0] + after[2:] for before, after in ends[:-2])
        yield from (before + sign + after[1:] for before, after in ends[:-1] for sign in book.signs)
    if len(token) + 1 in book.lengths:
        yield from (before + sign + after for before, after in ends for sign in book.signs)
