"""Writing to customers: templates, the outbox of messages, their delivery."""

from correspondence.operations._delivering import (
    DeliveryIsUnderWay,
    cancel_delivery,
    cancel_queued,
    claim_delivery,
    deliver,
    retry_delivery,
)
from correspondence.operations._queueing import (
    File,
    NobodyToWriteTo,
    NoTemplateInUse,
    find_template,
    install_texts,
    preview_message,
    queue_message,
)
from correspondence.operations._templates import SavedByAnother, activate_template, save_template

__all__ = [
    "DeliveryIsUnderWay",
    "File",
    "NoTemplateInUse",
    "NobodyToWriteTo",
    "SavedByAnother",
    "activate_template",
    "cancel_delivery",
    "cancel_queued",
    "claim_delivery",
    "deliver",
    "find_template",
    "install_texts",
    "preview_message",
    "queue_message",
    "retry_delivery",
    "save_template",
]
