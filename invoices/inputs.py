"""What somebody asks an invoice to say: the same shapes from the editor, the API and an import."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from catalogue.models import Item
from customers.models import Customer
from entities.models import Entity


@dataclass(frozen=True)
class LineInput:
    """A position. Prices without tax, per `base_quantity` units; rate and category are never given:
    they follow from seller, buyer, `tax_class` and day. `is_deduction` lets the quantity be negative."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    item: Item | None = None
    detail: str = ""
    unit: str = ""
    base_quantity: Decimal = Decimal(1)
    discount_pct: Decimal | None = None
    tax_class: str = "standard"
    kind: str = "service"
    exemption_reason: str = ""
    vatex: str = ""
    hsn: str = ""
    period_from: date | None = None
    period_to: date | None = None
    is_deduction: bool = False


@dataclass(frozen=True)
class ChargeInput:
    """A charge on the whole document, like freight, with its own tax class and a reason."""

    reason: str
    amount: Decimal
    tax_class: str = "standard"


@dataclass(frozen=True)
class DraftInput:
    """A whole draft. Empty `currency`, `terms` and `language` are taken from the customer's settings.

    `overrides` is {rule id: reason} for warnings passed on purpose.
    """

    entity: Entity
    customer: Customer
    lines: tuple[LineInput, ...]
    currency: str = ""
    terms: str = ""
    language: str = ""
    planned_on: date | None = None
    backdate_reason: str = ""
    tax_point_on: date | None = None
    supply_from: date | None = None
    supply_to: date | None = None
    po_number: str = ""
    buyer_reference: str = ""
    cost_centre: str = ""
    contract_reference: str = ""
    notes: str = ""
    discount_pct: Decimal | None = None
    discount_amount: Decimal | None = None
    discount_reason: str = ""
    charges: tuple[ChargeInput, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
