"""The open items and payers of one company in one currency, as matching reads them: four queries."""

from __future__ import annotations

from decimal import Decimal

from banking.matching import Book, Item, folded
from banking.models import Matching, Payer
from banking.queries._remittances import advices_of
from core.discount import discounted, last_day
from core.money import round_money
from customers.models import Customer
from entities.models import Entity
from invoices.models import Instalment
from payments.operations import let_go_of
from policies.clauses import Clauses
from policies.models import PolicyVersion
from policies.queries import clauses_of

# What buyers in India deduct of the value without tax (DOMAIN: CBDT circular 23/2017), in percent.
_WITHHOLDING = {"IN": (Decimal(10), Decimal(2), Decimal(1), Decimal("0.1"))}


def matching_of(entity: Entity) -> Matching:
    """How the company matches; the defaults where nobody chose."""
    return Matching.objects.filter(entity=entity).first() or Matching(entity=entity)


def book_of(entity: Entity, currency: str) -> Book:
    """Everything open of the company in the currency, with the names and accounts of those who owe it."""
    items = _items(entity, currency)
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


def _items(entity: Entity, currency: str) -> dict[int, Item]:
    """Plain rows: a hundred thousand of them are a statement's wait."""
    rows = Instalment.objects.filter(
        open_item__entity=entity, open_item__currency=currency, open_item__open_amount__gt=0
    ).values_list(
        *("open_item_id", "open_item__customer_id", "open_item__amount", "open_item__open_amount"),
        *("open_item__held_amount", "open_item__opened_on", "open_item__due_on"),
        *("invoice__number", "invoice__payable", "invoice__tax_total", "invoice__fx_rate"),
        "invoice__policy_version_id",
    )
    clauses: dict[int, Clauses] = {}
    items = {}
    for row in rows.iterator(chunk_size=2000):
        key, customer, amount, left, held, opened_on, due_on, number, payable, tax, rate, version = row
        reduced, until, limit = None, None, Decimal(0)
        if version is not None:
            if version not in clauses:
                clauses[version] = clauses_of(PolicyVersion.objects.get(pk=version))
            terms = clauses[version]
            if terms.early_discount is not None:
                reduced = discounted(left, terms.early_discount.pct, currency)
                until = last_day(opened_on, terms.early_discount.days)
            limit = let_go_of(amount, currency, terms, functional=entity.functional_currency, fx_rate=rate)
        items[key] = Item(
            id=key,
            number=number or "",
            customer=customer,
            open_amount=left,
            held=held,
            due_on=due_on or opened_on,
            discounted=reduced,
            discount_until=until,
            limit=limit,
            net=round_money((payable - tax) * (left / payable if payable else Decimal(0)), currency),
        )
    return items
