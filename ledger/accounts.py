"""The accounts of the receivables book."""

from __future__ import annotations

from core.errors import Invalid

BANK, RECEIVABLES, ALLOWANCE, UNIDENTIFIED, WITHHELD = "1000", "1100", "1190", "1200", "1300"
CUSTOMER_CREDIT, OUTPUT_TAX, DEPOSITS = "2100", "2200", "2400"
REVENUE, DISCOUNTS, RETURNS, LATE_FEES = "4000", "4100", "4200", "4300"
FX_GAIN_LOSS, UNREALISED_FX, ROUNDING, BAD_DEBTS, BANK_CHARGES = "4910", "4920", "4990", "6800", "6810"

ACCOUNTS: dict[str, str] = {
    BANK: "Bank",
    RECEIVABLES: "Accounts receivable",
    "1150": "Disputed (memo)",
    ALLOWANCE: "Allowance for doubtful debts",
    UNIDENTIFIED: "Unidentified receipts",
    WITHHELD: "Tax withheld by customers (TDS)",
    CUSTOMER_CREDIT: "Customer credit and unapplied receipts",
    OUTPUT_TAX: "Output tax",
    "2210": "Output CGST",
    "2220": "Output SGST and UTGST",
    "2230": "Output IGST",
    DEPOSITS: "Contract liability (deposits)",
    REVENUE: "Revenue",
    DISCOUNTS: "Sales discounts",
    RETURNS: "Credit notes and returns",
    LATE_FEES: "Late fee income",
    FX_GAIN_LOSS: "Exchange gain or loss",
    UNREALISED_FX: "Unrealised exchange differences",
    ROUNDING: "Rounding and small differences",
    BAD_DEBTS: "Bad debts",
    BANK_CHARGES: "Bank charges",
}

_TAX_ACCOUNTS = {"": OUTPUT_TAX, "CGST": "2210", "SGST": "2220", "UTGST": "2220", "IGST": "2230"}


TAX_ACCOUNTS = tuple(dict.fromkeys(_TAX_ACCOUNTS.values()))
"""The accounts that hold output tax."""


def tax_account(component: str) -> str:
    """The output tax account of a tax component ("" = VAT and sales tax)."""
    if component not in _TAX_ACCOUNTS:
        raise Invalid(
            f"“{component}” has no output tax account.", field="component", rule="tax_component_is_known"
        )
    return _TAX_ACCOUNTS[component]
