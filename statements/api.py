"""Statements over the API."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse
from django.utils import timezone
from rest_framework import serializers

from core.rest.fields import Amount, Choice, Day, Flag, Input, Query, Text, Whole
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from customers import queries as customers
from customers.models import Customer
from entities import queries as entities
from statements import operations, queries
from statements.models import Mailing, Statement
from team.endpoints import Call, act

VIEW, SEND = "statements.view_statement", "statements.send_statement"


class StatementOut(serializers.Serializer[Any]):
    """A customer's account with one company in one currency as of a day. Never changes."""

    id = serializers.IntegerField()
    customer = serializers.IntegerField(source="customer_id")
    entity = serializers.CharField(source="entity.code")
    currency = serializers.CharField()
    form = serializers.ChoiceField(Statement.Form.choices)
    since = serializers.DateField()
    as_of = serializers.DateField()
    language = serializers.CharField()
    opening = Amount(currency="currency")
    closing = Amount(currency="currency")
    outstanding = Amount(currency="currency")
    overdue = Amount(currency="currency")
    credit = Amount(currency="currency")
    sha256 = serializers.CharField()
    made_at = serializers.DateTimeField()


class StatementIn(Input):
    """Which account, as of when."""

    customer = Whole()
    entity = Text(max_length=12, help_text="Code of the company.")
    currency = Text(max_length=3)
    form = Choice(Statement.Form.choices)
    as_of = Day()
    since = Day(required=False, help_text="First day of the movements; not used for open items.")


class StatementsQuery(Query):
    """Narrowing the list."""

    customer = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    currency = serializers.CharField(required=False, max_length=3)
    since = Day(required=False)
    until = Day(required=False)


@act("GET", VIEW, answers=StatementOut, query=StatementsQuery, paged=True)
def list_statements(request: Call, query: dict[str, Any]) -> Listing:
    """Statements, the newest day first."""
    return Listing(queries.listing(request.user, queries.Filters(**query)), "-day", {"day": "as_of"})


@act(
    "POST",
    SEND,
    takes=StatementIn,
    answers=StatementOut,
    status=201,
    at="statement",
    examples={
        "Open items": {
            "customer": 1042,
            "entity": "DE1",
            "currency": "EUR",
            "form": "open_items",
            "as_of": "2026-10-31",
        }
    },
)
def create_statement(request: Call, data: dict[str, Any]) -> Statement:
    """Make a statement.

    The same account as of the same day answers with the statement made before: the same file.
    """
    return operations.make_statement(
        named(customers.visible_to(request.user), field="customer", what="customer", pk=data["customer"]),
        named(entities.visible_to(request.user), field="entity", what="company", code=data["entity"]),
        data["currency"],
        form=data["form"],
        on=data["as_of"],
        since=data.get("since"),
        actor=request.user,
        now=timezone.now(),
    )


class StatementSendIn(Input):
    """Whether those who have it get it once more."""

    again = Flag(required=False, default=False)


class StatementSentOut(serializers.Serializer[Any]):
    """The mails that were put into the outbox, one per contact."""

    statement = serializers.IntegerField()
    messages = serializers.ListField(child=serializers.IntegerField())


@act("POST", SEND, takes=StatementSendIn, answers=StatementSentOut)
def send_statement(request: Call, pk: int, data: dict[str, Any]) -> dict[str, Any]:
    """Send a statement to the customer's contacts for statements.

    Who has it gets no second mail; with `again` everybody does, but not twice within ten minutes.
    """
    statement = at_address(queries.visible_to(request.user).defer(None), pk=pk)
    sent = operations.send_statement(
        statement, actor=request.user, now=timezone.now(), again=data.get("again", False)
    )
    return {"statement": statement.pk, "messages": [message.pk for message in sent]}


class StatementScheduleOut(serializers.Serializer[Any]):
    """How often statements go to a customer by themselves. `level`: whose choice it is."""

    customer = serializers.IntegerField()
    level = serializers.ChoiceField(["customer", "segment", "none"])
    frequency = serializers.ChoiceField(["never", "monthly", "quarterly"])
    form = serializers.ChoiceField(Statement.Form.choices)


class StatementScheduleIn(Input):
    """How often, and in which form. `segment`: leave it to the customer's segment."""

    frequency = Choice([(one, one) for one in ("segment", "never", "monthly", "quarterly")])
    form = Choice(Statement.Form.choices, required=False, default=Statement.Form.MOVEMENTS)


@act("GET", VIEW, answers=StatementScheduleOut)
def get_schedule(request: Call, pk: int) -> dict[str, Any]:
    """How often a customer gets statements."""
    return _schedule(at_address(customers.visible_to(request.user), pk=pk))


@act("POST", SEND, takes=StatementScheduleIn, answers=StatementScheduleOut)
def set_schedule(request: Call, pk: int, data: dict[str, Any]) -> dict[str, Any]:
    """Choose how often a customer gets statements. The period that runs now is the first one."""
    customer = at_address(customers.visible_to(request.user).select_related("entity"), pk=pk)
    if data["frequency"] == "segment":
        operations.drop_schedule(customer, actor=request.user, now=timezone.now())
    else:
        operations.set_schedule(
            customer,
            frequency="" if data["frequency"] == "never" else data["frequency"],
            form=data.get("form", Statement.Form.MOVEMENTS),
            actor=request.user,
            now=timezone.now(),
        )
    return _schedule(customer)


def _schedule(customer: Customer) -> dict[str, Any]:
    row = queries.effective_schedule(customer)
    level = "none" if row is None else "customer" if row.customer_id else "segment"
    return {
        "customer": customer.pk,
        "level": level,
        "frequency": (row.frequency if row else "") or "never",
        "form": row.form if row else Statement.Form.MOVEMENTS,
    }


class StatementMailingOut(serializers.Serializer[Any]):
    """What became of one period of one account."""

    id = serializers.IntegerField()
    customer = serializers.IntegerField(source="customer_id")
    entity = serializers.CharField(source="entity.code")
    currency = serializers.CharField()
    since = serializers.DateField()
    until = serializers.DateField()
    state = serializers.ChoiceField(Mailing.State.choices)
    reason = serializers.CharField()
    statement = serializers.IntegerField(source="statement_id", allow_null=True)
    at = serializers.DateTimeField()


class MailingsQuery(Query):
    """Narrowing the list."""

    customer = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    state = serializers.ChoiceField(Mailing.State.choices, required=False)


@act("GET", VIEW, answers=StatementMailingOut, query=MailingsQuery, paged=True)
def list_mailings(request: Call, query: dict[str, Any]) -> Listing:
    """Periods stated by themselves, the newest first."""
    rows = queries.mailings_visible_to(request.user).filter(**query)
    return Listing(rows, "-at", {"at": "at"})


@act("GET", VIEW, answers=StatementOut)
def get_statement(request: Call, pk: int) -> Statement:
    """One statement."""
    return at_address(queries.visible_to(request.user), pk=pk)


@act("GET", VIEW, files="application/pdf")
def get_statement_pdf(request: Call, pk: int) -> FileResponse:
    """The statement's file, the same bytes every time."""
    statement = at_address(queries.visible_to(request.user).defer(None), pk=pk)
    return FileResponse(
        default_storage.open(operations.file_of(statement)),
        as_attachment=True,
        filename=statement.file_name,
        content_type="application/pdf",
    )
