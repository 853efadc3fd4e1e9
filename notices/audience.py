"""Whom a notice of change is for, and who of them mail does not reach."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet

from customers.models import Contact, Customer
from customers.queries import chosen_for
from customers.rules import obstacle
from entities.models import Entity
from notices.models import ChangeNotice
from policies.models import Policy


@dataclass(frozen=True)
class Reach:
    """One customer of the audience; `why_not` says why mail does not reach them, "" when it does."""

    customer: Customer
    contacts: tuple[Contact, ...]
    why_not: str


def audience(notice: ChangeNotice) -> QuerySet[Customer]:
    """The company's customers the change concerns, by id."""
    found = Customer.objects.filter(entity=notice.entity_id).exclude(status=Customer.Status.INACTIVE)
    if notice.policy_id is not None:
        found = found.filter(under(notice.policy, notice.entity))
    if notice.segment_id is not None:
        found = found.filter(segment=notice.segment_id)
    if notice.currency:
        found = found.filter(billed_in(notice.currency, notice.entity))
    return found.order_by("pk")


def under(policy: Policy | None, entity: Entity) -> Q:
    """Customers under this policy: their own, else that of the segment, else that of the company."""
    own = Q(payment_policy=policy)
    theirs = Q(payment_policy=None, segment__payment_policy=policy)
    inherits = Q(payment_policy=None) & (Q(segment=None) | Q(segment__payment_policy=None))
    default = policy is not None and policy.default_for_id == entity.pk
    return own | theirs | inherits if default else own | theirs


def billed_in(currency: str, entity: Entity) -> Q:
    """Customers billed in this currency: their own, else that of the segment, else that of the company."""
    inherits = Q(currency="") & (Q(segment=None) | Q(segment__currency=""))
    found = Q(currency=currency) | Q(currency="", segment__currency=currency)
    return found | inherits if entity.functional_currency == currency else found


def reached(customers: QuerySet[Customer]) -> Iterable[Reach]:
    """Each customer of the audience with whom we write to about invoices, in two queries.

    The same choice as at sending: who asked for no mail, or whose mail comes back, is passed over.
    """
    contacts = Contact.objects.filter(is_active=True).order_by("pk")
    for customer in customers.prefetch_related(Prefetch("contacts", queryset=contacts, to_attr="there")):
        good = tuple(chosen_for(customer.there, Contact.Purpose.BILLING))
        yield Reach(customer, good, "" if good else _why_not(customer.there))


def _why_not(there: list[Contact]) -> str:
    found = [f"{one.name}: {why}" for one in there if (why := obstacle(one))]
    return "; ".join(found)[:300] or "No contact for invoices"
