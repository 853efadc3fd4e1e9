"""Writing invoices. One import path; each file below holds one act and what it needs."""

from invoices.operations._approval import (
    NotSubmittable,
    approve_invoice,
    check_invoice,
    pending_approval,
    reject_invoice,
    submit_invoice,
)
from invoices.operations._crediting import (
    REASONS,
    NotCreditable,
    copy_forward,
    credit_in_full,
    creditable,
    rebill,
    write_credit_note,
)
from invoices.operations._drafts import (
    NotADraft,
    as_input,
    discard_draft,
    edit_draft,
    reopen_draft,
    write_draft,
)
from invoices.operations._holds import hold, release
from invoices.operations._issuing import InvoiceNotIssuable, Issued, issue_invoice, issue_invoices
from invoices.operations._settlement import sync_settlement

__all__ = [
    "REASONS",
    "InvoiceNotIssuable",
    "Issued",
    "NotADraft",
    "NotCreditable",
    "NotSubmittable",
    "approve_invoice",
    "as_input",
    "check_invoice",
    "copy_forward",
    "credit_in_full",
    "creditable",
    "discard_draft",
    "edit_draft",
    "hold",
    "issue_invoice",
    "issue_invoices",
    "pending_approval",
    "rebill",
    "reject_invoice",
    "release",
    "reopen_draft",
    "submit_invoice",
    "sync_settlement",
    "write_credit_note",
    "write_draft",
]
