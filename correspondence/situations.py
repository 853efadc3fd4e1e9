"""The situations we write in, and the variables of each with their types.

Whoever queues a message fills the variables of its situation; `required` ones are never missing, the others
may be, and a text that uses one is then not sent. Derived ones are worked out (`values.derived_values`) and
never given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from .values import (
    AMOUNT,
    COUNT,
    DATE,
    INSTALMENTS,
    ITEMS,
    LINES,
    LINK,
    NAME,
    NUMBER,
    TEXT,
    TOTAL,
    Amount,
    Instalment,
    Item,
    Variable,
    totals_of,
)


def _money(value: str, currency: str = "EUR") -> Amount:
    return Amount(Decimal(value), currency)


_ITEMS = (
    Item("INV-2026-04219", date(2026, 10, 9), date(2026, 11, 9), _money("12840.50"), 17),
    Item("INV-2026-04377", date(2026, 10, 20), date(2026, 11, 19), _money("800.00"), 7, _money("200.00")),
)
_INSTALMENTS = (
    Instalment(date(2026, 12, 15), _money("4280.17")),
    Instalment(date(2027, 1, 15), _money("4280.17")),
    Instalment(date(2027, 2, 15), _money("4280.16")),
)

_PARTIES = (
    Variable("seller_name", NAME, "The selling company", "Northwind Energy Ireland Ltd"),
    Variable("customer_name", NAME, "The customer", "Brightwater Logistics"),
)
_HELP = (
    Variable("contact_email", NUMBER, "Where to ask", "billing@northwind.example", required=False),
    Variable("contact_phone", NUMBER, "Whom to call", "+353 1 555 0190", required=False),
    Variable("policy_link", LINK, "The payment terms", "https://pay.northwind.example/p/7", required=False),
)
_PAY = (
    Variable("bank_account", NUMBER, "The account to pay to", "IE64 IRCE 9205 0112 3456 78", required=False),
    Variable("payment_reference", NUMBER, "What to state when paying", "INV-2026-04219", required=False),
)
_LINK = Variable(
    "public_link", LINK, "The customer's own page", "https://pay.northwind.example/i/example", required=False
)
_BASE = (*_PARTIES, _LINK, *_HELP)
_NUMBER = Variable("document_number", NUMBER, "The document's number", "INV-2026-04219")
_DOCUMENT = (
    *_PARTIES,
    _NUMBER,
    Variable("issued_on", DATE, "The day it was issued", date(2026, 10, 9)),
    Variable("public_link", LINK, "The customer's own page", "https://pay.northwind.example/i/example"),
    Variable("po_number", NUMBER, "The customer's order", "BL-2208", required=False),
    Variable("period", TEXT, "The period it is for", "September 2026", required=False),
    *_HELP,
    *_PAY,
)
_LADDER = (
    *_BASE,
    *_PAY,
    Variable("items", ITEMS, "The open documents, as a table", _ITEMS),
    Variable("total", TOTAL, "Their sum, per currency", totals_of(_ITEMS), derived=True),
    Variable("days_overdue", COUNT, "Days the oldest is late", 17, derived=True),
    Variable("po_number", NUMBER, "The customer's order", "BL-2208", required=False),
    Variable("interest_amount", AMOUNT, "Late interest so far", _money("61.30"), required=False),
    Variable("fixed_sum", AMOUNT, "Fixed sum for late payment", _money("40.00"), required=False),
)
_PAY_BY = Variable("pay_by", DATE, "The last day before the next step", date(2026, 12, 10))
_REASON = Variable("reason", TEXT, "Why", "The work finished two days early")
_OPEN = Variable("open_amount", AMOUNT, "What is still owed", _money("4280.17"))
_RECEIVED = (
    Variable("amount", AMOUNT, "What was received", _money("8560.33")),
    Variable("received_on", DATE, "The day it arrived", date(2026, 11, 6)),
)
_PLAN = (
    *_BASE,
    *_PAY,
    Variable("amount", AMOUNT, "What the plan is about", _money("12840.50")),
    Variable("instalments", INSTALMENTS, "The instalments, as a table", _INSTALMENTS),
)
_ASKED = (
    *_BASE,
    Variable("reference", NUMBER, "The reference of the inquiry", "Q-2026-0192"),
    Variable("subject", TEXT, "What it is about", "Meter reading of September"),
)
_ANSWER = Variable("answer", LINES, "Our answer", "We checked the reading.\nIt was right: 4,312 kWh.")
_DISPUTE = (
    *_BASE,
    Variable("document_number", NUMBER, "The invoice", "INV-2026-04219"),
    Variable("dispute_reference", NUMBER, "The reference of the dispute", "D-2026-0041"),
    Variable("amount", AMOUNT, "What is disputed", _money("200.00")),
)

SITUATIONS: Mapping[str, tuple[Variable, ...]] = {
    "invoice": (
        *_DOCUMENT,
        Variable("amount_due", AMOUNT, "What is to be paid", _money("12840.50")),
        Variable("due_on", DATE, "The day it is due", date(2026, 11, 9)),
        Variable("discount_amount", AMOUNT, "Enough if paid early", _money("12583.69"), required=False),
        Variable("discount_until", DATE, "The last day for that", date(2026, 10, 19), required=False),
    ),
    "credit_note": (
        *_DOCUMENT,
        Variable("amount", AMOUNT, "What is credited", _money("1259.52")),
        Variable("credited_number", NUMBER, "The corrected invoice", "INV-2026-04219"),
        _REASON,
    ),
    "proforma": (
        *_DOCUMENT,
        Variable("amount", AMOUNT, "What it comes to with tax", _money("12840.50")),
    ),
    "before_due": _LADDER,
    "due_today": _LADDER,
    "reminder": _LADDER,
    "firm_reminder": _LADDER,
    "formal_notice": (*_LADDER, _PAY_BY),
    "final_demand": (*_LADDER, _PAY_BY),
    "statement": (
        *_BASE,
        *_PAY,
        Variable("as_of", DATE, "The day of the statement", date(2026, 10, 31)),
        Variable("closing_amount", AMOUNT, "The balance on that day", _money("13640.50")),
    ),
    "payment_received": (
        *_DOCUMENT,
        *_RECEIVED,
        Variable("open_amount", AMOUNT, "What is still owed", _money("0.00"), required=False),
    ),
    "part_payment": (*_BASE, *_PAY, _NUMBER, *_RECEIVED, _OPEN),
    "overpayment": (
        *_BASE,
        *_RECEIVED,
        Variable("credit_amount", AMOUNT, "What was too much", _money("120.00")),
    ),
    "promise_confirmed": (
        *_BASE,
        *_PAY,
        Variable("amount", AMOUNT, "What was promised", _money("12840.50")),
        Variable("promised_on", DATE, "The day it arrives", date(2026, 12, 4)),
        Variable("documents", TEXT, "The invoices it pays", "INV-2026-04219", required=False),
    ),
    "plan_offered": (
        *_PLAN,
        Variable("answer_by", DATE, "How long the offer is good", date(2026, 12, 5), required=False),
    ),
    "plan_accepted": _PLAN,
    "plan_broken": (
        *_BASE,
        *_PAY,
        Variable("missed_on", DATE, "When the instalment was due", date(2026, 12, 15)),
        Variable("missed_amount", AMOUNT, "The instalment", _money("4280.17")),
        Variable("open_amount", AMOUNT, "What is owed in all", _money("12840.50")),
    ),
    "hold_placed": (
        *_BASE,
        *_PAY,
        _NUMBER,
        Variable("amount", AMOUNT, "What is on hold", _money("200.00")),
        Variable("open_amount", AMOUNT, "What is asked for meanwhile", _money("800.00")),
    ),
    "hold_ended": (
        *_BASE,
        *_PAY,
        _NUMBER,
        Variable("amount", AMOUNT, "What was on hold", _money("200.00")),
        Variable("open_amount", AMOUNT, "What is to be paid", _money("1000.00")),
    ),
    "payment_returned": (
        *_BASE,
        *_PAY,
        _NUMBER,
        Variable("amount", AMOUNT, "What came back", _money("8560.33")),
        Variable("returned_on", DATE, "The day it came back", date(2026, 11, 20)),
        _OPEN,
    ),
    "booking_undone": (
        *_BASE,
        *_PAY,
        _NUMBER,
        Variable("amount", AMOUNT, "What was booked there", _money("8560.33")),
        _OPEN,
    ),
    "credit_used": (
        *_BASE,
        _NUMBER,
        Variable("amount", AMOUNT, "What was used of the credit", _money("120.00")),
        Variable("credit_number", NUMBER, "The credit", "CN-2026-00031"),
        Variable("open_amount", AMOUNT, "What is still owed", _money("4160.17")),
    ),
    "new_due_date": (
        *_BASE,
        *_PAY,
        _NUMBER,
        Variable("amount_due", AMOUNT, "What is to be paid", _money("12840.50")),
        Variable("old_due_on", DATE, "When it was due", date(2026, 11, 9)),
        Variable("due_on", DATE, "When it is due now", date(2026, 11, 30)),
        _REASON,
    ),
    "policy_changed": (
        *_BASE,
        Variable("policy_name", TEXT, "The payment terms", "Payment terms for business customers"),
        Variable("effective_from", DATE, "From when they hold", date(2027, 1, 1)),
        Variable("changes", LINES, "What changes, in plain words", "Invoices are due after 30 days, not 14."),
    ),
    "bank_details_changed": (
        *_BASE,
        Variable("changed_on", DATE, "The day of the change", date(2026, 11, 24)),
        Variable("account_end", NUMBER, "The new account's last four characters", "5678"),
    ),
    "dispute_acknowledged": (
        *_DISPUTE,
        Variable("answer_by", DATE, "By when we answer", date(2026, 12, 3), required=False),
        Variable("undisputed_amount", AMOUNT, "What is not disputed", _money("800.00"), required=False),
    ),
    "dispute_answered": (
        *_DISPUTE,
        _ANSWER,
        Variable("credit_amount", AMOUNT, "What is credited", _money("150.00"), required=False),
        Variable("open_amount", AMOUNT, "What is to be paid", _money("850.00"), required=False),
    ),
    "dispute_taken_up": (*_DISPUTE, Variable("answer_by", DATE, "By when we answer", date(2026, 12, 3))),
    "dispute_goes_on": (
        *_DISPUTE,
        Variable("answer_by", DATE, "By when we answer", date(2026, 12, 3), required=False),
    ),
    "dispute_withdrawn": _DISPUTE,
    "dispute_unanswered": _DISPUTE,
    "inquiry_received": (
        *_ASKED,
        Variable("answer_by", DATE, "By when we answer", date(2026, 11, 30)),
    ),
    "inquiry_answered": (*_ASKED, _ANSWER),
    "inquiry_closed": (
        *_ASKED,
        Variable("said", LINES, "What they said", "The second invoice names no order."),
        Variable("understood", LINES, "What we understood", "Purchasing cannot release it without one."),
        Variable("agreed", LINES, "What was agreed", "It comes again today, with the order."),
    ),
    "call_recap": (
        *_BASE,
        Variable("called_on", DATE, "The day of the call", date(2026, 11, 26)),
        Variable("summary", LINES, "What was said and agreed", "You pay INV-2026-04219 on 4 December."),
        Variable("spoke_with", NAME, "Who was on the phone", "Orla Byrne", required=False),
    ),
    "welcome": (*_BASE, *_PAY),
    "portal_link": (
        *_PARTIES,
        Variable("public_link", LINK, "The customer's own page", "https://pay.northwind.example/i/example"),
        *_HELP,
        Variable("valid_until", DATE, "The link's last day", date(2027, 2, 24), required=False),
    ),
    "contact_confirm": (
        *_PARTIES,
        Variable(
            "public_link", LINK, "Where the address is confirmed", "https://pay.northwind.example/i/example"
        ),
        Variable("new_email", NUMBER, "The new address", "ap@brightwater.example"),
        *_HELP,
    ),
    "contact_changing": (
        *_PARTIES,
        Variable("new_email", NUMBER, "The new address", "ap@brightwater.example"),
        *_HELP,
    ),
    "survey": (
        *_PARTIES,
        Variable("public_link", LINK, "Where they answer", "https://pay.northwind.example/i/example"),
        *_HELP,
        Variable("subject", NUMBER, "What we ask about", "INV-2026-04219"),
    ),
    "improvement": (
        *_BASE,
        Variable("said", LINES, "What they said", "The invoice did not name our order."),
        Variable("did", LINES, "What we did", "Every invoice names the order now."),
    ),
    "late_charge": (
        *_BASE,
        *_PAY,
        _NUMBER,
        Variable("amount", AMOUNT, "What is charged", _money("101.30")),
        Variable("late_number", NUMBER, "The invoice that was late", "INV-2026-04219"),
        Variable("legal_basis", TEXT, "By what right", "Late Payment Regulations 2012"),
        Variable("due_on", DATE, "The day it is due", date(2026, 12, 26)),
    ),
}
