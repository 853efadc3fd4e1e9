"""Writing collection work. One import path; each file below holds one act and what it needs."""

from cases.operations._daily import go_round
from cases.operations._escalating import escalate_overdue, raise_level
from cases.operations._following import follow_plan
from cases.operations._handing_over import (
    approve_hand_over,
    ask_hand_over,
    make_pack,
    recall_hand_over,
    refuse_hand_over,
)
from cases.operations._judging import judge_promise
from cases.operations._opening import refresh_cases
from cases.operations._plan_rows import terms_of
from cases.operations._planning import (
    accept_plan,
    approve_plan,
    offer_plan,
    preview_plan,
    refuse_plan,
    withdraw_plan,
)
from cases.operations._promising import (
    approve_promise,
    make_promise,
    refuse_promise,
    withdraw_promise,
)
from cases.operations._standing import note_reminder
from cases.operations._stops import mark_stop
from cases.operations._working import (
    correct_call,
    delegate,
    mark_hardship,
    note_call,
    set_next_action,
    skip,
    snooze,
)

__all__ = [
    "accept_plan",
    "approve_hand_over",
    "approve_plan",
    "approve_promise",
    "ask_hand_over",
    "correct_call",
    "delegate",
    "escalate_overdue",
    "follow_plan",
    "go_round",
    "judge_promise",
    "make_pack",
    "make_promise",
    "mark_hardship",
    "mark_stop",
    "note_call",
    "note_reminder",
    "offer_plan",
    "preview_plan",
    "raise_level",
    "recall_hand_over",
    "refresh_cases",
    "refuse_hand_over",
    "refuse_plan",
    "refuse_promise",
    "set_next_action",
    "skip",
    "snooze",
    "terms_of",
    "withdraw_plan",
    "withdraw_promise",
]
