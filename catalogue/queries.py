"""Reading the price list and the dated tax rates."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Q, QuerySet

from catalogue.decisions import Facts, TaxDecision, in_force, rate_row, tax_of
from catalogue.models import Item, Price, TaxRate

__all__ = [
    "Facts",
    "TaxDecision",
    "items",
    "price_of",
    "prices_of",
    "prices_on",
    "rate_row",
    "tax_of",
    "tax_rates",
    "unreviewed",
]


def items(*, text: str = "", active_only: bool = False) -> QuerySet[Item]:
    """The price list by code; `text` is looked for in code, name and detail."""
    rows = Item.objects.order_by("code")
    if active_only:
        rows = rows.filter(is_active=True)
    if text:
        rows = rows.filter(Q(code__icontains=text) | Q(name__icontains=text) | Q(detail__icontains=text))
    return rows


def price_of(item: Item, currency: str, on: date) -> Decimal | None:
    """The unit price in force on the day, before tax; None when the item has none in this currency."""
    row = item.prices.filter(in_force(on), currency=currency).first()
    return row.unit_price if row is not None else None


# Asked for every line of every draft, and always the same: nothing is compiled.
_PRICES = """
SELECT item_id, unit_price FROM catalogue_price
WHERE item_id = ANY(%s) AND currency = %s AND valid_from <= %s AND (valid_to IS NULL OR valid_to >= %s)
"""


def prices_of(items: Iterable[int], currency: str, on: date) -> dict[int, Decimal]:
    """`price_of` of many items by their ids, in one query; those without a price are left out."""
    with connection.cursor() as cursor:
        cursor.execute(_PRICES, [list(items), currency, on, on])
        return dict(cursor.fetchall())


def prices_on(on: date) -> QuerySet[Price]:
    """Every price in force on the day, by item and currency."""
    return Price.objects.filter(in_force(on)).order_by("item_id", "currency")


def tax_rates(*, country: str = "", on: date | None = None) -> QuerySet[TaxRate]:
    """Rates by country, state and class; only those in force when `on` is given."""
    rows = TaxRate.objects.order_by("country", "state_code", "tax_class", "-valid_from")
    if country:
        rows = rows.filter(country=country)
    return rows.filter(in_force(on)) if on is not None else rows


def unreviewed(on: date) -> QuerySet[TaxRate]:
    """Rates in force that no legal adviser has confirmed yet."""
    return TaxRate.objects.filter(in_force(on), reviewed_on=None)
