"""The open items and payers of one company in one currency, as matching reads them: four queries."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from banking.matching import Book, Item, folded
from banking.models import Matching, Payer
from banking.queries._remittances import advices_of
from core.discount import discounted, last_day
from core.money import round_money
from customers.models import Customer
from entities.models import Entity
from invoices.models import Instalment, Invoice
from ledger.models import OpenItem
from payments.operations import small_difference_limit
from policies.clauses import Clauses
from policies.queries import clauses_of

# What buyers in India deduct of the value without tax (DOMAIN: CBDT circular 23/2017), in percent.
_WITHHOLDING = {"IN": (Decimal(10), Decimal(2), Decimal(1), Decimal("0.1"))}


def matching_of(entity: Entity) -> Matching:
    """How the company matches; the defaults where nobody chose."""
    return Matching.objects.filter(entity=entity).first() or Matching(entity=entity)


def book_of(entity: Entity, currency: str) -> Book:
    """Everything open of the company in the currency, with the names and accounts of those who owe it."""
    clauses: dict[int, Clauses] = {}
    rows = (
        Instalment.objects.filter(
            open_item__entity=entity, open_item__currency=currency, open_item__open_amount__gt=0
        )
        .select_related("open_item", "invoice__policy_version")
        .defer("invoice__notes")
    )
    items = {}
    for part in rows.iterator(chunk_size=2000):
        if part.open_item is not None:
            part.invoice.entity = entity
            items[part.open_item.pk] = _item(part.invoice, part.open_item, clauses)
    owing = {item.customer for item in items.values()}
    names: dict[int, tuple[str, ...]] = {}
    group: dict[int, int] = {}
    for pk, name, legal, parent in Customer.objects.filter(pk__in=owing).values_list(
        "pk", "name", "legal_name", "parent_id"
    ):
        names[pk] = tuple(dict.fromkeys(filter(None, (name, legal))))
        group[pk] = parent or pk
    accounts: dict[str, set[int]] = {}
    for payer in Payer.objects.filter(entity=entity):
        if payer.account:
            accounts.setdefault(folded(payer.account), set()).add(payer.customer_id)
        if payer.name and payer.customer_id in names:
            names[payer.customer_id] = tuple(dict.fromkeys((*names[payer.customer_id], payer.name)))
    return Book(
        items=items,
        names=names,
        accounts=accounts,
        group=group,
        withholding=_WITHHOLDING.get(entity.country, ()),
        most_fee=matching_of(entity).most_fee,
        advices=advices_of(entity, currency),
    )


def _item(invoice: Invoice, debit: OpenItem, clauses: dict[int, Clauses]) -> Item:
    reduced: Decimal | None = None
    until: date | None = None
    terms: Clauses | None = None
    if invoice.policy_version is not None:
        version = invoice.policy_version
        # Read once for each policy, not once for each of a hundred thousand invoices.
        terms = clauses.get(version.pk)
        if terms is None:
            terms = clauses[version.pk] = clauses_of(version)
        offer = terms.early_discount
        if offer is not None:
            reduced = discounted(debit.open_amount, offer.pct, debit.currency)
            until = last_day(debit.opened_on, offer.days)
    share = debit.open_amount / invoice.payable if invoice.payable else Decimal(0)
    return Item(
        id=debit.pk,
        number=invoice.number or "",
        customer=debit.customer_id,
        open_amount=debit.open_amount,
        held=debit.held_amount,
        due_on=debit.due_on or debit.opened_on,
        discounted=reduced,
        discount_until=until,
        limit=small_difference_limit(debit, invoice, clauses=terms),
        net=round_money((invoice.payable - invoice.tax_total) * share, debit.currency),
    )
