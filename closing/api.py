"""Closed months, their tax report and their journal over the API."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework import serializers

from closing import operations, queries, rules
from closing.models import JournalExport
from closing.queries import TaxReport
from core.rest.fields import Amount, Flag, Input, Query, Text
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from entities import queries as entities
from ledger.models import Period
from team.endpoints import Call, act

VIEW, CLOSE, REOPEN = "ledger.view_ledger", "ledger.close_period", "ledger.reopen_period"


class PeriodOut(serializers.Serializer[Any]):
    """A month somebody closed; all before it are closed with it."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    month = serializers.DateField(format="%Y-%m", help_text="Like 2026-11.")
    until = serializers.DateField(source="ends_on")
    state = serializers.ChoiceField(Period.State.choices)
    closed_by = serializers.CharField(source="closed_by.name")
    closed_at = serializers.DateTimeField()
    reason = serializers.CharField(help_text="Why it was closed with open points.")
    reopened_by = serializers.CharField(source="reopened_by.name", default=None, allow_null=True)
    reopened_at = serializers.DateTimeField(allow_null=True)
    reopen_reason = serializers.CharField()


class TaxLineOut(serializers.Serializer[Any]):
    """Base and tax of one category, rate, component and place of customers, in the company's currency."""

    category = serializers.CharField(source="key.category")
    rate = serializers.DecimalField(9, 4, source="key.rate")
    name = serializers.CharField(source="key.label")
    component = serializers.CharField(source="key.component")
    country = serializers.CharField(source="key.country")
    state = serializers.CharField(source="key.state")
    account = serializers.CharField()
    documents = serializers.IntegerField()
    base = serializers.DecimalField(24, 4)
    tax = serializers.DecimalField(24, 4)


class TaxAccountOut(serializers.Serializer[Any]):
    """An output tax account: what the report says and what the ledger moved."""

    account = serializers.CharField(source="code")
    reported = serializers.DecimalField(24, 4)
    posted = serializers.DecimalField(24, 4)


class TaxReportOut(serializers.Serializer[Any]):
    """Output tax of a month."""

    entity = serializers.CharField(source="entity.code")
    month = serializers.DateField(format="%Y-%m")
    currency = serializers.CharField(source="entity.functional_currency")
    equals_ledger = serializers.BooleanField()
    lines = TaxLineOut(many=True)
    accounts = TaxAccountOut(many=True)


class JournalOut(serializers.Serializer[Any]):
    """A journal taken out; its file is the same bytes whenever it is asked for."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    month = serializers.DateField(format="%Y-%m")
    entries = serializers.IntegerField()
    lines = serializers.IntegerField()
    debit = Amount(currency="entity.functional_currency")
    credit = Amount(currency="entity.functional_currency")
    sha256 = serializers.CharField()
    made_at = serializers.DateTimeField()


class MonthIn(Input):
    """A month of a company."""

    entity = Text(max_length=12, help_text="Code of the company.")
    month = Text(max_length=7, help_text="Like 2026-11.")


class CloseIn(MonthIn):
    """The month to close."""

    nearly = Flag(required=False, help_text="Only ask for no more postings: they are warned of, not refused.")
    reason = Text(required=False, max_length=300, help_text="Needed where points of the checklist are open.")


class ReopenIn(Input):
    """Why the month takes postings again."""

    reason = Text(max_length=300)


class PeriodsQuery(Query):
    """Narrowing the list of periods."""

    entity = serializers.CharField(required=False, max_length=12)
    state = serializers.ChoiceField(Period.State.choices, required=False)


@act("GET", VIEW, answers=PeriodOut, query=PeriodsQuery, paged=True)
def list_periods(request: Call, query: dict[str, Any]) -> Listing:
    """Months somebody closed, the newest first."""
    rows = queries.periods_visible_to(request.user)
    if query.get("entity"):
        rows = rows.filter(entity__code=query["entity"])
    if query.get("state"):
        rows = rows.filter(state=query["state"])
    return Listing(rows, "-id", {"id": "id"})


@act("GET", VIEW, answers=PeriodOut)
def get_period(request: Call, pk: int) -> Period:
    """One month."""
    return at_address(queries.periods_visible_to(request.user), pk=pk)


@act("POST", CLOSE, takes=CloseIn, answers=PeriodOut, status=201, at="period", key="needed")
def close_period(request: Call, data: dict[str, Any]) -> Period:
    """Close a month.

    Refused while it goes on, or while numbers, ledger, revaluation or tax report are not proven.
    """
    entity = named(entities.visible_to(request.user), field="entity", what="company", code=data["entity"])
    month = rules.month_of(data["month"])
    if data.get("nearly"):
        return operations.ask_for_no_more(entity, month, actor=request.user, now=timezone.now())
    return operations.close_month(
        entity, month, reason=data.get("reason", ""), actor=request.user, now=timezone.now()
    )


@act("POST", REOPEN, takes=ReopenIn, answers=PeriodOut)
def reopen_period(request: Call, pk: int, data: dict[str, Any]) -> Period:
    """Let postings into a month again: another person than who closed it."""
    period = at_address(queries.periods_visible_to(request.user), pk=pk)
    return operations.reopen_month(period, reason=data["reason"], actor=request.user, now=timezone.now())


@act("GET", VIEW, answers=TaxReportOut)
def get_tax_report(request: Call, pk: int) -> TaxReport:
    """The tax report of the month, compared with the ledger."""
    period = at_address(queries.periods_visible_to(request.user), pk=pk)
    return queries.tax_report(period.entity, period.month)


@act("POST", VIEW, takes=MonthIn, answers=JournalOut, status=201, at="journal")
def export_journal(request: Call, data: dict[str, Any]) -> JournalExport:
    """Take a month's journal out.

    When nothing was posted since the last time, that same export is the answer.
    """
    entity = named(entities.visible_to(request.user), field="entity", what="company", code=data["entity"])
    return operations.export_journal(
        entity, rules.month_of(data["month"]), actor=request.user, now=timezone.now()
    )


@act("GET", VIEW, answers=JournalOut)
def get_journal(request: Call, pk: int) -> JournalExport:
    """A journal taken out, with its hash."""
    return at_address(queries.exports_visible_to(request.user), pk=pk)


@act("GET", VIEW, files="text/csv")
def get_journal_file(request: Call, pk: int) -> StreamingHttpResponse:
    """The file of the journal, the same bytes every time."""
    export = at_address(queries.exports_visible_to(request.user), pk=pk)
    pieces = queries.journal_bytes(export.entity, export.month, export.last_entry)
    return StreamingHttpResponse(
        pieces,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="journal.csv"'},
    )
