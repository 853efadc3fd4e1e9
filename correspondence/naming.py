"""What situations, languages and variants of texts are called on the pages of staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from correspondence.models import Template

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "hi": "हिन्दी"}
TONES = {
    0: gettext_lazy("Any tone"),
    1: gettext_lazy("1, warm"),
    2: gettext_lazy("2, friendly"),
    3: gettext_lazy("3, clear"),
    4: gettext_lazy("4, firm"),
    5: gettext_lazy("5, last word"),
}
NAMES = {
    "invoice": gettext_lazy("Invoice"),
    "credit_note": gettext_lazy("Credit note"),
    "proforma": gettext_lazy("Pro-forma invoice"),
    "before_due": gettext_lazy("Before the due day"),
    "due_today": gettext_lazy("On the due day"),
    "reminder": gettext_lazy("Reminder"),
    "firm_reminder": gettext_lazy("Firm reminder"),
    "formal_notice": gettext_lazy("Formal notice"),
    "final_demand": gettext_lazy("Final demand"),
    "statement": gettext_lazy("Statement of account"),
    "payment_received": gettext_lazy("Payment received"),
    "part_payment": gettext_lazy("Part payment"),
    "overpayment": gettext_lazy("Overpayment"),
    "promise_confirmed": gettext_lazy("Promise confirmed"),
    "plan_offered": gettext_lazy("Payment plan offered"),
    "plan_accepted": gettext_lazy("Payment plan agreed"),
    "plan_broken": gettext_lazy("Payment plan broken"),
    "hold_placed": gettext_lazy("Part of an invoice on hold"),
    "hold_ended": gettext_lazy("Hold on an invoice ended"),
    "payment_returned": gettext_lazy("Payment came back"),
    "booking_undone": gettext_lazy("Booking of a payment undone"),
    "credit_used": gettext_lazy("Credit set against an invoice"),
    "new_due_date": gettext_lazy("New due date"),
    "policy_changed": gettext_lazy("Payment terms change"),
    "bank_details_changed": gettext_lazy("Bank details changed"),
    "dispute_acknowledged": gettext_lazy("Dispute acknowledged"),
    "dispute_answered": gettext_lazy("Dispute answered"),
    "dispute_taken_up": gettext_lazy("Dispute being worked on"),
    "dispute_goes_on": gettext_lazy("Dispute goes on"),
    "dispute_withdrawn": gettext_lazy("Dispute withdrawn"),
    "dispute_unanswered": gettext_lazy("Dispute closed without an answer"),
    "inquiry_received": gettext_lazy("Inquiry received"),
    "inquiry_answered": gettext_lazy("Inquiry answered"),
    "inquiry_closed": gettext_lazy("Inquiry closed with a recap"),
    "call_recap": gettext_lazy("Recap of a call"),
    "welcome": gettext_lazy("Welcome"),
    "portal_link": gettext_lazy("Link to the customer's page"),
    "contact_confirm": gettext_lazy("Confirm a new e-mail address"),
    "contact_changing": gettext_lazy("An e-mail address is to be changed"),
    "improvement": gettext_lazy("You said, we did"),
    "survey": gettext_lazy("Survey"),
    "late_charge": gettext_lazy("Charge for late payment"),
}


def situation_name(situation: str) -> str:
    """What a situation is called; one nobody named is spelled out."""
    known = NAMES.get(situation)
    return str(known) if known is not None else situation.replace("_", " ").capitalize()


def variant_name(text: Template) -> str:
    """For whom and how a text is, in words."""
    channel = _("Letter") if text.channel == "letter" else _("Mail")
    parts = [channel, text.get_customer_type_display()]
    if text.tone:
        parts.append(_("tone %(tone)s") % {"tone": TONES[text.tone]})
    return " · ".join(map(str, parts))
