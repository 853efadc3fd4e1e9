"""Collection work over the API: cases to read, calls, promises and payment plans."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from cases import operations, queries
from cases.models import Action, Case, Plan, Promise
from cases.models import Call as CallNote
from core.rest.fields import Amount, Choice, Day, Flag, Input, Query, Text, Whole
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from customers import queries as customers
from customers.models import Contact, Customer
from invoices import queries as invoices
from invoices.models import Invoice
from team.endpoints import Call, act

VIEW, WORK, PLAN = "cases.view_case", "cases.work_case", "cases.offer_plan"


# ------------------------------------------------------------------------------------------------ shapes
class CaseOut(serializers.Serializer[Any]):
    """The collection of one overdue account. Amounts in the company's functional currency."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    customer = serializers.IntegerField(source="customer_id")
    stage = serializers.ChoiceField(Case.Stage.choices)
    level = serializers.IntegerField(help_text="0 collector, 1 lead, 2 controller, 3 hand-over.")
    owner = serializers.CharField(source="owner.email", default=None, allow_null=True)
    currency = serializers.CharField(source="entity.functional_currency")
    overdue = Amount(currency="entity.functional_currency")
    held = Amount(currency="entity.functional_currency")
    value_at_risk = Amount(currency="entity.functional_currency")
    oldest_due_on = serializers.DateField(allow_null=True)
    next_action = serializers.ChoiceField(Action.choices, allow_null=True)
    next_on = serializers.DateField(allow_null=True)
    hardship = serializers.BooleanField()
    stop = serializers.ChoiceField(Case.Stop.choices, allow_blank=True)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class CallOut(serializers.Serializer[Any]):
    """What was said, and what follows."""

    id = serializers.IntegerField()
    case = serializers.IntegerField(source="case_id")
    channel = serializers.ChoiceField(CallNote.Channel.choices)
    outcome = serializers.ChoiceField(CallNote.Outcome.choices)
    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    note = serializers.CharField()
    is_private = serializers.BooleanField()
    next_action = serializers.ChoiceField(Action.choices)
    next_on = serializers.DateField()
    corrects = serializers.IntegerField(source="corrects_id", allow_null=True)
    at = serializers.DateTimeField()


class PromiseOut(serializers.Serializer[Any]):
    """How much comes by when. It waits for approval, stands, or is judged."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    customer = serializers.IntegerField(source="customer_id")
    state = serializers.ChoiceField(Promise.State.choices)
    currency = serializers.CharField()
    amount = Amount(currency="currency")
    received = Amount(currency="currency")
    promised_on = serializers.DateField()
    evaluate_after = serializers.DateField()
    made_on = serializers.DateField()
    channel = serializers.CharField()
    invoices = serializers.SerializerMethodField()

    def get_invoices(self, promise: Promise) -> list[int]:
        """What it is for."""
        return [row.invoice_id for row in promise.covers.all()]


class PlanPartOut(serializers.Serializer[Any]):
    """One instalment."""

    number = serializers.IntegerField()
    due_on = serializers.DateField()
    principal = Amount(currency="plan.currency")
    interest = Amount(currency="plan.currency")
    amount = Amount(currency="plan.currency")


class PlanOut(serializers.Serializer[Any]):
    """A payment plan; its parts add up to `total`."""

    id = serializers.IntegerField()
    entity = serializers.CharField(source="entity.code")
    customer = serializers.IntegerField(source="customer_id")
    state = serializers.ChoiceField(Plan.State.choices)
    currency = serializers.CharField()
    principal = Amount(currency="currency")
    interest = Amount(currency="currency")
    total = Amount(currency="currency")
    received = Amount(currency="currency")
    rhythm = serializers.ChoiceField(Plan.Rhythm.choices)
    months = serializers.IntegerField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    parts = PlanPartOut(source="parts.all", many=True)
    invoices = serializers.SerializerMethodField()

    def get_invoices(self, plan: Plan) -> list[int]:
        """What it pays off."""
        return [row.invoice_id for row in plan.covers.all()]


class CallIn(Input):
    """A call note. Every call ends with what is next and when."""

    channel = Choice(CallNote.Channel.choices, required=False)
    outcome = Choice(CallNote.Outcome.choices)
    contact = Whole(required=False)
    note = Text(required=False, allow_blank=True, max_length=4000)
    is_private = Flag(required=False)
    next_action = Choice(Action.choices)
    next_on = Day()


class PromiseIn(Input):
    """What the customer promised."""

    customer = Whole()
    currency = Text(max_length=3)
    amount = Amount()
    promised_on = Day()
    invoices = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**53),
        required=False,
        max_length=200,
        help_text="Left out: everything overdue in the currency.",
    )
    channel = Choice(CallNote.Channel.choices, required=False)
    contact = Whole(required=False)
    note = Text(required=False, allow_blank=True, max_length=500)


class PlanIn(Input):
    """Parts and rhythm of a plan."""

    customer = Whole()
    currency = Text(max_length=3)
    invoices = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**53),
        required=False,
        max_length=200,
        help_text="Left out: everything overdue in the currency.",
    )
    parts = Whole()
    rhythm = Choice(Plan.Rhythm.choices)
    first_on = Day()
    yearly_rate = Amount(required=False, help_text="Interest in % a year.")
    note = Text(required=False, allow_blank=True, max_length=500)


class AcceptIn(Input):
    """How the customer agreed."""

    evidence = Text(max_length=2000)
    contact = Whole(required=False)


class CasesQuery(Query):
    """Narrowing the list of cases."""

    customer = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    stage = serializers.ChoiceField(Case.Stage.choices, required=False)
    open = serializers.BooleanField(required=False, help_text="Only open ones, or only closed ones.")


class StatesQuery(Query):
    """Narrowing promises or plans."""

    customer = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    state = serializers.CharField(required=False, max_length=12)


# -------------------------------------------------------------------------------------------------- cases
@act("GET", VIEW, answers=CaseOut, query=CasesQuery, paged=True)
def list_cases(request: Call, query: dict[str, Any]) -> Listing:
    """Cases, the most at risk first."""
    wanted = dict(query)
    rows = queries.visible_to(request.user)
    if "open" in wanted:
        rows = rows.filter(closed_at__isnull=wanted.pop("open"))
    names = {"customer": "customer_id", "stage": "stage"}
    rows = rows.filter(**{names[name]: value for name, value in wanted.items()})
    return Listing(rows.order_by(), "-risk", {"risk": "rank_value"})


@act("GET", VIEW, answers=CaseOut)
def get_case(request: Call, pk: int) -> Case:
    """One case."""
    return at_address(queries.visible_to(request.user), pk=pk)


@act("GET", VIEW, answers=CallOut, paged=True)
def list_calls(request: Call, pk: int) -> Listing:
    """The call notes of a case, the newest first; corrected ones stand beside their corrections."""
    case = at_address(queries.visible_to(request.user), pk=pk)
    return Listing(CallNote.objects.filter(case=case).order_by(), "-id", {"id": "id"})


@act("POST", WORK, takes=CallIn, answers=CallOut, status=201, key="needed")
def create_call(request: Call, data: dict[str, Any], pk: int) -> CallNote:
    """Write down what was said, and what is next."""
    case = at_address(queries.visible_to(request.user), pk=pk)
    given = dict(data)
    if "contact" in given:
        given["contact"] = _contact(case.customer, given["contact"])
    return operations.note_call(case, **given, actor=request.user, now=timezone.now())


# ----------------------------------------------------------------------------------------------- promises
@act("GET", VIEW, answers=PromiseOut, query=StatesQuery, paged=True)
def list_promises(request: Call, query: dict[str, Any]) -> Listing:
    """Promises, the newest first."""
    rows = queries.promises_visible_to(request.user).prefetch_related("covers").filter(**_wanted(query))
    return Listing(rows.order_by(), "-id", {"id": "id"})


@act("GET", VIEW, answers=PromiseOut)
def get_promise(request: Call, pk: int) -> Promise:
    """One promise."""
    return at_address(queries.promises_visible_to(request.user), pk=pk)


@act("POST", WORK, takes=PromiseIn, answers=PromiseOut, status=201, key="needed", at="promise")
def create_promise(request: Call, data: dict[str, Any]) -> Promise:
    """Note a promise to pay.

    It stands at once and pauses reminders, or is `waiting` for a second person: more than 14 days ahead, or
    after two broken promises.
    """
    given = dict(data)
    customer = _customer(request, given.pop("customer"))
    given["invoices"] = _invoices(request, customer, given.pop("invoices", []))
    if "contact" in given:
        given["contact"] = _contact(customer, given["contact"])
    given.setdefault("channel", "phone")
    promise = operations.make_promise(customer, **given, actor=request.user, now=timezone.now())
    return at_address(queries.promises_visible_to(request.user), pk=promise.pk)


# -------------------------------------------------------------------------------------------------- plans
@act("GET", VIEW, answers=PlanOut, query=StatesQuery, paged=True)
def list_plans(request: Call, query: dict[str, Any]) -> Listing:
    """Payment plans, the newest first."""
    rows = queries.plans_visible_to(request.user).prefetch_related("covers", "parts__plan")
    return Listing(rows.filter(**_wanted(query)).order_by(), "-id", {"id": "id"})


@act("GET", VIEW, answers=PlanOut)
def get_plan(request: Call, pk: int) -> Plan:
    """One plan and its instalments."""
    return at_address(queries.plans_visible_to(request.user), pk=pk)


@act("POST", PLAN, takes=PlanIn, answers=PlanOut, status=201, key="needed", at="plan")
def create_plan(request: Call, data: dict[str, Any]) -> Plan:
    """Offer a payment plan. It waits for a second person, then the customer hears of it."""
    given = dict(data)
    customer = _customer(request, given.pop("customer"))
    given["invoices"] = _invoices(request, customer, given.pop("invoices", []))
    plan = operations.offer_plan(customer, **given, actor=request.user, now=timezone.now())
    return at_address(queries.plans_visible_to(request.user), pk=plan.pk)


@act("POST", PLAN, takes=AcceptIn, answers=PlanOut, key="needed")
def accept_plan(request: Call, data: dict[str, Any], pk: int) -> Plan:
    """The customer agreed: reminders pause while the plan is kept."""
    plan = at_address(queries.plans_visible_to(request.user), pk=pk)
    contact = _contact(plan.customer, data["contact"]) if "contact" in data else None
    operations.accept_plan(
        plan, contact=contact, evidence=data["evidence"], actor=request.user, now=timezone.now()
    )
    return at_address(queries.plans_visible_to(request.user), pk=pk)


# --------------------------------------------------------------------------------------------- from here
def _wanted(query: dict[str, Any]) -> dict[str, Any]:
    names = {"customer": "customer_id", "state": "state"}
    return {names[name]: value for name, value in query.items()}


def _customer(request: Call, pk: int) -> Customer:
    customer: Customer = named(
        customers.visible_to(request.user).select_related("entity"), field="customer", what="customer", pk=pk
    )
    return customer


def _invoices(request: Call, customer: Customer, ids: list[int]) -> list[Invoice]:
    """The invoices named; one of another customer, or that the caller does not see, is not there."""
    rows = invoices.visible_to(request.user).filter(customer=customer)
    return [named(rows, field="invoices", what="invoice", pk=pk) for pk in ids]


def _contact(customer: Customer, pk: int) -> Contact:
    contact: Contact = named(customer.contacts.filter(is_active=True), field="contact", what="contact", pk=pk)
    return contact
