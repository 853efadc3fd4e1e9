"""Reminder decisions, pauses and the forecast over the API."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from core.rest.fields import Amount, Choice, Day, Input, Query, Text, Whole
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from customers.queries import visible_to as visible_customers
from entities.queries import local_day
from invoices.queries import visible_to as visible_invoices
from reminders import operations, queries
from reminders.models import Decision, Pause
from reminders.words import in_words
from team.endpoints import Call, act

VIEW, PAUSE = "reminders.view_reminder", "reminders.pause_reminder"
_ID = {"required": False, "min_value": 1, "max_value": 2**53}


class DecisionOut(serializers.Serializer[Any]):
    """What holds for one open item from `first_on` to `last_on`, by which rule; steps are days from due."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    customer = serializers.IntegerField(source="customer_id")
    invoice = serializers.IntegerField(source="invoice_id")
    number = serializers.CharField(source="invoice.number")
    item = serializers.IntegerField(source="item_id")
    first_on = serializers.DateField()
    last_on = serializers.DateField()
    outcome = serializers.ChoiceField(Decision.Outcome.choices)
    rule = serializers.CharField()
    why = serializers.SerializerMethodField()
    step = serializers.IntegerField(allow_null=True)
    tone = serializers.IntegerField(allow_null=True)
    next_step = serializers.IntegerField(allow_null=True)
    next_on = serializers.DateField(allow_null=True)
    currency = serializers.CharField()
    asked = Amount(currency="currency")

    def get_why(self, row: Decision) -> str:
        """The rule as a sentence."""
        return in_words(row.rule)


class PauseOut(serializers.Serializer[Any]):
    """Why a customer, or some invoices of theirs, are not reminded. No invoices: everything."""

    id = serializers.IntegerField()
    customer = serializers.IntegerField(source="customer_id")
    invoices = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(Pause.Kind.choices)
    reason = serializers.CharField()
    from_on = serializers.DateField()
    until = serializers.DateField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)

    def get_invoices(self, row: Pause) -> list[int]:
        """Ids of the paused invoices."""
        return [invoice.pk for invoice in row.invoices.all()]


class ComingOut(serializers.Serializer[Any]):
    """A step that will be taken if nothing happens until then."""

    on = serializers.DateField()
    customer = serializers.IntegerField()
    invoice = serializers.IntegerField()
    step = serializers.IntegerField()
    tone = serializers.IntegerField()
    channel = serializers.CharField()
    situation = serializers.CharField()
    currency = serializers.CharField()
    asked = Amount(currency="currency")


class ForecastOut(serializers.Serializer[Any]):
    """What will be sent to one customer, day by day."""

    steps = ComingOut(many=True)


class DecisionsQuery(Query):
    """Narrowing the decisions."""

    invoice = serializers.IntegerField(**_ID)  # type: ignore[arg-type]
    customer = serializers.IntegerField(**_ID)  # type: ignore[arg-type]
    on = Day(required=False, help_text="Those that cover this day.")
    outcome = serializers.ChoiceField(Decision.Outcome.choices, required=False)


class PausesQuery(Query):
    """Narrowing the pauses."""

    customer = serializers.IntegerField(**_ID)  # type: ignore[arg-type]


class ForecastQuery(Query):
    """Whose forecast, and how far."""

    customer = serializers.IntegerField(min_value=1, max_value=2**53)
    days = serializers.IntegerField(required=False, min_value=1, max_value=120)


class PauseIn(Input):
    """A pause by hand."""

    customer = Whole()
    invoice = Whole(required=False, help_text="Only this one; left out: everything.")
    kind = Choice(
        [(str(kind.value), str(kind.label)) for kind in Pause.Kind if kind.value not in ("promise", "plan")],
        required=False,
    )
    reason = Text(max_length=300)
    until = Day(required=False, help_text="The last day without reminders.")


@act("GET", VIEW, answers=DecisionOut, query=DecisionsQuery, paged=True)
def list_decisions(request: Call, query: dict[str, Any]) -> Listing:
    """What was decided, the newest first."""
    rows = queries.decisions_visible_to(request.user).select_related("entity", "invoice")
    if on := query.get("on"):
        rows = rows.filter(queries.on_day(on))
    wanted = {"invoice_id": "invoice", "customer_id": "customer", "outcome": "outcome"}
    rows = rows.filter(**{field: query[name] for field, name in wanted.items() if name in query})
    return Listing(rows, "-first_on", {"first_on": "first_on"})


@act("GET", VIEW, answers=PauseOut, query=PausesQuery, paged=True)
def list_pauses(request: Call, query: dict[str, Any]) -> Listing:
    """Pauses, the newest first; ended ones too."""
    rows = queries.pauses_visible_to(request.user)
    if customer := query.get("customer"):
        rows = rows.filter(customer_id=customer)
    return Listing(rows, "-placed", {"placed": "placed_at"})


@act("GET", VIEW, answers=PauseOut)
def get_pause(request: Call, pk: int) -> Pause:
    """One pause."""
    return at_address(queries.pauses_visible_to(request.user), pk=pk)


@act("POST", PAUSE, takes=PauseIn, answers=PauseOut, status=201, at="reminder_pause")
def create_pause(request: Call, data: dict[str, Any]) -> Pause:
    """Pause the reminders of a customer, or of one invoice."""
    customer = named(
        visible_customers(request.user).select_related("entity"),
        field="customer",
        what="customer",
        pk=data["customer"],
    )
    only = []
    if "invoice" in data:
        only = [named(visible_invoices(request.user), field="invoice", what="invoice", pk=data["invoice"])]
    row = operations.pause(
        customer,
        kind=data.get("kind", Pause.Kind.MANUAL),
        reason=data["reason"],
        until=data.get("until"),
        invoices=only,
        key=f"by_hand:{uuid.uuid4().hex}",
        actor=request.user,
        now=timezone.now(),
    )
    return at_address(queries.pauses_visible_to(request.user), pk=row.pk)


@act("POST", PAUSE, answers=PauseOut)
def end_pause(request: Call, pk: int) -> Pause:
    """End a pause; one that has ended stays as it is.

    A pause of a promise or plan ends with what it belongs to, and is answered as it is.
    """
    row = at_address(queries.pauses_visible_to(request.user), pk=pk)
    if row.kind not in (Pause.Kind.PROMISE, Pause.Kind.PLAN):
        operations.resume(row.key, actor=request.user, now=timezone.now())
    return at_address(queries.pauses_visible_to(request.user), pk=pk)


@act("GET", VIEW, answers=ForecastOut, query=ForecastQuery)
def get_forecast(request: Call, query: dict[str, Any]) -> dict[str, Any]:
    """What will be sent to a customer if nothing happens until then, by the rule of every day."""
    customer = named(
        visible_customers(request.user).select_related("entity"),
        field="customer",
        what="customer",
        pk=query["customer"],
    )
    first = local_day(customer.entity, timezone.now())
    last = first + timedelta(days=query.get("days", 30))
    coming, _ = queries.upcoming(customer.entity, first, last, customers=[customer.pk])
    return {
        "steps": [
            {
                "on": one.on,
                "customer": one.row.customer,
                "invoice": one.row.invoice,
                "step": one.decision.step.day,
                "tone": one.decision.said.tone,
                "channel": one.decision.step.channel,
                "situation": one.decision.said.situation,
                "currency": one.row.currency,
                "asked": one.asked,
            }
            for one in coming
            if one.decision.step and one.decision.said
        ]
    }
