"""What a reminder step charges, as late charges know it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from charges.rules import FEE, FIXED_SUM, INTEREST, StepCharge
from invoices.models import Invoice
from policies.clauses import Step
from policies.queries import clauses_of
from reminders.models import Reminder


def kinds_of(step: Step | Reminder) -> list[str]:
    """The kinds of late charge it names; none for most."""
    named = ((FEE, bool(step.fee)), (FIXED_SUM, step.statutory), (INTEREST, step.interest))
    return [kind for kind, is_named in named if is_named]


def step_charge(invoice: Invoice, day: int, fee: Decimal, items: Iterable[int]) -> StepCharge:
    """The step for these open items of the invoice; its fee is in the currency of the invoice's policy."""
    version = invoice.policy_version
    currency = clauses_of(version).currency if version else invoice.currency
    return StepCharge(day, frozenset(items), fee, currency)
