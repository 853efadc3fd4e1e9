"""The rules of invoices; one import path for what the other files of this folder decide."""

from __future__ import annotations

from invoices.checks import CHECKS, Check, Document, Finding, check_document, refuse_blocked
from invoices.credits import Creditable, CreditGroup, CreditLine, check_credit, credit_groups, left_to_credit
from invoices.states import NEXT, check_next, settlement_status
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
    "CHECKS",
    "NEXT",
    "Adjustment",
    "Check",
    "CreditGroup",
    "CreditLine",
    "Creditable",
    "Document",
    "Finding",
    "Group",
    "GstTotals",
    "InclusivePrice",
    "Line",
    "LineTotal",
    "TaxRounding",
    "Totals",
    "check_credit",
    "check_document",
    "check_next",
    "credit_groups",
    "gst_totals",
    "invoice_totals",
    "left_to_credit",
    "refuse_blocked",
    "settlement_status",
    "tax_inclusive",
]
