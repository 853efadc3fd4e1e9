"""The rules of invoices; one import path for what the other files of this folder decide."""

from __future__ import annotations

from invoices.totals import (
    Adjustment,
    Group,
    GstTotals,
    InclusivePrice,
    Line,
    LineTotal,
    TaxRounding,
    Totals,
    gst_totals,
    invoice_totals,
    tax_inclusive,
)

__all__ = [
    "Adjustment",
    "Group",
    "GstTotals",
    "InclusivePrice",
    "Line",
    "LineTotal",
    "TaxRounding",
    "Totals",
    "gst_totals",
    "invoice_totals",
    "tax_inclusive",
]
