"""What the pages of invoices send: typed values, nothing is written here."""

from invoices.forms._acts import (
    AnnotationForm,
    CreditForm,
    DepositsForm,
    DueDateForm,
    HoldForm,
    ListForm,
    SavedViewForm,
)
from invoices.forms._draft import ChargeForm, DraftForm, LineForm
from invoices.forms._editor import Editor, read_editor

__all__ = [
    "AnnotationForm",
    "ChargeForm",
    "CreditForm",
    "DepositsForm",
    "DraftForm",
    "DueDateForm",
    "Editor",
    "HoldForm",
    "LineForm",
    "ListForm",
    "SavedViewForm",
    "read_editor",
]
