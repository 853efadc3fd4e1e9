"""Deciding who is reminded, sending it, and pausing. One import path; each file holds one act."""

from reminders.operations._alarm import raise_alarms
from reminders.operations._charging import charge_steps
from reminders.operations._closing import close_steps
from reminders.operations._following import note_delivery, reason_to_stop
from reminders.operations._holds import release_ended_holds
from reminders.operations._ladders import LadderNotSet, end_ladder, set_ladder
from reminders.operations._pausing import PauseNotPlaced, pause, resume
from reminders.operations._rounds import decide_round
from reminders.operations._sending import send_reminders
from reminders.operations._withdrawing import withdraw_letters

__all__ = [
    "LadderNotSet",
    "PauseNotPlaced",
    "charge_steps",
    "close_steps",
    "decide_round",
    "end_ladder",
    "note_delivery",
    "pause",
    "raise_alarms",
    "reason_to_stop",
    "release_ended_holds",
    "resume",
    "send_reminders",
    "set_ladder",
    "withdraw_letters",
]
