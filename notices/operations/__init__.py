"""Telling people and customers what happened. One import path; each file below holds one kind of act."""

from notices.operations._changes import (
    TooLate,
    approve_change,
    drop_change,
    edit_change,
    reject_change,
    submit_change,
    write_change,
)
from notices.operations._letters import SPOKEN
from notices.operations._proposing import propose_change
from notices.operations._protocol import add_rule, change_rule, install_rules, rules_for
from notices.operations._reading import acknowledge_notice, read_all, read_notice, unwatch, watch
from notices.operations._sending import preview_change, send_change
from notices.operations._sweeping import TELL, UNTOLD_UP_TO, note_breaches, sweep
from notices.operations._telling import tell
from notices.operations._watching import tell_watchers
from notices.operations._writing import NotReachable

__all__ = [
    "SPOKEN",
    "TELL",
    "UNTOLD_UP_TO",
    "NotReachable",
    "TooLate",
    "acknowledge_notice",
    "add_rule",
    "approve_change",
    "change_rule",
    "drop_change",
    "edit_change",
    "install_rules",
    "note_breaches",
    "preview_change",
    "propose_change",
    "read_all",
    "read_notice",
    "reject_change",
    "rules_for",
    "send_change",
    "submit_change",
    "sweep",
    "tell",
    "tell_watchers",
    "unwatch",
    "watch",
    "write_change",
]
