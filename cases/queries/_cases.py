"""Reading cases: which there are, which miss, and the items behind them."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from cases import rules
from cases.models import Case
from customers.models import Customer
from entities import queries as entities
from entities.models import Entity
from invoices.models import Invoice
from ledger.models import OpenItem
from team.models import User


def visible_to(user: User) -> QuerySet[Case]:
    """Cases of the companies this person sees."""
    rows = Case.objects.select_related("customer", "entity", "owner")
    companies = entities.visible_to(user)
    if not companies.query.where and user.is_active:
        return rows
    # Ids, not a subquery: the planner then keeps the order of the list's index.
    return rows.filter(entity_id__in=list(companies.values_list("pk", flat=True)))


def risk_of(case: Case) -> rules.Risk:
    """The value at risk with its terms, by the same rule that ranks the worklist."""
    standing = rules.Standing(
        ages=(case.overdue_30, case.overdue_60, case.overdue_90, case.overdue_old),
        unapplied=case.unapplied,
        broken=case.broken_promises,
        usual_delay=case.usual_delay,
    )
    return rules.value_at_risk(standing, case.entity.functional_currency)


def open_invoices_of(customer: Customer, currency: str, *, on: date) -> QuerySet[Invoice]:
    """The customer's invoices to their company that are overdue on a day, oldest first."""
    return Invoice.objects.filter(
        customer=customer,
        entity_id=customer.entity_id,
        currency=currency,
        document_status="issued",
        balance__gt=0,
        next_due_on__lt=on,
    ).order_by("next_due_on", "pk")


def overdue_items(entity: Entity, *, on: date) -> QuerySet[OpenItem]:
    """What is owed to a company and late on a day, but for what is held back as a whole."""
    return OpenItem.objects.filter(entity=entity, side="debit", open_amount__gt=0, due_on__lt=on)


def without_next_action(on_of: Iterable[tuple[Entity, date]]) -> list[int]:
    """Customers with something overdue and nobody to act next: always empty after the daily run.

    `on_of` names the day of each company. Open cases have a next action by constraint.
    """
    found: set[int] = set()
    for entity, on in on_of:
        covered = Case.objects.filter(
            customer=OuterRef("customer"), entity=OuterRef("entity"), closed_at__isnull=True
        )
        rows = overdue_items(entity, on=on).filter(~Exists(covered)).order_by()
        found |= set(rows.values_list("customer_id", flat=True).distinct())
    return sorted(found)
