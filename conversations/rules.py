"""When an inquiry must be answered, which states follow which, and how a text names threads and people. Pure.

Source of the clock: an answer within 16 business hours, a warning after 75 % of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta

OPEN, WAITING, ANSWERED, CLOSED = "open", "waiting", "answered", "closed"

NEXT: dict[str, frozenset[str]] = {
    OPEN: frozenset({ANSWERED, WAITING, CLOSED}),
    WAITING: frozenset({OPEN, ANSWERED, CLOSED}),
    ANSWERED: frozenset({OPEN, WAITING, CLOSED}),
    CLOSED: frozenset({OPEN}),
}
"""State -> states that may follow. The clock runs in `open` alone: there the customer waits for us."""

ANSWER_MINUTES = 16 * 60
WARN_MINUTES = ANSWER_MINUTES * 3 // 4
REOPEN_WITHIN = timedelta(days=30)
BODY_LENGTH = 100_000
SUBJECT_LENGTH = 200
# Without vowels no word appears by chance, and nobody mistakes 1 for I or 0 for O.
REFERENCE_LETTERS = "23456789BCDFGHJKLMNPQRSTVWXZ"
REFERENCE_LENGTH = 7

_REFERENCE = re.compile(rf"\bQ-([{REFERENCE_LETTERS}]{{{REFERENCE_LENGTH}}})\b", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MENTION = re.compile(r"(?<![\w.@])@([\w.+-]*\w(?:@[\w-]+(?:\.[\w-]+)+)?)")
_PREFIX = re.compile(
    r"^\s*(?:(?:re|aw|wg|fwd?|tr|rép|antw?|sv|vs|res|enc)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE
)
_QUOTE_HEAD = re.compile(
    r"^(?:-{2,}\s*(?:original message|ursprüngliche nachricht|message d'origine)\s*-{2,}"
    r"|(?:on|am|le)\b.{5,200}\b(?:wrote|schrieb|a écrit)\b.{0,80}:\s*)$",
    re.IGNORECASE,
)


def make_reference(choose: Callable[[str], str]) -> str:
    """A new short name of a thread, like Q-7KX3MPD; `choose` picks one letter of a text."""
    return "Q-" + "".join(choose(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH))


def references_in(subject: str) -> list[str]:
    """The references of threads a subject names, in order, in capitals."""
    return [f"Q-{found.upper()}" for found in _REFERENCE.findall(subject)]


def bare_subject(subject: str) -> str:
    """The subject without "Re:", "AW:" and the reference, at most 200 characters."""
    text = _INVISIBLE.sub(" ", subject)
    text = _REFERENCE.sub("", _PREFIX.sub("", text)).replace("[]", "")
    return " ".join(text.split())[:SUBJECT_LENGTH]


def mentions_in(body: str) -> list[str]:
    """The names after @ in a note: the part of a colleague's address before the @, or all of it."""
    return list(dict.fromkeys(name.lower().rstrip(".") for name in _MENTION.findall(body)))


def may_follow(state: str, then: str) -> bool:
    """Whether a thread may go from one state to the other."""
    return state == then or then in NEXT[state]


def split_quoted(body: str) -> tuple[str, str]:
    """What somebody wrote, and below it what they quoted of the mail before ("" when nothing)."""
    lines = body.splitlines()
    for number, line in enumerate(lines):
        starts = _QUOTE_HEAD.match(line.strip()) or _only_quotes(lines[number:])
        if starts and any(words.strip() for words in lines[:number]):
            return "\n".join(lines[:number]).rstrip(), "\n".join(lines[number:]).strip()
    return body.strip(), ""


def _only_quotes(lines: Iterable[str]) -> bool:
    rest = [line for line in lines if line.strip()]
    return bool(rest) and all(line.startswith(">") for line in rest)
