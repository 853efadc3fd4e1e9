"""What somebody asks a contract to say: the same shapes from the editor, the API and the demo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalogue.models import Item
from customers.models import Customer
from entities.models import Entity


@dataclass(frozen=True)
class ItemInput:
    """One thing agreed. `tiers` are (up to and including, price per unit), the last without an end.

    What `item` of the price list says about unit and tax holds where nothing else is given.
    """

    description: str
    price: Decimal = Decimal(0)
    code: str = ""
    kind: str = "fixed"
    pricing: str = "flat"
    quantity: Decimal = Decimal(1)
    item: Item | None = None
    unit: str = ""
    minimum: Decimal = Decimal(0)
    tax_class: str = ""
    supply: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    free_until: date | None = None
    tiers: tuple[tuple[Decimal | None, Decimal], ...] = ()


@dataclass(frozen=True)
class ContractInput:
    """A whole contract. Without a number it gets the next one, without an anchor it counts from its start."""

    entity: Entity
    customer: Customer
    name: str
    starts_on: date
    items: tuple[ItemInput, ...]
    number: str = ""
    currency: str = ""
    ends_on: date | None = None
    anchor: date | None = None
    every_months: int = 1
    timing: str = "advance"
    consolidate_by: str = "contract"
    po_number: str = ""
    site: str = ""
    renews_months: int = 0
    notice_days: int = 0
    steps: tuple[tuple[date, Decimal], ...] = ()
