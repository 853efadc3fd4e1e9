"""The colleagues' box. An anonymous suggestion leaves no trace of who made it, nor of when: docs/adr/0013."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from django.db import IntegrityError, transaction

from core.errors import Invalid, Refused
from feedback.events import ANSWER_SORTED, SUGGESTION_ANSWERED, SUGGESTION_MADE, SUGGESTION_SORTED
from feedback.models import Answer, Suggestion, Theme
from feedback.operations._common import clean_words, locked_answer, note
from feedback.rules import may_become
from team.models import User
from trail.operations import record

State = Suggestion.State


class SuggestionMoved(Refused):
    """The suggestion is in a state that does not allow this."""


@transaction.atomic
def make_suggestion(*, body: str, once: str, author: User | None, on: date) -> Suggestion:
    """Put a suggestion into the box; `author` None is anonymous, and then nothing says who it was.

    Of the time only the day is kept. An anonymous one has no entry on the trail, whose number would stand
    between two known times. `once` is a random mark: sent twice, it is the same suggestion.
    """
    words = clean_words(body, field="body", needed=True)
    if not once:
        raise Invalid("The form has lost its mark.", field="once", rule="a_form_has_a_mark")
    row = Suggestion(body=words, is_anonymous=author is None, author=author, made_on=on, once=once)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return Suggestion.objects.get(once=once)
    if author is not None:
        record(SUGGESTION_MADE, row, actor=author, at=datetime.combine(on, time(12), UTC))
    return row


@transaction.atomic
def answer_suggestion(
    suggestion: Suggestion, *, state: str, reply: str, actor: User, now: datetime
) -> Suggestion:
    """Thank for it and say what becomes of it. Everybody reads the reply."""
    row = Suggestion.objects.select_for_update(of=("self",)).get(pk=suggestion.pk)
    if state not in State.values or not may_become(row.state, state):
        raise SuggestionMoved(
            f"What is {row.get_state_display().lower()} does not become that.",
            field="state",
            rule="a_suggestion_follows_its_states",
        )
    words = clean_words(reply, field="reply", needed=state != State.LOOKED_AT)
    before = row.state
    row.state, row.reply, row.replied_by, row.replied_at = state, words or row.reply, actor, now
    row.save(update_fields=["state", "reply", "replied_by", "replied_at"])
    record(SUGGESTION_ANSWERED, row, actor=actor, at=now, changes={"state": (before, state)})
    return row


@transaction.atomic
def set_themes(about: Answer | Suggestion, themes: Sequence[Theme], *, actor: User, now: datetime) -> None:
    """What an answer or a suggestion is about; replaces what was said before."""
    if isinstance(about, Answer):
        answer = locked_answer(about)
        answer.themes.set(themes)
        note(ANSWER_SORTED, answer, actor=actor, now=now, themes=[one.code for one in themes])
        return
    about.themes.set(themes)
    record(SUGGESTION_SORTED, about, actor=actor, at=now, themes=[one.code for one in themes])
