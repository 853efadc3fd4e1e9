"""Following the protocol: each recipient of an act is told once, whatever happens to workers."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from django.db import IntegrityError, models, transaction

from core.calendars import Calendar
from core.errors import DomainError
from customers.models import Customer
from entities.models import Entity
from entities.queries import calendar_of
from invoices import operations as invoices
from invoices.models import Invoice
from notices.models import Notice, Rule, Telling
from notices.operations._diffs import diff_of
from notices.operations._letters import letter_for
from notices.operations._proposing import propose_change
from notices.operations._protocol import rules_for
from notices.operations._recipients import customer_of, entity_of, path_of, people_for, subject_of, words_of
from notices.operations._writing import NO_CONTACT, find_contact, queue
from notices.protocol import PROPOSES_CHANGE
from notices.rules import HISTORY, deadline
from trail.models import Entry

logger = structlog.get_logger(__name__)
State = Telling.State


def tell(entry_id: int, *, now: datetime) -> int:
    """Tell everybody the protocol names of one act; returns how many were told now.

    Safe to run twice and beside itself. What happened longer than a week ago is history and told to nobody.
    A line that fails does not hold up the others; the first failure is raised at the end.
    """
    entry = Entry.objects.select_related("content_type", "actor").get(pk=entry_id)
    if entry.timestamp < now - HISTORY:
        return 0
    told, failure = 0, None
    for rule in rules_for(entry.fact, now=now):
        try:
            told += follow(rule, entry, now=now)
        except Exception as error:
            logger.exception("telling_failed", entry=entry.pk, rule=rule.code)
            _note_failure(rule, entry, str(error))
            failure = failure or error
    if entry.fact in PROPOSES_CHANGE:
        propose_change(entry, now=now)
    if failure is not None:
        raise failure
    return told


def follow(rule: Rule, entry: Entry, *, now: datetime) -> int:
    """One line of the protocol for one act."""
    subject, customer = subject_of(entry), customer_of(entry)
    due_at = _due_at(rule, entry, entity_of(subject, customer))
    if rule.audience == Rule.Audience.NOBODY:
        return 0
    if rule.audience == Rule.Audience.CUSTOMER:
        return _tell_customer(rule, entry, subject, customer, due_at, now=now)
    return _tell_people(rule, entry, subject, customer, due_at, now=now)


# ---------------------------------------------------------------------------------------------- customers
@transaction.atomic
def _tell_customer(
    rule: Rule,
    entry: Entry,
    subject: models.Model | None,
    customer: Customer | None,
    due_at: datetime,
    *,
    now: datetime,
) -> int:
    recipient = f"customer:{customer.pk}" if customer else "nobody"
    telling = _claimed(rule, entry, recipient, due_at, customer)
    if telling.state != State.WAITING:
        return 0  # another worker told it, or an earlier try
    try:
        with transaction.atomic():
            state, reason = _write(telling, rule, entry, subject, customer, now=now)
    except DomainError as refusal:
        return _refused(telling, refusal, customer, now=now)
    _settle(telling, state, reason, now=now)
    return int(state == State.TOLD)


def _write(
    telling: Telling,
    rule: Rule,
    entry: Entry,
    subject: models.Model | None,
    customer: Customer | None,
    *,
    now: datetime,
) -> tuple[str, str]:
    """Queue what the situation says. Returns the state and, where nothing was said, why."""
    if rule.situation == "credit_note":
        return _send_credit_note(entry, subject, now=now)
    letter = letter_for(rule.situation, entry, subject, customer)
    if isinstance(letter, str):
        return State.SKIPPED, letter
    if letter.once and not _first(telling, letter.once):
        return State.SKIPPED, "The customer was told before."
    telling.message = queue(letter, rule.situation, now=now)
    return State.TOLD, ""


def _send_credit_note(entry: Entry, subject: models.Model | None, *, now: datetime) -> tuple[str, str]:
    """The credit note itself goes out, with its PDF; its own app writes the mail."""
    note = Invoice.objects.filter(
        credits=subject.pk if isinstance(subject, Invoice) else None,
        number=(entry.additional_data or {}).get("credit_note"),
    ).first()
    if note is None or note.is_imported:
        return State.SKIPPED, "There is no credit note of ours."
    invoices.send_invoice(note, actor=entry.actor, now=now)
    return State.TOLD, ""


def _first(telling: Telling, once: str) -> bool:
    """Whether this news was never told before; takes its place, also against another worker."""
    try:
        with transaction.atomic():
            Telling.objects.filter(pk=telling.pk).update(once=once)
    except IntegrityError:
        return False
    return True


def _refused(telling: Telling, refusal: DomainError, customer: Customer | None, *, now: datetime) -> int:
    """Nobody to reach ends it, with work for somebody; whatever else can be mended is tried again."""
    if refusal.rule == NO_CONTACT and customer is not None:
        _settle(telling, State.UNREACHED, refusal.message, now=now)
        find_contact(customer, refusal.message, now=now)
    else:
        telling.attempts += 1
        telling.reason = refusal.message[:300]
        telling.save(update_fields=["attempts", "reason"])
        logger.warning("customer_not_told", entry=telling.entry_id, reason=refusal.message)
    return 0


# ------------------------------------------------------------------------------------------------- people
@transaction.atomic
def _tell_people(
    rule: Rule,
    entry: Entry,
    subject: models.Model | None,
    customer: Customer | None,
    due_at: datetime,
    *,
    now: datetime,
) -> int:
    people = people_for(rule, entry, subject, customer)
    if not people:
        telling = _claimed(rule, entry, "nobody", due_at, customer)
        if telling.state == State.WAITING:
            _settle(telling, State.SKIPPED, "There was nobody else to tell.", now=now)
        return 0
    waiting = [
        telling
        for person in people
        if (telling := _claimed(rule, entry, f"person:{person.pk}", due_at, customer)).state == State.WAITING
    ]
    chosen = {telling.recipient for telling in waiting}
    give_notices(
        [
            Notice(
                person=person,
                entry=entry,
                rule=rule,
                title=words_of(rule, entry, customer),
                path=path_of(subject, customer)[:200],
                diff=diff_of(entry, subject) if rule.must_read else [],
                must_read=rule.must_read,
                made_at=now,
            )
            for person in people
            if f"person:{person.pk}" in chosen
        ]
    )
    for telling in waiting:
        _settle(telling, State.TOLD, "", now=now)
    return len(waiting)


def give_notices(notices: Iterable[Notice]) -> None:
    """Each person one notice of an act; what must be read is not lost to what was only watched."""
    Notice.objects.bulk_create(
        notices,
        update_conflicts=True,
        unique_fields=["person", "entry"],
        update_fields=["rule", "title", "path", "diff", "must_read"],
    )


# ---------------------------------------------------------------------------------------------- the claim
def _claimed(
    rule: Rule, entry: Entry, recipient: str, due_at: datetime, customer: Customer | None
) -> Telling:
    """The row of this recipient, held until the transaction ends: a second worker waits here."""
    Telling.objects.bulk_create(
        [
            Telling(
                entry=entry,
                rule=rule,
                recipient=recipient,
                customer_key=customer.pk if customer else None,
                happened_at=entry.timestamp,
                due_at=due_at,
            )
        ],
        ignore_conflicts=True,
    )
    return Telling.objects.select_for_update().get(entry=entry, rule=rule, recipient=recipient)


def _settle(telling: Telling, state: str, reason: str, *, now: datetime) -> None:
    telling.state, telling.reason, telling.told_at = state, reason[:300], now
    telling.attempts += 1
    telling.save(update_fields=["state", "reason", "told_at", "attempts", "message"])


@transaction.atomic
def _note_failure(rule: Rule, entry: Entry, reason: str) -> None:
    """Something broke: the row says so and waits for the next try."""
    customer = customer_of(entry)
    recipient = f"customer:{customer.pk}" if customer and rule.audience == "customer" else "nobody"
    telling = _claimed(rule, entry, recipient, _due_at(rule, entry, None), customer)
    if telling.state == State.WAITING:
        telling.attempts += 1
        telling.reason = reason[:300]
        telling.save(update_fields=["attempts", "reason"])


def _due_at(rule: Rule, entry: Entry, entity: Entity | None) -> datetime:
    if entity is None:
        return deadline(entry.timestamp, rule.within, rule.unit, _NO_HOLIDAYS)
    local = entry.timestamp.astimezone(ZoneInfo(entity.time_zone))
    return deadline(local, rule.within, rule.unit, calendar_of(entity))


_NO_HOLIDAYS = Calendar(frozenset(), frozenset(range(2000, 2100)), name="working days")
