"""Reminders of the demo company's last weeks: decided, sent and skipped by the operations of every day.

What is paid by now was reminded two months back, while the year was lived; what is still open was reminded
in the last ten days, after promises and plans were agreed. No mail leaves: the reports of the mail service
say that it arrived, and of some that it came back.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count

from correspondence import operations as mail
from correspondence.models import Delivery
from correspondence.queries import messages_about
from customers.models import Customer, Segment
from entities.models import Entity
from policies.clauses import Clauses, Step, to_json
from reminders import operations, queries
from reminders.models import Digest
from team.models import User

# Days before today on which the year's own invoices were reminded, and those left open later on.
EARLY = range(56, 52, -1)
LATE = range(10, 0, -1)
# An hour at which most customers of the company are at their desks, in UTC.
_HOURS = {"NWE": 10, "NWI": 9, "NWU": 17}
_EVERY = 23
"""One of so many mails comes back."""


# Councils pay by resolution: later, and on paper.
_PUBLIC = (
    Step(0, 1, "email", "due_today"),
    Step(14, 2, "post", "reminder"),
    Step(45, 3, "post", "firm_reminder", ("billing", "second_contact")),
    Step(75, 4, "post", "formal_notice"),
)
_ONE_CALL = (Step(5, 2, "email", "reminder"), Step(21, 3, "task", "call", ("collector",)))


def agree_ladders(lead: User, today: date, now: datetime) -> None:
    """One segment and one customer are reminded otherwise than their policy says."""
    agree = partial(operations.set_ladder, valid_from=today - timedelta(days=40), actor=lead, now=now)
    public = Segment.objects.filter(name="Public sector").first()
    if public is not None:
        agree(public, steps=_rows(_PUBLIC), reason="Public bodies decide on payments in sittings; see sales")
    longest = Customer.objects.filter(insolvent=False, invoices__document_status="issued")
    if customer := longest.alias(n=Count("invoices")).order_by("-n", "pk").first():
        why = "Key account: the account manager calls before we write a second time"
        agree(customer, steps=_rows(_ONE_CALL), reason=why)


def _rows(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = to_json(Clauses(ladder=steps))["ladder"]
    return rows


def remind_day(entity: Entity, on: date) -> None:
    """The round of a day, and what it sent."""
    now = datetime.combine(on, time(_HOURS.get(entity.code, 12)), UTC)
    operations.decide_round(entity, now=now)
    with transaction.atomic():
        digests = operations.send_reminders(entity, queries.customers_to_write_to(entity, now), now=now)
        for digest in digests:
            _arrive(digest, now + timedelta(minutes=2))


def remind_lately(entity: Entity, today: date, now: datetime) -> None:
    """The last ten days of a company; what is meant today is left to the worker."""
    for back in LATE:
        remind_day(entity, today - timedelta(days=back))
    operations.decide_round(entity, now=now)


def _arrive(digest: Digest, now: datetime) -> None:
    for message in messages_about(digest):
        for delivery in message.deliveries.all():
            _report(delivery, now)
    operations.note_delivery(digest, now=now)


def _report(delivery: Delivery, now: datetime) -> None:
    claimed = mail.claim_delivery(delivery.pk, now=now)
    if claimed is None:
        return
    if delivery.pk % _EVERY == 0:
        reason = "550 5.1.1 The mailbox does not exist"
        came_back = mail.note_bounce_of(delivery.mail_id, reason=reason, permanent=True, now=now)
        following = Delivery.objects.filter(instead_of=came_back).first()
        if following is not None:
            mail.claim_delivery(following.pk, now=now)
            mail.note_delivered(following.mail_id, now=now)
        return
    mail.note_delivered(delivery.mail_id, now=now)
