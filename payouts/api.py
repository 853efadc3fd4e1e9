"""Payment files over the API. Deciding about one, and taking it, stay with people who sign in."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from core.errors import Invalid
from core.rest.fields import Amount, Day, Input, Text, Whole
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from entities import queries as entities
from payments import queries as payments
from payouts import operations, queries
from payouts.models import PaymentFile
from team.endpoints import Call, act

VIEW, PAY = "payments.view_payment", "payments.refund_payment"


class TransferOut(serializers.Serializer[Any]):
    """One refund in a file."""

    refund = serializers.IntegerField(source="refund_id")
    end_to_end = serializers.CharField()
    amount = serializers.DecimalField(max_digits=19, decimal_places=2)
    is_dropped = serializers.BooleanField()


class PaymentFileOut(serializers.Serializer[Any]):
    """Refunds paid from one account; `sha256` is that of the file once it is approved."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="account.entity.code")
    message_id = serializers.CharField()
    state = serializers.ChoiceField(PaymentFile.State.choices)
    execute_on = serializers.DateField()
    total = Amount(currency="account.currency")
    sha256 = serializers.CharField()
    planned_at = serializers.DateTimeField()
    executed_on = serializers.DateField(allow_null=True)
    transfers = TransferOut(many=True)


class PaymentFileIn(Input):
    """Approved refunds of one company, and the day the bank pays them."""

    entity = Text(max_length=12, help_text="The company's code.")
    refunds = serializers.ListField(child=Whole(), max_length=500)
    execute_on = Day()


@act("GET", VIEW, answers=PaymentFileOut, paged=True)
def list_payment_files(request: Call) -> Listing:
    """Payment files, the newest first."""
    rows = queries.visible_to(request.user).prefetch_related("transfers")
    return Listing(rows, "-planned", {"planned": "planned_at"})


@act("GET", VIEW, answers=PaymentFileOut)
def get_payment_file(request: Call, pk: int) -> PaymentFile:
    """One payment file."""
    return at_address(queries.visible_to(request.user), pk=pk)


@act("POST", PAY, takes=PaymentFileIn, answers=PaymentFileOut, status=201, key="needed", at="payment_file",
     examples={"Two refunds": {"entity": "NWE", "refunds": [7, 9], "execute_on": "2026-11-30"}})  # fmt: skip
def plan_payment_file(request: Call, data: dict[str, Any]) -> PaymentFile:
    """Put refunds into a file that waits for a second person."""
    entity = named(entities.visible_to(request.user), field="entity", what="company", code=data["entity"])
    account = queries.account_of(entity)
    if account is None:
        raise Invalid(
            f"{entity} has no account in euros.",
            field="entity",
            rule="sepa_pays_in_euros",
            mend="Add one.",
        )
    visible = payments.refunds_visible_to(request.user)
    refunds = [named(visible, field="refunds", what="refund", pk=pk) for pk in data["refunds"]]
    return operations.plan_file(
        account, refunds, execute_on=data["execute_on"], actor=request.user, now=timezone.now()
    )
