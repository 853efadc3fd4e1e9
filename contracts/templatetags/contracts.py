"""Looking a value up by a key that only the row knows."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def number_of(numbers: Mapping[int, str], key: int) -> str:
    """The number of a contract."""
    return numbers.get(key, "")


@register.filter
def net_of(totals: Mapping[str, Mapping[str, Any]], currency: str) -> str:
    """What a run came to in a currency; "0" when it billed nothing in it."""
    return str(totals.get(currency, {}).get("net", "0"))
