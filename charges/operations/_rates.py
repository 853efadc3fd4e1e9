"""Entering published rates, and noting that a legal adviser has looked at them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from charges import events, rules
from charges.models import ReferenceRate
from charges.reference import Published
from core.errors import Invalid, Refused
from team.models import User
from trail.operations import record


class RateEnteredBefore(Refused):
    """A rate of this source and day is there already; published rates do not change."""


@transaction.atomic
def enter_rate(
    *, source: str, valid_from: date, rate: Decimal, published: str, actor: User | None, now: datetime
) -> ReferenceRate:
    """Enter a published rate. It says where it is published, and waits to be reviewed."""
    if source not in rules.SOURCES:
        raise Invalid(
            "Choose who publishes the rate.", field="source", rule="a_reference_rate_has_a_publisher"
        )
    if not -10 < rate < 100:
        raise Invalid(
            f"{rate} is no plausible rate.", field="rate", rule="a_reference_rate_is_a_plausible_percent"
        )
    if source in rules.HALF_YEARS and (valid_from.day, valid_from.month) not in {(1, 1), (1, 7)}:
        raise Invalid(
            "This rate is read on 1 January and 1 July; it holds for the half-year.",
            field="valid_from",
            rule="a_half_year_begins_in_january_or_july",
            mend="Enter the first day of the half-year.",
        )
    if not published.strip():
        raise Invalid("Say where it is published.", field="published", rule="a_reference_rate_has_a_source")
    row = ReferenceRate(
        source=source,
        valid_from=valid_from,
        rate=rate,
        published=published.strip()[:200],
        entered_by=actor,
        entered_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as fault:
        raise RateEnteredBefore(
            f"The rate of {rules.SOURCES[source]} from {valid_from.isoformat()} is entered.",
            field="valid_from",
            rule="a_reference_rate_has_one_value_per_day",
        ) from fault
    record(events.RATE_ENTERED, row, actor=actor, at=now, source=source, valid_from=valid_from, rate=rate)
    return row


@transaction.atomic
def note_review(
    rate: ReferenceRate, *, reviewed_on: date, reviewed_by: str, actor: User, now: datetime
) -> ReferenceRate:
    """Note that a legal adviser confirmed the rate and its use."""
    rate = ReferenceRate.objects.select_for_update(of=("self",)).get(pk=rate.pk)
    if not reviewed_by.strip():
        raise Invalid("Say who reviewed it.", field="reviewed_by", rule="a_review_names_the_reviewer")
    if reviewed_on > now.date():
        raise Invalid("The review is not over yet.", field="reviewed_on", rule="a_review_is_over")
    rate.reviewed_on, rate.reviewed_by = reviewed_on, reviewed_by.strip()[:120]
    rate.save(update_fields=["reviewed_on", "reviewed_by"])
    record(events.RATE_REVIEWED, rate, actor=actor, at=now, reviewed_on=reviewed_on, reviewed_by=reviewed_by)
    return rate


@transaction.atomic
def load_rates(rates: Iterable[Published], *, actor: User | None, now: datetime) -> int:
    """Enter the rates we ship that are not there yet; returns how many. Safe to repeat."""
    known = set(ReferenceRate.objects.values_list("source", "valid_from"))
    rows = [row for row in rates if (row.source, row.valid_from) not in known]
    ReferenceRate.objects.bulk_create(
        [ReferenceRate(**row._asdict(), entered_by=actor, entered_at=now) for row in rows],
        ignore_conflicts=True,
    )
    return len(rows)
