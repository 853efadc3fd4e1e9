"""The rules of selling companies: tax numbers, bank accounts, fiscal years and document numbers."""

from __future__ import annotations

from entities.numbers import (
    HIGHEST,
    IndiaYear,
    NumberCheck,
    check_pattern,
    fiscal_year,
    format_number,
    india_fy,
    invoice_number,
    longest_number,
)
from entities.tax_ids import (
    GST_STATE_NAMES,
    GST_STATES,
    Checked,
    Gstin,
    gstin,
    gstin_check_digit,
    iban,
    iban_in_groups,
    vat_id,
)

__all__ = [
    "GST_STATES",
    "GST_STATE_NAMES",
    "HIGHEST",
    "Checked",
    "Gstin",
    "IndiaYear",
    "NumberCheck",
    "check_pattern",
    "fiscal_year",
    "format_number",
    "gstin",
    "gstin_check_digit",
    "iban",
    "iban_in_groups",
    "india_fy",
    "invoice_number",
    "longest_number",
    "vat_id",
]
