"""What stands big in a mail of each situation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """What stands big in the mail. Names are keys of the frame's words (`word`, `button`) and variables.

    `under`: pairs of word and variable, each shown where the variable has a value. `pays`: the account and
    what to state are shown below.
    """

    word: str
    amount: str = ""
    number: str = ""
    under: tuple[tuple[str, str], ...] = ()
    button: str = "see"
    pays: bool = False


_REMINDS = Card(
    "invoices", "total", under=(("order", "po_number"), ("by", "pay_by")), button="pay_all", pays=True
)

CARDS: Mapping[str, Card] = {
    "invoice": Card(
        "invoice",
        "amount_due",
        "document_number",
        (("due", "due_on"), ("order", "po_number"), ("discount", "discount_amount")),
        "pay",
        pays=True,
    ),
    "credit_note": Card(
        "credit_note",
        "amount",
        "document_number",
        (("corrects", "credited_number"), ("order", "po_number")),
    ),
    "proforma": Card("proforma", "amount", "document_number", (("order", "po_number"),)),
    "before_due": _REMINDS,
    "due_today": _REMINDS,
    "reminder": _REMINDS,
    "firm_reminder": _REMINDS,
    "formal_notice": _REMINDS,
    "final_demand": _REMINDS,
    "statement": Card("statement", "closing_amount", "", (("as_of", "as_of"),), "see_account", pays=True),
    "payment_received": Card(
        "payment_received",
        "amount",
        "document_number",
        (("received", "received_on"), ("order", "po_number"), ("open", "open_amount")),
    ),
    "part_payment": Card(
        "payment_received",
        "amount",
        "document_number",
        (("received", "received_on"), ("open", "open_amount")),
        "pay",
        pays=True,
    ),
    "overpayment": Card("credit", "credit_amount", "", (("received", "received_on"),), "see_account"),
    "promise_confirmed": Card(
        "promise", "amount", "", (("on", "promised_on"), ("for", "documents")), "pay", pays=True
    ),
    "plan_offered": Card("plan", "amount", "", (("answer_by", "answer_by"),), "see_plan"),
    "plan_accepted": Card("plan", "amount", "", (), "see_plan", pays=True),
    "plan_broken": Card("instalment", "missed_amount", "", (("due", "missed_on"),), "pay", pays=True),
    "new_due_date": Card("invoice", "amount_due", "document_number", (("due", "due_on"),), "pay", pays=True),
    "hold_ended": Card("invoice", "open_amount", "document_number", (), "pay", pays=True),
    "payment_returned": Card("invoice", "open_amount", "document_number", (), "pay", pays=True),
    "booking_undone": Card("invoice", "open_amount", "document_number", (), "pay", pays=True),
    "credit_used": Card("credit", "amount", "document_number", (("open", "open_amount"),)),
    "dispute_acknowledged": Card(
        "dispute", "amount", "document_number", (("ref", "dispute_reference"), ("answer_by", "answer_by"))
    ),
    "dispute_answered": Card(
        "dispute",
        "amount",
        "document_number",
        (("ref", "dispute_reference"), ("credited", "credit_amount"), ("open", "open_amount")),
    ),
    "dispute_taken_up": Card(
        "dispute", "amount", "document_number", (("ref", "dispute_reference"), ("answer_by", "answer_by"))
    ),
    "dispute_goes_on": Card(
        "dispute", "amount", "document_number", (("ref", "dispute_reference"), ("answer_by", "answer_by"))
    ),
    "dispute_withdrawn": Card("dispute", "amount", "document_number", (("ref", "dispute_reference"),)),
    "dispute_unanswered": Card("dispute", "amount", "document_number", (("ref", "dispute_reference"),)),
    "inquiry_received": Card("inquiry", "", "reference", (("answer_by", "answer_by"),), "see_inquiry"),
    "inquiry_answered": Card("inquiry", "", "reference", (), "see_inquiry"),
    "inquiry_closed": Card("inquiry", "", "reference", (), "see_inquiry"),
    "late_charge": Card(
        "charge", "amount", "document_number", (("due", "due_on"), ("for", "late_number")), "pay", pays=True
    ),
}
"""Situations with something to show at a glance; the others have words and a button alone."""
