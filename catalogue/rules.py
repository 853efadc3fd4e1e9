"""Which tax applies: the EU general rules, the Indian GST regime and US state sales tax.

Where no general rule decides, the answer is REVIEW with the reason: a person decides, never a guess.
Rates are data with dates; nothing here knows one. Confirm with a tax adviser before going live.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from core.errors import Invalid
from entities.rules import GST_STATES

# Directive 2006/112/EC, the 27 Member States. Greece writes EL in VAT ids; XI is Northern Ireland, for goods.
EU = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)
CATEGORIES = frozenset(("S", "Z", "E", "AE", "K", "G", "O", "L", "M"))
Kind = Literal["goods", "service"]


@dataclass(frozen=True)
class Treatment:
    """How a supply is taxed: EN 16931 category, country whose tax is charged, exemption code and note.

    `category` REVIEW means a person must decide; `note` then says why.
    """

    category: str
    tax_country: str | None = None
    vatex: str | None = None
    note: str | None = None


NO_VALID_ID = "business buyer without a valid VAT id"


def tax_treatment(
    *,
    kind: str,
    seller: str,
    buyer: str,
    buyer_business: bool = False,
    buyer_vat_valid: bool = False,
    oss: bool | None = None,
) -> Treatment:
    """The general VAT rule for a supply from one country to another (two-letter codes; EL and XI are known).

    `kind` is goods or service. `oss` says, for goods sent to consumers in another EU country, whether the
    seller charges the customer's country (True: above 10,000 EUR a year or by choice) or its own (False);
    None: not known. Source: Directive 2006/112/EC art. 33, 44, 45, 59c, 138, 146, 196; domestic exemptions
    and zero rates depend on the product and are not decided here.
    """
    if kind not in ("goods", "service"):
        return _review("only goods and services have a general rule")
    home, away = _vat_area(seller, kind), _vat_area(buyer, kind)
    if home == away or {home, away} == {"GB", "XI"}:
        if home in EU or home in ("GB", "XI"):
            return Treatment("S", tax_country=seller.strip().upper())
        return _review(f"no VAT rules for sellers in {home}")
    if home not in EU and home != "XI":
        return _review(f"no VAT rules for sellers in {home} who sell abroad")
    if away in EU or away == "XI":
        return _inside_the_eu(
            kind, seller, buyer, business=buyer_business, vat_valid=buyer_vat_valid, oss=oss
        )
    if kind == "goods":
        return Treatment("G", vatex="VATEX-EU-G", note="Export outside the EU")
    if buyer_business:
        return Treatment("O", vatex="VATEX-EU-O", note="Not subject to VAT")
    return _review("service to a consumer outside the EU: the place depends on the kind of service (art. 59)")


def _inside_the_eu(
    kind: str, seller: str, buyer: str, *, business: bool, vat_valid: bool, oss: bool | None
) -> Treatment:
    if business and not vat_valid:
        return _review(NO_VALID_ID)
    if business and kind == "service":
        return Treatment("AE", vatex="VATEX-EU-AE", note="Reverse charge")
    if business:
        return Treatment("K", vatex="VATEX-EU-IC", note="Intra-Community supply")
    if kind == "service":
        return Treatment("S", tax_country=seller.strip().upper())
    if oss is None:
        return _review(
            "goods sent to a consumer in another EU country: decide on the one-stop shop threshold"
        )
    return Treatment("S", tax_country=(buyer if oss else seller).strip().upper())


def _review(reason: str) -> Treatment:
    return Treatment("REVIEW", note=reason)


def _vat_area(country: str, kind: str) -> str:
    """The country as VAT sees it: EL is Greece; Northern Ireland is GB for services."""
    code = country.strip().upper()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise Invalid(
            f"“{country}” is not a two-letter country code.",
            field="country",
            rule="country_is_a_code",
            mend="For example DE.",
        )
    if code == "EL":
        return "GR"
    return "GB" if code == "XI" and kind == "service" else code


# --- India: CGST + SGST, CGST + UTGST or IGST -------------------------------------------------------------

Regime = Literal["CGST+SGST", "CGST+UTGST", "IGST"]
# Union territories without a legislature. Delhi 07, Puducherry 34 and Jammu & Kashmir 01 have their own SGST.
UNION_TERRITORIES = frozenset(("04", "25", "26", "31", "35", "38", "97"))
ABROAD = "96"
_HALF = Fraction(1, 2)
COMPONENTS: dict[str, dict[str, Fraction]] = {
    "CGST+SGST": {"CGST": _HALF, "SGST": _HALF},
    "CGST+UTGST": {"CGST": _HALF, "UTGST": _HALF},
    "IGST": {"IGST": Fraction(1)},
}


def gst_regime(supplier_state: str, place_of_supply: str, *, sez: bool = False) -> Regime:
    """Which GST applies between two state codes ("29"): the supplier's registration and the place of supply.

    A supply to a special economic zone is always inter-state, also within one state (IGST Act s.7(5)(b)).
    "96" as place of supply is abroad. An unknown code is refused with `Invalid`.
    """
    for field, code in (("supplier_state", supplier_state), ("place_of_supply", place_of_supply)):
        if code not in GST_STATES and not (code == ABROAD and field == "place_of_supply"):
            raise Invalid(
                f"“{code}” is not a GST state code.",
                field=field,
                rule="gst_state_is_known",
                mend="Use two digits, 01 to 38 or 97, for example 29 for Karnataka.",
            )
    if sez or supplier_state != place_of_supply:
        return "IGST"
    return "CGST+UTGST" if supplier_state in UNION_TERRITORIES else "CGST+SGST"


# --- United States: one state's sales tax ------------------------------------------------------------------

NO_STATE_SALES_TAX = frozenset(("AK", "DE", "MT", "NH", "OR"))


@dataclass(frozen=True)
class StateTax:
    """One dated row of a state's sales tax. `rate` in percent; `taxable_codes` empty = every product.

    Without `nexus_from` the seller has no duty to collect there. `valid_to` is inclusive.
    """

    state: str
    rate: Decimal
    valid_from: date
    valid_to: date | None = None
    nexus_from: date | None = None
    taxable_codes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Certificate:
    """An exemption certificate: its number, state and last valid day; `products` empty = all."""

    number: str
    state: str
    valid_from: date
    valid_to: date | None = None
    products: frozenset[str] = frozenset()

    def covers(self, state: str, product: str, on: date) -> bool:
        """Whether it exempts this product in this state on this day."""
        in_time = self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)
        return in_time and self.state == state and (not self.products or product in self.products)


@dataclass(frozen=True)
class SalesTax:
    """The decision: rate in percent, why, the certificate used, and whether a person should look at it."""

    rate: Decimal
    reason: str
    certificate: str | None = None
    flagged: bool = False


def us_sales_tax(
    rows: Iterable[StateTax], *, state: str, product: str, on: date, certificate: Certificate | None = None
) -> SalesTax:
    """State sales tax of the ship-to state on the tax date. Local taxes are not in it; say so on screen.

    Amounts are rounded half up: the streamlined agreement's "third decimal, then up from five" is the same.
    """
    none = Decimal(0)
    if state in NO_STATE_SALES_TAX:
        local = state == "AK"
        return SalesTax(
            none, f"{state} has no state sales tax" + (", but local ones" if local else ""), flagged=local
        )
    valid = [
        row
        for row in rows
        if row.state == state and row.valid_from <= on and (row.valid_to is None or on <= row.valid_to)
    ]
    if len(valid) != 1:
        found = "no rate" if not valid else f"{len(valid)} rates"
        return SalesTax(none, f"{found} entered for {state} on {on.isoformat()}", flagged=True)
    row = valid[0]
    if row.nexus_from is None or on < row.nexus_from:
        return SalesTax(none, f"no nexus in {state}, so no tax is collected", flagged=True)
    if row.taxable_codes and product not in row.taxable_codes:
        return SalesTax(none, f"{product} is not taxable in {state}")
    if certificate is not None and certificate.covers(state, product, on):
        return SalesTax(none, f"exempt by certificate {certificate.number}", certificate=certificate.number)
    return SalesTax(row.rate, f"{state} state rate on {on.isoformat()}")
