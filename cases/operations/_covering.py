"""The invoices a promise or plan covers: locked, of one customer, company and currency, and free."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from cases.models import PlannedInvoice, PromisedInvoice
from cases.queries import open_invoices_of
from core.errors import Invalid, Refused
from customers.models import Customer
from entities.models import Entity
from invoices.models import Invoice
from ledger.models import OpenItem


class Covered(NamedTuple):
    """Locked invoices with what is open of each, by id."""

    invoices: list[Invoice]
    open_amounts: dict[int, Decimal]

    @property
    def total(self) -> Decimal:
        return sum(self.open_amounts.values(), Decimal(0))


def cover(customer: Customer, currency: str, given: Sequence[Invoice], *, on: date) -> Covered:
    """Lock the invoices, by id, or all overdue ones of the customer's company where none are given."""
    asked = given or list(open_invoices_of(customer, currency, on=on))
    ids = sorted({invoice.pk for invoice in asked})
    found = list(Invoice.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    for invoice in found:
        if invoice.customer_id != customer.pk or invoice.currency != currency:
            raise Invalid(
                f"{invoice} is not an invoice of {customer} in {currency}.",
                field="invoices",
                rule="a_promise_is_about_own_invoices",
                mend="Choose invoices of this customer in one currency.",
            )
    if len({invoice.entity_id for invoice in found}) > 1:
        raise Invalid(
            "These invoices are from different companies.",
            field="invoices",
            rule="a_promise_is_to_one_company",
            mend="Make one promise or plan for each company.",
        )
    rows = (
        OpenItem.objects.filter(instalment__invoice__in=ids, open_amount__gt=0)
        .order_by()
        .values("instalment__invoice")
        .annotate(total=Sum("open_amount"))
    )
    open_amounts = {row["instalment__invoice"]: row["total"] for row in rows}
    left = [invoice for invoice in found if invoice.pk in open_amounts]
    if not left:
        raise Refused(
            f"{customer} owes nothing on these invoices in {currency}.",
            field="invoices",
            rule="something_is_owed",
            mend="Choose invoices that are open.",
        )
    return Covered(left, open_amounts)


def refuse_covered(covered: Covered) -> None:
    """An invoice is in one live promise and one live plan at most; the invoices are locked."""
    ids = list(covered.open_amounts)
    promised = PromisedInvoice.objects.filter(invoice__in=ids, is_live=True).select_related(
        "invoice", "promise"
    )
    for row in promised:
        raise Refused(
            f"{row.invoice} is promised already for {row.promise.promised_on:%d %b %Y}.",
            field="invoices",
            rule="one_live_promise_per_invoice",
            mend="Withdraw that promise first, or leave the invoice out.",
        )
    refuse_planned(covered)


def refuse_planned(covered: Covered) -> None:
    """Not where a plan was offered or runs."""
    planned = PlannedInvoice.objects.filter(invoice__in=list(covered.open_amounts), is_live=True)
    for row in planned.select_related("invoice", "plan"):
        raise Refused(
            f"{row.invoice} is in a payment plan ({row.plan.get_state_display().lower()}).",
            field="invoices",
            rule="one_live_plan_per_invoice",
            mend="Withdraw the plan first, or leave the invoice out.",
        )


def company_of(covered: Covered) -> Entity:
    """The company all of them are owed to."""
    return covered.invoices[0].entity
