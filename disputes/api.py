"""Disputes over the API: to read, to raise, and every step but the decision, which stays with people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from core.rest.fields import Amount, Choice, Flag, Input, Query, Text, Whole, many
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from disputes import operations, queries, rules
from disputes.models import Channel, Clock, Dispute, Outcome
from disputes.operations import Claim
from disputes.queries import TABS, Filters
from entities import queries as entities
from invoices import queries as invoices
from team.endpoints import Call, act
from team.models import User

VIEW, RAISE, WORK = "disputes.view_dispute", "disputes.raise_dispute", "disputes.work_dispute"
REASONS = [(code, reason.name) for code, reason in rules.REASONS.items()]
PROPOSABLE = [one for one in Outcome.choices if one[0] in rules.PROPOSABLE]
CAUSES = list(rules.CAUSES.items())
_PARTS = (
    "parts__line",
    "parts__dispute",
    *(f"holdings__{who}" for who in ("responsible", "accountable", "deputy_of", "informed")),
)


# ------------------------------------------------------------------------------------------------ shapes
class DisputedPart(serializers.Serializer[Any]):
    """So much of one line with its tax."""

    line = serializers.IntegerField(
        source="line.position", default=None, allow_null=True, help_text="Null: the invoice as a whole."
    )
    amount = Amount(currency="dispute.currency")
    net = Amount(currency="dispute.currency")
    tax = Amount(currency="dispute.currency")


class DisputeHolding(serializers.Serializer[Any]):
    """Who answered for it from when until when, at which level."""

    level = serializers.IntegerField()
    responsible = serializers.CharField(source="responsible.email", help_text="Who works on it.")
    accountable = serializers.CharField(source="accountable.email", help_text="Who answers for it.")
    deputy_of = serializers.CharField(
        source="deputy_of.email", default=None, allow_null=True, help_text="For whom they stand in."
    )
    consulted = serializers.CharField(help_text="Who is asked.")
    informed = serializers.CharField(
        source="informed.email", default=None, allow_null=True, help_text="Who of the customer hears of it."
    )
    from_at = serializers.DateTimeField()
    until_at = serializers.DateTimeField(allow_null=True, help_text="Null: they hold it now.")
    reason = serializers.CharField()


class HeldTime(serializers.Serializer[Any]):
    """How long disputes lay with one person at one level."""

    level = serializers.IntegerField()
    person = serializers.CharField(
        source="person.email", default=None, allow_null=True, help_text="Null: the whole level."
    )
    disputes = serializers.IntegerField()
    minutes = serializers.SerializerMethodField(help_text="By the calendar, nights included.")
    waiting_minutes = serializers.SerializerMethodField(help_text="Of it, while the customer was asked.")
    now = serializers.IntegerField(help_text="How many lie there still.")

    def get_minutes(self, row: queries.Held) -> int:
        """The time in whole minutes."""
        return int(row.time.total_seconds() // 60)

    def get_waiting_minutes(self, row: queries.Held) -> int:
        """The time of the customer in whole minutes."""
        return int(row.waiting.total_seconds() // 60)


class HeldTimes(serializers.Serializer[Any]):
    """Who held disputes for how long since a moment."""

    since = serializers.DateTimeField()
    rows = HeldTime(many=True)


class DisputeClock(serializers.Serializer[Any]):
    """A deadline in business hours."""

    kind = serializers.ChoiceField(Clock.Kind.choices)
    due_at = serializers.DateTimeField(allow_null=True, help_text="Null while we wait for the customer.")
    met_at = serializers.DateTimeField(allow_null=True)
    breached_at = serializers.DateTimeField(allow_null=True)


class DisputeOut(serializers.Serializer[Any]):
    """Amounts of one invoice a customer does not accept. Exactly they are held."""

    id = serializers.IntegerField()
    reference = serializers.CharField()
    entity = serializers.CharField(source="entity.code")
    customer = serializers.IntegerField(source="customer_id")
    invoice = serializers.IntegerField(source="invoice_id")
    reason = serializers.ChoiceField(REASONS)
    detail = serializers.CharField()
    channel = serializers.ChoiceField(Channel.choices)
    external_id = serializers.CharField()
    state = serializers.ChoiceField(Dispute.State.choices)
    level = serializers.IntegerField(help_text="1 owner, 2 lead, 3 controller, 4 finance director.")
    owner = serializers.CharField(source="owner.email")
    currency = serializers.CharField()
    amount = Amount(currency="currency")
    parts = DisputedPart(source="parts.all", many=True)
    clocks = DisputeClock(source="clocks.all", many=True)
    holdings = DisputeHolding(source="holdings.all", many=True)
    customer_due_at = serializers.DateTimeField(allow_null=True, help_text="While we wait for the customer.")
    outcome = serializers.ChoiceField(Outcome.choices, allow_blank=True)
    root_cause = serializers.ChoiceField(CAUSES, allow_blank=True)
    recap = serializers.CharField(help_text="What the customer was answered.")
    credited = Amount(currency="currency")
    raised_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class DisputesQuery(Query):
    """Narrowing the list."""

    tab = serializers.ChoiceField((*TABS, "all"), required=False, help_text="Left out: all.")
    state = serializers.ChoiceField(Dispute.State.choices, required=False)
    reason = serializers.ChoiceField(REASONS, required=False)
    customer = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    q = serializers.CharField(required=False, max_length=100)


class HeldQuery(Query):
    """How far back."""

    days = serializers.IntegerField(required=False, min_value=1, max_value=3650, help_text="Left out: 90.")


class ClaimIn(Input):
    """What is disputed."""

    line = Whole(required=False, help_text="Position on the invoice; left out: the invoice as a whole.")
    amount = Amount(required=False, help_text="With tax; left out: all of it.")


class DisputeIn(Input):
    """What a customer disputes."""

    invoice = Whole()
    reason = Choice(choices=REASONS)
    detail = Text(max_length=5000, help_text="What the customer says is wrong; at least 20 letters for OTH.")
    parts = many(ClaimIn, least=1, most=200)
    external_id = Text(max_length=200, required=False, help_text="Your id of it: the same one is taken once.")


class ReplyToDispute(Input):
    """An answer to the customer, sent by mail."""

    body = Text(max_length=8000)
    ask = Flag(required=False, help_text="A question: our clock stands still until they answer.")


class DisputeReasonIn(Input):
    """Why."""

    reason = Text(max_length=300)


class DisputeAdviceIn(Input):
    """What a legal adviser said."""

    advice = Text(max_length=300, help_text="Who was asked, and what they advise.")


class DisputeOwnerIn(Input):
    """The new owner."""

    to = Text(max_length=254, help_text="Address of the colleague.")
    reason = Text(max_length=300)


class DisputeCreditIn(Input):
    """A credit of one line."""

    line = Whole()
    net = Amount(help_text="Before tax.")


class DisputeEndIn(Input):
    """How it is to end. A second person decides on the page."""

    outcome = Choice(choices=PROPOSABLE)
    root_cause = Choice(choices=CAUSES)
    answer = Text(max_length=5000)
    evidence = Text(max_length=5000, required=False, help_text="Needed for a rejection.")
    credit = many(DisputeCreditIn, most=200, required=False)


class DisputeEndOut(serializers.Serializer[Any]):
    """What waits for a decision."""

    id = serializers.IntegerField()
    dispute = serializers.IntegerField(source="dispute_id")
    outcome = serializers.ChoiceField(Outcome.choices)
    root_cause = serializers.ChoiceField(CAUSES)
    amount = Amount(currency="dispute.currency")
    credit_note = serializers.IntegerField(source="credit_note_id", allow_null=True)
    state = serializers.CharField()


# ------------------------------------------------------------------------------------------------- acts
@act("GET", VIEW, answers=DisputeOut, query=DisputesQuery, paged=True)
def list_disputes(request: Call, query: dict[str, Any]) -> Listing:
    """Disputes, the newest first."""
    filters = Filters(
        tab=query.get("tab", "all"),
        text=query.get("q", ""),
        reason=query.get("reason", ""),
        state=query.get("state", ""),
        customer=query.get("customer"),
    )
    rows = queries.listing(request.user, filters, now=timezone.now()).order_by()
    return Listing(rows.prefetch_related(*_PARTS), "-id", {"id": "id"})


@act("GET", VIEW, answers=DisputeOut)
def get_dispute(request: Call, pk: int) -> Dispute:
    """One dispute with its parts and clocks."""
    return _dispute(request, pk)


@act("GET", VIEW, answers=HeldTimes, query=HeldQuery)
def held_times(request: Call, query: dict[str, Any]) -> dict[str, Any]:
    """How long disputes lay with whom, per level and person."""
    now = timezone.now()
    since = now - timedelta(days=query.get("days", 90))
    companies = list(entities.visible_to(request.user))
    return {"since": since, "rows": queries.held_times(companies, since=since, now=now)}


@act("POST", RAISE, takes=DisputeIn, answers=DisputeOut, status=201, key="needed", at="dispute")
def create_dispute(request: Call, data: dict[str, Any]) -> Dispute:
    """Note that a customer disputes amounts of an invoice.

    Exactly these amounts are held; the rest stays due. An owner and the clocks are given at once.
    """
    invoice = named(invoices.visible_to(request.user), field="invoice", what="invoice", pk=data["invoice"])
    external = data.get("external_id", "")
    dispute = operations.raise_dispute(
        invoice,
        [Claim(part.get("line"), part.get("amount")) for part in data["parts"]],
        reason=data["reason"],
        detail=data["detail"],
        channel=Channel.API,
        external_id=f"api:{invoice.entity.code}:{external}" if external else "",
        actor=request.user,
        now=timezone.now(),
    )
    return _dispute(request, dispute.pk)


@act("POST", WORK, answers=DisputeOut)
def acknowledge(request: Call, pk: int) -> Dispute:
    """Acknowledge: the customer hears by when they have an answer."""
    operations.acknowledge(_dispute(request, pk), actor=request.user, now=timezone.now())
    return _dispute(request, pk)


@act("POST", WORK, answers=DisputeOut)
def investigate(request: Call, pk: int) -> Dispute:
    """Begin to look into it."""
    operations.investigate(_dispute(request, pk), actor=request.user, now=timezone.now())
    return _dispute(request, pk)


@act("POST", WORK, answers=DisputeOut)
def resume(request: Call, pk: int) -> Dispute:
    """Go on without waiting for the customer."""
    operations.resume(_dispute(request, pk), actor=request.user, now=timezone.now())
    return _dispute(request, pk)


@act("POST", WORK, takes=ReplyToDispute, answers=DisputeOut, key="needed")
def reply(request: Call, data: dict[str, Any], pk: int) -> Dispute:
    """Answer the customer, or ask them something and wait."""
    do = operations.ask_customer if data.get("ask") else operations.answer_customer
    do(_dispute(request, pk), body=data["body"], actor=request.user, now=timezone.now())
    return _dispute(request, pk)


@act("POST", WORK, takes=DisputeOwnerIn, answers=DisputeOut)
def assign(request: Call, data: dict[str, Any], pk: int) -> Dispute:
    """Give it to a colleague."""
    to: User = named(
        User.objects.filter(is_active=True), field="to", what="colleague", email__iexact=data["to"]
    )
    operations.assign(
        _dispute(request, pk), to=to, reason=data["reason"], actor=request.user, now=timezone.now()
    )
    return _dispute(request, pk)


@act("POST", WORK, takes=DisputeReasonIn, answers=DisputeOut, key="needed")
def escalate(request: Call, data: dict[str, Any], pk: int) -> Dispute:
    """Take it one level up."""
    operations.escalate(_dispute(request, pk), **data, actor=request.user, now=timezone.now())
    return _dispute(request, pk)


@act("POST", WORK, takes=DisputeAdviceIn, answers=DisputeOut)
def consult(request: Call, data: dict[str, Any], pk: int) -> Dispute:
    """Note that a legal adviser was asked.

    From the legal limit on nothing that was disputed is written off or goes to court before.
    """
    operations.note_consultation(_dispute(request, pk), **data, actor=request.user, now=timezone.now())
    return _dispute(request, pk)


@act("POST", WORK, takes=DisputeEndIn, answers=DisputeEndOut, status=201, key="needed")
def propose(request: Call, data: dict[str, Any], pk: int) -> Any:
    """Propose how it ends. Without `credit` all that is disputed is credited."""
    given = {name: data[name] for name in ("outcome", "root_cause", "answer", "evidence") if name in data}
    credit = {one["line"]: one["net"] for one in data.get("credit", [])}
    return operations.propose(
        _dispute(request, pk), **given, credit=credit, actor=request.user, now=timezone.now()
    )


@act("POST", WORK, takes=DisputeReasonIn, answers=DisputeOut, key="needed")
def withdraw(request: Call, data: dict[str, Any], pk: int) -> Dispute:
    """The customer does not insist: the amount is asked for again."""
    operations.withdraw(_dispute(request, pk), **data, actor=request.user, now=timezone.now())
    return _dispute(request, pk)


@act("POST", WORK, takes=DisputeReasonIn, answers=DisputeOut, key="needed")
def reopen(request: Call, data: dict[str, Any], pk: int) -> Dispute:
    """Take it up again."""
    operations.reopen(_dispute(request, pk), **data, actor=request.user, now=timezone.now())
    return _dispute(request, pk)


def _dispute(request: Call, pk: int) -> Dispute:
    rows = queries.visible_to(request.user).prefetch_related(*_PARTS, "clocks")
    return at_address(rows, pk=pk)
