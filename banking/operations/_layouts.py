"""Saying once how a bank writes its table, and how sure a match must be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from banking import events, reading
from banking.matching import AUTOMATIC
from banking.models import SUREST, Layout, Matching
from core.cells import ORDERS
from core.errors import Invalid
from core.money import amount
from entities.models import BankAccount, Entity
from team.models import User
from trail.operations import record


@transaction.atomic
def save_layout(
    account: BankAccount,
    columns: Mapping[str, str],
    *,
    day_order: str,
    decimal: str,
    actor: User,
    now: datetime,
) -> Layout:
    """Remember the columns of an account's CSV; refused where the day or the amount has none."""
    unknown = set(columns) - set(reading.FIELDS)
    if unknown:
        raise Invalid(
            f"A line has no field “{min(unknown)}”.",
            field="columns",
            rule="columns_are_named",
            mend="Leave it out.",
        )
    chosen = {name: head for name, head in columns.items() if head}
    if "booked_on" not in chosen or not ("amount" in chosen or {"amount_in", "amount_out"} <= set(chosen)):
        raise Invalid(
            "Say which column is the booking day, and which the amount (or both amount in and amount out).",
            field="columns",
            rule="columns_are_named",
            mend="Choose the columns.",
        )
    if day_order not in ORDERS or decimal not in (".", ","):
        raise Invalid(
            "Say how days and amounts are written.",
            field="day_order",
            rule="order_of_days_is_known",
            mend="Choose the order of days and the decimal mark.",
        )
    layout, _ = Layout.objects.update_or_create(
        account=account,
        defaults={
            "columns": chosen,
            "day_order": day_order,
            "decimal": decimal,
            "saved_by": actor,
            "saved_at": now,
        },
    )
    record(events.LAYOUT_SAVED, layout, actor=actor, at=now, account=account.pk, columns=chosen)
    return layout


@transaction.atomic
def save_matching(
    entity: Entity, *, automatic: int, most_fee: Decimal, actor: User, now: datetime
) -> Matching:
    """Say how sure a match must be at a company to be booked without asking; never less than `AUTOMATIC`."""
    if not AUTOMATIC <= automatic <= SUREST:
        raise Invalid(
            f"A score of {automatic} is a guess or never reached.",
            field="automatic",
            rule="a_match_is_never_booked_on_a_guess",
            mend=f"Choose {AUTOMATIC} to {SUREST}.",
        )
    most_fee = amount(most_fee, entity.functional_currency, field="most_fee")
    if most_fee < 0:
        raise Invalid(
            "A bank keeps nothing or more.",
            field="most_fee",
            rule="a_bank_keeps_no_less_than_nothing",
            mend="Enter 0 to book no fee by itself.",
        )
    matching, _ = Matching.objects.update_or_create(
        entity=entity, defaults={"automatic": automatic, "most_fee": most_fee}
    )
    record(events.MATCHING_SAVED, matching, actor=actor, at=now, automatic=automatic, most_fee=most_fee)
    return matching
