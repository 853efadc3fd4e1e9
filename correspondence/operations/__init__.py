"""Writing to customers: templates, the outbox of messages, their delivery."""

from correspondence.operations._delivering import (
    DeliveryIsUnderWay,
    cancel_delivery,
    cancel_queued,
    claim_delivery,
    deliver,
    retry_delivery,
)
from correspondence.operations._finding import NoTemplateInUse, Texts, find_template, install_texts
from correspondence.operations._letters import (
    NotPosted,
    NotToPost,
    mark_posted,
    read_letter,
    return_letter,
)
from correspondence.operations._printing import KIND, TASK, ask_for_letters, print_letters, read_letters
from correspondence.operations._queueing import (
    Draft,
    File,
    NobodyToWriteTo,
    Order,
    draft_message,
    preview_message,
    queue_drafts,
    queue_message,
)
from correspondence.operations._reports import note_bounce_of, note_delivered, note_opened, note_unwanted
from correspondence.operations._templates import (
    NotInReview,
    OwnText,
    SavedByAnother,
    ThreatTooEarly,
    approve_template,
    return_template,
    save_template,
    submit_template,
)

__all__ = [
    "KIND",
    "TASK",
    "DeliveryIsUnderWay",
    "Draft",
    "File",
    "NoTemplateInUse",
    "NobodyToWriteTo",
    "NotInReview",
    "NotPosted",
    "NotToPost",
    "Order",
    "OwnText",
    "SavedByAnother",
    "Texts",
    "ThreatTooEarly",
    "approve_template",
    "ask_for_letters",
    "cancel_delivery",
    "cancel_queued",
    "claim_delivery",
    "deliver",
    "draft_message",
    "find_template",
    "install_texts",
    "mark_posted",
    "note_bounce_of",
    "note_delivered",
    "note_opened",
    "note_unwanted",
    "preview_message",
    "print_letters",
    "queue_drafts",
    "queue_message",
    "read_letter",
    "read_letters",
    "retry_delivery",
    "return_letter",
    "return_template",
    "save_template",
    "submit_template",
]
