"""Facts about late charges. Recorded on the charge; the customer's timeline shows them."""

CHARGE_MADE = "charge.made"
WAIVER_REQUESTED = "waiver.requested"
RATE_ENTERED = "rate.entered"
RATE_REVIEWED = "rate.reviewed"
