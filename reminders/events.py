"""The facts this app announces."""

PAUSE_PLACED = "pause.placed"
PAUSE_ENDED = "pause.ended"
LADDER_SET = "ladder.set"
REMINDER_SENT = "reminder.sent"
REMINDER_DROPPED = "reminder.dropped"
REMINDER_BLOCKED = "reminder.blocked"
REMINDER_HANDED_OVER = "reminder.handed_over"
