"""Sending what was decided: one message to a customer and day, claimed under the locks of its items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Count
from django.urls import reverse

from core.errors import DomainError
from core.money import named
from core.rows import rows_of
from correspondence.operations import NoTemplateInUse
from customers.models import Customer
from entities.models import Entity
from entities.queries import local_day
from invoices.models import Invoice
from ledger.models import OpenItem
from policies.models import PolicyVersion
from reminders import composing, judging, reading
from reminders.composing import Asked
from reminders.deciding import MESSAGES, comes_later, stop_on
from reminders.models import Digest, Reminder
from reminders.operations._closing import STEP_WORK, work_key
from reminders.operations._letters import Letters
from reminders.operations._marks import block, drop, save_marks, say_all
from work.operations import open_work

State = Reminder.State


@transaction.atomic
def send_reminders(entity: Entity, customers: Iterable[int], *, now: datetime) -> list[Digest]:
    """Send what is meant for these customers today; returns the digests written, one per customer.

    Every open item is locked and looked at once more by the rule that decided: what was settled or stopped
    meanwhile is dropped. The rows are the claim, so what is written here is never written again; the messages
    lie in the outbox with the same commit and leave from there. Safe to run twice and beside itself: a
    customer one of whose rows is held by somebody else is left for the next time.
    """
    day = local_day(entity, now)
    meant = _locked(entity, list(customers), day)
    if not meant:
        return []
    batch = _Batch(entity, [row for rows in meant.values() for row in rows], day, now)
    people = Customer.objects.select_related("entity", "segment").in_bulk(list(meant))
    letters = Letters(entity, day, now, list(people.values()))
    for pk, rows in sorted(meant.items()):
        said = _asked_now(batch, people[pk], rows)
        try:
            letters.add(people[pk], said)
        except DomainError as refusal:
            rule = "no_text" if isinstance(refusal, NoTemplateInUse) else "no_contact"
            for one in said:
                block(one.reminder, rule)
            _ask_for_help(batch, people[pk], rule, refusal)
    written = letters.queue()
    save_marks(batch.rows)
    say_all(batch.rows, batch.invoices, now=now)
    return written


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
        invoices = rows_of(Invoice, "id", {row.invoice_id for row in rows})
        self.invoices = {invoice.pk: invoice for invoice in invoices}
        versions = PolicyVersion.objects.in_bulk({one.policy_version_id for one in invoices})
        for invoice in invoices:
            invoice.policy_version = versions.get(invoice.policy_version_id)

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
        if comes_later(plan, row.step, self.day):
            return "moved"
        return Asked(row, facts, self.invoices[row.invoice_id], plan)


def _asked_now(batch: _Batch, customer: Customer, rows: Sequence[Reminder]) -> list[Asked]:
    """What a message to the customer asks for now; the rest is dropped, or given to a colleague."""
    said: list[Asked] = []
    for row in rows:
        asked = batch.asked(row)
        if isinstance(asked, str):
            drop(row, asked)
            continue
        row.asked = asked.facts.asked
        if row.channel in MESSAGES:
            said.append(asked)
        else:
            _give(batch, customer, asked)
    return said


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
        why=f"{invoice} is {late} days late; "
        f"{named(one.facts.asked, row.currency)} is open and not disputed.",
        now=batch.now,
        entity=batch.entity,
        customer_id=customer.pk,
        role=composing.role_of(row.recipients),
        value=one.facts.asked,
        currency=row.currency,
    )
    row.state, row.sent_at = State.DONE, batch.now


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
