"""Writing work: asking a second person, and giving, moving and finishing work."""

from work.operations._approvals import (
    AlreadyDecided,
    NotYours,
    Question,
    Unconfirmed,
    approve,
    hash_of,
    one_at_a_time,
    refuse_unless_may_decide,
    reject,
    request_approval,
    role_name,
    void_approvals,
)
from work.operations._doing import (
    accept,
    block,
    finish,
    reopen,
    return_item,
    snooze,
    start,
    wake,
)
from work.operations._giving import decline, hand_over, take, take_back
from work.operations._opening import finish_work, open_work

__all__ = [
    "AlreadyDecided",
    "NotYours",
    "Question",
    "Unconfirmed",
    "accept",
    "approve",
    "block",
    "decline",
    "finish",
    "finish_work",
    "hand_over",
    "hash_of",
    "one_at_a_time",
    "open_work",
    "refuse_unless_may_decide",
    "reject",
    "reopen",
    "request_approval",
    "return_item",
    "role_name",
    "snooze",
    "start",
    "take",
    "take_back",
    "void_approvals",
    "wake",
]
