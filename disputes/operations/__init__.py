"""Writing disputes: the only door to their tables."""

from disputes.operations._asking import ask_how_it_went
from disputes.operations._escalating import escalate, plan_anew, watch
from disputes.operations._owners import Nobody
from disputes.operations._preventing import accept_prevention, decline_prevention
from disputes.operations._proposing import NotProposable, authors_of, propose, to_credit
from disputes.operations._raising import Claim, NotDisputable, raise_dispute
from disputes.operations._resolving import (
    NotYoursToDecide,
    accept,
    close_unanswered,
    decline,
    finish_free,
    reopen,
    withdraw,
)
from disputes.operations._setting import publish_playbook, set_limits, set_matrix
from disputes.operations._short import NothingShort, dispute_rest, dispute_short_payment
from disputes.operations._working import (
    acknowledge,
    answer_customer,
    ask_customer,
    assign,
    investigate,
    note_consultation,
    note_message,
    resume,
)

__all__ = [
    "Claim",
    "Nobody",
    "NotDisputable",
    "NotProposable",
    "NotYoursToDecide",
    "NothingShort",
    "accept",
    "accept_prevention",
    "acknowledge",
    "answer_customer",
    "ask_customer",
    "ask_how_it_went",
    "assign",
    "authors_of",
    "close_unanswered",
    "decline",
    "decline_prevention",
    "dispute_rest",
    "dispute_short_payment",
    "escalate",
    "finish_free",
    "investigate",
    "note_consultation",
    "note_message",
    "plan_anew",
    "propose",
    "publish_playbook",
    "raise_dispute",
    "reopen",
    "resume",
    "set_limits",
    "set_matrix",
    "to_credit",
    "watch",
    "withdraw",
]
