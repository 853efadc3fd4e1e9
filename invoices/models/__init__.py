"""Invoices and credit notes from draft to frozen document.

Amounts are at the exponent of `currency`. After issue a trigger (migration 0002) refuses a change
of anything but the few columns that say what happened to the document since.
"""

from invoices.models._after import AdviceWanted, DueDateMove, Hold
from invoices.models._frozen import Document, Snapshot
from invoices.models._invoice import Invoice
from invoices.models._parts import Deduction, Instalment, Line, TaxGroup

__all__ = [
    "AdviceWanted",
    "Deduction",
    "Document",
    "DueDateMove",
    "Hold",
    "Instalment",
    "Invoice",
    "Line",
    "Snapshot",
    "TaxGroup",
]
