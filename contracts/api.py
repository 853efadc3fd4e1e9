"""Contracts, their usage and bill runs over the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from contracts import operations, queries
from contracts.models import BillRun, Contract, ContractItem, RunRow
from core.rest.fields import Amount, Day, Input, Moment, Query, Text, Whole, many
from core.rest.lookup import at_address
from core.rest.paging import Listing
from invoices.queries import visible_to as invoices_visible_to
from team.endpoints import Call, act

VIEW, EDIT = "contracts.view_contract", "contracts.edit_contract"


class TierOut(serializers.Serializer[Any]):
    """A price per unit up to and including `up_to` units; null: all above."""

    up_to = serializers.DecimalField(19, 6, allow_null=True)
    price = serializers.DecimalField(19, 6)


class ContractItemOut(serializers.Serializer[Any]):
    """One thing agreed; `code` is what usage calls it."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(ContractItem.Kind.choices)
    pricing = serializers.ChoiceField(ContractItem.Pricing.choices)
    price = serializers.DecimalField(19, 6)
    quantity = serializers.DecimalField(19, 6)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)
    tiers = TierOut(many=True)


class ContractBillOut(serializers.Serializer[Any]):
    """The bill of one period and its invoice."""

    period_start = serializers.DateField()
    period_end = serializers.DateField()
    net = Amount(currency=lambda bill: bill.contract.currency)
    late = serializers.BooleanField(source="is_late", help_text="The period was not billed in its time.")
    invoice = serializers.IntegerField(source="invoice_id")
    number = serializers.CharField(source="invoice.number")


class ContractOut(serializers.Serializer[Any]):
    """A contract with its items and the bills made of it."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    name = serializers.CharField()
    customer = serializers.IntegerField(source="customer_id")
    entity = serializers.CharField(source="entity.code")
    currency = serializers.CharField()
    state = serializers.ChoiceField(Contract.State.choices)
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(allow_null=True)
    every_months = serializers.IntegerField()
    timing = serializers.ChoiceField(Contract.Timing.choices)
    items = ContractItemOut(many=True)
    bills = ContractBillOut(many=True)


class RepeatIn(Input):
    """How often an invoice comes again."""

    starts_on = Day(help_text="The first time; later days are counted from it.")
    every_months = Whole(min_value=1, max_value=60)
    ends_on = Day(required=False, allow_null=True)


class ContractsQuery(Query):
    """Narrowing the list of contracts."""

    state = serializers.ChoiceField(["active", "draft", "waiting", "ended"], required=False)


class UsageEventIn(Input):
    """One event. `key` is its id at the source: sent again, it adds nothing."""

    item = Text(max_length=30, help_text="The item's code in the contract.")
    key = Text(max_length=80)
    at = Moment(help_text="When it was used, with its time zone.")
    quantity = Amount(help_text="Negative corrects an earlier event.")


class UsageIn(Input):
    """Up to 1,000 events; all are taken, or none."""

    events = many(UsageEventIn, most=1000, least=1)


class UsageOut(serializers.Serializer[Any]):
    """What became of them."""

    new = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Taken before under the same key.")


class RunTotalOut(serializers.Serializer[Any]):
    """What a run comes to in one currency."""

    currency = serializers.CharField()
    invoices = serializers.IntegerField()
    net = serializers.CharField()
    payable = serializers.CharField()


class BillRunOut(serializers.Serializer[Any]):
    """A bill run: planned, approved, done; and how many of its invoices are made."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    as_of = serializers.DateField()
    state = serializers.ChoiceField(BillRun.State.choices)
    planned_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    totals = serializers.SerializerMethodField()
    billed = serializers.SerializerMethodField()
    failed = serializers.SerializerMethodField()

    def get_totals(self, run: BillRun) -> list[dict[str, Any]]:
        """One entry per currency: {currency, invoices, net, payable}."""
        rows = [{"currency": code, **sums} for code, sums in run.totals.items()]
        return list(RunTotalOut(rows, many=True).data)

    def get_billed(self, run: BillRun) -> int:
        """How many invoices are made."""
        return run.rows.filter(state=RunRow.State.BILLED).count()

    def get_failed(self, run: BillRun) -> int:
        """How many were not made; the page says why."""
        return run.rows.filter(state=RunRow.State.FAILED).count()


@act("GET", VIEW, answers=ContractOut, query=ContractsQuery, paged=True)
def list_contracts(request: Call, query: dict[str, Any]) -> Listing:
    """Contracts, newest first."""
    rows = queries.listing(request.user, state=query.get("state", ""), today=timezone.now().date())
    return Listing(
        rows.prefetch_related("items__tiers", "bills__invoice", "bills__contract"), "-id", {"id": "id"}
    )


@act("GET", VIEW, answers=ContractOut)
def get_contract(request: Call, pk: int) -> Contract:
    """One contract with its items and bills."""
    return at_address(queries.visible_to(request.user), pk=pk)


@act("POST", EDIT, takes=RepeatIn, answers=ContractOut, status=201, key="needed", at="contract")
def repeat_invoice(request: Call, data: dict[str, Any], pk: int) -> Contract:
    """Let an invoice come again and again: a draft of a contract with its lines, to be approved."""
    invoice = at_address(invoices_visible_to(request.user).select_related("entity", "customer"), pk=pk)
    made = operations.repeat_invoice(invoice, **data, actor=request.user, now=timezone.now())
    return at_address(queries.visible_to(request.user), pk=made.pk)


@act("POST", EDIT, takes=UsageIn, answers=UsageOut)
def send_usage(request: Call, data: dict[str, Any], pk: int) -> operations.Taken:
    """Send usage of one contract.

    Events of a period that was billed come with the next invoice as late usage.
    """
    contract = at_address(queries.visible_to(request.user), pk=pk)
    rows = [operations.Used(contract, **event) for event in data["events"]]
    return operations.record_usage(rows, actor=request.user, now=timezone.now())


@act("GET", VIEW, answers=BillRunOut, paged=True)
def list_runs(request: Call) -> Listing:
    """Bill runs, newest first."""
    return Listing(queries.runs_visible_to(request.user), "-id", {"id": "id"})


@act("GET", VIEW, answers=BillRunOut)
def get_run(request: Call, pk: int) -> BillRun:
    """One bill run."""
    return at_address(queries.runs_visible_to(request.user), pk=pk)
