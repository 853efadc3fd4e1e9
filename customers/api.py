"""Customers over the API."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from rest_framework import serializers

from core.errors import Invalid
from core.rest.fields import Amount, Choice, Day, Flag, Input, Query, Text, Whole
from core.rest.lookup import at_address, named
from core.rest.paging import Listing
from customers import operations, queries
from customers.models import BillingRequirement, Contact, Customer, RequirementAcknowledgement, Segment
from entities import queries as entities
from team.endpoints import Call, act

VIEW, EDIT = "customers.view_customer", "customers.edit_customer"
# Who bills reads what the customer asks for. By name: invoices stand above.
BILL = "invoices.edit_invoice"


# ------------------------------------------------------------------------------------------------ shapes
class AddressOut(serializers.Serializer[Any]):
    """Where a customer is, or where goods go."""

    kind = serializers.CharField()
    lines = serializers.ListField(child=serializers.CharField())
    postal_code = serializers.CharField()
    city = serializers.CharField()
    state_code = serializers.CharField()
    country = serializers.CharField()


class TaxIdOut(serializers.Serializer[Any]):
    """A tax number, and when a register confirmed it."""

    scheme = serializers.CharField()
    country = serializers.CharField()
    number = serializers.CharField()
    verified_at = serializers.DateTimeField(allow_null=True)


class CustomerOut(serializers.Serializer[Any]):
    """A party we bill. Empty settings are inherited from the segment, then from the company."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    name = serializers.CharField()
    legal_name = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    status_reason = serializers.CharField()
    entity = serializers.CharField(
        source="entity.code", help_text="Code of the company that usually bills it."
    )
    segment = serializers.CharField(source="segment.name", default=None, allow_null=True)
    parent = serializers.IntegerField(source="parent_id", allow_null=True)  # type: ignore[assignment]
    owner = serializers.CharField(source="owner.email", default=None, allow_null=True)
    country = serializers.CharField()
    state_code = serializers.CharField()
    is_sez = serializers.BooleanField()
    language = serializers.CharField()
    currency = serializers.CharField()
    delivery_channel = serializers.CharField()
    terms_override = serializers.CharField()
    credit_limit = Amount(currency=operations.limit_currency, allow_null=True)
    insolvent = serializers.BooleanField()
    since = serializers.DateField()
    notes = serializers.CharField()
    lock_version = serializers.IntegerField(help_text="Also in the ETag; send it back in If-Match.")


class CustomerDetailOut(CustomerOut):
    """A party we bill, with its addresses and tax numbers."""

    addresses = serializers.SerializerMethodField()
    tax_ids = serializers.SerializerMethodField()

    def get_addresses(self, customer: Customer) -> list[dict[str, Any]]:
        """The active ones."""
        return list(AddressOut(customer.addresses.filter(is_active=True), many=True).data)

    def get_tax_ids(self, customer: Customer) -> list[dict[str, Any]]:
        """The active ones."""
        return list(TaxIdOut(customer.tax_ids.filter(is_active=True), many=True).data)

    get_addresses.__annotations__["return"] = AddressOut(many=True)
    get_tax_ids.__annotations__["return"] = TaxIdOut(many=True)


class ContactOut(serializers.Serializer[Any]):
    """A person or inbox at the customer."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    role = serializers.CharField()
    language = serializers.CharField()
    purposes = serializers.ListField(child=serializers.ChoiceField(Contact.Purpose.choices))
    bounced_at = serializers.DateTimeField(
        allow_null=True, help_text="Mail came back; nothing is sent there."
    )
    no_mail = serializers.BooleanField(help_text="They asked for no mail; letters and calls stay possible.")
    opens_agreed = serializers.BooleanField(help_text="They agreed that we note when a mail is opened.")


class RequirementOut(serializers.Serializer[Any]):
    """A rule about our invoices that holds for the customer."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    severity = serializers.ChoiceField(BillingRequirement.Severity.choices)
    parameters = serializers.DictField()
    note = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    level = serializers.SerializerMethodField()
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True)
    revision = serializers.IntegerField()

    def get_level(self, requirement: BillingRequirement) -> str:
        """customer, segment, company or everywhere."""
        if requirement.customer_id:
            return "customer"
        if requirement.segment_id:
            return "segment"
        return "company" if requirement.entity_id else "everywhere"


class RequirementsOut(serializers.Serializer[Any]):
    """What holds for the customer on a day: per kind the most specific level."""

    items = RequirementOut(many=True)


class ReadIn(Input):
    """What was read."""

    requirement = Whole(help_text="Id of a requirement that holds for the customer.")
    revision = Whole(help_text="The revision that was read.")


class ReadOut(serializers.Serializer[Any]):
    """That somebody read a revision of a requirement."""

    requirement = serializers.IntegerField(source="requirement_id")
    revision = serializers.IntegerField()
    at = serializers.DateTimeField()


class AddressIn(Input):
    """An address as it is entered."""

    lines = serializers.ListField(child=Text(max_length=120), min_length=1, max_length=5)
    city = Text(max_length=80)
    country = Text(max_length=2, help_text="ISO 3166 code, like DE.")
    postal_code = Text(required=False, allow_blank=True, max_length=20)
    state_code = Text(required=False, allow_blank=True, max_length=8)


class TaxIdIn(Input):
    """A tax number as it is entered; its form and check digits are checked."""

    scheme = Choice([("VAT", "VAT id"), ("GSTIN", "GSTIN"), ("EIN", "EIN")])
    number = Text(max_length=40)
    country = Text(required=False, max_length=2)


class ContactIn(Input):
    """A contact as it is entered: an e-mail address or a phone number is needed."""

    name = Text(max_length=120)
    email = Text(required=False, allow_blank=True, max_length=254)
    phone = Text(required=False, allow_blank=True, max_length=40)
    role = Text(required=False, allow_blank=True, max_length=80)
    language = Text(required=False, allow_blank=True, max_length=5)
    purposes = serializers.ListField(child=Choice(Contact.Purpose.choices), required=False, max_length=6)
    no_mail = Flag(required=False, help_text="They asked for no mail; letters and calls stay possible.")
    opens_agreed = Flag(required=False, help_text="They agreed that we note when a mail is opened.")


class CustomerEdit(Input):
    """What one person may change. Terms, credit limit and bank data need two, on the screen."""

    name = Text(required=False, max_length=160)
    legal_name = Text(required=False, allow_blank=True, max_length=200)
    kind = Choice(Customer.Kind.choices, required=False)
    segment = Text(required=False, allow_null=True, max_length=60, help_text="Name of the segment.")
    parent = Whole(required=False, allow_null=True, help_text="Id of the parent company.")  # type: ignore[assignment]
    country = Text(required=False, max_length=2)
    state_code = Text(required=False, allow_blank=True, max_length=8)
    is_sez = Flag(required=False)
    language = Text(required=False, allow_blank=True, max_length=5)
    currency = Text(required=False, allow_blank=True, max_length=3)
    delivery_channel = Text(required=False, allow_blank=True, max_length=12)
    insolvent = Flag(required=False)
    notes = Text(required=False, allow_blank=True, max_length=5000)


class CustomerIn(CustomerEdit):
    """A new customer; address, tax number and first contact may come with it."""

    entity = Text(max_length=12, help_text="Code of the company that bills it.")
    name = Text(max_length=160)
    country = Text(max_length=2)
    insolvent = None  # type: ignore[assignment]
    number = Text(required=False, max_length=20, help_text="Left out: the next free one.")
    terms_override = Text(required=False, allow_blank=True, max_length=60)
    credit_limit = Amount(required=False)
    since = Day(required=False)
    address = AddressIn(required=False)
    tax_id = TaxIdIn(required=False)
    contact = ContactIn(required=False)


class CustomersQuery(Query):
    """Narrowing the list of customers."""

    q = serializers.CharField(
        required=False, max_length=100, help_text="Part of the name, or start of the number."
    )
    status = serializers.ChoiceField(Customer.Status.choices, required=False)
    entity = serializers.CharField(required=False, max_length=12, help_text="Code of a company.")
    country = serializers.CharField(required=False, max_length=2)


class DayQuery(Query):
    """The day asked about."""

    on = Day(required=False, help_text="Today when left out.")


# -------------------------------------------------------------------------------------------------- acts
@act("GET", VIEW, answers=CustomerOut, query=CustomersQuery, paged=True)
def list_customers(request: Call, query: dict[str, Any]) -> Listing:
    """Customers by name."""
    filters = queries.Filters(
        text=query.get("q", ""),
        status=query.get("status", ""),
        entity=_entity(request, query["entity"]).pk if "entity" in query else None,
        country=query.get("country", "").upper(),
    )
    return Listing(queries.listing(request.user, filters), "name", {"name": Lower("name")})


@act(
    "POST",
    EDIT,
    takes=CustomerIn,
    answers=CustomerDetailOut,
    status=201,
    at="customer",
    examples={
        "A German business": {
            "entity": "DE1",
            "name": "Helios Solar GmbH",
            "country": "DE",
            "address": {"lines": ["Werkstraße 7"], "postal_code": "28195", "city": "Bremen", "country": "DE"},
            "contact": {"name": "Accounts payable", "email": "ap@helios.example", "purposes": ["billing"]},
        }
    },
)
def create_customer(request: Call, data: dict[str, Any]) -> Customer:
    """Add a customer."""
    parts = {name: data.pop(name, None) for name in ("address", "tax_id", "contact")}
    party = _resolved(request, data) | {"entity": _entity(request, data["entity"])}
    return operations.set_up_customer(party=party, **parts, actor=request.user, now=timezone.now())


@act("GET", VIEW, answers=CustomerDetailOut)
def get_customer(request: Call, pk: int) -> Customer:
    """One customer."""
    return _customer(request, pk)


@act("PATCH", EDIT, takes=CustomerEdit, answers=CustomerDetailOut, edits=True)
def edit_customer(request: Call, data: dict[str, Any], pk: int, version: int) -> Customer:
    """Change master data.

    Fields left out stay. Terms, credit limit and bank data are no fields here: they change by two persons.
    """
    customer = _customer(request, pk)
    return operations.edit_customer(
        customer,
        actor=request.user,
        now=timezone.now(),
        expected_version=version,
        **_resolved(request, data),
    )


@act("GET", VIEW, answers=ContactOut, paged=True)
def list_contacts(request: Call, pk: int) -> Listing:
    """The customer's active contacts."""
    return Listing(_customer(request, pk).contacts.filter(is_active=True), "id", {"id": "id"})


@act("POST", EDIT, takes=ContactIn, answers=ContactOut, status=201)
def add_contact(request: Call, data: dict[str, Any], pk: int) -> Contact:
    """Add a contact."""
    return operations.add_contact(_customer(request, pk), **data, actor=request.user, now=timezone.now())


@act("GET", VIEW, answers=RequirementsOut, query=DayQuery)
def list_requirements(request: Call, query: dict[str, Any], pk: int) -> dict[str, Any]:
    """What the customer requires of invoices on a day."""
    customer = _customer(request, pk)
    on = query.get("on") or entities.local_day(customer.entity, timezone.now())
    return {"items": queries.requirements_for(customer, customer.entity, on)}


@act("POST", BILL, takes=ReadIn, answers=ReadOut, status=201)
def confirm_requirement(request: Call, data: dict[str, Any], pk: int) -> RequirementAcknowledgement:
    """Say that you read a requirement as it stands: without that, you cannot submit invoices it is about."""
    customer, now = _customer(request, pk), timezone.now()
    holding = (
        one
        for company in entities.visible_to(request.user)
        for one in queries.requirements_for(customer, company, entities.local_day(company, now))
    )
    found = next((one for one in holding if one.pk == data["requirement"]), None)
    if found is None:
        raise Invalid(
            "This requirement does not hold for the customer today.",
            field="requirement",
            rule="requirement_is_in_force",
            mend="Take an id of the customer's requirements.",
        )
    return operations.acknowledge_requirement(
        found, customer=customer, revision=data["revision"], actor=request.user, now=now
    )


def _rows(request: Call) -> QuerySet[Customer]:
    return queries.visible_to(request.user).select_related("entity", "segment", "owner")


def _customer(request: Call, pk: int) -> Customer:
    return at_address(_rows(request), pk=pk)


def _entity(request: Call, code: str) -> Any:
    return named(entities.visible_to(request.user), field="entity", what="company", code=code)


def _resolved(request: Call, data: dict[str, Any]) -> dict[str, Any]:
    """The values with names and ids replaced by their records."""
    values = dict(data)
    if values.get("segment"):
        values["segment"] = named(
            Segment.objects.all(), field="segment", what="segment", name=values["segment"]
        )
    if values.get("parent"):
        values["parent"] = named(_rows(request), field="parent", what="customer", pk=values["parent"])
    return values
