"""Collection work: the case of an overdue account, what was said, promised and agreed, who got it."""

from cases.models._case import Action, Call, Case, Escalation
from cases.models._hand_overs import HandOver
from cases.models._plans import Plan, PlannedInvoice, PlanPart
from cases.models._promises import Promise, PromisedInvoice

__all__ = [
    "Action",
    "Call",
    "Case",
    "Escalation",
    "HandOver",
    "Plan",
    "PlanPart",
    "PlannedInvoice",
    "Promise",
    "PromisedInvoice",
]
