"""Who and what the demo company is, as tables. All names are invented; all numbers pass their checks."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from policies.starter import TEXTS

FOLDER = Path(__file__).parent / "data"
PASSWORD = "demo-Northwind-2026"  # noqa: S105 (printed at every start of the demo)
CURRENCIES = ("EUR", "GBP", "USD", "INR", "CHF", "JPY")
SEGMENTS = (
    "Industry",
    "Utilities",
    "Logistics",
    "Technology",
    "Health",
    "Public sector",
    "Retail and hospitality",
)

ENTITIES: tuple[Mapping[str, Any], ...] = (
    {
        "code": "NWE",
        "name": "Northwind Energy",
        "legal_name": "Northwind Energy Ireland Limited",
        "address_lines": ["12 Merchants Quay"],
        "postal_code": "D08 K5N2",
        "city": "Dublin",
        "country": "IE",
        "email": "billing@northwind.example",
        "phone": "+353 1 555 0100",
        "website": "https://northwind.example",
        "registration_text": "Registered in Ireland no. 700123. Directors: I. Laurent, G. Whitmore",
        "time_zone": "Europe/Dublin",
        "functional_currency": "EUR",
        "holiday_region": "IE",
        "colour": "#0f766e",
    },
    {
        "code": "NWI",
        "name": "Northwind Grid Services India",
        "legal_name": "Northwind Grid Services India Private Limited",
        "address_lines": ["4th Floor, Cubbon Park Road 31"],
        "postal_code": "560001",
        "city": "Bengaluru",
        "country": "IN",
        "state_code": "29",
        "email": "billing.india@northwind.example",
        "phone": "+91 80 5550 0100",
        "website": "https://northwind.example/in",
        "registration_text": "CIN U40106KA2018PTC112233",
        "time_zone": "Asia/Kolkata",
        "functional_currency": "INR",
        "fiscal_year_start_month": 4,
        "tax_rounding": "line",
        "bad_debt_relief": False,
        "holiday_region": "IN",
        "colour": "#b45309",
    },
    {
        "code": "NWU",
        "name": "Northwind Power Systems",
        "legal_name": "Northwind Power Systems Inc.",
        "address_lines": ["2200 Guadalupe Street"],
        "postal_code": "78705",
        "city": "Austin",
        "country": "US",
        "state_code": "TX",
        "email": "billing.us@northwind.example",
        "phone": "+1 555 0100",
        "website": "https://northwind.example/us",
        "time_zone": "America/Chicago",
        "functional_currency": "USD",
        "holiday_region": "US",
        "colour": "#1d4ed8",
    },
)

# Entity, scheme, country, state, number.
REGISTRATIONS = (
    ("NWE", "VAT", "IE", "", "IE8534314V"),
    ("NWI", "GSTIN", "IN", "29", "29IPFCK1436X1ZJ"),
    ("NWI", "LUT", "IN", "", "AD290325001234X"),
    ("NWU", "EIN", "US", "", "20-1970763"),
)

# Entity, currency, bank, and how the account is named there.
ACCOUNTS: tuple[tuple[str, str, str, Mapping[str, str]], ...] = (
    ("NWE", "EUR", "Liffey Bank", {"iban": "IE05AIBK93115275959098", "bic": "AIBKIE2D"}),
    ("NWE", "USD", "Liffey Bank", {"iban": "IE97AIBK93115270588104", "bic": "AIBKIE2D"}),
    ("NWE", "JPY", "Liffey Bank", {"iban": "IE20AIBK93115275066428", "bic": "AIBKIE2D"}),
    ("NWE", "GBP", "Pennine Bank", {"iban": "GB74NWBK60161307296739", "bic": "NWBKGB2L"}),
    ("NWE", "CHF", "Alpenkasse", {"iban": "CH4200762100836887099", "bic": "KBAGCH22"}),
    (
        "NWI",
        "INR",
        "Cauvery Bank",
        {"account_number": "50200012345678", "routing": "HDFC0000123", "upi_id": "northwind@cauvery"},
    ),
    ("NWI", "USD", "Cauvery Bank", {"account_number": "50200087654321", "routing": "HDFC0000123"}),
    ("NWU", "USD", "Lone Star National", {"account_number": "4417003921", "routing": "111000025"}),
    ("NWU", "GBP", "Lone Star National", {"account_number": "4417003987", "routing": "111000025"}),
)
NEW_ACCOUNT = {"iban": "IE27IRCE92050129768902", "bic": "IRCEIE2D", "bank_name": "Corrib Bank"}

# What a unit of the currency is worth, about, in the entity's own: the months move around it.
RATES = (
    ("GBP", "EUR", "1.1520"),
    ("USD", "EUR", "0.9180"),
    ("CHF", "EUR", "1.0420"),
    ("JPY", "EUR", "0.006240"),
    ("INR", "EUR", "0.01105"),
    ("USD", "INR", "83.2000"),
    ("EUR", "INR", "90.5000"),
    ("EUR", "USD", "1.0890"),
    ("GBP", "USD", "1.2540"),
)

# American states where the company must collect sales tax.
NEXUS = ("TX", "CA", "NY", "IL", "GA", "FL", "CO", "AZ", "WA")

_STEPS = [
    {"day": 3, "tone": 2, "channel": "email", "situation": "reminder"},
    {"day": 10, "tone": 3, "channel": "email", "situation": "firm_reminder"},
    {"day": 30, "tone": 4, "channel": "email", "situation": "formal_notice"},
]


@dataclass(frozen=True)
class PolicyRow:
    """A payment policy; `default_for` an entity's code or ""."""

    code: str
    name: str
    default_for: str
    clauses: Mapping[str, Any]


POLICIES = (
    PolicyRow(
        "net30-discount",
        "Net 30 with early payment discount",
        "NWE",
        {
            "terms": "NET 30/F",
            "early_discount": {"pct": "2", "days": 10},
            "late_interest": {"regime": "EU", "margin": "8", "fixed_sum": "EU"},
            "ladder": _STEPS,
            "tolerance": {"absolute": "5.00", "pct": "0.5"},
            "currency": "EUR",
            "texts": TEXTS,
        },
    ),
    PolicyRow(
        "india-net15",
        "India, net 15",
        "NWI",
        {
            "terms": "NET 15/F",
            "late_interest": {"regime": "contract", "margin": "18"},
            "ladder": _STEPS,
            "tolerance": {"absolute": "100.00", "pct": "0.5"},
            "currency": "INR",
            "methods": ["bank_transfer", "upi"],
            "texts": TEXTS,
        },
    ),
    PolicyRow(
        "us-month-end",
        "United States, fifteen days after month end",
        "NWU",
        {
            "terms": "EOM +15D/F",
            "late_interest": {"regime": "contract", "margin": "12"},
            "ladder": _STEPS,
            "tolerance": {"absolute": "5.00", "pct": "0.5"},
            "currency": "USD",
            "methods": ["bank_transfer", "card", "cheque"],
            "texts": TEXTS,
        },
    ),
    PolicyRow(
        "projects-instalments",
        "Projects in three instalments",
        "",
        {
            "terms": "NET 30/F",
            "instalments": [
                {"pct": "40", "terms": "NET 10/F"},
                {"pct": "40", "terms": "NET 45/F"},
                {"pct": "20", "terms": "+3M EOM/F"},
            ],
            "late_interest": {"regime": "contract", "margin": "10"},
            "ladder": _STEPS,
            "tolerance": {"absolute": "5.00", "pct": "0.5"},
            "currency": "USD",
            "texts": TEXTS,
        },
    ),
)


@dataclass(frozen=True)
class Party:
    """A row of customers.csv. `payer`: how they pay, see `year.PAYERS`; `size`: 1 to 5, what they buy."""

    entity: str
    name: str
    legal_name: str
    kind: str
    segment: str
    country: str
    state: str
    street: str
    postal_code: str
    city: str
    language: str
    currency: str
    per_month: int
    payer: str
    size: int
    basket: str
    po_pattern: str
    tax_scheme: str
    tax_number: str
    contact: str
    mailbox: str
    phone: str


@dataclass(frozen=True)
class Good:
    """A row of items.csv with its prices by currency; `least` to `most` of it are bought at once."""

    code: str
    name: str
    detail: str
    kind: str
    unit: str
    tax_class: str
    hsn: str
    basket: str
    least: int
    most: int
    prices: Mapping[str, Decimal]


def people() -> list[dict[str, str]]:
    """Role, name, email and time zone of everybody."""
    return _rows("people")


def parties() -> list[Party]:
    """The customers."""
    return [
        Party(**{**row, "per_month": int(row["per_month"]), "size": int(row["size"])})  # type: ignore[arg-type]
        for row in _rows("customers")
    ]


def goods() -> list[Good]:
    """The price list."""
    found = []
    for row in _rows("items"):
        prices = {currency: Decimal(row.pop(currency)) for currency in CURRENCIES}
        least, most = int(row.pop("least")), int(row.pop("most"))
        found.append(Good(**row, least=least, most=most, prices=prices))
    return found


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
