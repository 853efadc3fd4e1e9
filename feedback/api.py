"""Feedback over the API: what customers answered, and answers that reached another system."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from core.rest.fields import Choice, Flag, Input, Query, Text, Whole
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from customers import queries as customers
from feedback import operations, queries
from feedback.models import Answer, Channel, Improvement, Instrument, Occasion
from invoices import queries as invoices
from team.endpoints import Call, act

VIEW, ENTER = "feedback.view_feedback", "feedback.enter_feedback"
_TYPED = [(one.value, one.label) for one in (Channel.PHONE, Channel.MAIL, Channel.MEETING)]


class AnswerOut(serializers.Serializer[Any]):
    """A score, and perhaps words, about one thing."""

    id = serializers.IntegerField()
    customer = serializers.IntegerField(source="customer_id")
    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    entity = serializers.CharField(source="entity.code")
    occasion = serializers.ChoiceField(Occasion.choices)
    instrument = serializers.ChoiceField(Instrument.choices)
    about = serializers.CharField(source="label", help_text="The thing it is about.")
    line = serializers.IntegerField(allow_null=True, help_text="The line of the invoice it is about.")
    score = serializers.IntegerField(help_text="csat 1 to 5, nps 0 to 10, ces 1 to 7.")
    comment = serializers.CharField()
    channel = serializers.ChoiceField(Channel.choices)
    is_complaint = serializers.BooleanField()
    complaint_due_at = serializers.DateTimeField(allow_null=True)
    complaint_answered_at = serializers.DateTimeField(allow_null=True)
    given_at = serializers.DateTimeField()


class AnswersQuery(Query):
    """Narrowing the list of answers."""

    instrument = serializers.ChoiceField(Instrument.choices, required=False)
    occasion = serializers.ChoiceField(Occasion.choices, required=False)
    customer = serializers.IntegerField(required=False, min_value=1, max_value=10**17)
    complaints = serializers.ChoiceField(["open", "all"], required=False)
    since = serializers.DateField(required=False, help_text="Given on this day or later.")
    until = serializers.DateField(required=False)


class AnswerIn(Input):
    """What a customer said on the phone, by mail or in a meeting."""

    customer = Whole()
    contact = Whole(required=False)
    invoice = Whole(required=False, help_text="The invoice it is about.")
    occasion = Choice(choices=Occasion.choices)
    instrument = Choice(choices=Instrument.choices)
    score = Whole(min_value=0, max_value=10)
    comment = Text(max_length=2_000, required=False)
    channel = Choice(choices=_TYPED)
    is_complaint = Flag(required=False, help_text="Somebody answers within two business days.")


@act("GET", VIEW, answers=AnswerOut, query=AnswersQuery, paged=True)
def list_answers(request: Call, query: dict[str, Any]) -> Listing:
    """Answers of customers, the newest first."""
    given = {name: str(value) for name, value in query.items()}
    rows = queries.found(request.user, queries.Filters.read(given))
    return Listing(rows, "-given", {"given": "given_at"})


@act("GET", VIEW, answers=AnswerOut)
def get_answer(request: Call, pk: int) -> Answer:
    """One answer."""
    return at_address(queries.visible_to(request.user), pk=pk)


@act("POST", ENTER, takes=AnswerIn, answers=AnswerOut, status=201, at="answer",
     examples={"Said on the phone": {"customer": 1, "occasion": "relation", "instrument": "nps", "score": 9,
                                     "channel": "phone"}})  # fmt: skip
def enter_answer(request: Call, data: dict[str, Any]) -> Answer:
    """Hand in what a customer said. Refused for a contact who wants no surveys."""
    customer = named(
        customers.visible_to(request.user), field="customer", what="customer", pk=data.pop("customer")
    )
    contact, invoice = data.pop("contact", None), data.pop("invoice", None)
    given: dict[str, Any] = {"contact": None, "subject": None}
    if contact is not None:
        given["contact"] = named(customer.contacts.all(), field="contact", what="contact", pk=contact)
    if invoice is not None:
        rows = invoices.visible_to(request.user).filter(customer=customer)
        given["subject"] = named(rows, field="invoice", what="invoice", pk=invoice)
    return operations.enter_answer(customer, actor=request.user, now=timezone.now(), **given, **data)


class ImprovementOut(serializers.Serializer[Any]):
    """An action with the figure it shall move, its value before and 30 days after it was done."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    action = serializers.CharField()
    entity = serializers.CharField(source="entity.code", default=None, allow_null=True)
    owner = serializers.CharField(source="owner.email", default=None, allow_null=True)
    due_on = serializers.DateField()
    state = serializers.ChoiceField(Improvement.State.choices)
    figure = serializers.CharField(help_text="Code of the figure; empty: not said yet.")
    before = serializers.DecimalField(max_digits=19, decimal_places=4, allow_null=True)
    after = serializers.DecimalField(max_digits=19, decimal_places=4, allow_null=True)
    effect = serializers.DecimalField(max_digits=19, decimal_places=4, allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)


@act("GET", VIEW, answers=ImprovementOut, paged=True)
def list_improvements(request: Call) -> Listing:
    """Improvements, the newest first."""
    return Listing(queries.improvements_visible_to(request.user), "-made", {"made": "made_at"})


@act("GET", VIEW, answers=ImprovementOut)
def get_improvement(request: Call, pk: int) -> Improvement:
    """One improvement."""
    return at_address(queries.improvements_visible_to(request.user), pk=pk)
