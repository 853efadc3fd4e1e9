"""Sending an approved notice of change: each customer once, however often the job runs."""

from datetime import datetime

from django.db import IntegrityError, transaction

from core.errors import DomainError
from correspondence.operations import find_template
from correspondence.rendering import Rendered, render
from correspondence.rules import Value
from customers.models import Contact, Customer
from notices.audience import audience
from notices.events import CHANGE_SENT
from notices.models import ChangeNotice, ChangeRecipient
from notices.operations._letter import Letter, parties
from notices.operations._writing import find_contact, message_of, queue
from team.models import User
from trail.operations import record
from work import jobs

CHUNK = 50
_STOPPED = "Sending was stopped before it was their turn"
State = ChangeRecipient.State


def send_change(notice: ChangeNotice, *, now: datetime) -> ChangeNotice:
    """Write to every customer of the audience who was not written to yet; go on where a lost worker was.

    Whom mail does not reach stands in the list of those not reached, and somebody gets the work to find a
    contact.
    """
    if notice.job is None or notice.state != ChangeNotice.State.APPROVED:
        return notice
    job = jobs.begin(notice.job, now=now)
    while True:
        done = ChangeRecipient.objects.filter(notice=notice).values("customer")
        chunk = list(
            audience(notice).exclude(pk__in=done).select_related("entity", "segment", "owner")[:CHUNK]
        )
        if not chunk or job.cancel_asked or job.state in jobs.OVER:
            break
        failures = [_fault(row) for customer in chunk if (row := _write(notice, customer, now=now)).reason]
        job = jobs.advance(job, done=len(chunk), failures=failures, now=now)
    return _finish(notice, now=now)


@transaction.atomic
def _finish(notice: ChangeNotice, *, now: datetime) -> ChangeNotice:
    notice = ChangeNotice.objects.select_for_update(of=("self",)).select_related("job").get(pk=notice.pk)
    if notice.state != ChangeNotice.State.APPROVED or notice.job is None:
        return notice
    rows = notice.recipients
    if notice.job.cancel_asked:
        _leave_out(notice, now=now)
    written = rows.filter(state=State.QUEUED).count()
    missed = rows.filter(state=State.UNREACHED).count()
    jobs.end(notice.job, now=now, result={"written": written, "unreached": missed})
    notice.state, notice.sent_at = ChangeNotice.State.SENT, now
    notice.save(update_fields=["state", "sent_at"])
    record(CHANGE_SENT, notice, actor=None, at=now, written=written, unreached=missed)
    return notice


def _leave_out(notice: ChangeNotice, *, now: datetime) -> None:
    """Somebody stopped the job: who was not written to by then is listed, not forgotten."""
    done = ChangeRecipient.objects.filter(notice=notice).values("customer")
    ChangeRecipient.objects.bulk_create(
        [
            ChangeRecipient(notice=notice, customer=one, state=State.UNREACHED, reason=_STOPPED, at=now)
            for one in audience(notice).exclude(pk__in=done)
        ],
        ignore_conflicts=True,
    )


def preview_change(notice: ChangeNotice, customer: Customer, *, now: datetime) -> Rendered:
    """The mail this customer would get, byte by byte, without queueing it. Refuses like sending does."""
    given = message_of(_letter(notice, customer), now=now)
    template = find_template(
        notice.situation,
        given["language"],
        notice.entity,
        now=now,
        customer_type=customer.kind,
    )
    return render(template, given["variables"], entity=notice.entity)


def _write(notice: ChangeNotice, customer: Customer, *, now: datetime) -> ChangeRecipient:
    """One customer in one transaction: message and row together, or the reason why not."""
    try:
        with transaction.atomic():
            message = queue(_letter(notice, customer), notice.situation, now=now, actor=_sender(notice))
            row = ChangeRecipient(
                notice=notice, customer=customer, state=State.QUEUED, message=message, at=now
            )
            row.save(force_insert=True)
            return row
    except IntegrityError as clash:
        if "a_customer_gets_a_notice_of_change_once" not in str(clash):
            raise
        return ChangeRecipient.objects.get(notice=notice, customer=customer)  # another worker was first
    except DomainError as refusal:
        return _unreached(notice, customer, refusal.message, now=now)


@transaction.atomic
def _unreached(notice: ChangeNotice, customer: Customer, why: str, *, now: datetime) -> ChangeRecipient:
    row, made = ChangeRecipient.objects.get_or_create(
        notice=notice,
        customer=customer,
        defaults={"state": State.UNREACHED, "reason": why[:300], "at": now},
    )
    if made:
        find_contact(customer, f"Not reached by “{notice.title}”: {why}", now=now)
    return row


def _letter(notice: ChangeNotice, customer: Customer) -> Letter:
    values: dict[str, Value | None] = parties(notice.entity, customer)
    if notice.situation == ChangeNotice.Situation.BANK:
        values |= {"changed_on": notice.effective_on, "account_end": notice.account_end}
    else:
        values |= {
            "policy_name": notice.policy.name if notice.policy else "",
            "effective_from": notice.effective_on,
            "changes": notice.changes,
        }
    return Letter(notice, customer, notice.entity, Contact.Purpose.BILLING, values)


def _sender(notice: ChangeNotice) -> User | None:
    return notice.approver


def _fault(row: ChangeRecipient) -> dict[str, str]:
    return {
        "row": str(row.customer),
        "field": "contact",
        "message": row.reason,
        "mend": "Add a contact with an e-mail address to the customer.",
    }
