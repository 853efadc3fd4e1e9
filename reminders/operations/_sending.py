"""Sending what was decided: one message to a customer and day, claimed under the locks of its items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.urls import reverse

from core.errors import DomainError
from correspondence.links import INVOICE, create_link
from correspondence.models import Channel
from correspondence.operations import NoTemplateInUse, queue_message
from customers.models import Contact, Customer
from customers.queries import billing_profile
from entities.models import Entity
from entities.queries import local_day
from invoices.models import Invoice
from ledger.models import OpenItem
from reminders import composing, judging, reading
from reminders.composing import Asked
from reminders.deciding import MESSAGES, stop_on
from reminders.models import Digest, Reminder
from reminders.operations._closing import STEP_WORK, work_key
from reminders.operations._marks import block, drop, say
from work.operations import open_work

State = Reminder.State
_ONCE_A_DAY = "a_customer_is_reminded_once_a_day"
_CHANGED = ("state", "rule", "asked", "digest", "sent_at")


@transaction.atomic
def send_reminders(entity: Entity, customers: Iterable[int], *, now: datetime) -> list[Digest]:
    """Send what is meant for these customers today; returns the messages written, one per customer.

    Every open item is locked and looked at once more by the rule that decided: what was settled or stopped
    meanwhile is dropped. The rows are the claim, so what is written here is never written again; the message
    lies in the outbox with the same commit and leaves from there. Safe to run twice and beside itself: a
    customer one of whose rows is held by somebody else is left for the next time.
    """
    day = local_day(entity, now)
    meant = _locked(entity, list(customers), day)
    batch = _Batch(entity, [row for rows in meant.values() for row in rows], day, now)
    people = Customer.objects.select_related("entity", "segment").in_bulk(list(meant))
    written = [_send_to(batch, people[pk], rows) for pk, rows in sorted(meant.items())]
    Reminder.objects.bulk_update(batch.rows, _CHANGED)
    for row in batch.rows:
        say(row, batch.invoices[row.invoice_id], now=now)
    return [digest for digest in written if digest is not None]


def _locked(entity: Entity, customers: list[int], day: date) -> dict[int, list[Reminder]]:
    """Customer -> all that is meant for them today, locked with its items."""
    waiting = Reminder.objects.filter(entity=entity, on=day, state=State.MEANT, customer__in=customers)
    rows = list(waiting.select_for_update(skip_locked=True).order_by("pk"))
    items = OpenItem.objects.filter(pk__in=[row.item_id for row in rows]).order_by("pk")
    held = set(items.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
    found: dict[int, list[Reminder]] = defaultdict(list)
    for row in rows:
        found[row.customer_id].append(row)
    counted = waiting.order_by().values_list("customer").annotate(rows=Count("pk"))
    whole = {customer for customer, count in counted if count == len(found[customer])}
    return {
        customer: rows
        for customer, rows in found.items()
        if customer in whole and all(row.item_id in held for row in rows)
    }


class _Batch:
    """What is read once for many customers, after the locks are held."""

    def __init__(self, entity: Entity, rows: Sequence[Reminder], day: date, now: datetime) -> None:
        self.entity, self.rows, self.day, self.now = entity, rows, day, now
        standing = reading.these_items(entity, [row.item_id for row in rows])
        self.standing = {one.item: one for one in standing}
        self.around = reading.Around(entity, standing, day)
        self.judge = judging.Judge(entity)
        invoices = Invoice.objects.select_related("policy_version")
        self.invoices = invoices.in_bulk([row.invoice_id for row in rows])

    def asked(self, row: Reminder) -> Asked | str:
        """What the reminder asks for now, or the rule that stops it."""
        one = self.standing.get(row.item_id)
        if one is None:
            return "paid"
        facts = self.around.facts(one)
        ladder = self.judge.ladders.of(one, self.day)
        if stop := stop_on(facts, ladder, self.day, self.judge.limits):
            return stop[0]
        if row.channel in MESSAGES and facts.last_message is not None:
            since = (self.day - facts.last_message).days
            if since < max(self.judge.limits.gap, 1):
                return "too_soon"
        plan = self.judge.plan_of(one, self.day)
        return Asked(row, facts, self.invoices[row.invoice_id], plan)


def _send_to(batch: _Batch, customer: Customer, rows: Sequence[Reminder]) -> Digest | None:
    live: list[Asked] = []
    for row in rows:
        asked = batch.asked(row)
        if isinstance(asked, str):
            drop(row, asked)
        else:
            row.asked = asked.facts.asked
            live.append(asked)
    for one in live:
        if one.reminder.channel not in MESSAGES:
            _give(batch, customer, one)
    said = [one for one in live if one.reminder.channel in MESSAGES]
    return _write(batch, customer, said) if said else None


def _give(batch: _Batch, customer: Customer, one: Asked) -> None:
    """A step that writes to nobody becomes a colleague's work."""
    row, invoice = one.reminder, one.invoice
    late = (batch.day - one.facts.due).days
    open_work(
        kind=STEP_WORK,
        key=work_key(row),
        subject=customer,
        label=f"{customer}: {row.situation.replace('_', ' ')}",
        path=reverse("reminders:why", args=[invoice.pk]),
        why=f"{invoice} is {late} days late; {one.facts.asked} {row.currency} is open and not disputed.",
        now=batch.now,
        entity=batch.entity,
        customer_id=customer.pk,
        role=composing.role_of(row.recipients),
        value=one.facts.asked,
        currency=row.currency,
    )
    row.state, row.sent_at = State.DONE, batch.now


def _write(batch: _Batch, customer: Customer, said: Sequence[Asked]) -> Digest | None:
    """Put one message about all of it into the outbox, and claim its rows."""
    named = {name for one in said for name in one.reminder.recipients}
    contacts = [choice.contact for choice in composing.recipients_of(customer, sorted(named))]
    try:
        with transaction.atomic():
            digest = _queue(batch, customer, said, contacts)
    except IntegrityError as fault:
        if _ONCE_A_DAY not in str(fault):
            raise
        # The customer has a message of this day already; what came later waits for its own day.
        for one in said:
            drop(one.reminder, "too_soon")
        return None
    except DomainError as refusal:
        rule = "no_text" if isinstance(refusal, NoTemplateInUse) else "no_contact"
        for one in said:
            block(one.reminder, rule)
        _ask_for_help(batch, customer, rule, refusal)
        return None
    for one in said:
        one.reminder.digest, one.reminder.state = digest, State.WRITTEN
    return digest


def _queue(batch: _Batch, customer: Customer, said: Sequence[Asked], contacts: Sequence[Contact]) -> Digest:
    entity, now = batch.entity, batch.now
    head = composing.headline(said)
    digest = Digest.objects.create(entity=entity, customer=customer, on=batch.day, written_at=now, **head)
    oldest = min(said, key=lambda one: (one.facts.due, one.invoice.pk)).invoice
    is_letter = digest.channel == "post"
    link = None
    if contacts and not is_letter:
        link = create_link(oldest, purpose=INVOICE, contact=contacts[0], actor=None, now=now)
    language = contacts[0].language if contacts else ""
    queue_message(
        situation=digest.situation,
        about=digest,
        customer=customer,
        entity=entity,
        language=language or billing_profile(customer, entity, batch.day).language,
        variables=composing.variables_of(said, customer, entity, batch.day),
        contacts=contacts,
        link=link,
        actor=None,
        now=now,
        tone=digest.tone,
        channel=Channel.LETTER if is_letter else Channel.EMAIL,
    )
    return digest


def _ask_for_help(batch: _Batch, customer: Customer, rule: str, refusal: DomainError) -> None:
    labels = {"no_contact": "find somebody to write to", "no_text": "a text for reminders is missing"}
    open_work(
        kind="reminder_blocked",
        key=f"reminder_blocked:{batch.entity.pk}:{customer.pk}:{rule}",
        subject=customer,
        label=f"{customer}: {labels[rule]}",
        path=customer.get_absolute_url(),
        why=f"A reminder could not be written. {refusal.message}",
        now=batch.now,
        entity=batch.entity,
        customer_id=customer.pk,
        role="collector",
    )
