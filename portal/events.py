"""Facts about what a contact changes on their own page."""

EMAIL_ASKED = "contact.email_asked"
EMAIL_CONFIRMED = "contact.email_confirmed"
EMAIL_DROPPED = "contact.email_dropped"
