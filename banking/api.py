"""Bank statements over the API."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from banking import jobs, operations, queries, reading
from banking.models import Line, Remittance, Statement
from banking.operations import Choice
from core.errors import Invalid
from core.rest.fields import Amount, Input, Query, Text, Whole
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from customers import queries as customers
from entities import queries as entities
from payments import queries as payments
from team.endpoints import Call, act
from work.jobs import hand_over

VIEW, IMPORT = "banking.view_bank_statement", "banking.import_bank_statement"


class BankStatementOut(serializers.Serializer[Any]):
    """What a bank's file says of one account: opening + moved = closing where both are stated."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="account.entity.code")
    account = serializers.IntegerField(source="account_id")
    number = serializers.CharField()
    currency = serializers.CharField()
    since = serializers.DateField()
    until = serializers.DateField()
    opening = Amount(currency="currency")
    moved = Amount(currency="currency")
    closing = Amount(currency="currency")
    gap = Amount(currency="currency")
    proof = serializers.ChoiceField(Statement.Proof.choices)
    accepted_because = serializers.CharField()
    lines_read = serializers.IntegerField()
    known = serializers.IntegerField()
    sha256 = serializers.CharField(source="file.sha256")
    imported_at = serializers.DateTimeField()


class TermOut(serializers.Serializer[Any]):
    """One piece of evidence and what it counts."""

    code = serializers.CharField()
    points = serializers.IntegerField()
    words = serializers.CharField()


class MatchOut(serializers.Serializer[Any]):
    """Who probably paid, how sure that is, and why."""

    customer = serializers.IntegerField()
    score = serializers.IntegerField()
    terms = TermOut(many=True)


class BankLineOut(serializers.Serializer[Any]):
    """A movement as the bank tells it; what came is positive. `payment` is the receipt it became."""

    id = serializers.IntegerField()
    statement = serializers.IntegerField(source="statement_id")
    booked_on = serializers.DateField()
    valued_on = serializers.DateField(allow_null=True)
    amount = Amount(currency="currency")
    currency = serializers.CharField()
    text = serializers.CharField()
    party_name = serializers.CharField()
    bank_reference = serializers.CharField()
    state = serializers.ChoiceField(Line.State.choices)
    reason = serializers.CharField()
    payment = serializers.IntegerField(source="payment_id", allow_null=True)
    matches = MatchOut(many=True)


class BankStatementIn(Input):
    """A file as the bank sent it, in base64."""

    name = Text(max_length=200)
    content = Text(max_length=reading.MOST_BYTES * 4 // 3 + 4, help_text="The file's bytes in base64.")
    account = Whole(required=False, help_text="Needed for CSV only: the others name their account.")
    accept_because = Text(
        required=False,
        max_length=300,
        help_text="Takes a file whose balances do not agree, with this reason.",
    )


class RemittanceIn(Input):
    """A payer's advice as CSV in base64; columns only where their headings are unusual."""

    entity = Text(max_length=12, help_text="The company's code.")
    name = Text(max_length=200)
    content = Text(max_length=reading.MOST_BYTES * 4 // 3 + 4, help_text="The file's bytes in base64.")


class RemittanceOut(serializers.Serializer[Any]):
    """An advice: how many lines it has, and how many of them have not arrived."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    name = serializers.CharField()
    sha256 = serializers.CharField()
    lines = serializers.IntegerField(source="n")
    waiting = serializers.IntegerField()
    brought_at = serializers.DateTimeField()


class LinesQuery(Query):
    """Narrowing the lines."""

    state = serializers.ChoiceField(Line.State.choices, required=False)


class ChosenMatchIn(Input):
    """Which of the line's matches, counted from 0."""

    match = Whole(required=False, default=0, min_value=0)


class BookIn(Input):
    """Whose money it is; without a customer it waits as unidentified."""

    customer = Whole(required=False)


class AsideIn(Input):
    """What the line is that is no receipt."""

    reason = Text(max_length=300)


class ReceiptIn(Input):
    """The receipt the line is (money that came) or takes back (money that went)."""

    payment = Whole()


@act("GET", VIEW, answers=BankStatementOut, paged=True)
def list_bank_statements(request: Call) -> Listing:
    """Bank statements, the latest first."""
    return Listing(queries.visible_to(request.user), "-day", {"day": "until"})


@act("GET", VIEW, answers=BankStatementOut)
def get_bank_statement(request: Call, pk: int) -> Statement:
    """One bank statement."""
    return at_address(queries.visible_to(request.user), pk=pk)


@act("GET", VIEW, answers=BankLineOut, query=LinesQuery, paged=True)
def list_bank_lines(request: Call, pk: int, query: dict[str, Any]) -> Listing:
    """The lines of a statement in the bank's order."""
    statement = at_address(queries.visible_to(request.user), pk=pk)
    return Listing(
        queries.lines_visible_to(request.user).filter(statement=statement, **query),
        "place",
        {"place": "place"},
    )


@act(
    "POST",
    IMPORT,
    takes=BankStatementIn,
    answers=BankStatementOut,
    status=201,
    at="bank_statement",
    examples={"A statement": {"name": "2026-11-16.xml", "content": "PERvY3VtZW50Lz4="}},
)
def import_bank_statement(request: Call, data: dict[str, Any]) -> Statement:
    """Import a bank's file and match its lines.

    The file is taken whole or refused whole; the same bytes again answer with what was imported before. Of
    several statements the first is answered.
    """
    content = _decoded(data["content"])
    account = None
    if data.get("account") is not None:
        account = named(
            queries.accounts_for(request.user), field="account", what="account", pk=data["account"]
        )
    now = timezone.now()
    done = operations.import_file(
        data["name"],
        content,
        actor=request.user,
        now=now,
        account=account,
        accept_because=data.get("accept_because", ""),
    )
    for statement in done.statements if done.is_new else ():
        hand_over(jobs.ask(statement, actor=request.user, now=now))
    return queries.visible_to(request.user).get(pk=done.statements[0].pk)


@act("POST", IMPORT, takes=ChosenMatchIn, answers=BankLineOut)
def accept_match(request: Call, pk: int, data: dict[str, Any]) -> Line:
    """Book one of the matches of a line."""
    return operations.accept_match(_line(request, pk), data["match"], actor=request.user, now=timezone.now())


@act("POST", IMPORT, takes=BookIn, answers=BankLineOut)
def book_bank_line(request: Call, pk: int, data: dict[str, Any]) -> Line:
    """Book a line as credit of a customer, or as money of somebody unknown."""
    line, customer = _line(request, pk), None
    if data.get("customer") is not None:
        customer = named(
            customers.visible_to(request.user), field="customer", what="customer", pk=data["customer"]
        )
    return operations.book_line(line, Choice(customer), actor=request.user, now=timezone.now())


@act("POST", IMPORT, takes=AsideIn, answers=BankLineOut)
def set_bank_line_aside(request: Call, pk: int, data: dict[str, Any]) -> Line:
    """Set a line aside: it is nothing receivables knows."""
    return operations.set_aside(_line(request, pk), data["reason"], actor=request.user, now=timezone.now())


@act("POST", IMPORT, takes=ReceiptIn, answers=BankLineOut)
def join_bank_line(request: Call, pk: int, data: dict[str, Any]) -> Line:
    """Say that a line is a receipt recorded by hand, or takes a receipt back."""
    line = _line(request, pk)
    payment = named(payments.visible_to(request.user), field="payment", what="receipt", pk=data["payment"])
    join = operations.join_line if line.amount > 0 else operations.note_return
    return join(line, payment, actor=request.user, now=timezone.now())


def _line(request: Call, pk: int) -> Line:
    return at_address(queries.lines_visible_to(request.user), pk=pk)


@act("GET", VIEW, answers=RemittanceOut, paged=True)
def list_remittances(request: Call) -> Listing:
    """Remittance advices, the latest first."""
    return Listing(queries.remittances_visible_to(request.user), "-brought", {"brought": "brought_at"})


@act("GET", VIEW, answers=RemittanceOut)
def get_remittance(request: Call, pk: int) -> Remittance:
    """One remittance advice."""
    return at_address(queries.remittances_visible_to(request.user), pk=pk)


@act(
    "POST",
    IMPORT,
    takes=RemittanceIn,
    answers=RemittanceOut,
    status=201,
    at="remittance",
    examples={"An advice": {"entity": "NWE", "name": "a.csv", "content": "aW52b2ljZSxhbW91bnQK"}},
)
def import_remittance(request: Call, data: dict[str, Any]) -> Remittance:
    """Import a payer's advice, whole or not at all; the same bytes again are the same advice."""
    entity = named(entities.visible_to(request.user), field="entity", what="company", code=data["entity"])
    done = operations.import_remittance(
        entity, data["name"], _decoded(data["content"]), actor=request.user, now=timezone.now()
    )
    return queries.remittances_visible_to(request.user).get(pk=done.remittance.pk)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise Invalid(
            "The content is no base64.",
            field="content",
            rule="content_is_base64",
            mend="Encode the file's bytes.",
        ) from fault
