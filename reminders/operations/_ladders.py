"""A ladder agreed apart for a customer or a segment."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from core.errors import Invalid, Refused
from customers.models import Customer, Segment
from policies.rules import from_json, to_json
from reminders.events import LADDER_SET
from reminders.models import Ladder
from team.models import User
from trail.operations import record


class LadderNotSet(Invalid):
    """What was asked for is no ladder: no reason, nobody it is for, days the wrong way round."""


@transaction.atomic
def set_ladder(
    whose: Customer | Segment,
    *,
    steps: Sequence[dict[str, Any]],
    reason: str,
    valid_from: date,
    valid_to: date | None = None,
    actor: User | None,
    now: datetime,
) -> Ladder:
    """From that day on, `whose` reminders follow these steps; no steps: no reminders at all.

    `steps` as a payment policy has them (`policies.clauses`), refused by the same rules. The one that holds
    until then ends the day before; one that begins on the same day is replaced.
    """
    if not reason.strip():
        raise LadderNotSet(
            "Say why this ladder was agreed.",
            field="reason",
            rule="a_ladder_has_a_reason",
            mend="Name the agreement or who asked for it.",
        )
    if valid_to is not None and valid_to < valid_from:
        raise LadderNotSet(
            "The ladder would end before it begins.",
            field="valid_to",
            rule="a_ladder_ends_after_it_begins",
            mend="Choose a later last day, or none.",
        )
    clean = to_json(from_json({"ladder": list(steps)}))["ladder"]
    own = {"customer": whose} if isinstance(whose, Customer) else {"segment": whose}
    type(whose).objects.select_for_update(of=("self",)).get(pk=whose.pk)
    Ladder.objects.filter(**own, valid_from=valid_from).delete()
    before = Ladder.objects.filter(**own, valid_from__lt=valid_from).order_by("-valid_from").first()
    if before is not None and (before.valid_to is None or before.valid_to >= valid_from):
        before.valid_to = valid_from - timedelta(days=1)
        before.save(update_fields=["valid_to"])
    row = Ladder.objects.create(
        **own,
        steps=clean,
        reason=reason.strip(),
        valid_from=valid_from,
        valid_to=valid_to,
        set_by=actor,
        set_at=now,
    )
    record(
        LADDER_SET,
        whose,
        actor=actor,
        at=now,
        customer_id=whose.pk if isinstance(whose, Customer) else None,
        ladder=row.pk,
        steps=[step["day"] for step in clean],
        reason=row.reason,
        valid_from=valid_from,
        valid_to=valid_to,
    )
    return row


@transaction.atomic
def end_ladder(ladder: Ladder, *, on: date, actor: User | None, now: datetime) -> Ladder:
    """The last day of a ladder agreed apart; from the next on the policy's holds again."""
    row = (
        Ladder.objects.select_for_update(of=("self",)).select_related("customer", "segment").get(pk=ladder.pk)
    )
    if row.valid_to is not None and row.valid_to <= on:
        raise Refused("This ladder has ended before.", rule="a_ladder_is_ended_once")
    if on < row.valid_from:
        raise LadderNotSet(
            "It would end before it begins.",
            field="valid_to",
            rule="a_ladder_ends_after_it_begins",
            mend=f"Choose {row.valid_from.isoformat()} or later.",
        )
    row.valid_to = on
    row.save(update_fields=["valid_to"])
    whose = row.customer or row.segment
    if whose is not None:
        record(
            LADDER_SET, whose, actor=actor, at=now, customer_id=row.customer_id, ladder=row.pk, valid_to=on
        )
    return row
