"""Charging what the steps of a message name, once it has reached the customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from django.db.models import Q

from charges.operations import charge_step
from charges.queries import kinds_charged
from core.errors import DomainError
from invoices.models import Invoice
from reminders.charging import kinds_of, step_charge
from reminders.models import Digest, Reminder


def charge_steps(digest: Digest, *, now: datetime) -> int:
    """Charge fee, fixed sum and interest of the message's steps, up to its day; returns how many debit notes:
    one for an invoice and step.

    Only what reached the customer is charged, each step once, and nothing above what the law allows. What
    law, policy or the state of the debt forbids is noted on the step. Safe to run twice.
    """
    named = Q(fee__gt=0) | Q(statutory=True) | Q(interest=True)
    rows = digest.reminders.filter(named, state=Reminder.State.SENT).order_by("invoice_id", "step", "pk")
    charged = 0
    for (pk, _), same in groupby(rows, key=lambda row: (row.invoice_id, row.step)):
        charged += _charge(
            digest, Invoice.objects.select_related("policy_version").get(pk=pk), list(same), now
        )
    return charged


def _charge(digest: Digest, invoice: Invoice, rows: Sequence[Reminder], now: datetime) -> bool:
    first = rows[0]
    step = step_charge(invoice, first.step, first.fee, [row.item_id for row in rows])
    before = kinds_charged(invoice, first.step, step.items)
    kinds = [kind for kind in kinds_of(first) if kind not in before]
    try:
        charge, refused = charge_step(invoice, kinds, on=digest.on, now=now, step=step)
    except DomainError as refusal:  # the document itself cannot be made
        charge, refused = None, [refusal]
    if refused:
        said = " ".join(refusal.message for refusal in refused)
        Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(uncharged=said[:300])
    return charge is not None
