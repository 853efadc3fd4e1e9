"""Who hears of which recorded fact: fact name -> names of the tasks that get its `entry_id`.

A task is called at least once, in no promised order, and is safe to run twice.
"""

from conversations.events import INQUIRY_ANSWERED, INQUIRY_CLOSED, INQUIRY_CONTINUED
from correspondence.events import (
    LETTER_POSTED,
    LETTER_RETURNED,
    MESSAGE_BOUNCED,
    MESSAGE_CANCELLED,
    MESSAGE_DELIVERED,
    MESSAGE_FAILED,
    MESSAGE_QUEUED,
    MESSAGE_SENT,
)
from disputes.events import DISPUTE_RESOLVED, DISPUTE_WITHDRAWN
from feedback.events import IMPROVEMENT_STARTED
from invoices.events import INVOICE_ISSUED, INVOICE_SENT
from notices.events import CHANGE_APPROVED
from notices.protocol import facts_told
from payments.events import PAYMENT_ALLOCATED, PAYMENT_TAKEN_BACK, REFUND_PAID
from reminders.events import REMINDER_SENT

# Both ask what the message was about, and leave alone what is not theirs.
_DELIVERY = ("invoices.tasks.note_delivery", "reminders.tasks.note_delivery")
_APPS: dict[str, tuple[str, ...]] = {
    REMINDER_SENT: ("cases.tasks.note_reminder",),
    INVOICE_ISSUED: ("invoices.tasks.render_issued",),
    INVOICE_SENT: ("invoices.tasks.write_message",),
    MESSAGE_QUEUED: ("correspondence.tasks.deliver_waiting",),
    MESSAGE_SENT: _DELIVERY,
    # The service's report may be quicker than our own note of the hand-over.
    MESSAGE_DELIVERED: _DELIVERY,
    MESSAGE_BOUNCED: (*_DELIVERY, "correspondence.tasks.deliver_waiting"),
    MESSAGE_FAILED: _DELIVERY,
    MESSAGE_CANCELLED: _DELIVERY,
    LETTER_POSTED: _DELIVERY,
    LETTER_RETURNED: _DELIVERY,
    # Sent back to the card, where it came from one.
    REFUND_PAID: ("checkout.tasks.repay",),
    # Whom a bank line was learned to be of is forgotten with the mistake.
    PAYMENT_TAKEN_BACK: ("banking.tasks.forget_payer",),
    INQUIRY_CONTINUED: ("disputes.tasks.note_message",),
    CHANGE_APPROVED: ("notices.tasks.send_change",),
    # A survey after what went well, and after what did not. A rest deducted for a known reason is disputed.
    PAYMENT_ALLOCATED: ("feedback.tasks.ask_about_payment", "disputes.tasks.note_short_payment"),
    DISPUTE_RESOLVED: ("disputes.tasks.ask_how_it_went",),
    DISPUTE_WITHDRAWN: ("disputes.tasks.ask_how_it_went",),
    # The value of the figure it shall move, before it does.
    IMPROVEMENT_STARTED: ("metrics.tasks.measure_improvements",),
    # A complaint that became an inquiry is answered with it.
    INQUIRY_ANSWERED: ("feedback.tasks.note_answered",),
    INQUIRY_CLOSED: ("feedback.tasks.note_answered", "feedback.tasks.ask_about_inquiry"),
}
# The protocol says of which facts somebody is told; one task tells them all.
_TOLD: dict[str, tuple[str, ...]] = dict.fromkeys(facts_told(), ("notices.tasks.tell",))

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    fact: _APPS.get(fact, ()) + _TOLD.get(fact, ()) for fact in _APPS | _TOLD
}
