"""Writing invoices. One import path; each file below holds one act and what it needs."""

from invoices.operations._advice import AdviceFirst, end_advice, refuse_without_advice, want_advice
from invoices.operations._approval import (
    NotSubmittable,
    approve_invoice,
    check_invoice,
    lacks_backdate_reason,
    pending_approval,
    reject_invoice,
    submit_invoice,
)
from invoices.operations._batch import Tried, issue_batch, try_batch
from invoices.operations._copying import (
    Copied,
    copy_forward,
    gather_drafts,
    gathers_with,
    invoice_of_proforma,
    why_not_gathered,
)
from invoices.operations._crediting import (
    REASONS,
    NotCreditable,
    credit_in_full,
    creditable,
    rebill,
    write_credit_note,
)
from invoices.operations._deposits import (
    NotDeductible,
    deduct_deposits,
    open_deposits,
    write_final_invoice,
)
from invoices.operations._documents import logo_of, render_document
from invoices.operations._drafts import (
    NotADraft,
    as_input,
    discard_draft,
    edit_draft,
    external_key,
    reopen_draft,
    write_draft,
)
from invoices.operations._due_dates import DueDateNotMoved, approve_due_date, ask_due_date, reject_due_date
from invoices.operations._exporting import note_export
from invoices.operations._holds import hold, release
from invoices.operations._importing import (
    ImportedInvoice,
    NoPolicyToPin,
    import_issued_invoices,
    lock_legacy_series,
)
from invoices.operations._issue_plan import InvoiceNotIssuable
from invoices.operations._issuing import Issued, issue_invoice, issue_invoices
from invoices.operations._sending import (
    LATE_CHARGE,
    SITUATIONS,
    NotSendable,
    annotate,
    note_delivery,
    note_unsent,
    recipients_of,
    send_invoice,
    variables_of,
    write_message,
)
from invoices.operations._settlement import sync_settlement, taxes_of

__all__ = [
    "LATE_CHARGE",
    "REASONS",
    "SITUATIONS",
    "AdviceFirst",
    "Copied",
    "DueDateNotMoved",
    "ImportedInvoice",
    "InvoiceNotIssuable",
    "Issued",
    "NoPolicyToPin",
    "NotADraft",
    "NotCreditable",
    "NotDeductible",
    "NotSendable",
    "NotSubmittable",
    "Tried",
    "annotate",
    "approve_due_date",
    "approve_invoice",
    "as_input",
    "ask_due_date",
    "check_invoice",
    "copy_forward",
    "credit_in_full",
    "creditable",
    "deduct_deposits",
    "discard_draft",
    "edit_draft",
    "end_advice",
    "external_key",
    "gather_drafts",
    "gathers_with",
    "hold",
    "import_issued_invoices",
    "invoice_of_proforma",
    "issue_batch",
    "issue_invoice",
    "issue_invoices",
    "lacks_backdate_reason",
    "lock_legacy_series",
    "logo_of",
    "note_delivery",
    "note_export",
    "note_unsent",
    "open_deposits",
    "pending_approval",
    "rebill",
    "recipients_of",
    "refuse_without_advice",
    "reject_due_date",
    "reject_invoice",
    "release",
    "render_document",
    "reopen_draft",
    "send_invoice",
    "submit_invoice",
    "sync_settlement",
    "taxes_of",
    "try_batch",
    "variables_of",
    "want_advice",
    "why_not_gathered",
    "write_credit_note",
    "write_draft",
    "write_final_invoice",
    "write_message",
]
