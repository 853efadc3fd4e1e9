"""Pausing the reminders of a customer, and going on."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from core.errors import Invalid
from customers.models import Customer
from entities.queries import local_day
from invoices.models import Invoice
from reminders.events import PAUSE_ENDED, PAUSE_PLACED
from reminders.models import Pause
from team.models import User
from trail.operations import record


class PauseNotPlaced(Invalid):
    """What was asked for is no pause: no reason, an end in the past, invoices of somebody else."""


def pause(
    customer: Customer,
    *,
    kind: str,
    reason: str,
    now: datetime,
    actor: User | None = None,
    invoices: Sequence[Invoice] = (),
    until: date | None = None,
    key: str,
) -> Pause:
    """Stop reminding the customer of these invoices, or of all, until that day inclusive or until `resume`.

    One pause per `key`: the one that runs is given back as it is; one that ended begins again. Steps whose
    day falls within a pause that runs out are dropped; after `resume` the latest of them is caught up.
    """
    today = local_day(customer.entity, now)
    _refuse_unless_it_is_a_pause(kind, reason, until, today)
    if any(invoice.customer_id != customer.pk for invoice in invoices):
        raise PauseNotPlaced(
            f"One of the invoices is not {customer}'s.",
            field="invoices",
            rule="a_pause_is_for_invoices_of_its_customer",
            mend="Pause each customer by itself.",
        )
    wanted = Pause(
        key=key,
        customer=customer,
        kind=kind,
        reason=reason.strip(),
        from_on=today,
        until=until,
        placed_at=now,
        placed_by=actor,
    )
    try:
        with transaction.atomic():
            return _place(wanted, invoices, today)
    except IntegrityError:
        # Somebody placed the same pause at this moment: it is theirs.
        return Pause.objects.get(key=key)


def _place(wanted: Pause, invoices: Sequence[Invoice], today: date) -> Pause:
    row = Pause.objects.select_for_update().filter(key=wanted.key).first()
    if row is not None and row.ended_at is None and (row.until is None or row.until >= today):
        return row
    if row is not None:
        wanted.pk = row.pk
    wanted.save(force_insert=row is None, force_update=row is not None)
    wanted.invoices.set(invoices)
    record(
        PAUSE_PLACED,
        wanted.customer,
        actor=wanted.placed_by,
        at=wanted.placed_at,
        customer_id=wanted.customer_id,
        pause=wanted.pk,
        key=wanted.key,
        kind=wanted.kind,
        reason=wanted.reason,
        until=wanted.until,
        invoices=[invoice.pk for invoice in invoices],
    )
    return wanted


def _refuse_unless_it_is_a_pause(kind: str, reason: str, until: date | None, today: date) -> None:
    if kind not in Pause.Kind.values:
        raise PauseNotPlaced(
            f"“{kind}” is no kind of pause.",
            field="kind",
            rule="a_pause_has_a_known_kind",
            mend=f"Use one of {', '.join(Pause.Kind.values)}.",
        )
    if not reason.strip():
        raise PauseNotPlaced(
            "Say why reminders pause.",
            field="reason",
            rule="a_pause_has_a_reason",
            mend="Write a sentence for the next person who looks.",
        )
    if until is not None and until < today:
        raise PauseNotPlaced(
            "The pause would end in the past.",
            field="until",
            rule="a_pause_ends_later",
            mend=f"Choose {today.isoformat()} or a later day.",
        )


@transaction.atomic
def resume(key: str, *, now: datetime, actor: User | None = None) -> int:
    """End the pause of that key; returns 1, or 0 when none runs. The next decision knows it no more."""
    row = Pause.objects.select_for_update(of=("self",)).select_related("customer").filter(key=key).first()
    if row is None or row.ended_at is not None:
        return 0
    row.ended_at, row.ended_by = now, actor
    row.save(update_fields=["ended_at", "ended_by"])
    record(
        PAUSE_ENDED,
        row.customer,
        actor=actor,
        at=now,
        customer_id=row.customer_id,
        pause=row.pk,
        key=key,
        kind=row.kind,
    )
    return 1
