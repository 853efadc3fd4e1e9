"""Who hears of which recorded fact: fact name -> names of the tasks that get its `entry_id`.

A task is called at least once, in no promised order, and is safe to run twice.
"""

from correspondence.events import MESSAGE_CANCELLED, MESSAGE_FAILED, MESSAGE_QUEUED, MESSAGE_SENT
from invoices.events import INVOICE_ISSUED, INVOICE_SENT

SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    INVOICE_ISSUED: ("invoices.tasks.render_issued",),
    INVOICE_SENT: ("invoices.tasks.write_message",),
    MESSAGE_QUEUED: ("correspondence.tasks.deliver_waiting",),
    MESSAGE_SENT: ("invoices.tasks.note_delivery",),
    MESSAGE_FAILED: ("invoices.tasks.note_delivery",),
    MESSAGE_CANCELLED: ("invoices.tasks.note_delivery",),
}
