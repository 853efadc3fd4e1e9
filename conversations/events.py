"""Facts about what customers write, what we answer, and what colleagues note."""

INQUIRY_OPENED = "inquiry.opened"
INQUIRY_CONTINUED = "inquiry.continued"
INQUIRY_ACKNOWLEDGED = "inquiry.acknowledged"
INQUIRY_ANSWERED = "inquiry.answered"
INQUIRY_ASSIGNED = "inquiry.assigned"
INQUIRY_IDENTIFIED = "inquiry.identified"
INQUIRY_WARNED = "inquiry.warned"
INQUIRY_ESCALATED = "inquiry.escalated"
INQUIRY_MERGED = "inquiry.merged"
INQUIRY_CLOSED = "inquiry.closed"
INQUIRY_REOPENED = "inquiry.reopened"

NOTE_WRITTEN = "note.written"
NOTE_EDITED = "note.edited"
PERSON_MENTIONED = "person.mentioned"

MAIL_SET_ASIDE = "mail.set_aside"
