"""Payments and credits over the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.rest.fields import Amount, Choice, Day, Flag, Input, Query, Text, Whole, many
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from customers import queries as customers
from entities import queries as entities
from ledger.models import Allocation, OpenItem
from payments import operations, queries
from payments.models import Payment
from team.endpoints import Call, act

VIEW, RECORD, ALLOCATE = "payments.view_payment", "payments.record_payment", "payments.allocate_payment"


# ------------------------------------------------------------------------------------------------ shapes
class AllocationOut(serializers.Serializer[Any]):
    """Some of a receipt or credit used for an open item; a reversal is negative."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Allocation.Kind.choices)
    item = serializers.IntegerField(source="debit_id", allow_null=True)
    reference = serializers.CharField(source="debit.reference", default=None, allow_null=True)
    amount = Amount(currency="currency")
    on = serializers.DateField()
    reversal_of = serializers.IntegerField(source="reversal_of_id", allow_null=True)
    is_reversed = serializers.SerializerMethodField()

    def get_is_reversed(self, allocation: Allocation) -> bool:
        """Whether it was undone."""
        return hasattr(allocation, "reversed_by")


class PaymentOut(serializers.Serializer[Any]):
    """A receipt. `amount` is what the customer is credited with: bank amount, fee and tax withheld."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    entity = serializers.CharField(source="entity.code")
    customer = serializers.IntegerField(source="customer_id", allow_null=True)
    state = serializers.ChoiceField(Payment.State.choices)
    method = serializers.ChoiceField(Payment.Method.choices)
    received_on = serializers.DateField()
    currency = serializers.CharField()
    amount = Amount(currency="currency")
    fee = Amount(currency="currency")
    withheld = Amount(currency="currency")
    unallocated = Amount(source="open_item.open_amount", currency="currency", default=None, allow_null=True)
    payer_name = serializers.CharField()
    reference = serializers.CharField()
    note = serializers.CharField()
    external_id = serializers.CharField(source="external_key", allow_null=True)
    bounced_on = serializers.DateField(allow_null=True)
    bounce_reason = serializers.CharField()


class PaymentDetailOut(PaymentOut):
    """A receipt and what it was used for."""

    allocations = serializers.SerializerMethodField()

    @extend_schema_field(AllocationOut(many=True))
    def get_allocations(self, payment: Payment) -> list[dict[str, Any]]:
        """In the order they were booked."""
        return _uses(payment.open_item_id)


class PartOut(serializers.Serializer[Any]):
    """So much for one open item, and why."""

    item = serializers.IntegerField()
    amount = Amount(currency="currency")
    why = serializers.CharField()


class ProposalOut(serializers.Serializer[Any]):
    """What a receipt most likely pays. Nothing is booked."""

    currency = serializers.CharField()
    parts = PartOut(many=True)
    unapplied = Amount(currency="currency")


class CreditOut(serializers.Serializer[Any]):
    """What is left of a credit note to be used for other documents."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    customer = serializers.IntegerField(source="customer_id")
    reference = serializers.CharField()
    currency = serializers.CharField()
    amount = Amount(currency="currency")
    open_amount = Amount(currency="currency")
    opened_on = serializers.DateField()


class CreditDetailOut(CreditOut):
    """A credit and what it was used for."""

    allocations = serializers.SerializerMethodField()

    @extend_schema_field(AllocationOut(many=True))
    def get_allocations(self, credit: OpenItem) -> list[dict[str, Any]]:
        """In the order they were booked."""
        return _uses(credit.pk)


class PaymentIn(Input):
    """A receipt as it arrived."""

    entity = Text(max_length=12, help_text="Code of the company that got the money.")
    customer = Whole(required=False, help_text="Left out while nobody knows who paid.")
    received_on = Day()
    currency = Text(max_length=3)
    amount = Amount()
    fee = Amount(required=False)
    withheld = Amount(required=False)
    method = Choice(Payment.Method.choices, required=False)
    payer_name = Text(required=False, allow_blank=True, max_length=140)
    payer_account = Text(required=False, allow_blank=True, max_length=34)
    reference = Text(required=False, allow_blank=True, max_length=140)
    note = Text(required=False, allow_blank=True, max_length=300)
    external_id = Text(
        required=False, max_length=100, help_text="What makes it unique outside, like the bank's reference."
    )


class PartIn(Input):
    """So much for one open item."""

    item = Whole(help_text="`open_item` of an instalment.")
    amount = Amount()


class AllocateIn(Input):
    """What the receipt pays."""

    parts = many(PartIn, least=1, most=500)
    on = Day(required=False)
    grant_discount = Flag(required=False, help_text="Grant an early payment discount that was earned.")


class UseIn(Input):
    """What the credit is used for."""

    parts = many(PartIn, least=1, most=500)
    on = Day(required=False)


class WhyIn(Input):
    """The reason for taking something back."""

    reason = Text(max_length=200)


class BounceIn(Input):
    """When and why the bank took the money back."""

    on = Day()
    reason = Text(max_length=200)


class IdentifyIn(Input):
    """Whose receipt it is."""

    customer = Whole()


class PaymentsQuery(Query):
    """Narrowing the list of receipts."""

    q = serializers.CharField(required=False, max_length=100, help_text="Number, payer, reference or amount.")
    tab = serializers.ChoiceField([name for name in queries.TABS if name], required=False)
    entity = serializers.CharField(required=False, max_length=12)
    customer = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    currency = serializers.CharField(required=False, max_length=3)
    since = Day(required=False)
    until = Day(required=False)


class CreditsQuery(Query):
    """Narrowing the list of credits."""

    customer = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    currency = serializers.CharField(required=False, max_length=3)


# ---------------------------------------------------------------------------------------------- receipts
@act("GET", VIEW, answers=PaymentOut, query=PaymentsQuery, paged=True)
def list_payments(request: Call, query: dict[str, Any]) -> Listing:
    """Receipts, the newest first."""
    wanted = dict(query)
    if "entity" in wanted:
        wanted["entity"] = _entity(request, wanted["entity"]).pk
    rows = queries.listing(request.user, queries.Filters(**wanted))
    return Listing(rows, "-received", {"received": "received_on"})


@act(
    "POST",
    RECORD,
    takes=PaymentIn,
    answers=PaymentDetailOut,
    status=201,
    key="needed",
    at="payment",
    examples={
        "A transfer": {
            "entity": "DE1",
            "customer": 1042,
            "received_on": "2026-11-16",
            "currency": "EUR",
            "amount": "1428.00",
            "reference": "INV-2026-00042",
            "external_id": "bank-2026-11-16-0017",
        }
    },
)
def create_payment(request: Call, data: dict[str, Any]) -> Payment:
    """Record a receipt.

    The same `external_id` with the same amount is the same receipt and answers with it; with another amount
    it is refused.
    """
    given = dict(data)
    given["entity"] = _entity(request, given["entity"])
    if "customer" in given:
        given["customer"] = _customer(request, given["customer"])
    given["external_key"] = given.pop("external_id", None)
    payment = operations.record_payment(operations.Receipt(**given), actor=request.user, now=timezone.now())
    return _shown(request, payment.pk)


@act("GET", VIEW, answers=PaymentDetailOut)
def get_payment(request: Call, pk: int) -> Payment:
    """One receipt and what it was used for."""
    return _shown(request, pk)


@act("POST", RECORD, takes=IdentifyIn, answers=PaymentDetailOut)
def identify_payment(request: Call, data: dict[str, Any], pk: int) -> Payment:
    """Say whose an unidentified receipt is."""
    customer = _customer(request, data["customer"])
    operations.identify_payment(_shown(request, pk), customer, actor=request.user, now=timezone.now())
    return _shown(request, pk)


class TakeBackIn(Input):
    """How you know that it is not theirs; and whose it is, if anybody knows."""

    reason = Text(max_length=300)
    customer = Whole(required=False)


@act("POST", RECORD, takes=TakeBackIn, answers=PaymentDetailOut, key="needed")
def take_back_payment(request: Call, data: dict[str, Any], pk: int) -> Payment:
    """Take a receipt from the customer it was given to by mistake; what it paid is open again."""
    number = data.get("customer")
    operations.take_back_payment(
        _shown(request, pk),
        reason=data["reason"],
        customer=_customer(request, number) if number is not None else None,
        actor=request.user,
        now=timezone.now(),
    )
    return _shown(request, pk)


@act("GET", VIEW, answers=ProposalOut)
def propose_allocation(request: Call, pk: int) -> dict[str, Any]:
    """What the receipt most likely pays: quoted references, the exact amount, the oldest. Books nothing."""
    payment = _shown(request, pk)
    found, unapplied = operations.propose_allocation(payment)
    currency = payment.currency
    parts = [{"item": p.item_id, "amount": p.amount, "why": p.why, "currency": currency} for p in found]
    return {"currency": currency, "parts": parts, "unapplied": unapplied}


@act("POST", ALLOCATE, takes=AllocateIn, answers=PaymentDetailOut, key="needed")
def allocate_payment(request: Call, data: dict[str, Any], pk: int) -> Payment:
    """Use a receipt for open items."""
    given = dict(data)
    operations.allocate_payment(
        _shown(request, pk),
        _parts(request, given.pop("parts")),
        actor=request.user,
        now=timezone.now(),
        **given,
    )
    return _shown(request, pk)


@act("POST", ALLOCATE, takes=WhyIn, answers=PaymentDetailOut)
def undo_allocation(request: Call, data: dict[str, Any], pk: int, allocation: int) -> Payment:
    """Undo one allocation: invoice and receipt are open again by what it took."""
    payment = _shown(request, pk)
    rows = Allocation.objects.filter(credit_id=payment.open_item_id, credit__isnull=False)
    operations.undo_allocation(
        at_address(rows, pk=allocation), reason=data["reason"], actor=request.user, now=timezone.now()
    )
    return _shown(request, pk)


@act("POST", RECORD, takes=BounceIn, answers=PaymentDetailOut, key="needed")
def bounce_payment(request: Call, data: dict[str, Any], pk: int) -> Payment:
    """The bank took the money back: allocations are undone, then the receipt is mirrored."""
    operations.bounce_payment(_shown(request, pk), **data, actor=request.user, now=timezone.now())
    return _shown(request, pk)


# ----------------------------------------------------------------------------------------------- credits
@act("GET", VIEW, answers=CreditOut, query=CreditsQuery, paged=True)
def list_credits(request: Call, query: dict[str, Any]) -> Listing:
    """Credit notes of which something is left, the oldest first."""
    names = {"customer": "customer_id", "currency": "currency"}
    rows = _credits(request).filter(open_amount__gt=0, **{names[name]: query[name] for name in query})
    return Listing(rows.order_by(), "opened", {"opened": "opened_on"})


@act("GET", VIEW, answers=CreditDetailOut)
def get_credit(request: Call, pk: int) -> OpenItem:
    """One credit and what it was used for."""
    return at_address(_credits(request), pk=pk)


@act("POST", ALLOCATE, takes=UseIn, answers=CreditDetailOut, key="needed")
def use_credit(request: Call, data: dict[str, Any], pk: int) -> OpenItem:
    """Use what is left of a credit note for other open items of the customer."""
    given = dict(data)
    operations.use_credit(
        at_address(_credits(request), pk=pk),
        _parts(request, given.pop("parts")),
        actor=request.user,
        now=timezone.now(),
        **given,
    )
    return at_address(_credits(request), pk=pk)


# --------------------------------------------------------------------------------------------- from here
def _shown(request: Call, pk: int) -> Payment:
    rows = queries.visible_to(request.user).select_related("entity", "customer", "open_item")
    return at_address(rows, pk=pk)


def _credits(request: Call) -> QuerySet[OpenItem]:
    return OpenItem.objects.filter(
        kind=OpenItem.Kind.CREDIT_NOTE,
        side=OpenItem.Side.CREDIT,
        entity__in=entities.visible_to(request.user),
    ).select_related("entity")


def _parts(request: Call, given: list[dict[str, Any]]) -> list[operations.Part]:
    """The parts; an open item of a company the caller does not see is like one that is not there."""
    seen = set(
        OpenItem.objects.filter(
            pk__in=[part["item"] for part in given], entity__in=entities.visible_to(request.user)
        ).values_list("pk", flat=True)
    )
    return [
        operations.Part(part["item"] if part["item"] in seen else 0, Decimal(part["amount"]))
        for part in given
    ]


def _uses(item_id: int | None) -> list[dict[str, Any]]:
    if item_id is None:
        return []
    rows = Allocation.objects.filter(credit_id=item_id).select_related("debit", "reversed_by").order_by("id")
    return list(AllocationOut(rows, many=True).data)


def _customer(request: Call, pk: int) -> Any:
    return named(customers.visible_to(request.user), field="customer", what="customer", pk=pk)


def _entity(request: Call, code: str) -> Any:
    return named(entities.visible_to(request.user), field="entity", what="company", code=code)
