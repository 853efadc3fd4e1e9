"""Late charges over the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from charges import operations, queries, rules
from charges.models import Charge
from core.rest.fields import Amount, Choice, Day, Input, Query
from core.rest.lookup import at_address
from core.rest.paging import Listing
from invoices.queries import visible_to as visible_invoices
from team.endpoints import Call, act

VIEW, CHARGE = "charges.view_charges", "charges.charge_late"


class WorkingOut(serializers.Serializer[Any]):
    """One row of the working: days, principal, percent a year, amount."""

    start = serializers.DateField()
    end = serializers.DateField()
    days = serializers.IntegerField()
    principal = serializers.CharField()
    percent = serializers.CharField()
    amount = serializers.CharField()


class ChargePartOut(serializers.Serializer[Any]):
    """What of a charge is for one instalment."""

    instalment = serializers.IntegerField(source="instalment.number")
    due_on = serializers.DateField(source="instalment.due_on")
    amount = Amount(currency=lambda part: part.charge.currency)
    correction = Amount(
        currency=lambda part: part.charge.currency, help_text="Of days charged before, as known today."
    )
    working = WorkingOut(many=True)


class LateChargeOut(serializers.Serializer[Any]):
    """Late interest up to a day, fixed sums or a reminder's fee, and the debit note that asks for it."""

    id = serializers.IntegerField()
    invoice = serializers.IntegerField(source="invoice_id")
    document = serializers.IntegerField(source="document_id", help_text="The debit note, among invoices.")
    number = serializers.CharField(source="document.number", allow_null=True)
    customer = serializers.IntegerField(source="customer_id")
    kind = serializers.ChoiceField(Charge.Kind.choices)
    until = serializers.DateField()
    step = serializers.IntegerField(
        allow_null=True, help_text="The reminder step that charged it, in days from the due day."
    )
    currency = serializers.CharField()
    amount = Amount(currency="currency", help_text="Without tax.")
    legal_basis = serializers.CharField()
    made_at = serializers.DateTimeField()
    parts = ChargePartOut(many=True)


class ChargesQuery(Query):
    """Narrowing the list of charges."""

    state = serializers.ChoiceField(["open", "waiting", "waiver", "settled"], required=False)


class LateChargeIn(Input):
    """What to charge, for the days up to `on`."""

    kind = Choice(choices=rules.KINDS)
    on = Day()


@act("GET", VIEW, answers=LateChargeOut, query=ChargesQuery, paged=True)
def list_charges(request: Call, query: dict[str, Any]) -> Listing:
    """Late charges, newest first."""
    rows = queries.listing(request.user, state=query.get("state", ""))
    return Listing(rows.prefetch_related("parts__instalment"), "-id", {"id": "id"})


@act("GET", VIEW, answers=LateChargeOut)
def get_charge(request: Call, pk: int) -> Charge:
    """One charge with its working."""
    return at_address(queries.visible_to(request.user), pk=pk)


@act("POST", CHARGE, takes=LateChargeIn, answers=LateChargeOut, status=201, at="charge", key="needed")
def charge_late(request: Call, data: dict[str, Any], pk: int) -> Charge:
    """Charge an invoice that was paid late.

    The same days are charged once. Refused where law, policy or the state of the debt forbids it.
    """
    invoice = at_address(visible_invoices(request.user), pk=pk)
    return operations.charge_late(invoice, **data, actor=request.user, now=timezone.now())
