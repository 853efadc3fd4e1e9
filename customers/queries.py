"""Reading customers: who sees them, which settings and requirements hold for them, whom to write to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet

from core.rows import rows_of, rows_where
from customers import rules
from customers.models import (
    BankDetail,
    BillingRequirement,
    ChangeRequest,
    Contact,
    Customer,
    RequirementAcknowledgement,
    Segment,
)
from entities import queries as entity_queries
from entities.models import Entity
from policies.models import Policy
from team.models import User
from trail.models import Entry
from trail.queries import entries_of_customer

Row = TypeVar("Row", bound=Model)

ALIKE = 0.45
"""From this trigram similarity on two names are close enough to ask (0 to 1)."""


def visible_to(user: User) -> QuerySet[Customer]:
    """The customers of the companies the person may see."""
    entities = entity_queries.visible_to(user)
    if not entities.query.where and user.is_active:
        return Customer.objects.all()
    return Customer.objects.filter(entity__in=entities)


# --------------------------------------------------------------------------------------------------- list
@dataclass(frozen=True)
class Filters:
    """What a list of customers is narrowed to; "" or None leaves it open."""

    text: str = ""
    status: str = ""
    entity: int | None = None
    segment: int | None = None
    owner: int | None = None
    country: str = ""


def listing(user: User, filters: Filters) -> QuerySet[Customer]:
    """The visible customers that match, with company, segment and owner, in no order yet."""
    rows = visible_to(user).select_related("entity", "segment", "owner")
    wanted = {
        "status": filters.status,
        "entity_id": filters.entity,
        "segment_id": filters.segment,
        "owner_id": filters.owner,
        "country": filters.country,
    }
    return matching(rows.filter(**{key: value for key, value in wanted.items() if value}), filters.text)


def matching(customers: QuerySet[Customer], text: str) -> QuerySet[Customer]:
    """Those whose name contains the text, or whose number begins with it. One index answers each."""
    words = text.replace("\0", "").strip()[:100]
    if not words:
        return customers
    # Each branch finds ids through its own index; one OR over both would read the whole table.
    named = Customer.objects.filter(name__icontains=words).order_by().values("pk")
    numbered = Customer.objects.filter(number__istartswith=words).order_by().values("pk")
    return customers.filter(pk__in=named.union(numbered))


def status_counts(user: User) -> dict[str, int]:
    """How many visible customers are in each state."""
    rows = visible_to(user).order_by().values_list("status").annotate(n=Count("pk"))
    return dict(rows)


def similar_names(name: str, exclude_id: int | None = None) -> list[Customer]:
    """Up to five customers whose name is close to this one, the closest first: perhaps the same party."""
    words = name.replace("\0", "").strip()[:160]
    if len(words) < 3:
        return []
    rows = Customer.objects.filter(name__trigram_similar=words).annotate(
        likeness=TrigramSimilarity("name", words)
    )
    close = rows.filter(likeness__gte=ALIKE).exclude(pk=exclude_id or 0)
    return list(close.select_related("entity").order_by("-likeness", "pk")[:5])


# ------------------------------------------------------------------------------------- effective settings
Level = tuple[Any, str, str]
"""(value, level, source): level is customer, segment, company or none; source names the record."""


@dataclass(frozen=True)
class BillingProfile:
    """The settings that hold for a customer billed by one company, and where each comes from."""

    language: str
    currency: str
    delivery_channel: str
    payment_policy: Policy | None
    terms_override: str
    levels: Mapping[str, Level] = field(default_factory=dict)


def billing_profile(customer: Customer, entity: Entity, on: date) -> BillingProfile:  # noqa: ARG001
    """Customer before segment before company, setting by setting.

    `on` is the day asked about; settings are undated today, so it does not change the answer.
    """
    levels: dict[str, Level] = {
        "language": _level(customer, entity, "language", "language"),
        "currency": _level(customer, entity, "currency", "functional_currency"),
        "delivery_channel": _level(customer, entity, "delivery_channel", "delivery_channel"),
        "payment_policy": _level(customer, entity, "payment_policy", "default_policy"),
        "terms_override": (
            (customer.terms_override, "customer", customer.name)
            if customer.terms_override
            else ("", "none", "The payment policy decides")
        ),
        "credit_limit": (
            (customer.credit_limit, "customer", customer.name)
            if customer.credit_limit is not None
            else (None, "none", "No limit was set")
        ),
    }
    return BillingProfile(
        language=levels["language"][0],
        currency=levels["currency"][0],
        delivery_channel=levels["delivery_channel"][0],
        payment_policy=levels["payment_policy"][0],
        terms_override=customer.terms_override,
        levels=levels,
    )


def _level(customer: Customer, entity: Entity, name: str, company_name: str) -> Level:
    """The value of the nearest level that has one."""
    if own := getattr(customer, name):
        return own, "customer", customer.name
    if customer.segment and (theirs := getattr(customer.segment, name)):
        return theirs, "segment", customer.segment.name
    if company_name and (default := getattr(entity, company_name, None)):
        return default, "company", entity.name
    return None, "none", "Nothing is set on any level"


def with_settings(keys: Iterable[int]) -> dict[int, Customer]:
    """Customers by key with segment and payment policies, one object each: what one is asked serves all."""
    customers = _by_key(Customer, keys)
    segments = _by_key(Segment, {customer.segment_id for customer in customers.values()})
    levels: list[Customer | Segment] = [*customers.values(), *segments.values()]
    chosen = _by_key(Policy, {level.payment_policy_id for level in levels})
    for level in levels:
        level.payment_policy = chosen[level.payment_policy_id] if level.payment_policy_id else None
    for customer in customers.values():
        customer.segment = segments[customer.segment_id] if customer.segment_id else None
    return customers


def _by_key(model: type[Row], keys: Iterable[int | None]) -> dict[int, Row]:
    wanted = {key for key in keys if key is not None}
    return {row.pk: row for row in rows_of(model, "id", wanted)} if wanted else {}


# ------------------------------------------------------------------------------------------- requirements
def requirements_for(customer: Customer, entity: Entity, on: date) -> list[BillingRequirement]:
    """The requirements that hold on the day: per kind those of the most specific level."""
    return rules.most_specific(list(_reaching(customer, entity).filter(_in_force(on))))


# Asked at every issue, and always the same: nothing is compiled.
_REACHING = """
(customer_id = ANY(%(customers)s) OR segment_id = ANY(%(segments)s) OR entity_id = %(entity)s
       OR (customer_id IS NULL AND segment_id IS NULL AND entity_id IS NULL))
  AND valid_from <= %(on)s AND (valid_to IS NULL OR valid_to >= %(on)s)
ORDER BY kind, id
"""


def requirements_of_many(
    customers: Sequence[Customer], entity: Entity, on: date
) -> dict[int, list[BillingRequirement]]:
    """`requirements_for` of many customers of one company in one query, by customer id."""
    segments = {customer.segment_id for customer in customers} - {None}
    rows = rows_where(
        BillingRequirement,
        _REACHING,
        {
            "customers": [customer.pk for customer in customers],
            "segments": list(segments),
            "entity": entity.pk,
            "on": on,
        },
    )
    own: dict[int, list[BillingRequirement]] = {}
    shared: dict[int | None, list[BillingRequirement]] = {}
    for row in rows:
        if row.customer_id:
            own.setdefault(row.customer_id, []).append(row)
        else:
            shared.setdefault(row.segment_id, []).append(row)
    return {
        customer.pk: rules.most_specific(
            [
                *own.get(customer.pk, []),
                *shared.get(None, []),
                *(shared.get(customer.segment_id, []) if customer.segment_id else []),
            ]
        )
        for customer in customers
    }


def overridden(customer: Customer, entity: Entity, on: date) -> list[BillingRequirement]:
    """Requirements of higher levels that do not hold, because a nearer one of their kind does."""
    reaching = list(_reaching(customer, entity).filter(_in_force(on)))
    holding = {one.pk for one in rules.most_specific(reaching)}
    return [one for one in reaching if one.pk not in holding]


def facts_of(requirements: list[BillingRequirement]) -> list[rules.RequirementFacts]:
    """The requirements as `rules.check_requirements` wants them."""
    return [
        rules.RequirementFacts(one.kind, one.severity, one.parameters, one.valid_to, one.source, one.pk)
        for one in requirements
    ]


def upcoming_requirements(customer: Customer, on: date) -> QuerySet[BillingRequirement]:
    """The customer's own requirements that begin after the day."""
    return customer.requirements.filter(valid_from__gt=on).order_by("valid_from")


def unacknowledged(customer: Customer, entity: Entity, user: User, on: date) -> list[BillingRequirement]:
    """Requirements in force that the person has not read in their present revision for this customer."""
    return unread_of(requirements_for(customer, entity, on), customer, user)


def unread_of(holding: list[BillingRequirement], customer: Customer, user: User) -> list[BillingRequirement]:
    """Those of a customer's requirements in force that the person has not read in their present revision.

    Who wrote one knows it, until somebody changes it.
    """
    if not holding:
        return []
    seen = set(
        RequirementAcknowledgement.objects.filter(
            customer=customer, user=user, requirement__in=holding
        ).values_list("requirement_id", "revision")
    )
    return [
        one
        for one in holding
        if (one.pk, one.revision) not in seen and not (one.created_by_id == user.pk and one.revision == 1)
    ]


def _reaching(customer: Customer, entity: Entity) -> QuerySet[BillingRequirement]:
    everywhere = Q(customer=None, segment=None, entity=None)
    own = Q(customer=customer) | Q(entity=entity) | everywhere
    if customer.segment_id:
        own |= Q(segment=customer.segment_id)
    return BillingRequirement.objects.filter(own).select_related("customer", "segment", "entity")


def _in_force(on: date) -> Q:
    return Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gte=on))


# ----------------------------------------------------------------------------------------------- contacts
def contacts_for(customer: Customer, purpose: str) -> list[Contact]:
    """Whom to write to for a purpose; how they are chosen stands in `customers.recipients`.

    Empty: nobody can be reached.
    """
    return chosen_for(active_contacts(customer), purpose)


def active_contacts(customer: Customer) -> list[Contact]:
    """Everybody who can be written to, the first one entered first."""
    return [one for one in rows_of(Contact, "customer_id", [customer.pk]) if one.is_active]


def chosen_for(contacts: list[Contact], purpose: str) -> list[Contact]:
    """Those of a customer's `active_contacts` one writes to for a purpose."""
    return [choice.contact for choice in rules.choose_recipients(contacts, [purpose])]


# ------------------------------------------------------------------------------------------------ changes
def change_history(customer: Customer) -> QuerySet[Entry]:
    """Every act that touched the customer, newest first."""
    return entries_of_customer(customer.pk)


def bank_detail(customer: Customer) -> BankDetail | None:
    """The account refunds go to; None when there is none yet."""
    return customer.bank_details.filter(is_active=True).first()


def changes_waiting_for(user: User) -> QuerySet[ChangeRequest]:
    """Changes of bank data, terms or limits that this person may decide: not their own."""
    if not user.has_perm("customers.approve_change"):
        return ChangeRequest.objects.none()
    return (
        ChangeRequest.objects.filter(state=ChangeRequest.State.PENDING, customer__in=visible_to(user))
        .exclude(requested_by=user)
        .select_related("customer", "requested_by", "called_back_by")
        .order_by("requested_at")
    )


def waiting_changes_count(user: User) -> int:
    """How many changes wait for this person."""
    return changes_waiting_for(user).count()


def phone_entered(contact_id: int, before: datetime) -> Entry | None:
    """When and by whom the contact's phone number was put on file, up to that time."""
    entries = Entry.objects.filter(
        content_type=ContentType.objects.get_for_model(Contact), object_id=contact_id, timestamp__lte=before
    )
    newest: Entry | None = (
        entries.filter(changes__has_key="phone").select_related("actor").order_by("-id").first()
    )
    return newest


def changed_recently(customer: Customer, subject: str, since: date) -> bool:
    """Whether a change of this subject (bank, terms, credit_limit) was applied on or after the day."""
    return customer.change_requests.filter(
        subject=subject, state=ChangeRequest.State.APPLIED, decided_at__date__gte=since
    ).exists()


def segments() -> QuerySet[Segment]:
    """All segments with their payment policy, and `used`: whether a customer is in it."""
    used = Exists(Customer.objects.filter(segment=OuterRef("pk")))
    return Segment.objects.select_related("payment_policy").annotate(used=used)
