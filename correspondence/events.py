"""Facts about what we write to customers. Recorded on the object a message or link is about."""

TEMPLATE_SAVED = "template.saved"
TEMPLATE_ACTIVATED = "template.activated"
TEMPLATE_RETIRED = "template.retired"

MESSAGE_QUEUED = "message.queued"
MESSAGE_SENT = "message.sent"
MESSAGE_FAILED = "message.failed"
MESSAGE_CANCELLED = "message.cancelled"
MESSAGE_RETRIED = "message.retried"

LINK_CREATED = "link.created"
LINK_OPENED = "link.opened"
LINK_REVOKED = "link.revoked"
