"""Exchange rates as published."""

from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from core.errors import Invalid, Refused
from core.money import exponent
from entities import events
from entities.models import ExchangeRate
from team.models import User
from trail.operations import record


@transaction.atomic
def enter_rate(
    *,
    currency: str,
    functional: str,
    on: date,
    rate: Decimal,
    source: str,
    actor: User | None,
    now: datetime,
) -> ExchangeRate:
    """A published rate: functional units for one unit of the currency. A day's rate is entered once."""
    exponent(currency), exponent(functional)
    if currency == functional:
        raise Invalid(
            "The two currencies are the same.", field="currency", rule="a_rate_joins_two_currencies"
        )
    if rate <= 0:
        raise Invalid("A rate is above zero.", field="rate", rule="a_rate_is_positive")
    if not source.strip():
        raise Invalid("Name the source.", field="source", rule="a_rate_has_a_source", mend="For example ECB.")
    try:
        with transaction.atomic():
            row = ExchangeRate.objects.create(
                currency=currency, functional=functional, on=on, rate=rate, source=source.strip()
            )
    except IntegrityError as fault:
        raise Refused(
            f"The rate of {currency} in {functional} for {on.isoformat()} is entered already.",
            field="on",
            rule="one_rate_per_pair_and_day",
            mend="Documents may rest on it; enter the next day's rate.",
        ) from fault
    record(events.RATE_ENTERED, row, actor=actor, at=now, rate=rate, source=row.source)
    return row
