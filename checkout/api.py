"""Online payments over the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from checkout import operations, queries
from checkout.models import Checkout
from core.rest.fields import Amount, Query
from core.rest.lookup import at_address
from core.rest.paging import Listing
from team.endpoints import Call, act

VIEW, ACT = "payments.view_payment", "payments.record_payment"


class OnlinePaymentOut(serializers.Serializer[Any]):
    """One hosted page: `unknown` until the gateway says what became of it; `payment` is the receipt."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    customer = serializers.IntegerField(source="customer_id")
    invoice = serializers.IntegerField(source="invoice_id")
    amount = Amount(currency="currency")
    currency = serializers.CharField()
    state = serializers.ChoiceField(Checkout.State.choices)
    gateway = serializers.CharField()
    gateway_id = serializers.CharField(allow_null=True)
    payment = serializers.IntegerField(source="payment_id", allow_null=True)
    reason = serializers.CharField()
    begun_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


class OnlinePaymentsQuery(Query):
    """Narrowing the list."""

    state = serializers.ChoiceField(Checkout.State.choices, required=False)


@act("GET", VIEW, answers=OnlinePaymentOut, query=OnlinePaymentsQuery, paged=True)
def list_online_payments(request: Call, query: dict[str, Any]) -> Listing:
    """Online payments, the newest first."""
    return Listing(queries.visible_to(request.user).filter(**query), "-begun", {"begun": "begun_at"})


@act("GET", VIEW, answers=OnlinePaymentOut)
def get_online_payment(request: Call, pk: int) -> Checkout:
    """One online payment."""
    return at_address(queries.visible_to(request.user), pk=pk)


@act("POST", ACT, answers=OnlinePaymentOut)
def ask_about_online_payment(request: Call, pk: int) -> Checkout:
    """Ask the gateway now what became of it."""
    row = at_address(queries.visible_to(request.user), pk=pk)
    return operations.ask_again(row, now=timezone.now())
