"""Waiving a late charge: a credit note of its debit note, decided by somebody within their limit."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from charges import events
from charges.models import Charge
from core.errors import Invalid, Refused
from core.money import named, plain
from invoices import operations as invoices
from invoices.models import Invoice
from team.models import User
from trail.operations import record

WAIVED = "GDW"


class NotWaivable(Refused):
    """Nothing is left to waive, or the debit note is not issued."""


@transaction.atomic
def waive_charge(
    charge: Charge, *, reason: str, actor: User, now: datetime, amount: Decimal | None = None
) -> Invoice:
    """Ask for a charge, or `amount` of it (without tax), to be waived; returns the credit note.

    It waits for a second person whose limit for waivers covers it; issued, nothing of it is owed.
    """
    charge = Charge.objects.select_for_update(of=("self",)).get(pk=charge.pk)
    document = Invoice.objects.select_for_update(of=("self",)).get(pk=charge.document_id)
    if document.document_status != Invoice.Status.ISSUED:
        raise NotWaivable(
            f"{document} is not issued.",
            rule="an_issued_charge_is_waived",
            mend="Reject or discard it instead.",
        )
    left = {line.position: line.net for line in invoices.creditable(document).lines if line.net > 0}
    note = invoices.write_credit_note(
        document,
        _wanted(left, amount, document),
        reason_code=WAIVED,
        reason=reason,
        actor=actor,
        now=now,
    )
    note = invoices.submit_invoice(note, actor=actor, now=now)
    record(
        events.WAIVER_REQUESTED,
        charge,
        actor=actor,
        at=now,
        customer_id=charge.customer_id,
        credit_note=note.pk,
        amount=note.payable,
        currency=note.currency,
        reason=reason,
    )
    return note


def _wanted(left: dict[int, Decimal], amount: Decimal | None, document: Invoice) -> dict[int, Decimal]:
    """How much of which position, the last first."""
    total = sum(left.values(), Decimal(0))
    if not total:
        raise NotWaivable(f"Nothing of {document} is left to waive.", rule="credit_within_invoice")
    rest = total if amount is None else amount
    if rest <= 0 or rest > total:
        raise Invalid(
            f"Between nothing and {named(total, document.currency)} can be waived.",
            field="amount",
            rule="credit_within_invoice",
            mend=f"Enter more than 0 and at most {plain(total, document.currency)}.",
        )
    wanted: dict[int, Decimal] = {}
    for position in sorted(left, reverse=True):
        taken = min(rest, left[position])
        if taken:
            wanted[position] = taken
            rest -= taken
    return dict(sorted(wanted.items()))
