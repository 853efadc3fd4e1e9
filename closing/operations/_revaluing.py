"""Posting the open foreign items of a month at its closing rate, and taking that back on the next day."""

from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max

from closing import queries, rules
from closing.events import MONTH_REVALUED
from closing.models import Revaluation
from closing.queries import CurrencyChange
from core.errors import Refused
from entities.models import Entity
from entities.queries import local_day
from ledger import operations as ledger
from ledger.day_end import REVALUATION_REVERSED, REVALUED, ForeignItem
from ledger.models import OpenItem
from ledger.periods import closing_work
from ledger.rules import Item, Leg, Rate, revalue, reverse
from team.models import User
from trail.operations import record


class MonthNotOver(Refused):
    """The month goes on; its closing rate is not known."""


@transaction.atomic
def revalue_month(entity: Entity, month: date, *, actor: User | None, now: datetime) -> list[Revaluation]:
    """Post what the closing rate changes since the last run: nothing when nothing did. One row a currency."""
    month = month.replace(day=1)
    Entity.objects.select_for_update(no_key=True).get(pk=entity.pk)
    if local_day(entity, now) <= rules.last_of(month):
        raise MonthNotOver(
            f"{month:%B %Y} has not ended at {entity}.",
            field="month",
            rule="a_month_is_revalued_when_it_is_over",
            mend=f"Revalue it from {rules.first_of_next(month)} on.",
        )
    changes = [change for change in queries.revaluation_of(entity, month) if change.changed]
    with closing_work():
        made = [_post(entity, month, change, actor=actor, now=now) for change in changes]
    for row in made:
        record(
            MONTH_REVALUED,
            row,
            actor=actor,
            at=now,
            month=month,
            currency=row.currency,
            rate=row.rate,
            items=row.items,
            gain=row.gain,
        )
    return made


def _post(
    entity: Entity, month: date, change: CurrencyChange, *, actor: User | None, now: datetime
) -> Revaluation:
    before = Revaluation.objects.filter(entity=entity, month=month, currency=change.currency)
    row = Revaluation.objects.create(
        entity=entity,
        month=month,
        currency=change.currency,
        run=(before.aggregate(last=Max("run"))["last"] or 0) + 1,
        rate=change.rate.rate,
        rate_on=change.rate.on,
        rate_source=change.rate.source,
        items=len(change.changed),
        gain=change.gain,
        made_by=actor,
        made_at=now,
    )
    legs = _legs(entity, change)
    items = {
        item.pk: item for item in OpenItem.objects.filter(pk__in=[one.item.id for one in change.changed])
    }
    named = {str(pk): item for pk, item in items.items()}

    def posting(on: date, kind: str, text: str, legs: list[Leg]) -> ledger.Posting:
        return ledger.Posting(
            entity_id=entity.pk,
            customer_id=None,
            currency=change.currency,
            on=on,
            kind=kind,
            source=ledger.Source("revaluation", row.pk, f"{kind}:{row.pk}"),
            text=text,
            legs=legs,
            items=named,
        )

    words = f"{change.currency} of {month:%B %Y} at {change.rate.rate.normalize():f}"
    entry = posting(rules.last_of(month), REVALUED, f"Revaluation of {words}", legs)
    [row.entry] = ledger.post([entry], actor=actor, now=now)
    back = posting(
        rules.first_of_next(month), REVALUATION_REVERSED, f"Revaluation reversed: {words}", reverse(legs)
    )
    [row.reversal] = ledger.post([replace(back, reverses=row.entry)], actor=actor, now=now)
    row.save(update_fields=["entry", "reversal"])
    return row


def _legs(entity: Entity, change: CurrencyChange) -> list[Leg]:
    rate = Rate(change.currency, entity.functional_currency, change.rate.rate)
    items = [one.item for one in change.changed]
    return revalue(
        [_item(one) for one in items if one.side == OpenItem.Side.DEBIT],
        rate,
        owed=[_item(one) for one in items if one.side == OpenItem.Side.CREDIT],
    )


def _item(one: ForeignItem) -> Item:
    return Item(one.amount, one.functional_amount, one.open_amount, one.carried, ref=str(one.id))
