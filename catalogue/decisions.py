"""Deciding the tax of one supply from the general rules and the dated rates."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from catalogue.models import TaxClass, TaxRate
from catalogue.rules import (
    COMPONENTS,
    Certificate,
    StateTax,
    Treatment,
    gst_regime,
    tax_treatment,
    us_sales_tax,
)
from core.rows import rows_of, rows_where
from customers.models import Customer, TaxId
from entities.models import Entity
from entities.queries import registered_state, tax_numbers

ZERO = Decimal(0)
# The class of what is no supply: interest and compensation for late payment (CJEU 222/81, BAZ Bausystem).
# In India they are part of the value of the supply (CGST Act s. 15(2)(d)) and never of this class.
OUTSIDE = "outside"
# Why no rule decides while the register has not answered; the gate names the way out of it.
UNCONFIRMED_VAT_ID = "the customer's VAT id was not confirmed with the register yet"
# The endorsements of CGST Rule 46, second proviso.
WITH_PAYMENT = "ON PAYMENT OF INTEGRATED TAX"
WITHOUT_PAYMENT = "UNDER BOND OR LETTER OF UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX"


@dataclass(frozen=True)
class TaxDecision:
    """How one line is taxed.

    `category` is the EN 16931 code, `rate` percent, `label` the tax's name on the document; `regime` the
    Indian split ("CGST+SGST", "CGST+UTGST", "IGST", "" elsewhere); `text` must be printed; `reason` says why.
    `review` not empty: no general rule decides, a person must; the home rate stands in until then. `flag` is
    worth a look but stops nothing. `rate_id` is the dated row the rate comes from, `certificate` the
    exemption certificate used.
    """

    category: str
    rate: Decimal
    label: str
    regime: str = ""
    text: str = ""
    vatex: str = ""
    reason: str = ""
    review: str = ""
    flag: str = ""
    rate_id: int | None = None
    certificate: str = ""

    @property
    def components(self) -> list[tuple[str, Decimal]]:
        """(component, its rate) of an Indian line: CGST 9 and SGST 9 of 18 percent. Empty elsewhere."""
        if not self.regime:
            return []
        shares = COMPONENTS[self.regime]
        return [(name, self.rate * share.numerator / share.denominator) for name, share in shares.items()]


def in_force(on: date) -> Q:
    """Rows of dated tables that hold on the day; both ends belong to a range, an empty end is open."""
    return Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gte=on))


def rate_row(country: str, tax_class: str, on: date, *, state_code: str = "") -> TaxRate | None:
    """The dated rate of a class in a country (and state); None when nobody entered one."""
    return next(iter(_rates(country, state_code, tax_class, on)), None)


# Asked for every line of every draft, and always the same: nothing is compiled.
_RATES = """
country = %s AND state_code = %s AND tax_class = %s
  AND valid_from <= %s AND (valid_to IS NULL OR valid_to >= %s) ORDER BY valid_from DESC
"""


def _rates(country: str, state_code: str, tax_class: str, on: date) -> list[TaxRate]:
    return rows_where(TaxRate, _RATES, [country, state_code, tax_class, on, on])


class Facts:
    """What the decisions of one run share: rates and tax numbers, each asked once."""

    def __init__(self) -> None:
        self._rates: dict[tuple[str, str, str, date], list[TaxRate]] = {}
        self._numbers: dict[int, list[TaxId]] = {}

    def load(self, customers: Iterable[int]) -> None:
        """Look the tax numbers of many customers up in one query."""
        wanted = set(customers) - self._numbers.keys()
        self._numbers |= {pk: [] for pk in wanted}
        for row in rows_of(TaxId, "customer_id", sorted(wanted)) if wanted else ():
            self._numbers[row.customer_id].append(row)

    def numbers(self, customer: Customer) -> list[TaxId]:
        self.load([customer.pk])
        return [row for row in self._numbers[customer.pk] if row.is_active]

    def rates(self, country: str, state_code: str, tax_class: str, on: date) -> list[TaxRate]:
        key = (country, state_code, tax_class, on)
        if key not in self._rates:
            self._rates[key] = _rates(*key)
        return self._rates[key]

    def rate(self, country: str, tax_class: str, on: date) -> TaxRate | None:
        return next(iter(self.rates(country, "", tax_class, on)), None)


def tax_of(
    entity: Entity,
    customer: Customer,
    *,
    tax_class: str,
    kind: str,
    on: date,
    facts: Facts | None = None,
) -> TaxDecision:
    """The tax on a supply of `tax_class` (goods, service or eservice) to the customer on the tax date.

    Only general rules decide; everything else comes back with `review`, never as a guess. `facts` serve many
    decisions of one run.
    """
    facts = facts or Facts()
    if tax_class == OUTSIDE and entity.country != "IN":
        return TaxDecision(
            "O", ZERO, "VAT", vatex="VATEX-EU-O", text="Not subject to VAT", reason="Compensation, no supply"
        )
    if entity.country == "IN":
        return _india(entity, customer, tax_class, on, facts)
    if entity.country == "US":
        return _usa(customer, tax_class, on, facts)
    return _vat(entity, customer, tax_class, kind, on, facts)


# --- VAT: EU and United Kingdom ----------------------------------------------------------------------------


def _vat(  # noqa: PLR0917 (what a decision depends on)
    entity: Entity, customer: Customer, tax_class: str, kind: str, on: date, facts: Facts
) -> TaxDecision:
    treatment = _treatment(entity, customer, kind, facts)
    if treatment.category == "S":
        return _domestic(treatment.tax_country or entity.country, tax_class, on, facts)
    if treatment.category != "REVIEW" and tax_class == TaxClass.EXEMPT:
        why = "an exempt product sold abroad needs the rule of its exemption"
        return _undecided(entity, tax_class, on, why, facts)
    if treatment.category == "REVIEW":
        return _undecided(entity, tax_class, on, treatment.note or "no general rule", facts)
    return TaxDecision(
        category=treatment.category,
        rate=ZERO,
        label="VAT",
        text=treatment.note or "",
        vatex=treatment.vatex or "",
        reason=f"{treatment.note}: {kind} to {customer.get_kind_display().lower()} in {customer.country}",
    )


def _treatment(entity: Entity, customer: Customer, kind: str, facts: Facts) -> Treatment:
    # Public authorities count as businesses where they have a VAT id (Directive 2006/112/EC art. 43).
    numbers = facts.numbers(customer)
    known = _has_verified_vat_id(numbers)
    business = customer.kind == Customer.Kind.BUSINESS or known
    # Electronic services to consumers follow the customer, like goods sent to them (art. 58).
    as_goods = kind == "goods" or (kind == "eservice" and not business)
    found = tax_treatment(
        kind="goods" if as_goods else "service",
        seller=entity.country,
        buyer=customer.country,
        buyer_business=business,
        buyer_vat_valid=known,
    )
    if kind == "eservice" and as_goods and found.category == "G":
        return Treatment(
            "REVIEW", note="electronic service to a consumer outside the EU: taxed where they live"
        )
    if found.category == "REVIEW" and business and not known and numbers:
        return Treatment("REVIEW", note=UNCONFIRMED_VAT_ID)
    return found


def _has_verified_vat_id(numbers: Iterable[TaxId]) -> bool:
    """A VAT id that the register confirmed. The format alone proves nothing (art. 138, 196)."""
    return any(row.scheme == "VAT" and row.verified_at is not None for row in numbers)


def _domestic(country: str, tax_class: str, on: date, facts: Facts) -> TaxDecision:
    if tax_class == TaxClass.EXEMPT:
        return TaxDecision("E", ZERO, "VAT", reason=f"Exempt in {country}")
    row = facts.rate(country, tax_class, on)
    if row is None:
        words = f"no {TaxClass(tax_class).label.lower()} is entered for {country} on {on.isoformat()}"
        return TaxDecision("S", ZERO, "VAT", review=words)
    reason = f"{TaxClass(tax_class).label} in {country} since {row.valid_from.isoformat()}"
    return TaxDecision(row.category, row.rate, row.label, reason=reason, rate_id=row.pk)


def _undecided(entity: Entity, tax_class: str, on: date, why: str, facts: Facts) -> TaxDecision:
    """No general rule: the seller's own rate stands in, so that nothing looks cheaper than it may be."""
    home = _domestic(entity.country, tax_class, on, facts)
    return TaxDecision(home.category, home.rate, home.label, review=why, rate_id=home.rate_id)


# --- India -------------------------------------------------------------------------------------------------


def _india(entity: Entity, customer: Customer, tax_class: str, on: date, facts: Facts) -> TaxDecision:
    schemes = {row.scheme for row in tax_numbers(entity, on)}
    if "GSTIN" not in schemes:
        return TaxDecision("O", ZERO, "GST", review=f"{entity} has no GSTIN on {on.isoformat()}")
    export, under_lut = customer.country != "IN", "LUT" in schemes
    if not export and not customer.state_code:
        return TaxDecision(
            "S", ZERO, "GST", review="the place of supply is not known: give the customer a state"
        )
    place = "96" if export else customer.state_code
    regime = gst_regime(registered_state(entity, on), place, sez=customer.is_sez)
    if tax_class == TaxClass.EXEMPT:
        return TaxDecision("E", ZERO, "GST", regime=regime, reason="Exempt supply")
    row = facts.rate("IN", tax_class, on)
    if row is None:
        words = f"no {TaxClass(tax_class).label.lower()} is entered for IN on {on.isoformat()}"
        return TaxDecision("S", ZERO, "GST", regime=regime, review=words)
    if export or customer.is_sez:
        return _zero_rated_supply(row, export=export, under_lut=under_lut)
    why = f"{regime} {row.rate.normalize():f} %: supplied from {registered_state(entity, on)} to {place}"
    return TaxDecision(row.category, row.rate, row.label, regime=regime, reason=why, rate_id=row.pk)


def _zero_rated_supply(row: TaxRate, *, export: bool, under_lut: bool) -> TaxDecision:
    """Exports and supplies to a special economic zone (IGST Act s.16): untaxed under a letter."""
    what = "EXPORT" if export else "SEZ UNIT OR SEZ DEVELOPER FOR AUTHORISED OPERATIONS"
    text = f"SUPPLY MEANT FOR {what} {WITHOUT_PAYMENT if under_lut else WITH_PAYMENT}"
    if under_lut:
        return TaxDecision(
            "G", ZERO, row.label, regime="IGST", text=text, reason="Zero rated under letter of undertaking"
        )
    return TaxDecision(
        "S", row.rate, row.label, regime="IGST", text=text, reason="No letter of undertaking", rate_id=row.pk
    )


# --- United States -----------------------------------------------------------------------------------------


def _usa(customer: Customer, tax_class: str, on: date, facts: Facts) -> TaxDecision:
    if customer.country != "US":
        return TaxDecision("O", ZERO, "Sales tax", reason="Shipped outside the United States")
    if not customer.state_code:
        return TaxDecision("O", ZERO, "Sales tax", review="the customer's state is not known")
    state = customer.state_code
    label = f"{state} sales tax"
    if tax_class == TaxClass.EXEMPT:
        return TaxDecision("E", ZERO, label, reason="Exempt product")
    rows = facts.rates("US", state, tax_class, on)
    dated = [StateTax(state, row.rate, row.valid_from, row.valid_to, row.nexus_from) for row in rows]
    found = us_sales_tax(
        dated, state=state, product=tax_class, on=on, certificate=_certificate(customer, state, on)
    )
    if found.certificate:
        return TaxDecision("E", ZERO, label, reason=found.reason, certificate=found.certificate)
    missing = found.flagged and len(rows) != 1 and found.reason.startswith("no rate")
    return TaxDecision(
        "S" if found.rate else "O",
        found.rate,
        label,
        reason=found.reason,
        review=found.reason if missing else "",
        flag=found.reason if found.flagged and not missing else "",
        rate_id=rows[0].pk if found.rate else None,
    )


def _certificate(customer: Customer, state: str, on: date) -> Certificate | None:
    """The customer's exemption certificate for the state that holds on the day."""
    row = (
        customer.exemption_certificates.filter(country="US", state_code=state)
        .filter(in_force(on))
        .order_by("-valid_to")
        .first()
    )
    return Certificate(row.number, state, row.valid_from, row.valid_to) if row is not None else None
