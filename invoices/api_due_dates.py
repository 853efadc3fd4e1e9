"""Later due dates over the API: asked for, decided, read."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from core.rest.fields import Day, Input, Text, Whole
from core.rest.lookup import at_address
from core.rest.paging import Listing
from invoices import operations, queries
from invoices.api_shapes import ReasonIn
from invoices.models import DueDateMove
from team.endpoints import Call, act

VIEW, MOVE, DECIDE = "invoices.view_invoice", "invoices.move_due_date", "work.decide_approval"


class DueDateIn(Input):
    """The later day, why, and of which instalment; without a number it is the one due next."""

    to = Day()
    reason = Text(max_length=300)
    instalment = Whole(required=False, max_value=1000)


class DueDateOut(serializers.Serializer[Any]):
    """A later due day of an issued document, as it was asked for and decided."""

    id = serializers.IntegerField()
    invoice = serializers.IntegerField(source="invoice_id")
    instalment = serializers.IntegerField(source="instalment.number")
    from_on = serializers.DateField()
    to_on = serializers.DateField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(DueDateMove.State.choices)
    requested_at = serializers.DateTimeField()


@act("GET", VIEW, answers=DueDateOut, paged=True)
def list_due_dates(request: Call, pk: int) -> Listing:
    """The later due days asked for an invoice, the newest first."""
    invoice = at_address(queries.visible_to(request.user), pk=pk)
    rows = queries.due_date_moves_visible_to(request.user).filter(invoice=invoice)
    return Listing(rows, "-id", {"id": "id"})


@act("POST", MOVE, takes=DueDateIn, answers=DueDateOut, status=201, key="needed", at="invoice")
def ask_due_date(request: Call, data: dict[str, Any], pk: int) -> DueDateMove:
    """Ask for a later due day. `state` is `moved` where no second person is needed, else `pending`."""
    invoice = at_address(queries.visible_to(request.user), pk=pk)
    return operations.ask_due_date(
        invoice,
        data["to"],
        reason=data["reason"],
        number=data.get("instalment"),
        actor=request.user,
        now=timezone.now(),
    )


@act("POST", DECIDE, answers=DueDateOut)
def approve_due_date(request: Call, pk: int) -> DueDateMove:
    """Agree to a later due day; it holds from now on, and the customer is told."""
    return operations.approve_due_date(_move(request, pk), actor=request.user, now=timezone.now())


@act("POST", DECIDE, takes=ReasonIn, answers=DueDateOut)
def reject_due_date(request: Call, data: dict[str, Any], pk: int) -> DueDateMove:
    """Leave the due day as it is, with a reason."""
    reason = data.get("reason", "")
    return operations.reject_due_date(
        _move(request, pk), actor=request.user, now=timezone.now(), reason=reason
    )


def _move(request: Call, pk: int) -> DueDateMove:
    return at_address(queries.due_date_moves_visible_to(request.user), pk=pk)
