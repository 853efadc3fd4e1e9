"""The price list over the API."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework import serializers

from catalogue import operations, queries
from catalogue.models import Item, TaxClass
from core.rest.fields import Amount, Choice, Day, Flag, Input, Query, Text, UnitPrice, many
from core.rest.lookup import at_address
from core.rest.paging import Listing
from team.endpoints import Call, act

VIEW, EDIT = "catalogue.view_item", "catalogue.edit_item"


class PriceOut(serializers.Serializer[Any]):
    """What one unit costs in a currency over a range of days, before tax."""

    currency = serializers.CharField()
    unit_price = UnitPrice(currency="currency")
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True)


class ItemOut(serializers.Serializer[Any]):
    """Something on the price list."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    detail = serializers.CharField()
    kind = serializers.CharField()
    unit = serializers.CharField()
    tax_class = serializers.CharField()
    exemption_reason = serializers.CharField()
    vatex = serializers.CharField()
    hsn = serializers.CharField()
    allows_negative = serializers.BooleanField()
    is_active = serializers.BooleanField()
    prices = PriceOut(many=True, source="prices.all")
    lock_version = serializers.IntegerField()


class PriceIn(Input):
    """A price from a day on."""

    currency = Text(max_length=3)
    unit_price = Amount(help_text="Before tax, with up to six decimals.")
    valid_from = Day()


class ItemEdit(Input):
    """What can be changed of an item; documents keep what they were written with."""

    name = Text(required=False, max_length=200)
    detail = Text(required=False, allow_blank=True, max_length=300)
    kind = Choice(Item.Kind.choices, required=False)
    unit = Text(required=False, max_length=12)
    tax_class = Choice(TaxClass.choices, required=False)
    exemption_reason = Text(required=False, allow_blank=True, max_length=120)
    vatex = Text(required=False, allow_blank=True, max_length=30)
    hsn = Text(required=False, allow_blank=True, max_length=8)
    allows_negative = Flag(required=False)
    is_active = Flag(required=False)


class ItemIn(ItemEdit):
    """A new item; its first prices may come with it."""

    code = Text(max_length=30)
    name = Text(max_length=200)
    prices = many(PriceIn, required=False, most=20)


class ItemsQuery(Query):
    """Narrowing the price list."""

    q = serializers.CharField(required=False, max_length=100, help_text="Part of code, name or detail.")
    active = serializers.BooleanField(required=False, default=False, help_text="Only what can be sold now.")


@act("GET", VIEW, answers=ItemOut, query=ItemsQuery, paged=True)
def list_items(request: Call, query: dict[str, Any]) -> Listing:  # noqa: ARG001 (every act gets it)
    """The price list by code."""
    rows = queries.items(text=query.get("q", ""), active_only=query["active"])
    return Listing(rows.prefetch_related("prices").order_by(), "code", {"code": "code"})


@act(
    "POST",
    EDIT,
    takes=ItemIn,
    answers=ItemOut,
    status=201,
    at="item",
    examples={
        "Consulting": {
            "code": "CONS-1",
            "name": "Consulting hour",
            "unit": "h",
            "prices": [{"currency": "EUR", "unit_price": "120", "valid_from": "2026-01-01"}],
        }
    },
)
@transaction.atomic
def create_item(request: Call, data: dict[str, Any]) -> Item:
    """Add something to the price list."""
    prices = data.pop("prices", [])
    now = timezone.now()
    item = operations.add_item(**data, actor=request.user, now=now)
    for price in prices:
        operations.set_price(item, **price, actor=request.user, now=now)
    return item


@act("GET", VIEW, answers=ItemOut)
def get_item(request: Call, pk: int) -> Item:  # noqa: ARG001 (every act gets it)
    """One item with its prices."""
    return at_address(Item.objects.prefetch_related("prices"), pk=pk)


@act("PATCH", EDIT, takes=ItemEdit, answers=ItemOut, edits=True)
def edit_item(request: Call, data: dict[str, Any], pk: int, version: int) -> Item:
    """Change an item. Fields left out stay."""
    item = at_address(Item.objects.all(), pk=pk)
    return operations.edit_item(
        item, actor=request.user, now=timezone.now(), expected_version=version, **data
    )
