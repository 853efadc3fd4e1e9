"""Causes come again: three times in 30 days make one correction, whoever notes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from entities.models import Entity
from feedback.events import ANSWER_SORTED, CAUSE_NOTED
from feedback.models import Answer, Cause, CauseNote, Improvement
from feedback.operations._common import locked_answer, note
from feedback.operations._improving import propose_improvement
from feedback.rules import CAUSE_TIMES, CAUSE_WINDOW
from team import queries as team
from team.models import User
from trail.operations import record

_DUE_DAYS = 30


@transaction.atomic
def note_cause(
    cause: Cause,
    subject: models.Model,
    *,
    actor: User | None,
    now: datetime,
    entity: Entity | None = None,
    customer_id: int | None = None,
) -> Improvement | None:
    """A dispute, answer or finding has this root cause. The same one again changes nothing.

    With the third in 30 days that no correction answers yet, one is made: returned then, else None. The
    lock on the cause puts those that come at once one after the other.
    """
    cause = Cause.objects.select_for_update().get(pk=cause.pk)
    noted, is_new = CauseNote.objects.get_or_create(
        cause=cause,
        subject_type=ContentType.objects.get_for_model(type(subject)),
        subject_id=subject.pk,
        defaults={"at": now},
    )
    if not is_new:
        return None
    record(CAUSE_NOTED, subject, actor=actor, at=now, customer_id=customer_id, cause=cause.code)
    running = cause.corrections.filter(window_from__lte=now, window_until__gt=now).first()
    if running is not None:
        noted.correction = running
        noted.save(update_fields=["correction"])
        return None
    since = now - CAUSE_WINDOW
    open_notes = cause.notes.filter(at__gt=since, at__lte=now, correction__isnull=True)
    if open_notes.count() < CAUSE_TIMES:
        return None
    made = _correct(cause, entity, actor=actor, now=now)
    open_notes.update(correction=made)
    return made


@transaction.atomic
def set_cause(answer: Answer, cause: Cause | None, *, actor: User, now: datetime) -> Improvement | None:
    """Why what the customer says went wrong. Returns the correction this made, where it did."""
    answer = locked_answer(answer)
    if answer.cause_id == (cause.pk if cause else None):
        return None
    before, answer.cause = answer.cause_id, cause
    answer.save(update_fields=["cause"])
    note(ANSWER_SORTED, answer, actor=actor, now=now, cause=cause.code if cause else "", was=before)
    if cause is None:
        return None
    return note_cause(
        cause, answer, actor=actor, now=now, entity=answer.entity, customer_id=answer.customer_id
    )


def _correct(cause: Cause, entity: Entity | None, *, actor: User | None, now: datetime) -> Improvement:
    owner = team.people_with_role(cause.role).order_by("pk").first() if cause.role else None
    owner = owner or team.people_with_role("lead").order_by("pk").first()
    return propose_improvement(
        title=f"Correct: {cause.name}",
        action=f"It came {CAUSE_TIMES} times in {CAUSE_WINDOW.days} days. Find out why and stop it.",
        due_on=now.date() + timedelta(days=_DUE_DAYS),
        owner=owner,
        sources=[cause],
        entity=entity,
        actor=actor,
        now=now,
        corrects=cause,
        window_from=now,
        window_until=now + CAUSE_WINDOW,
    )
