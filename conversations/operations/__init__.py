"""Writing threads, posts and notes: the only door to their tables."""

from conversations.operations._answering import (
    NobodyToAnswer,
    close_thread,
    preview_reply,
    reopen_thread,
    reply,
    write_to_customer,
)
from conversations.operations._clocks import watch_clocks
from conversations.operations._common import NothingWritten, ThreadIsNotThere
from conversations.operations._mail import keep_broken, set_mail_aside, take_mail
from conversations.operations._notes import (
    NotYourNote,
    UnknownColleague,
    edit_note,
    read_mentions,
    write_note,
)
from conversations.operations._receiving import may_reopen, receive_message
from conversations.operations._sorting import (
    CannotOwn,
    NotMergeable,
    assign_thread,
    identify_sender,
    merge_threads,
)

__all__ = [
    "CannotOwn",
    "NobodyToAnswer",
    "NotMergeable",
    "NotYourNote",
    "NothingWritten",
    "ThreadIsNotThere",
    "UnknownColleague",
    "assign_thread",
    "close_thread",
    "edit_note",
    "identify_sender",
    "keep_broken",
    "may_reopen",
    "merge_threads",
    "preview_reply",
    "read_mentions",
    "receive_message",
    "reopen_thread",
    "reply",
    "set_mail_aside",
    "take_mail",
    "watch_clocks",
    "write_note",
    "write_to_customer",
]
