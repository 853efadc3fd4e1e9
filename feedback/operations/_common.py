"""What the acts on feedback share: texts without what is no text, and the trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.errors import Invalid
from feedback.models import Answer
from feedback.rules import WORDS
from team.models import User
from trail.operations import record


class TooLong(Invalid):
    """More words than are read."""


def clean_words(text: str, *, field: str = "comment", most: int = WORDS, needed: bool = False) -> str:
    """The text without control characters that are no line breaks; refused when too long, or missing."""
    kept = "".join(one for one in text.replace("\r\n", "\n") if one in "\n\t" or ord(one) >= 32).strip()
    if len(kept) > most:
        raise TooLong(
            f"The text has {len(kept):,} characters; {most:,} are the most.",
            field=field,
            rule="a_text_has_a_largest_length",
            mend="Shorten it.",
        )
    if needed and not kept:
        raise Invalid(
            "There is nothing written yet.", field=field, rule="a_text_has_words", mend="Write a sentence."
        )
    return kept


def locked_answer(answer: Answer) -> Answer:
    """The answer as it is now, held until the transaction ends."""
    rows = Answer.objects.select_for_update(of=("self",)).select_related("customer", "entity", "contact")
    return rows.get(pk=answer.pk)


def note(fact: str, answer: Answer, *, actor: User | None, now: datetime, **payload: Any) -> None:
    """The act on the trail, among what happened to the customer. Never the words: they may be erased."""
    record(fact, answer, actor=actor, at=now, customer_id=answer.customer_id, **payload)
